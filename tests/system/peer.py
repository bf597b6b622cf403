#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A scripted Diameter peer: it speaks correctly where nobody asked otherwise, and exactly as
wrongly as a case says where somebody did. Everything it receives is kept.

    peer = Peer(case="result_code_short").start()      # listens on 127.0.0.1, a free port
    ... peer.port, peer.received("AIR"), peer.send(317, clr_avps(...)) -> Message or None ...
    peer.stop()

By hand:  peer.py --port 3868 --identity hss.example.org --case late [--list] [--report file.json]

Not an HSS: its vectors are made up. One thread per connection, one that accepts.
"""
import argparse
import json
import os
import socket
import struct
import sys
import threading
import time

VENDOR_3GPP = 10415
S6A, S13, SWX = 16777251, 16777252, 16777265
RELAY = 0xffffffff
REQUEST, PROXIABLE, ERROR, RETRANSMIT = 0x80, 0x40, 0x20, 0x10
V, M = 0x80, 0x40
NAMES = {257: "CE", 280: "DW", 282: "DP", 316: "UL", 317: "CL", 318: "AI", 319: "ID", 320: "DS",
         321: "PU", 322: "RS", 323: "NO", 301: "SA", 303: "MA", 304: "RT", 305: "PP", 324: "EC"}

SESSION_ID, ORIGIN_HOST, ORIGIN_REALM, RESULT, DEST_HOST, DEST_REALM = 263, 264, 296, 268, 293, 283
VSAI, VENDOR_ID, AUTH_APP, AUTH_STATE, USER_NAME = 260, 266, 258, 277, 1
EXPERIMENTAL, EXPERIMENTAL_CODE, FAILED_AVP, ORIGIN_STATE, CAUSE = 297, 298, 279, 278, 273
AUTH_INFO, EUTRAN_VECTOR, RAND, XRES, AUTN, KASME, ITEM = 1413, 1414, 1447, 1448, 1449, 1450, 1419
CANCELLATION = 1420
SIP_ITEM, SIP_SCHEME, SIP_AUTHENTICATE, SIP_AUTHORIZATION, SIP_NUMBER = 612, 608, 609, 610, 613
CONFIDENTIALITY, INTEGRITY, EQUIPMENT_STATUS, USER_DATA, IP_ACCESS = 625, 626, 1445, 1500, 1501


# ---- bytes ----

def u32(value):
    return struct.pack(">I", value)


def avp(code, data=b"", vendor=0, flags=M, length=None):
    """One AVP. length: what the header says, if not the truth."""
    if isinstance(data, str):
        data = data.encode()
    if isinstance(data, int):
        data = u32(data)
    if vendor:
        flags |= V
    head = 12 if flags & V else 8
    said = head + len(data) if length is None else length
    out = u32(code) + u32((flags << 24) | (said & 0xffffff))
    if flags & V:
        out += u32(vendor)
    return out + data + b"\0" * (-len(data) % 4)


def avp3(code, data=b"", **more):
    return avp(code, data, vendor=VENDOR_3GPP, **more)


def message(flags, code, app, hbh, e2e, body, length=None, version=1):
    said = 20 + len(body) if length is None else length
    return struct.pack(">IIIII", version << 24 | said & 0xffffff, flags << 24 | code, app, hbh,
                       e2e) + body


def split(data):
    """AVPs of a body as tuples (code, vendor, flags, data)."""
    out = []
    while len(data) >= 8:
        code, word = struct.unpack(">II", data[:8])
        flags, length = word >> 24, word & 0xffffff
        head = 12 if flags & V else 8
        if length < head or length > len(data):
            break
        vendor = struct.unpack(">I", data[8:12])[0] if flags & V else 0
        out.append((code, vendor, flags, data[head:length]))
        data = data[(length + 3) & ~3:]
    return out


class Message:
    def __init__(self, raw):
        self.raw = raw
        first, second, self.app, self.hbh, self.e2e = struct.unpack(">IIIII", raw[:20])
        self.flags, self.code = second >> 24, second & 0xffffff
        self.avps = split(raw[20:first & 0xffffff])
        self.at = time.monotonic()

    @property
    def request(self):
        return bool(self.flags & REQUEST)

    @property
    def name(self):
        return NAMES.get(self.code, str(self.code)) + ("R" if self.request else "A")

    def get(self, code, vendor=0, default=None):
        for c, v, _, data in self.avps:
            if (c, v) == (code, vendor):
                return data
        return default

    def number(self, code, vendor=0):
        data = self.get(code, vendor)
        return struct.unpack(">I", data)[0] if data is not None and len(data) == 4 else None

    @property
    def result(self):
        code = self.number(RESULT)
        if code is None and self.get(EXPERIMENTAL) is not None:
            for c, _, _, data in split(self.get(EXPERIMENTAL)):
                if c == EXPERIMENTAL_CODE:
                    return struct.unpack(">I", data)[0]
        return code

    def summary(self):
        return {"name": self.name, "flags": self.flags, "app": self.app, "hbh": self.hbh,
                "e2e": self.e2e, "result": None if self.request else self.result,
                "session": (self.get(SESSION_ID) or b"").decode("latin1"),
                "user": (self.get(USER_NAME) or b"").decode("latin1")}


# ---- what a correct peer says ----

def origin(peer):
    return avp(ORIGIN_HOST, peer.identity) + avp(ORIGIN_REALM, peer.realm)


def vendor_app(app=S6A):
    return avp(VSAI, avp(VENDOR_ID, VENDOR_3GPP) + avp(AUTH_APP, app))


def result(code):
    return avp(RESULT, code)


def experimental(code):
    return avp(EXPERIMENTAL, avp(VENDOR_ID, VENDOR_3GPP) + avp(EXPERIMENTAL_CODE, code))


def vectors(n=1):
    return avp3(AUTH_INFO, b"".join(
        avp3(EUTRAN_VECTOR, avp3(ITEM, i + 1) + avp3(RAND, b"\x11" * 16) + avp3(XRES, b"\x22" * 8) +
             avp3(AUTN, b"\x33" * 16) + avp3(KASME, b"\x44" * 32)) for i in range(n)))


def items(n=1):
    """EAP-AKA vectors of SWx."""
    return b"".join(
        avp3(SIP_ITEM, avp3(SIP_NUMBER, i + 1) + avp3(SIP_SCHEME, "EAP-AKA") +
             avp3(SIP_AUTHENTICATE, b"\x11" * 16 + b"\x33" * 16) +
             avp3(SIP_AUTHORIZATION, b"\x22" * 8) + avp3(CONFIDENTIALITY, b"\x44" * 16) +
             avp3(INTEGRITY, b"\x55" * 16)) for i in range(n))


def payload(req, n=1):
    """What a good answer to this request brings."""
    make = {318: lambda: vectors(n), 303: lambda: items(n),
            301: lambda: avp3(USER_DATA, avp3(IP_ACCESS, 0)),
            324: lambda: avp3(EQUIPMENT_STATUS, 0)}
    return make.get(req.code, bytes)()


def head(peer, req):
    """How every answer begins."""
    return (avp(SESSION_ID, req.get(SESSION_ID, default=b"")) + vendor_app(req.app) +
            avp(AUTH_STATE, 1) + origin(peer))


def answer(req, body, **more):
    more.setdefault("flags", req.flags & PROXIABLE)
    flags, code = more.pop("flags"), more.pop("code", req.code)
    app, hbh = more.pop("app", req.app), more.pop("hbh", req.hbh)
    return message(flags, code, app, hbh, more.pop("e2e", req.e2e), body, **more)


def good(peer, req, n=1):
    return answer(req, head(peer, req) + result(2001) + payload(req, n))


def clr_avps(peer, to_host, to_realm, user="001010000000001", session=None, kind=2):
    """Body of a Cancel-Location-Request, TS 29.272 §7.2.7."""
    peer.sessions += 1
    session = session or "%s;1;%d" % (peer.identity, peer.sessions)
    return (avp(SESSION_ID, session) + vendor_app() + avp(AUTH_STATE, 1) + origin(peer) +
            avp(DEST_HOST, to_host) + avp(DEST_REALM, to_realm) + avp(USER_NAME, user) +
            avp3(CANCELLATION, kind))


# ---- cases: what is sent in answer to a request; None is silence ----

UNKNOWN = avp(64999, b"what", flags=M)
UNKNOWN_VENDOR = avp(64999, b"what", vendor=4242, flags=M)


def nested(depth):
    data = avp(FAILED_AVP, b"")
    for _ in range(depth):
        data = avp(FAILED_AVP, data)
    return data


def body(peer, req, before=b"", after=b"", code=2001):
    return head(peer, req) + before + result(code) + payload(req) + after


def later(delay):
    def case(peer, conn, req):
        def send():
            time.sleep(delay)
            conn.write(good(peer, req))
        threading.Thread(target=send, daemon=True).start()
    return case


def closes(kind):
    def case(peer, conn, req):
        if kind == "answer":
            conn.write(good(peer, req))
        if kind == "half":
            conn.write(good(peer, req)[:60])
        if kind == "rst":
            conn.reset()
        else:
            conn.close()
    return case


def slowly(peer, conn, req):
    for at, byte in enumerate(good(peer, req)):
        conn.write(bytes([byte]))
        if at % 16 == 0:  # a sleep may take much longer than asked for
            time.sleep(0.005)


def every_other(peer, conn, req):
    peer.turn += 1
    return good(peer, req) if peer.turn % 2 else None


def plain(make):
    return lambda peer, conn, req: make(peer, req)


ANSWERS = {
    "ok": plain(lambda p, r: good(p, r)),
    "five_vectors": plain(lambda p, r: good(p, r, 5)),
    "user_unknown": plain(lambda p, r: answer(r, head(p, r) + experimental(5001))),
    "unable_to_deliver": plain(lambda p, r: answer(
        r, avp(SESSION_ID, r.get(SESSION_ID)) + origin(p) + result(3002), flags=PROXIABLE | ERROR)),
    "experimental_without_vendor": plain(lambda p, r: answer(
        r, head(p, r) + avp(EXPERIMENTAL, avp(EXPERIMENTAL_CODE, 5420)))),
    "unknown_optional": plain(lambda p, r: answer(r, body(p, r, avp(64999, b"x", flags=0)))),
    "unknown_m_in_optional_group": plain(lambda p, r: answer(
        r, body(p, r, avp3(628, UNKNOWN, flags=V)))),
    "reserved_flags": plain(lambda p, r: answer(r, body(p, r), flags=PROXIABLE | 0x0f)),
    "session_id_last": plain(lambda p, r: answer(
        r, vendor_app(r.app) + avp(AUTH_STATE, 1) + origin(p) + result(2001) + payload(r) +
        avp(SESSION_ID, r.get(SESSION_ID)))),
    "wrong_end_to_end": plain(lambda p, r: answer(r, body(p, r), e2e=r.e2e ^ 0x5555)),
    "two_results": plain(lambda p, r: answer(r, body(p, r, after=result(5012)))),
    "no_session_id": plain(lambda p, r: answer(r, origin(p) + result(2001) + payload(r))),
    "no_result": plain(lambda p, r: answer(r, head(p, r) + payload(r))),
    "no_origin": plain(lambda p, r: answer(r, avp(SESSION_ID, r.get(SESSION_ID)) + result(2001))),
    "nothing": plain(lambda p, r: answer(r, b"")),
    "slowly": slowly,
    "duplicate": plain(lambda p, r: good(p, r) * 2),
    "proxiable_cleared": plain(lambda p, r: answer(r, body(p, r), flags=0)),
    "error_bit_on_success": plain(lambda p, r: answer(r, body(p, r), flags=PROXIABLE | ERROR)),
    "error_with_missing_avps": plain(lambda p, r: answer(r, result(5012))),
    # broken, but whole: must reach the caller as a typed error
    "result_code_short": plain(lambda p, r: answer(r, head(p, r) + avp(RESULT, b"\0\0\7"))),
    "result_code_empty": plain(lambda p, r: answer(r, head(p, r) + avp(RESULT, b""))),
    "result_code_long": plain(lambda p, r: answer(r, head(p, r) + avp(RESULT, b"\0" * 8))),
    "unknown_m_before_result": plain(lambda p, r: answer(r, body(p, r, before=UNKNOWN))),
    "unknown_m_after_result": plain(lambda p, r: answer(r, body(p, r, after=UNKNOWN))),
    "unknown_m_vendor": plain(lambda p, r: answer(r, body(p, r, before=UNKNOWN_VENDOR))),
    "unknown_m_empty": plain(lambda p, r: answer(r, body(p, r, before=avp(64998, b"")))),
    "unknown_command": plain(lambda p, r: answer(r, body(p, r), code=9999)),
    "garbage_group": plain(lambda p, r: answer(r, body(p, r, before=avp(VSAI, b"\xff" * 13)))),
    "garbage_vector": plain(lambda p, r: answer(
        r, head(p, r) + result(2001) + avp3(AUTH_INFO, avp3(EUTRAN_VECTOR, b"\1\2\3\4\5\6")))),
    "item_number_short": plain(lambda p, r: answer(
        r, head(p, r) + result(2001) + avp3(AUTH_INFO, avp3(EUTRAN_VECTOR, avp3(ITEM, b"\1"))))),
    "vendor_zero": plain(lambda p, r: answer(r, body(p, r, avp(64999, b"1234", flags=M | V)))),
    "code_zero": plain(lambda p, r: answer(r, body(p, r, before=avp(0, b"1234")))),
    "deep_nesting": plain(lambda p, r: answer(r, body(p, r, after=nested(4000)))),
    "many_avps": plain(lambda p, r: answer(r, body(p, r, after=avp(64999, b"", flags=0) * 7000))),
    # not Diameter any more: the connection has to go
    "avp_length_0": plain(lambda p, r: answer(r, head(p, r) + avp(RESULT, 2001, length=0))),
    "avp_length_7": plain(lambda p, r: answer(r, head(p, r) + avp(RESULT, 2001, length=7))),
    "avp_length_beyond": plain(lambda p, r: answer(r, head(p, r) + avp(RESULT, 2001, length=4000))),
    "vendor_avp_length_8": plain(lambda p, r: answer(r, head(p, r) + avp3(ITEM, 1, length=8))),
    "truncated_header": plain(lambda p, r: answer(r, head(p, r) + b"\0\0\1")),
    "message_length_19": plain(lambda p, r: answer(r, body(p, r), length=19)),
    "message_length_0": plain(lambda p, r: answer(r, body(p, r), length=0)),
    "message_length_short": plain(lambda p, r: answer(r, body(p, r), length=60)),
    "message_length_huge": plain(lambda p, r: answer(r, body(p, r), length=0xffffff)),
    "message_of_70000": plain(lambda p, r: answer(
        r, body(p, r, after=avp(64999, b"x" * 70000, flags=0)))),
    "version_2": plain(lambda p, r: answer(r, body(p, r), version=2)),
    "garbage": plain(lambda p, r: os.urandom(300)),
    "text": plain(lambda p, r: b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "close": closes("plain"),
    "reset": closes("rst"),
    "answer_and_close": closes("answer"),
    "half_and_close": closes("half"),
    # nothing that could be matched to a request
    "silent": lambda peer, conn, req: None,
    "every_other": every_other,
    "late": later(1.5),
    "wrong_hop_by_hop": plain(lambda p, r: answer(r, body(p, r), hbh=r.hbh ^ 0x12345)),
    "request_echoed": plain(lambda p, r: r.raw),
}

WATCHDOGS = {
    "ok": lambda p, r: answer(r, result(2001) + origin(p), flags=0),
    "silent": lambda p, r: None,
    "result_short": lambda p, r: answer(r, avp(RESULT, b"\7") + origin(p), flags=0),
    "unknown_m": lambda p, r: answer(r, UNKNOWN + result(2001) + origin(p), flags=0),
    "unknown_m_after": lambda p, r: answer(r, result(2001) + origin(p) + UNKNOWN, flags=0),
    "proxiable": lambda p, r: answer(r, result(2001) + origin(p), flags=PROXIABLE),
    "application": lambda p, r: answer(r, result(2001) + origin(p), flags=0, app=S6A),
    "unknown_command": lambda p, r: answer(r, result(2001) + origin(p), flags=0, code=9998),
    "nothing": lambda p, r: answer(r, b"", flags=0),
    "origin_state_short": lambda p, r: answer(
        r, result(2001) + origin(p) + avp(ORIGIN_STATE, b"\1"), flags=0),
    "origin_state_changes": lambda p, r: answer(
        r, result(2001) + origin(p) + avp(ORIGIN_STATE, p.next_number()), flags=0),
    "error": lambda p, r: answer(r, result(5012) + origin(p), flags=ERROR),
}


# ---- the peer ----

class Connection:
    def __init__(self, peer, sock):
        self.peer, self.sock = peer, sock
        self.lock = threading.Lock()
        self.waiting = {}  # hop-by-hop id -> [event, answer]
        self.open = True
        self.reading = threading.Event()
        self.reading.set()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data):
        with self.lock:
            try:
                self.sock.sendall(data)
                return True
            except OSError:
                return False

    def close(self):
        self.open = False
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def reset(self):
        self.open = False
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.shutdown(socket.SHUT_RD)  # a thread inside recv holds the socket open
        except OSError:
            pass
        self.sock.close()

    def run(self):
        data = b""
        try:
            while self.open:
                more = self.sock.recv(262144)
                self.reading.wait()  # what came while it was to pause waits, too
                if not more:
                    break
                data += more
                start = 0
                while len(data) - start >= 20:
                    length = struct.unpack(">I", data[start:start + 4])[0] & 0xffffff
                    if len(data) - start < length:
                        break
                    self.peer.handle(self, Message(data[start:start + length]))
                    start += length
                data = data[start:]
        except OSError:
            pass
        finally:
            self.open = False
            try:
                self.sock.close()
            except OSError:
                pass
            self.peer.gone(self)


class Peer:
    """case: a name of ANSWERS, or a function (peer, connection, request) -> bytes or None."""

    def __init__(self, host="127.0.0.1", port=0, identity="hss.example.org", realm="example.org",
                 apps=((VENDOR_3GPP, S6A),), case="ok", watchdog="ok", cea=None, keep=True):
        self.host, self.port, self.identity, self.realm = host, port, identity, realm
        self.apps, self.cea, self.keep = apps, cea, keep
        self.case = ANSWERS[case] if isinstance(case, str) else case
        self.watchdog = WATCHDOGS[watchdog] if isinstance(watchdog, str) else watchdog
        self.messages, self.connections = [], []
        self.counts = {}
        self.lock = threading.Lock()
        self.sessions = self.turn = self.numbers = 0
        self.hbh = int(time.time()) & 0xffff
        self.listener = None
        self.opened = threading.Event()

    # -- life --

    def start(self):
        self.listener = socket.create_server((self.host, self.port), reuse_port=False)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            conn = Connection(self, sock)
            with self.lock:
                self.connections.append(conn)
            threading.Thread(target=conn.run, daemon=True).start()

    def stop(self):
        if self.listener:
            try:  # closing alone does not wake a thread in accept
                self.listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.listener.close()
            self.listener = None
        for conn in self.live():
            conn.close()

    def live(self):
        with self.lock:
            return [c for c in self.connections if c.open]

    def gone(self, conn):
        with self.lock:
            if conn in self.connections:
                self.connections.remove(conn)
        if not self.live():
            self.opened.clear()

    def wait_open(self, timeout=30):
        if not self.opened.wait(timeout):
            raise TimeoutError("%s: nobody connected" % self.identity)
        return self

    def next_number(self):
        self.numbers += 1
        return self.numbers

    def pause(self):
        """Stops reading (the kernel's buffers fill)."""
        for conn in self.live():
            conn.reading.clear()

    def resume(self):
        for conn in self.live():
            conn.reading.set()

    # -- messages --

    def handle(self, conn, msg):
        with self.lock:
            self.counts[msg.name] = self.counts.get(msg.name, 0) + 1
            if self.keep:
                self.messages.append(msg)
        if not msg.request:
            entry = conn.waiting.pop(msg.hbh, None)
            if entry:
                entry[1] = msg
                entry[0].set()
            return
        if msg.code == 257:
            conn.write((self.cea or cea)(self, msg))
            self.opened.set()
            return
        if msg.code == 280:
            out = self.watchdog(self, msg)
        elif msg.code == 282:
            out = answer(msg, result(2001) + origin(self), flags=0)
        else:
            out = self.case(self, conn, msg)
        if out:
            conn.write(out)

    def received(self, name):
        with self.lock:
            return [m for m in self.messages if m.name == name]

    def count(self, name):
        with self.lock:
            return self.counts.get(name, 0)

    def raw(self, data):
        """Bytes as they are, on every open connection."""
        return all([conn.write(data) for conn in self.live()])

    def post(self, code, body, app=S6A, flags=REQUEST | PROXIABLE, **more):
        """Sends a request; returns what wait() needs."""
        conn = self.live()[0]
        with self.lock:
            self.hbh += 1
            hbh = self.hbh
        entry = [threading.Event(), None]
        conn.waiting[hbh] = entry
        conn.write(message(flags, code, app, hbh, more.pop("e2e", hbh ^ 0x77000000), body, **more))
        return entry

    @staticmethod
    def wait(entry, timeout=30):
        entry[0].wait(timeout)
        return entry[1]

    def send(self, code, body, timeout=30, **more):
        """Sends a request and returns its answer, or None."""
        return self.wait(self.post(code, body, **more), timeout)

    def report(self):
        with self.lock:
            return {"counts": dict(self.counts), "messages": [m.summary() for m in self.messages]}


def cea(peer, req):
    apps = b"".join(vendor_app(app) if vendor else avp(AUTH_APP, app) for vendor, app in peer.apps)
    address = avp(257, b"\0\1" + socket.inet_aton("127.0.0.1"))
    product = avp(VENDOR_ID, 0) + avp(269, "scripted", flags=0)
    return answer(req, result(2001) + origin(peer) + address + product + avp(265, VENDOR_3GPP) +
                  apps, flags=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=3868)
    parser.add_argument("--identity", default="hss.example.org")
    parser.add_argument("--realm", default="example.org")
    parser.add_argument("--case", default="ok", choices=sorted(ANSWERS))
    parser.add_argument("--watchdog", default="ok", choices=sorted(WATCHDOGS))
    parser.add_argument("--list", action="store_true", help="print the names of all cases")
    parser.add_argument("--report", help="write what was received here at the end, as JSON")
    parser.add_argument("--seconds", type=float, default=3600, help="end after this time")
    args = parser.parse_args()
    if args.list:
        print("\n".join(sorted(ANSWERS)))
        return 0
    peer = Peer(args.host, args.port, args.identity, args.realm, case=args.case,
                watchdog=args.watchdog, keep=bool(args.report)).start()
    print("listening on %s:%d" % (peer.host, peer.port), flush=True)
    try:
        time.sleep(args.seconds)
    except KeyboardInterrupt:
        pass
    peer.stop()
    if args.report:
        with open(args.report, "w") as out:
            json.dump(peer.report(), out, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
