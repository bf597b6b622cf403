# SPDX-License-Identifier: BSD-3-Clause
"""Wi-Fi: fgw-aaa as a process, a terminal (Debian's eapol_test, with a card in software in its
reader: tests/agw/pcsc_card.c), and an access point's RADIUS for accounting and Disconnect-Requests,
written from the RFCs with nothing of lib/radius."""
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time

from kit import core, metrics, paths, wire
from kit.proc import PATIENCE, Process, eventually, run
from kit.usim import Usim, xor

AAA_IP = "10.45.0.6"
SECRET = "a secret of the access points"
REALM = "@wlan.mnc001.mcc001.3gppnetwork.org"

CONF = """
listen = {{ address = ["{ip}"]; }};
clients = ( {{ name = "ap"; address = "10.45.0.0/24"; secret = "{secret}"; }} );
fgw = {{ host = "{fgw}"; port = 8443;
  authority = "swx_proxy-controller.fgw.test"; server_name = "fgw.test";
  ca = "{pki}/ca.pem"; certificate = "{pki}/{name}.pem"; key = "{pki}/{name}.key"; }};
eap = {{ {eap} }};
session = {{ {session} }};
disconnect = {{ retry = "2s"; tries = 3; }};
storage = {{ database = "{folder}/aaa.db"; }};
log = {{ level = "debug"; }};
"""


class Aaa:
    """fgw-aaa; eap, session: text of these sections."""

    def __init__(self, pki, name="agw1", eap="", session=""):
        self.pki, self.name = pki, name
        self.folder = os.path.dirname(paths.work("aaa", "x"))
        self.conf = os.path.join(self.folder, "aaa.conf")
        self.sections = {"eap": eap, "session": session}
        self.process = None

    def start(self, **sections):
        self.sections.update(sections)
        with open(self.conf, "w") as conf:
            conf.write(CONF.format(ip=AAA_IP, secret=SECRET, fgw=paths.FGW_IP,
                                   pki=self.pki.folder, name=self.name, folder=self.folder,
                                   **self.sections))
        environment = {"ASAN_OPTIONS": "detect_leaks=1:exitcode=99",
                       "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
        program = os.path.join(paths.BUILD, "agw", "aaa", "fgw-aaa")
        self.process = Process("aaa", [program, "-c", self.conf], env=environment)
        self.process.wait_line(r"ready: ", 20)
        eventually(lambda: self.counter("aaa_tunnel_open") == 1, 10, "tunnel of fgw-aaa")
        return self

    def restart(self, **sections):
        self.stop()
        return self.start(**sections)

    def counter(self, name, **labels):
        return metrics.Metrics(metrics.get("http://127.0.0.1:9465/metrics")[1]).sum(name, **labels)

    def rows(self, query, *values):
        """Rows of the database, as dictionaries."""
        with sqlite3.connect("file:%s/aaa.db?mode=ro" % self.folder, uri=True,
                             timeout=PATIENCE) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute(query, values)]

    def stop(self):
        if not self.process:
            return
        process, self.process = self.process, None
        code = process.stop()
        text = process.text()
        assert code == 0 and "Sanitizer" not in text and "runtime error:" not in text, text[-4000:]


class Card:
    """A USIM: MILENAGE, and the highest sequence number that it has accepted."""

    def __init__(self, k=core.K, opc=core.OPC, sqn=0):
        self.usim, self.sqn = Usim(k, opc), sqn
        self.seen = []  # what it was asked: "auth", "auts", "fail"

    def answer(self, rand, autn):
        """The data of the response to AUTHENTICATE, TS 31.102 7.1.2.1; empty: MAC is wrong."""
        usim = self.usim
        out2 = usim.block(2, rand)
        sqn, amf, mac = xor(autn[:6], out2[:6]), autn[6:8], autn[8:]
        if usim.mac(rand, sqn, amf)[0] != mac:
            self.seen.append("wrong")
            return b""
        number = int.from_bytes(sqn, "big")
        if number <= self.sqn:
            self.seen.append("resync")
            return b"\xdc\x0e" + usim.resync(rand, self.sqn)[16:]
        self.sqn = number
        self.seen.append("good")
        parts = (out2[8:], usim.block(3, rand), usim.block(4, rand))
        return b"\xdb" + b"".join(bytes([len(part)]) + part for part in parts)


NETWORK = """
network={{
  ssid="wifi"
  key_mgmt=WPA-EAP
  eap={eap}
  identity="{identity}"
  pcsc="software card"
  phase1="result_ind={result_ind}"
}}
"""


class Done:
    """What eapol_test did."""

    def __init__(self, code, output):
        self.code, self.output = code, output
        keys = re.findall(r"MPPE keys OK: (\d+)  mismatch: (\d+)", output)
        self.keys = tuple(int(n) for n in keys[-1]) if keys else (0, 0)
        self.success = code == 0 and output.rstrip().endswith("SUCCESS")
        # identities it began with
        self.identities = [bytes.fromhex(text).decode() for text in self._dumps(
            r"Learned identity from EAP-Response-Identity - hexdump\(len=\d+\)")]
        # MSKs that it derived, and what came with Access-Accepts (RFC 2548: the peer's send key is
        # the server's receive key)
        self.msks = self._dumps(r"EAP-(?:AKA|SIM)(?:\'|): (?:MSK|keying material \(MSK\))"
                                r" - hexdump\(len=64\)")
        receive = self._dumps(r"MS-MPPE-Recv-Key \(crypt\) - hexdump\(len=32\)")
        send = self._dumps(r"MS-MPPE-Send-Key \(sign\) - hexdump\(len=32\)")
        self.mppe = [a + b for a, b in zip(receive, send)]

    def _dumps(self, what):
        return [text.replace(" ", "") for text in re.findall(
            "^" + what + r": ([0-9a-f ]+)$", self.output, re.M)]


class Terminal:
    def __init__(self, number, eap="AKA", card=None, result_ind=1, mac=None):
        self.imsi = "%015d" % (1010000000000 + number)
        self.eap, self.card = eap, card or Card()
        self.mac = mac or "02:00:00:00:%02x:%02x" % (number >> 8, number & 255)
        identity = ("6" if eap == "AKA'" else "0") + self.imsi + REALM
        self.conf = paths.work("eapol", "%s.conf" % self.imsi)
        with open(self.conf, "w") as conf:
            conf.write(NETWORK.format(eap=eap, identity=identity, result_ind=result_ind))

    def connect(self, again=0, timeout=60):
        """A full authentication and so many further ones; the terminal keeps what it was given."""
        folder = tempfile.mkdtemp(prefix="card")
        path = os.path.join(folder, "card")
        environment = dict(os.environ, PCSC_CARD=path, LD_PRELOAD=os.path.join(
            paths.BUILD, "tests", "agw", "pcsc_card.so"))
        arguments = ["eapol_test", "-c", self.conf, "-a", AAA_IP, "-s", SECRET, "-M", self.mac,
                     "-A", AAA_IP, "-r", str(again), "-t", str(timeout), "-R", "software card"]
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.bind(path)
            control.listen()
            control.settimeout(0.2)
            self.running = True
            card = threading.Thread(target=serve_card, args=(
                self.card, control, lambda: self.running), daemon=True)
            card.start()
            done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=timeout + 10, env=environment, check=False)
            self.running = False
            card.join(5)
        shutil.rmtree(folder, ignore_errors=True)
        text = done.stdout.decode("utf-8", "replace")
        with open(paths.work("eapol", "%s-%d.log" % (self.imsi, time.monotonic_ns())), "w") as log:
            log.write(text)
        return Done(done.returncode, text)


def serve_card(card, control, running):
    """Answers what pcsc_card.so asks at this listening socket, as long as running() says."""
    while running():
        try:
            with control.accept()[0] as peer:
                asked = peer.recv(32, socket.MSG_WAITALL)
                peer.sendall(card.answer(asked[:16], asked[16:]))
        except socket.timeout:
            continue


# ---- an access point's RADIUS ----

ACCESS_REQUEST, ACCESS_REJECT, ACCESS_CHALLENGE = 1, 3, 11
ACCOUNTING_REQUEST, ACCOUNTING_RESPONSE = 4, 5
DISCONNECT_REQUEST, DISCONNECT_ACK, DISCONNECT_NAK, COA_REQUEST, COA_ACK = 40, 41, 42, 43, 44
USER_NAME, STATE, CLASS, SESSION_TIMEOUT, CALLING, NAS_ID, STATUS_TYPE = 1, 24, 25, 27, 31, 32, 40
IN_OCTETS, OUT_OCTETS, ACCT_ID, SESSION_TIME, CAUSE, IN_GIGA = 42, 43, 44, 46, 49, 52
EAP_MESSAGE, MESSAGE_AUTHENTICATOR, ERROR_CAUSE = 79, 80, 101


def attribute(kind, value):
    if isinstance(value, int):
        value = struct.pack(">I", value)
    elif isinstance(value, str):
        value = value.encode()
    return bytes([kind, len(value) + 2]) + value


def attributes(packet):
    at, out = 20, {}
    while at < len(packet):
        out.setdefault(packet[at], packet[at + 2:at + packet[at + 1]])
        at += packet[at + 1]
    return out


def md5(*parts):
    return hashlib.md5(b"".join(parts)).digest()


class Nas:
    """An access point at AAA_IP (eapol_test speaks from there too): accounting, and what comes to
    port 3799. answer: code of the answer to Disconnect- and CoA-Requests, None: silence."""

    def __init__(self):
        self.secret, self.id = SECRET.encode(), 0
        self.out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.out.bind((AAA_IP, 0))
        self.dyn = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.dyn.bind((AAA_IP, 3799))
        self.seen, self.answer, self.ignore = [], "ack", 0
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def close(self):
        self.answer = None
        self.dyn.sendto(b"", (AAA_IP, 3799))
        self.thread.join(5)
        self.dyn.close()
        self.out.close()

    def _listen(self):
        while True:
            packet, source = self.dyn.recvfrom(4096)
            if not packet:
                return
            code, number, length = struct.unpack(">BBH", packet[:4])
            given, rest = packet[4:20], packet[20:]
            genuine = given == md5(packet[:4], bytes(16), rest, self.secret)
            found = attributes(packet)
            at = packet.find(bytes([MESSAGE_AUTHENTICATOR, 18]), 20) + 2
            blank = packet[:4] + bytes(16) + packet[20:at] + bytes(16) + packet[at + 16:]
            genuine &= hmac.new(self.secret, blank, "md5").digest() == packet[at:at + 16]
            self.seen.append((code, found, genuine and length == len(packet), packet))
            if self.ignore > 0:
                self.ignore -= 1
                continue
            if not self.answer:
                continue
            body = attribute(ERROR_CAUSE, 503) if self.answer == "nak" else b""
            head = struct.pack(">BBH", code + (2 if self.answer == "nak" else 1), number,
                               20 + len(body))
            self.dyn.sendto(head + md5(head, given, body, self.secret) + body, source)

    def packets(self, code):
        """All that came, in order: what was not answered in time comes again."""
        return [packet for kind, _, genuine, packet in self.seen if kind == code and genuine]

    def requests(self, code):
        """The same, each request once."""
        return [attributes(packet) for packet in dict.fromkeys(self.packets(code))]

    def exchange(self, packet, port=1813, tries=1, timeout=PATIENCE):
        """The answer's octets; None if there is none."""
        self.out.settimeout(0)
        try:
            while True:  # late answers to others
                self.out.recv(4096)
        except BlockingIOError:
            pass
        self.out.settimeout(timeout)
        for _ in range(tries):
            self.out.sendto(packet, (AAA_IP, port))
            try:
                return self.out.recv(4096)
            except socket.timeout:
                continue
        return None

    def accounting(self, *pairs, secret=None):
        """An Accounting-Request's octets."""
        self.id = (self.id + 1) % 256
        body = b"".join(attribute(kind, value) for kind, value in pairs)
        head = struct.pack(">BBH", ACCOUNTING_REQUEST, self.id, 20 + len(body))
        return head + md5(head, bytes(16), body, secret or self.secret) + body

    def access(self, *pairs):
        """A genuine Access-Request's octets."""
        self.id = (self.id + 1) % 256
        body = b"".join(attribute(kind, value) for kind, value in pairs)
        head = struct.pack(">BBH", ACCESS_REQUEST, self.id, 38 + len(body)) + os.urandom(16)
        blank = head + body + bytes([MESSAGE_AUTHENTICATOR, 18]) + bytes(16)
        return blank[:-16] + hmac.new(self.secret, blank, "md5").digest()

    def account(self, *pairs):
        """Sends one, checks that the answer is genuine."""
        packet = self.accounting(*pairs)
        answer = self.exchange(packet)
        assert answer, "no Accounting-Response"
        assert answer[0] == ACCOUNTING_RESPONSE and answer[1] == packet[1]
        assert answer[4:20] == md5(answer[:4], packet[4:20], answer[20:], self.secret)
        return packet, answer


class Capture:
    """Records RADIUS from construction to stop(), for tshark to judge: its authenticators too."""

    def __init__(self):
        self.path = paths.work("radius-%d.pcapng" % time.monotonic_ns())
        self.process = Process("tshark", ["tshark", "-n", "-i", "lo", "-f",
                                          "udp portrange 1812-1813 or udp port 3799 or "
                                          "udp port 9", "-w", self.path, "-a", "duration:900"])
        self.process.wait_line("Capture started", 15)

    def stop(self):
        marker = os.urandom(32)  # when it is in the file, so is what was sent before it
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(marker, ("127.0.0.1", 9))

        def look():
            with open(self.path, "rb") as file:
                return marker in file.read()

        eventually(look, what="the marker in the capture")
        self.process.stop(number=signal.SIGINT)

    def packets(self, secret=SECRET):
        """[(code, EAP subtype or None, what tshark has against it)]"""
        out = run(["tshark", "-n", "-r", self.path, "-Y", "udp.port != 9",
                   "-d", "udp.port==3799,radius", "-o", "radius.shared_secret:" + secret,
                   "-o", "radius.validate_authenticator:TRUE", "-T", "json",
                   "--no-duplicate-keys"], timeout=60).stdout
        packets = []
        for packet in json.loads(out[out.find("[\n"):]):
            frame = packet["_source"]["layers"]
            against = list(wire.experts(frame))
            if "radius" not in frame:
                packets.append((0, None, ["not RADIUS"]))
                continue
            if next(wire.find(frame, "radius.authenticator.invalid"), "0") in ("1", "True"):
                against.append("wrong authenticator")
            subtype = next(wire.find(frame, "eap.aka.subtype"), None)
            packets.append((int(frame["radius"]["radius.code"]), subtype and int(subtype, 0),
                            against))
        return packets
