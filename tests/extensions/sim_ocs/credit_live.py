# SPDX-License-Identifier: BSD-3-Clause
"""Harness of the live tests: simulators in Debian's freeDiameterd, against the scripted peer of
tests/system as the gateway. Not a test by itself."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BUILD, SOURCE = sys.argv[1:3]
sys.path.insert(0, os.path.join(SOURCE, "tests", "system"))
import peer as p  # noqa: E402  (found through the path above)

IMSI = "001010000000001"
GX, GY = 16777238, 4
CCR, RAR, ASR = 272, 258, 274
MSCC, GROUP, REQUESTED, USED, GRANTED = 456, 432, 437, 446, 431
OCTETS, FINAL, VALIDITY = 421, 430, 448
INSTALL, REMOVE, DEFINITION, NAME = 1001, 1002, 1003, 1005
MONITORING, MONITORING_KEY = 1067, 1066


def children(data):
    """AVPs of a group: {code: [data, …]}"""
    out = {}
    for code, _, _, value in p.split(data):
        out.setdefault(code, []).append(value)
    return out


def u64(value):
    return value.to_bytes(8, "big")


def sanitizer(module):
    """A sanitizer's library has to be there before freeDiameterd, which was built without."""
    ldd = subprocess.run(["ldd", module], capture_output=True, text=True, check=False)
    found = [line.split()[2] for line in ldd.stdout.splitlines()
             if "libasan" in line or "libtsan" in line]
    return {"LD_PRELOAD": found[0],
            "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0"} if found else {}


class Daemon:
    """freeDiameterd with the simulators named, connected to a scripted gateway."""

    def __init__(self, *names, apps=((p.VENDOR_3GPP, GX), (0, GY))):
        self.names = names
        self.dir = tempfile.mkdtemp(prefix="credit-live-")
        self.gateway = p.Peer(identity="gw.example", realm="example", apps=apps,
                              case=self.on_request).start()
        self.code, self.more = 2001, b""  # what RAR and ASR are answered
        self.process = None
        conf = ('Identity = "core.example"; Realm = "example"; Port = 0; SecPort = 0; No_SCTP;'
                'NoRelay; AppServThreads = 2; No_IPv6;'
                'ConnectPeer = "gw.example" { ConnectTo = "127.0.0.1"; Port = %d; No_TLS; TcTimer ='
                ' 1; };LoadExtension = "%s/extensions/dict.fdx" : "%s/dictionaries";'
                % (self.gateway.port, BUILD, SOURCE))
        for name in names:
            with open("%s/%s.conf" % (self.dir, name), "w", encoding="utf-8") as out:
                out.write('database = "%s/%s.db"; control = "%s/%s.sock"; push_timeout = "20s";'
                          % (self.dir, name, self.dir, name))
            conf += 'LoadExtension = "%s/extensions/sim_%s.fdx" : "%s/%s.conf";' % (
                BUILD, name, self.dir, name)
        with open(self.dir + "/fd.conf", "w", encoding="utf-8") as out:
            out.write(conf)
        self.environment = sanitizer("%s/extensions/sim_%s.fdx" % (BUILD, names[0]))

    def on_request(self, peer, conn, req):
        """The gateway's answer to RAR and ASR."""
        return p.answer(req, p.avp(p.SESSION_ID, req.get(p.SESSION_ID)) + p.result(self.code) +
                        p.origin(peer) + self.more)

    def start(self):
        with open(self.dir + "/log", "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["freeDiameterd", "-c", self.dir + "/fd.conf"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=dict(os.environ, **self.environment))
        self.gateway.wait_open(120)
        # it takes what comes in order: with this answered, our CEA has been read and it is open
        assert self.gateway.send(280, p.origin(self.gateway), app=0, flags=p.REQUEST)
        for _ in range(600):
            if all(self.tool(name, "status")[0] == 0 for name in self.names):
                return self
            time.sleep(0.1)
        raise RuntimeError("the simulators do not come up:\n" + self.logged())

    def logged(self):
        with open(self.dir + "/log", errors="replace", encoding="utf-8") as log:
            return log.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.gateway.opened.clear()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10 if self.environment else 60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            # with a preloaded sanitizer libc's exit can hang in freelocale, long after our end
            if not self.environment:
                raise
        self.gateway.stop()
        text = self.logged()
        if "ERROR: AddressSanitizer" in text or "runtime error" in text:
            print(text)
            raise AssertionError("sanitizer report")
        shutil.rmtree(self.dir)

    def tool(self, name, *words):
        done = subprocess.run(["%s/extensions/sim_%s/fgw-%s" % (BUILD, name, name), "-c",
                               "%s/%s.conf" % (self.dir, name), *words], capture_output=True,
                              text=True, timeout=120, check=False)
        return done.returncode, done.stdout + done.stderr

    def ccr(self, app, session, kind, number, more=b"", **options):
        """Sends a CCR; its answer, or None."""
        body = (p.avp(p.SESSION_ID, session) + p.origin(self.gateway) +
                p.avp(p.DEST_REALM, "example") + p.avp(p.AUTH_APP, app) +
                (p.avp(461, "32251@3gpp.org") if app == GY else b"") + p.avp(416, kind) +
                p.avp(415, number) + p.avp(443, p.avp(450, 1) + p.avp(444, IMSI)) + more)
        return self.gateway.send(CCR, body, app=app, **options)

    def closed(self):
        """True once the gateway has lost the connection."""
        for _ in range(300):
            if not self.gateway.live():
                return True
            time.sleep(0.1)
        return False

