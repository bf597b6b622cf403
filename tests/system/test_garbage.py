# SPDX-License-Identifier: BSD-3-Clause
"""Bytes that no honest client sends: HTTP/2, gRPC and protobuf, over a good TLS connection."""
import os
import socket
import ssl
import struct
import time

import pytest

from kit import core, stubs
from kit.agw import Agw
from kit.expect import accounted, fails, works
from kit.gateway import Gateway

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
AIR = "/magma.feg.S6aProxy/AuthenticationInformation"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, END_HEADERS = 1, 4


@pytest.fixture(scope="module")
def gateway(pki, cleanup):
    hss = core.ErlangHss()
    cleanup.append(hss)
    thing = Gateway(pki, [hss.peer()], agw="""
        limits: { handshake = "10s"; stalled = "6s"; max_message = "64k"; };""").start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = Agw(pki)
    cleanup.append(thing)
    return thing


def frame(kind, flags, stream, payload=b"", length=None):
    length = len(payload) if length is None else length
    head = struct.pack(">I", length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream)
    return head + payload


def literal(name, value):
    """HPACK literal without indexing, no Huffman."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def request_headers(path=AIR, more=()):
    fields = [(b":method", b"POST"), (b":scheme", b"https"), (b":path", path.encode()),
              (b":authority", b"s6a_proxy-x"), (b"content-type", b"application/grpc"),
              (b"te", b"trailers"), *more]
    return b"".join(literal(n, v) for n, v in fields)


class Raw:
    """A TLS connection with HTTP/2 begun."""

    def __init__(self, pki, gateway, begin=True):
        context = ssl.create_default_context(cafile=pki.path("ca.pem"))
        context.load_cert_chain(pki.path("agw2.pem"), pki.path("agw2.key"))
        context.set_alpn_protocols(["h2"])
        plain = socket.create_connection((gateway.ip, gateway.port), 10)
        self.tls = context.wrap_socket(plain, server_hostname="fgw.test")
        if begin:
            self.send(PREFACE + frame(SETTINGS, 0, 0))

    def send(self, data):
        try:
            self.tls.sendall(data)
            return True
        except (OSError, ssl.SSLError):
            return False

    def closed(self, timeout=60):
        """Reads until the server ends the connection; everything it said."""
        data, deadline = b"", time.monotonic() + timeout
        try:
            while time.monotonic() < deadline:
                self.tls.settimeout(max(0.1, deadline - time.monotonic()))
                piece = self.tls.recv(65536)
                if not piece:
                    return data
                data += piece
        except (ConnectionError, ssl.SSLError):
            return data
        except socket.timeout:
            pass
        raise AssertionError("the connection is still open after %g s; it said %r" % (
            timeout, data[:200]))

    def read(self, seconds=0.5):
        data = b""
        try:
            self.tls.settimeout(seconds)
            while True:
                piece = self.tls.recv(65536)
                if not piece:
                    break
                data += piece
        except OSError:
            pass
        return data

    def wait_frame(self, *kinds, timeout=60):
        """Reads until a frame of one of these kinds has come, or the end."""
        data, deadline = b"", time.monotonic() + timeout
        while time.monotonic() < deadline:
            while len(data) >= 9 + int.from_bytes(data[:3], "big"):
                if data[3] in kinds:
                    return True
                data = data[9 + int.from_bytes(data[:3], "big"):]
            self.tls.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                piece = self.tls.recv(65536)
            except socket.timeout:
                continue
            except (ConnectionError, ssl.SSLError):
                return True
            if not piece:
                return True
            data += piece
        return False

    def close(self):
        self.tls.close()


CUT_OFF = {
    "no preface": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "random bytes": os.urandom(4096),
    "zeros": bytes(4096),
    "preface, then random bytes": PREFACE + os.urandom(4096),
    "headers on stream 0": PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 5, 0, b"x"),
    "data on a stream that is idle": PREFACE + frame(SETTINGS, 0, 0) + frame(DATA, 1, 5, b"x"),
    "an even stream": PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 5, 2, request_headers()),
    "a frame longer than allowed": PREFACE + frame(SETTINGS, 0, 0) + frame(
        DATA, 0, 1, b"", length=1 << 20) + bytes(65536),
    "settings of five bytes": PREFACE + frame(SETTINGS, 0, 0, b"12345"),
    "ping of seven bytes": PREFACE + frame(SETTINGS, 0, 0) + frame(PING, 0, 0, b"1234567"),
    "window update of zero on the connection":
        PREFACE + frame(SETTINGS, 0, 0) + frame(WINDOW, 0, 0, struct.pack(">I", 0)),
    "window overflow": PREFACE + frame(SETTINGS, 0, 0) + frame(
        WINDOW, 0, 0, struct.pack(">I", 0x7fffffff)) * 2,
    "broken header compression":
        PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff"),
    "continuation out of place":
        PREFACE + frame(SETTINGS, 0, 0) + frame(CONTINUATION, 4, 1, b"x"),
    "another frame inside a header block": PREFACE + frame(SETTINGS, 0, 0) + frame(
        HEADERS, 0, 1, request_headers()[:20]) + frame(PING, 0, 0, bytes(8)),
    "push promise from a client":
        PREFACE + frame(SETTINGS, 0, 0) + frame(PUSH, 4, 1, struct.pack(">I", 2)),
}


@pytest.mark.parametrize("what", sorted(CUT_OFF))
def test_a_broken_connection_is_cut_off_and_others_live(pki, gateway, agw, what):
    raw = Raw(pki, gateway, begin=False)
    raw.send(CUT_OFF[what])
    raw.closed()
    works(agw)


def test_a_flood_of_continuations_is_cut_off(pki, gateway, agw):
    raw = Raw(pki, gateway)
    raw.send(frame(HEADERS, 1, 1, request_headers()))
    for _ in range(2000):
        if not raw.send(frame(CONTINUATION, 0, 1, literal(b"x-flood", b"y" * 100) * 8)):
            break
    raw.closed()
    works(agw)


def test_a_header_list_beyond_the_limit_does_not_reach_a_handler(pki, gateway, agw):
    raw = Raw(pki, gateway)
    many = b"".join(literal(b"x-%03d" % n, b"v" * 100) for n in range(300))
    block = request_headers() + many
    raw.send(frame(HEADERS, 1, 1, block[:16000]))
    raw.send(frame(CONTINUATION, 0, 1, block[16000:32000]))
    raw.send(frame(CONTINUATION, 4, 1, block[32000:]))
    said = raw.read(2)
    raw.close()
    assert AIR.encode() not in said
    works(agw)


def test_rapid_reset_is_cut_off(pki, gateway, agw):
    raw = Raw(pki, gateway)
    block = request_headers()
    for start in range(1, 40001, 200):
        burst = b"".join(frame(HEADERS, 4, stream, block) +
                         frame(RST, 0, stream, struct.pack(">I", 8))
                         for stream in range(start, start + 200, 2))
        if not raw.send(burst):
            break
    raw.closed()
    works(agw)


def test_a_flood_of_pings_and_settings_does_not_grow_memory(pki, gateway, agw):
    before = rss(gateway)
    raw = Raw(pki, gateway)
    for _ in range(400):
        if not raw.send((frame(PING, 0, 0, bytes(8)) + frame(SETTINGS, 0, 0)) * 100):
            break
    works(agw)
    raw.close()
    assert rss(gateway) - before < 64 << 20


def rss(gateway):
    with open("/proc/%d/statm" % gateway.process.pid) as file:
        return int(file.read().split()[1]) * 4096


def test_a_client_that_sends_half_a_request_and_waits(pki, gateway, agw):
    raw = Raw(pki, gateway)
    raw.send(frame(HEADERS, 4, 1, request_headers()) + frame(DATA, 0, 1, b"\0\0"))
    assert raw.wait_frame(HEADERS, RST, GOAWAY), "nothing came of it"
    raw.close()
    works(agw)


def test_a_client_that_connects_and_says_nothing(pki, gateway, agw):
    silent = [socket.create_connection((gateway.ip, gateway.port), 5) for _ in range(50)]
    works(agw)
    gone = 0
    for one in silent:
        one.settimeout(30)
        try:
            gone += one.recv(1) == b""
        except ConnectionError:
            gone += 1
        except socket.timeout:
            pass
        one.close()
    assert gone == len(silent)


def unary(pki, gateway, body, more=(), path=AIR, end=True):
    """Sends one request with this body; whether it was answered."""
    raw = Raw(pki, gateway)
    raw.send(frame(HEADERS, 4, 1, request_headers(path, more)))
    for at in range(0, len(body), 16000):
        raw.send(frame(DATA, 0, 1, body[at:at + 16000]))
    if end:
        raw.send(frame(DATA, 1, 1))
    said = raw.wait_frame(HEADERS, RST, GOAWAY)
    raw.close()
    return said


BODIES = {
    "empty": b"",
    "a cut prefix": b"\0\0\0",
    "a length beyond the body": b"\0\0\0\0\xff" + b"x",
    "a length below the body": b"\0\0\0\0\1" + b"xyz",
    "a length of four gigabytes": b"\0\xff\xff\xff\xff" + b"x" * 100,
    "compressed": b"\1\0\0\0\1x",
    "an unknown flag": b"\7\0\0\0\0",
    "two messages": b"\0\0\0\0\0" * 2,
    "random protobuf": b"\0\0\0\1\0" + os.urandom(256),
    "an endless varint": b"\0\0\0\0\x20" + b"\xff" * 32,
    "a string beyond the message": b"\0\0\0\0\2" + b"\x0a\x7f",
    "invalid UTF-8 in the IMSI": b"\0\0\0\0\5" + b"\x0a\3\xff\xfe\xfd",
    "deeply nested groups": b"\0\0\0\x10\0" + b"\x0b" * 4096,
}


@pytest.mark.parametrize("what", sorted(BODIES))
def test_a_body_that_is_no_request(pki, gateway, agw, what):
    with accounted(gateway, agw, counter="fgw_rpc_requests_total"):
        said = unary(pki, gateway, BODIES[what])
        assert said, "no answer at all"


def test_a_message_beyond_the_limit(gateway, agw):
    with accounted(gateway, agw, counter="fgw_rpc_requests_total"):
        fails("RESOURCE_EXHAUSTED", agw.air, "001010000000001", resync_info=bytes(80000))


@pytest.mark.parametrize("timeout", [b"", b"1", b"xS", b"-1S", b"99999999999S", b"1Q"])
def test_a_grpc_timeout_that_is_none(pki, gateway, agw, timeout):
    message = stubs.s6a.AuthenticationInformationRequest(
        user_name="001010000000001", visited_plmn=b"\0\xf1\x10").SerializeToString()
    body = struct.pack(">BI", 0, len(message)) + message
    assert unary(pki, gateway, body, [(b"grpc-timeout", timeout)])
    works(agw)


def test_a_tunnel_that_sends_nonsense(pki, gateway, agw):
    raw = Raw(pki, gateway)
    raw.send(frame(HEADERS, 4, 1, request_headers(
        "/magma.orc8r.SyncRPCService/EstablishSyncRPCStream")))
    for body in (b"\0\0\0\0\4abcd", b"\0\0\0\0\2\x08\1", os.urandom(64)):
        raw.send(frame(DATA, 0, 1, body))
    raw.read(1)
    raw.close()
    works(agw)


def test_the_gateway_is_whole_after_all_this(gateway, agw):
    assert gateway.process.alive() and gateway.ready()
    for _ in range(20):
        works(agw)
