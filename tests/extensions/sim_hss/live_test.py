#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The HSS simulator in Debian's freeDiameterd, against MMEs that are a few lines of Python.

usage: live_test.py BUILD_DIR SOURCE_DIR [TEST ...]
Needs freeDiameterd; everything listens on ports of its own and is gone at the end.
"""
import os
import queue
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BUILD, SOURCE = sys.argv[1:3]
VENDOR = 10415
S6A = 16777251
K, OPC = "465b5ce8b199b49faa5f0a2ee238a6bc", "e8ed289deba952e4283b54e88e6183ca"
IMSI = "001010000000001"
PATIENCE = 30  # seconds; what takes moments may take this long on a busy machine
PLMN = bytes.fromhex("00f110")


# ---- a Diameter codec of just what is needed ----

def avp(code, value, vendor=0, mandatory=True):
    if isinstance(value, int):
        value = struct.pack("!I", value)
    elif isinstance(value, str):
        value = value.encode()
    elif isinstance(value, list):
        value = b"".join(value)
    head = 12 if vendor else 8
    flags = (0x80 if vendor else 0) | (0x40 if mandatory else 0)
    data = struct.pack("!II", code, flags << 24 | head + len(value))
    if vendor:
        data += struct.pack("!I", vendor)
    return data + value + b"\0" * (-len(value) % 4)


def v(code, value, mandatory=True):
    return avp(code, value, VENDOR, mandatory)


def message(code, avps, hbh, e2e, application=S6A, flags=0xC0):
    body = b"".join(avps)
    return struct.pack("!IIIII", 1 << 24 | 20 + len(body), flags << 24 | code, application, hbh,
                       e2e) + body


class Avps:
    """The AVPs of a message or group, by (vendor, code)."""

    def __init__(self, data):
        self.list = []
        while data:
            code, rest = struct.unpack("!II", data[:8])
            flags, length = rest >> 24, rest & 0xFFFFFF
            head = 12 if flags & 0x80 else 8
            vendor = struct.unpack("!I", data[8:12])[0] if head == 12 else 0
            self.list.append(((vendor, code), data[head:length]))
            data = data[length + -length % 4:]

    def all(self, code, vendor=VENDOR):
        return [value for key, value in self.list if key == (vendor, code)]

    def get(self, code, vendor=VENDOR):
        found = self.all(code, vendor)
        return found[0] if found else None

    def u32(self, code, vendor=VENDOR):
        value = self.get(code, vendor)
        return None if value is None else struct.unpack("!I", value)[0]

    def group(self, code, vendor=VENDOR):
        return Avps(self.get(code, vendor))

    def result(self):
        code = self.u32(268, 0)
        if code is not None:
            return code, False
        return self.group(297, 0).u32(298, 0), True


class Mme:
    """A serving node: connects, answers DWR, keeps requests of the HSS, answers them with 2001."""

    def __init__(self, host, port):
        self.host, self.realm = host, host.split(".", 1)[1]  # a realm of its own
        self.answers, self.requests = queue.Queue(), queue.Queue()
        self.closed = threading.Event()
        self.ids = 0
        self.result = avp(268, 2001)
        self.silent = False
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.sock.settimeout(None)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self.read, daemon=True).start()
        cea = self.exchange(257, [avp(257, b"\0\1\x7f\0\0\1"), avp(266, VENDOR),
                                  avp(269, "test", mandatory=False), avp(265, VENDOR),
                                  avp(260, [avp(266, VENDOR), avp(258, S6A)])],
                            application=0, flags=0x80, session=False)
        assert cea.u32(268, 0) == 2001, "CEA %s" % cea.u32(268, 0)

    def origin(self):
        return [avp(264, self.host), avp(296, self.realm)]

    def read(self):
        data = b""
        try:
            while True:
                while len(data) < 4 or len(data) < struct.unpack("!I", data[:4])[0] & 0xFFFFFF:
                    more = self.sock.recv(65536)
                    if not more:
                        raise OSError
                    data += more
                length = struct.unpack("!I", data[:4])[0] & 0xFFFFFF
                self.handle(data[:length])
                data = data[length:]
        except OSError:
            self.closed.set()

    def handle(self, data):
        _, word, application, hbh, e2e = struct.unpack("!IIIII", data[:20])
        flags, code = word >> 24, word & 0xFFFFFF
        avps = Avps(data[20:])
        if not flags & 0x80:
            self.answers.put((hbh, flags, code, avps))
            return
        if code != 280:
            self.requests.put((code, avps))
        if code != 280 and self.silent:
            return
        session = [avp(263, avps.get(263, 0))] if avps.get(263, 0) else []
        extra = [avp(277, 1)] if application == S6A else []
        answer = session + ([avp(268, 2001)] if code in (280, 282) else [self.result]) + \
            self.origin() + extra
        self.sock.sendall(message(code, answer, hbh, e2e, application, flags & 0x40))

    def send(self, code, avps, application=S6A, flags=0xC0, session=True):
        self.ids += 1
        head = [avp(263, "%s;1;%d" % (self.host, self.ids)), avp(277, 1)] if session else []
        tail = [avp(283, "example")] if application == S6A else []
        self.sock.sendall(message(code, head + self.origin() + tail + avps, self.ids, self.ids,
                                  application, flags))
        return self.ids

    def exchange(self, code, avps, timeout=PATIENCE, **more):
        hbh = self.send(code, avps, **more)
        while True:
            got, self.flags, _, answer = self.answers.get(timeout=timeout)
            if got == hbh:
                return answer

    def air(self, imsi=IMSI, n=1, extra=(), plmn=PLMN, **more):
        asked = v(1408, [v(1410, n)] + list(extra))
        return self.exchange(318, [avp(1, imsi), v(1407, plmn), asked], **more)

    def ulr(self, imsi=IMSI, flags=0x22, extra=(), plmn=PLMN, **more):
        return self.exchange(316, [avp(1, imsi), v(1032, 1004, False), v(1405, flags),
                                   v(1407, plmn)] + list(extra), **more)

    def pushed(self, timeout=PATIENCE):
        return self.requests.get(timeout=timeout)

    def close(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)  # wakes the reading thread
        except OSError:
            pass
        self.sock.close()


# ---- the HSS ----

def free_port():
    """None of those that connections of other tests are given: the HSS takes it more than once."""
    while True:
        port = random.randrange(10000, 30000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def environment():
    """A sanitizer's library has to be there before freeDiameterd, which was built without."""
    env = dict(os.environ)
    ldd = subprocess.run(["ldd", BUILD + "/extensions/sim_hss.fdx"], capture_output=True, text=True)
    libraries = [line.split()[2] for line in ldd.stdout.splitlines()
                 if "libasan" in line or "libtsan" in line]
    env.pop("ASAN_OPTIONS", None)
    if libraries:
        env["LD_PRELOAD"] = libraries[0]
        # the library leaks a little at its end, and every extension must define fd_ext_depends
        env["ASAN_OPTIONS"] = "detect_leaks=0:detect_odr_violation=0"
    return env


class Hss:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hss-live-")
        self.port = free_port()
        self.conf = os.path.join(self.dir, "sim_hss.conf")
        with open(self.conf, "w") as f:
            f.write('database = "%s/hss.db"; control = "%s/sock"; accept = ["*.example"];'
                    'push_timeout = "8s"; flush = "20ms"; sqn = { jump = 1000; };'
                    'vectors = { max = 5; };' % (self.dir, self.dir))
        with open(os.path.join(self.dir, "fd.conf"), "w") as f:
            f.write('Identity = "hss.example"; Realm = "example"; Port = %d; SecPort = 0; No_SCTP;'
                    'NoRelay; AppServThreads = 2; No_IPv6;'
                    'LoadExtension = "%s/extensions/dict.fdx" : "%s/dictionaries";'
                    'LoadExtension = "%s/extensions/sim_hss.fdx" : "%s";'
                    % (self.port, BUILD, SOURCE, BUILD, self.conf))
        self.process = None

    def start(self):
        env = environment()
        self.sanitized = "ASAN_OPTIONS" in env
        self.log = open(os.path.join(self.dir, "log"), "a")
        self.process = subprocess.Popen(
            ["freeDiameterd", "-c", os.path.join(self.dir, "fd.conf")],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env=env)
        for _ in range(2400):
            if self.process.poll() is not None:
                raise RuntimeError("freeDiameterd ended:\n" + self.logged())
            if os.path.exists(self.dir + "/sock") and self.cli("status")[0] == 0:
                try:
                    socket.create_connection(("127.0.0.1", self.port), 1).close()
                    return
                except OSError:
                    pass
            time.sleep(0.05)
        raise RuntimeError("the HSS does not come up:\n" + self.logged())

    def logged(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            try:
                self.process.wait(10 if self.sanitized else 2 * PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                # with a preloaded sanitizer libc's exit can hang in freelocale, long after our end
                if not self.sanitized or os.path.exists(self.dir + "/sock"):
                    raise
            self.process = None
            self.log.close()

    def cli(self, *words):
        done = subprocess.run([BUILD + "/extensions/sim_hss/fgw-hss", "-c", self.conf, *words],
                              capture_output=True, text=True, timeout=4 * PATIENCE)
        return done.returncode, done.stdout + done.stderr


hss = Hss()


def setUpModule():
    code, out = hss.cli("gen", "20", "imsi=" + IMSI, "msisdn=491700000001", "k=" + K, "opc=" + OPC,
                        "apns=internet,qci=8,arp=5,pci=yes,pvi=no,ul=1M,dl=2M,cc=0800,ip=10.1.2.3;"
                        "ims,qci=5", "ambr_ul=100M", "ambr_dl=5G", "zones=0001 0002",
                        "charging=0400", "apn_oi=mnc001.mcc001.gprs", "rau_tau_timer=3600")
    assert code == 0, out
    hss.start()


def tearDownModule():
    hss.stop()
    if "ERROR: AddressSanitizer" in hss.logged() or "runtime error" in hss.logged():
        print(hss.logged())
        raise AssertionError("sanitizer report")
    shutil.rmtree(hss.dir)


class Case(unittest.TestCase):
    count = 0

    def mme(self):
        """A new node each time: freeDiameter wants a pause before it lets the same one in again."""
        Case.count += 1
        mme = Mme("mme.n%d.example" % Case.count, hss.port)
        self.addCleanup(mme.close)
        return mme

    def cli(self, *words, code=0):
        got, out = hss.cli(*words)
        self.assertEqual(got, code, out)
        return out


class Up(Case):
    def test_air(self):
        """three vectors, in order, with KASME that follows from CK, IK and the PLMN asked"""
        mme = self.mme()
        aia = mme.air(n=3)
        self.assertEqual(aia.result(), (2001, False))
        self.assertEqual(aia.get(264, 0), b"hss.example")
        vectors = [Avps(x) for x in aia.group(1413).all(1414)]
        self.assertEqual([x.u32(1419) for x in vectors], [1, 2, 3])
        for x in vectors:
            self.assertEqual([len(x.get(c)) for c in (1447, 1448, 1449, 1450)], [16, 8, 16, 32])
            self.assertEqual(x.get(1449)[6] & 0x80, 0x80)
        aia = mme.air(n=1)
        vector = Avps(aia.group(1413).get(1414))
        self.assertIsNone(vector.u32(1419))

    def test_air_utran_and_kasme(self):
        """E-UTRAN and UTRAN together; CK and IK of a UTRAN vector have the right size"""
        mme = self.mme()
        aia = mme.exchange(318, [avp(1, IMSI), v(1407, PLMN), v(1408, [v(1410, 2)]),
                                 v(1409, [v(1410, 2)])])
        info = aia.group(1413)
        self.assertEqual((len(info.all(1414)), len(info.all(1415))), (2, 2))
        vector = Avps(info.get(1415))
        self.assertEqual((len(vector.get(625)), len(vector.get(626))), (16, 16))
        self.assertEqual(vector.get(1449)[6] & 0x80, 0)

    def test_air_errors(self):
        mme = self.mme()
        self.assertEqual(mme.air(imsi="001019999999999").result(), (5001, True))
        self.assertFalse(mme.flags & 0x20)
        answer = mme.exchange(318, [avp(1, IMSI), v(1408, [v(1410, 1)])])
        self.assertEqual(answer.result(), (5005, False))
        self.assertEqual(answer.group(279, 0).get(1407).strip(b"\0"), b"")
        answer = mme.air(plmn=b"\1\2\3\4")
        self.assertEqual(answer.result(), (5014, False))
        self.assertEqual(answer.group(279, 0).get(1407), b"\1\2\3\4")
        answer = mme.air(extra=[v(1411, b"\1" * 29)])
        self.assertEqual(answer.result(), (5014, False))

    def test_unknown_command(self):
        """3001, and the connection lives"""
        mme = self.mme()
        self.assertEqual(mme.exchange(9999, [avp(1, IMSI)]).result(), (3001, False))
        self.assertEqual(mme.air().result(), (2001, False))

    def test_ulr(self):
        """everything the subscription has is in Subscription-Data"""
        mme = self.mme()
        features = [avp(266, VENDOR), v(629, 1, False), v(630, 0xFFFFFFFF, False)]
        ula = mme.ulr(extra=[avp(628, features, VENDOR, False)])
        self.assertEqual(ula.result(), (2001, False))
        self.assertEqual(ula.u32(1406), 1)
        self.assertEqual(ula.group(628).u32(630), 0x1FFFFFFF)
        data = ula.group(1400)
        self.assertEqual(data.u32(1424), 0)
        self.assertEqual(data.get(701), bytes.fromhex("947100000010"))
        self.assertEqual(data.u32(1417), 2)
        self.assertEqual(data.all(1446), [b"\0\1", b"\0\2"])
        self.assertEqual(data.get(13), b"0400")
        self.assertEqual(data.get(1427), b"mnc001.mcc001.gprs")
        self.assertEqual(data.u32(1619), 3600)
        ambr = data.group(1435)
        self.assertEqual((ambr.u32(516), ambr.u32(515)), (100000000, 0xFFFFFFFF))
        self.assertEqual((ambr.u32(555), ambr.u32(554)), (100000, 5000000))
        profile = data.group(1429)
        self.assertEqual((profile.u32(1423), profile.u32(1428)), (1, 0))
        apn = Avps(profile.all(1430)[0])
        self.assertEqual((apn.u32(1423), apn.u32(1456), apn.get(493, 0)), (1, 2, b"internet"))
        self.assertEqual(apn.get(848), b"\0\1\x0a\1\2\3")
        self.assertEqual(apn.get(13), b"0800")
        qos = apn.group(1431)
        self.assertEqual(qos.u32(1028), 8)
        arp = qos.group(1034)
        self.assertEqual((arp.u32(1046), arp.u32(1047), arp.u32(1048)), (5, 0, 1))
        self.assertEqual(apn.group(1435).u32(516), 1000000)
        self.assertEqual(Avps(profile.all(1430)[1]).get(493, 0), b"ims")

    def test_ulr_skip(self):
        self.assertIsNone(self.mme().ulr(flags=0x26).get(1400))

    def test_move_cancels(self):
        """a second MME registers: the first gets CLR, MME_UPDATE_PROCEDURE, with the S6a flag"""
        imsi = "001010000000002"
        one, two = self.mme(), self.mme()
        self.assertEqual(one.ulr(imsi).result(), (2001, False))
        self.assertEqual(two.ulr(imsi).result(), (2001, False))
        code, clr = one.pushed()
        self.assertEqual(code, 317)
        self.assertEqual(clr.get(1, 0), imsi.encode())
        self.assertEqual((clr.u32(1420), clr.u32(1638)), (0, 1))
        self.assertEqual(clr.get(293, 0), one.host.encode())
        self.assertEqual(clr.get(283, 0), one.realm.encode())
        self.assertTrue(two.requests.empty())

    def test_purge_and_notify(self):
        imsi = "001010000000003"
        mme = self.mme()
        self.assertEqual(mme.exchange(323, [avp(1, imsi), v(1443, 0)]).result(), (5423, True))
        mme.ulr(imsi)
        self.assertEqual(mme.exchange(323, [avp(1, imsi), v(1443, 0)]).result(), (2001, False))
        pua = mme.exchange(321, [avp(1, imsi)])
        self.assertEqual((pua.result(), pua.u32(1442)), ((2001, False), 1))
        self.assertIn("(purged)", self.cli("show", imsi))
        self.assertEqual(mme.exchange(321, [avp(1, "00101")]).result(), (5001, True))


class Down(Case):
    def registered(self, imsi):
        mme = self.mme()
        self.assertEqual(mme.ulr(imsi).result(), (2001, False))
        return mme

    def test_clr(self):
        imsi = "001010000000004"
        mme = self.registered(imsi)
        out = self.cli("clr", imsi)
        self.assertIn("2001 from %s in " % mme.host, out)
        code, clr = mme.pushed()
        self.assertEqual((code, clr.u32(1420)), (317, 2))
        self.assertIn("not registered", self.cli("clr", imsi, code=1))
        self.assertIn("unknown", self.cli("clr", "00199", code=1))
        self.cli("clr", imsi, "nonsense", code=2)

    def test_idr(self):
        """changed fields are stored and sent, and only they"""
        imsi = "001010000000005"
        mme = self.registered(imsi)
        self.cli("idr", imsi, "ambr_ul=7M", "flags=8")
        code, idr = mme.pushed()
        self.assertEqual((code, idr.u32(1490)), (319, 8))
        data = idr.group(1400)
        self.assertEqual(data.group(1435).u32(516), 7000000)
        self.assertEqual([key for key, _ in data.list], [(VENDOR, 1435)])
        self.assertIn("ambr_ul              7M", self.cli("show", imsi))
        self.cli("idr", imsi, "roaming=24007 310410")
        self.assertIn("24007 310410", self.cli("show", imsi))
        mme.pushed()
        self.cli("idr", imsi)
        self.assertIsNotNone(mme.pushed()[1].group(1400).get(1429))
        self.cli("idr", imsi, "ambr_ul=x", code=2)
        mme.result = avp(297, [avp(266, VENDOR), avp(298, 5001)])
        self.assertIn("experimental 5001", self.cli("idr", imsi, code=1))

    def test_dsr(self):
        imsi = "001010000000006"
        mme = self.registered(imsi)
        self.cli("dsr", imsi, "zones", "pdn=2")
        code, dsr = mme.pushed()
        self.assertEqual((code, dsr.u32(1421), dsr.u32(1423)), (320, 9, 2))
        shown = self.cli("show", imsi)
        self.assertNotIn("0001", shown.split("zones")[1].split("\n")[0])
        self.assertNotIn("ims,", shown)
        self.cli("dsr", imsi, "pdn=2", code=2)

    def test_rsr(self):
        """Reset goes to every serving node, with the users named"""
        one = self.registered("001010000000007")
        two = self.registered("001010000000008")
        hss.cli("rsr", "00101", "00102")  # nodes of other tests may be gone: 3002 for them
        for mme in (one, two):
            code, rsr = mme.pushed()
            self.assertEqual((code, rsr.all(1444)), (322, [b"00101", b"00102"]))
            self.assertIsNone(rsr.get(1, 0))

    def test_silent_node(self):
        """a node that never answers: told after push_timeout, exit code 1"""
        imsi = "001010000000009"
        mme = self.registered(imsi)
        mme.silent = True
        self.assertIn("timed out", self.cli("clr", imsi, code=1))
        mme.silent = False
        self.cli("clr", imsi)

    def test_gone_node(self):
        imsi = "001010000000010"
        mme = self.registered(imsi)
        mme.close()
        self.assertTrue(mme.closed.wait(PATIENCE))
        for _ in range(100):  # until the HSS has noticed
            code, out = hss.cli("clr", imsi)
            if "3002" in out:
                break
            time.sleep(0.1)
        self.assertEqual((code, "3002" in out), (1, True), out)


class Faults(Case):
    def setUp(self):
        self.addCleanup(hss.cli, "fault", "clear")

    def test_error(self):
        mme = self.mme()
        self.cli("fault", "add", "cmd=AIR", "imsi=00101", "count=2", "result=5012")
        self.assertEqual(mme.air().result(), (5012, False))
        self.assertEqual(mme.ulr().result(), (2001, False))
        self.assertEqual(mme.air().result(), (5012, False))
        self.assertEqual(mme.air().result(), (2001, False))
        self.cli("fault", "add", "exp=5420")
        self.assertEqual(mme.ulr().result(), (5420, True))
        self.cli("fault", "add", "cmd=AIR", code=2)

    def test_protocol_error(self):
        mme = self.mme()
        self.cli("fault", "add", "cmd=AIR", "count=1", "result=3004")
        self.assertEqual(mme.air().result(), (3004, False))
        self.assertTrue(mme.flags & 0x20)

    def test_delay(self):
        mme = self.mme()
        self.cli("fault", "add", "cmd=AIR", "imsi=001010000000012", "delay=5000")
        began = time.monotonic()
        slow = mme.send(318, [avp(1, "001010000000012"), v(1407, PLMN), v(1408, [v(1410, 1)])])
        fast = mme.send(318, [avp(1, IMSI), v(1407, PLMN), v(1408, [v(1410, 1)])])
        order = [mme.answers.get(timeout=PATIENCE)[0] for _ in range(2)]
        self.assertEqual(order, [fast, slow])
        self.assertGreater(time.monotonic() - began, 4.9)

    def test_drop(self):
        mme = self.mme()
        self.cli("fault", "add", "cmd=AIR", "drop", "count=1")
        with self.assertRaises(queue.Empty):
            mme.air(timeout=0.5)
        self.assertEqual(mme.air().result(), (2001, False))

    def test_duplicate(self):
        mme = self.mme()
        self.cli("fault", "add", "cmd=AIR", "duplicate", "count=1")
        mme.send(318, [avp(1, IMSI), v(1407, PLMN), v(1408, [v(1410, 1)])])
        one, two = [mme.answers.get(timeout=PATIENCE) for _ in range(2)]
        self.assertEqual(one[0], two[0])
        self.assertEqual(one[3].list, two[3].list)

    def test_disconnect(self):
        mme = self.mme()
        self.cli("fault", "add", "cmd=AIR", "disconnect", "count=1")
        mme.send(318, [avp(1, IMSI), v(1407, PLMN), v(1408, [v(1410, 1)])])
        self.assertTrue(mme.closed.wait(PATIENCE))
        for _ in range(300):  # freeDiameter takes a moment to let the peer in again
            try:
                again = Mme(mme.host, hss.port)
                break
            except (OSError, AssertionError, queue.Empty):
                time.sleep(0.1)
        self.addCleanup(again.close)
        # RFC 3539: a connection opened again serves after its watchdogs; another peer serves now
        self.assertEqual(self.mme().air().result(), (2001, False))


def seq(imsi):
    return int(hss.cli("seq", imsi)[1].split()[1])


class Live(Case):
    def test_add_and_delete_while_running(self):
        mme = self.mme()
        new = "001010000000500"
        self.assertEqual(mme.air(imsi=new).result(), (5001, True))
        self.cli("add", "imsi=" + new, "k=" + K, "opc=" + OPC)
        self.assertEqual(mme.air(imsi=new).result(), (2001, False))
        self.cli("add", "imsi=" + new, "odb=5")
        self.assertIn("odb                  5", self.cli("show", new))
        self.cli("delete", new)
        self.assertEqual(mme.air(imsi=new).result(), (5001, True))
        self.cli("delete", new, code=1)

    def test_import(self):
        path = os.path.join(hss.dir, "import.csv")
        with open(path, "w") as f:
            f.write("imsi,k,opc,alg,op,apns\n001010000000600,%s,%s,,,\n"
                    "001010000000601,%s,,tuak,%s%s,internet\nbad,,,,,\n" % (K, OPC, K, OPC, OPC))
        self.assertIn("2 subscribers stored, 1 lines refused", self.cli("import", path, code=1))
        for imsi in ("001010000000600", "001010000000601"):
            self.assertEqual(self.mme().air(imsi=imsi).result(), (2001, False))
        self.assertNotIn(K, self.cli("show", "001010000000600"))

    def test_restart(self):
        """orderly: SQN goes on, the MME is known; killed: SQN jumps, and never repeats"""
        imsi = "001010000000011"
        mme = self.mme()
        mme.ulr(imsi)
        for _ in range(7):
            mme.air(imsi, n=5)
        self.assertEqual(seq(imsi), 35)
        hss.stop()
        hss.start()
        self.assertEqual(seq(imsi), 35)
        self.assertIn("mme                  " + mme.host, self.cli("show", imsi))
        mme = self.mme()
        mme.air(imsi, n=5)
        hss.stop(signal.SIGKILL)
        hss.start()
        self.assertEqual(seq(imsi), 1035)
        self.assertEqual(self.mme().air(imsi).result(), (2001, False))


if __name__ == "__main__":
    if not shutil.which("freeDiameterd"):
        print("skipped: freeDiameterd is not installed")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:], verbosity=1)
