# SPDX-License-Identifier: BSD-3-Clause
"""A bare Diameter peer over TCP: bytes in, bytes out, no dictionary.

For: the self-test of the Erlang HSS, and any test that needs a peer it can script to the byte.
Not for: load, TLS, or anything that should know what an AVP means.
"""
import itertools
import json
import queue
import socket
import struct
import subprocess
import threading
import time

TGPP = 10415
S6A = 16777251


def avp(code, data, vendor=0, mandatory=True):
    """One AVP; data: bytes, str, int (Unsigned32) or a list of encoded AVPs."""
    if isinstance(data, int):
        data = struct.pack(">I", data)
    elif isinstance(data, str):
        data = data.encode()
    elif isinstance(data, list):
        data = b"".join(data)
    flags = (0x80 if vendor else 0) | (0x40 if mandatory else 0)
    head = struct.pack(">II", code, (flags << 24) | (len(data) + (12 if vendor else 8)))
    if vendor:
        head += struct.pack(">I", vendor)
    return head + data + bytes(-len(data) % 4)


def tgpp(code, data, mandatory=True):
    return avp(code, data, TGPP, mandatory)


def avps(data):
    """{(vendor, code): [value bytes, ...]} of one level."""
    found = {}
    while data:
        code, word = struct.unpack(">II", data[:8])
        length, vendor, head = word & 0xFFFFFF, 0, 8
        if word >> 31:
            vendor, head = struct.unpack(">I", data[8:12])[0], 12
        found.setdefault((vendor, code), []).append(data[head:length])
        data = data[(length + 3) & ~3:]
    return found


class Message:
    """A received message: flags, code, app, hop, end and the AVPs of its top level."""

    def __init__(self, data):
        word, command, self.app, self.hop, self.end = struct.unpack(">IIIII", data[:20])
        self.flags, self.code = command >> 24, command & 0xFFFFFF
        self.avps = avps(data[20:])

    def get(self, code, vendor=0):
        return self.avps.get((vendor, code), [None])[0]

    def number(self, code, vendor=0):
        value = self.get(code, vendor)
        return None if value is None else int.from_bytes(value, "big")

    @property
    def experimental(self):
        group = self.get(297)
        return group and int.from_bytes(avps(group)[(0, 298)][0], "big")


class Mme:
    """A connected peer. Answers DWR by itself while it waits. known: gives the names of the peers
    that the other side has; OTP loses a request that arrives before it has noted its own CEA."""

    def __init__(self, port, known, identity="mme1.example.org", realm="example.org",
                 ip="127.0.0.1", app=None):
        self.identity, self.realm, self.ids = identity, realm, itertools.count(1)
        self.kept = []
        self.sock = socket.create_connection((ip, port), timeout=30)
        offer = avp(260, [avp(266, TGPP), avp(258, S6A)]) if app is None else avp(258, app)
        cea = self.request(257, 0, [avp(257, b"\0\1\x7f\0\0\1"), avp(266, 0),
                                    avp(269, "bare peer", mandatory=False), offer], flags=0x80)
        assert cea.number(268) == 2001, cea.number(268)
        until = time.monotonic() + 30
        while identity not in known():
            assert time.monotonic() < until, "never taken for connected"
            time.sleep(0.01)

    def send(self, code, app, hop, end, flags, body):
        self.sock.sendall(struct.pack(">IIIII", 0x01000000 | (20 + len(body)),
                                      (flags << 24) | code, app, hop, end) + body)

    def receive(self, timeout=30):
        """The next message but DWR; raises TimeoutError, or EOFError when the peer closed."""
        if self.kept:
            return self.kept.pop(0)
        while True:
            self.sock.settimeout(timeout)
            head = self._exactly(4)
            message = Message(head + self._exactly(int.from_bytes(head[1:], "big") - 4))
            if message.code != 280 or not message.flags & 0x80:
                return message
            self.answer(message, 2001)

    def _exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.sock.recv(n - len(data))
            if not piece:
                raise EOFError("connection closed")
            data += piece
        return data

    def origin(self):
        return [avp(264, self.identity), avp(296, self.realm)]

    def request(self, code, app, extra, flags=0xC0, session=None, timeout=30):
        """Sends a request, returns the next answer that comes, to whatever. Requests of the peer
        wait for receive()."""
        n = next(self.ids)
        first = [avp(263, session or f"{self.identity};1;{n}")] if app else []
        self.send(code, app, n, n, flags, b"".join(first + self.origin() + extra))
        kept, self.kept = self.kept, []
        while (message := self.receive(timeout)).flags & 0x80:
            kept.append(message)
        self.kept = kept
        return message

    def answer(self, request, result=2001, extra=(), experimental=None):
        session = [avp(263, request.get(263))] if request.get(263) else []
        outcome = (avp(297, [avp(266, TGPP), avp(298, experimental)]) if experimental
                   else avp(268, result))
        state = [avp(277, 1)] if request.app else []
        self.send(request.code, request.app, request.hop, request.end, request.flags & 0x40,
                  b"".join(session + [outcome] + self.origin() + state + list(extra)))

    def s6a(self, code, imsi, extra, **kw):
        common = [avp(277, 1), avp(283, "example.org"), avp(1, imsi)]
        return self.request(code, S6A, common + extra, **kw)

    def close(self):
        self.sock.close()


class Hss:
    """The Erlang HSS as a child process; lines are its JSON events."""

    def __init__(self, script, *options):
        self.process = subprocess.Popen([script, "--port", "0", "--control", "0", *options],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.ready = self.event("ready")
        self.port = self.ready["port"]

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def event(self, kind, timeout=120):
        """The next line of that kind; others are skipped."""
        while (line := self.lines.get(timeout=timeout)) is not None:
            event = json.loads(line)
            if event["event"] == kind:
                return event
        raise EOFError("the HSS ended")

    def command(self, line, handle=None):
        """Runs a command; handle() acts as the MME meanwhile. Returns the answer event."""
        with socket.create_connection(("127.0.0.1", self.ready["control"]), timeout=60) as control:
            control.sendall(line.encode() + b"\n")
            if handle:
                handle()
            return json.loads(control.makefile().readline())

    def peers(self):
        return self.command("peers")["peers"]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
