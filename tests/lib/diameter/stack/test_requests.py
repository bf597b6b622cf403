# SPDX-License-Identifier: BSD-3-Clause
"""Requests from the core, right and wrong: each gets its answer, and nothing that a peer sends
stops the process."""
import threading
import time

import pytest

from kit import FGW, PATIENCE, REALM, Probe, wire
from peer import Peer, avp, avp3, clr_avps

DEADLINE_MS = 500  # of the core that is impatient


@pytest.fixture(scope="module")
def one_core():
    p = Peer().start()
    with Probe([p], "inbound", 20000) as probe:  # nothing is late because the machine is busy
        yield p, probe
    p.stop()


@pytest.fixture(scope="module")
def impatient_core():
    p = Peer().start()
    with Probe([p], "inbound", DEADLINE_MS) as probe:
        yield p, probe
    p.stop()


@pytest.fixture
def core(one_core):
    p, probe = one_core
    probe("inbound ok")
    yield p, probe
    probe.serves(3, 1)  # whatever was sent, the next one works
    assert not probe("status")["failed"]


def clr(p, **more):
    return clr_avps(p, FGW, REALM, **more)


def nowhere(body):
    """Without Destination-Host."""
    return body.replace(avp(293, FGW), b"")


def failed_avp(msg):
    data = msg.get(wire.FAILED_AVP)
    return wire.split(data)[0][:2] if data is not None and wire.split(data) else None


def test_a_request_is_answered_completely(core):
    p, probe = core
    p.hbh += 1000
    body = clr(p, session="the;session;id") + avp(284, avp(280, "proxy.test") + avp(33, b"state"))
    cla = p.send(317, body, e2e=0x1234)
    assert cla.name == "CLA" and cla.result == 2001 and not cla.flags & wire.ERROR
    assert cla.avps[0][0] == wire.SESSION_ID and cla.get(wire.SESSION_ID) == b"the;session;id"
    assert (cla.get(wire.ORIGIN_HOST), cla.get(wire.ORIGIN_REALM)) == (FGW.encode(), REALM.encode())
    assert cla.e2e == 0x1234 and cla.app == wire.S6A and cla.flags & wire.PROXIABLE
    assert cla.get(284) is not None  # Proxy-Info comes back


def test_an_experimental_result_has_no_error_bit(core):
    p, probe = core
    probe("inbound result:5001")
    cla = p.send(317, clr(p))
    assert cla.result == 5001 and cla.get(wire.RESULT) is None and not cla.flags & wire.ERROR


def test_nobody_waits_longer_than_the_deadline(impatient_core):
    p, probe = impatient_core
    probe("inbound never")
    start = time.monotonic()
    cla = p.send(317, clr(p), timeout=PATIENCE)
    assert cla.result == 3002 and cla.flags & wire.ERROR
    assert time.monotonic() - start > 0.9 * DEADLINE_MS / 1000


def test_an_answer_after_the_deadline_is_dropped(impatient_core):
    p, probe = impatient_core
    probe("inbound late:%d" % (4 * DEADLINE_MS))
    before, late = p.count("CLA"), probe.event("inbound_late")
    assert p.send(317, clr(p), timeout=PATIENCE).result == 3002
    probe.until(lambda: probe.event("inbound_late") == late + 1, "counted")
    time.sleep(0.2)
    assert p.count("CLA") == before + 1


REQUESTS = {  # body, header options -> result, Failed-AVP
    "missing user": (lambda p: b"".join([avp(263, "a;1;2"), wire.vendor_app(), avp(277, 1),
                                         wire.origin(p), avp(293, FGW), avp(283, REALM),
                                         avp3(1420, 2)]), {}, 5005, (1, 0)),
    "missing session": (lambda p: b"".join([wire.vendor_app(), avp(277, 1), wire.origin(p),
                                            avp(293, FGW), avp(283, REALM), avp(1, "001"),
                                            avp3(1420, 2)]), {}, 5005, (263, 0)),
    "user twice": (lambda p: clr(p) + avp(1, "001"), {}, 5009, (1, 0)),
    "unknown AVP": (lambda p: clr(p) + wire.UNKNOWN, {}, 5001, (64999, 0)),
    "unknown vendor AVP": (lambda p: clr(p) + wire.UNKNOWN_VENDOR, {}, 5001, (64999, 4242)),
    "unknown AVP, empty": (lambda p: clr(p) + avp(64998, b""), {}, 5001, (64998, 0)),
    "unknown AVP, one byte": (lambda p: clr(p) + avp(64998, b"x"), {}, 5001, (64998, 0)),
    "value too short": (lambda p: clr(p) + avp3(1638, b"\1"), {}, 5014, (1638, 10415)),
    "value empty": (lambda p: clr(p) + avp3(1638, b""), {}, 5014, (1638, 10415)),
    "group of garbage": (lambda p: clr(p) + avp3(628, b"\xff" * 9), {}, 5004, (628, 10415)),
    "unknown command": (lambda p: clr(p), {"code": 9999}, 3001, None),
    "command of the client side": (lambda p: clr(p), {"code": 318}, None, None),
    "unknown application": (lambda p: clr(p), {"app": 16777999}, 3007, None),
    "application 0": (lambda p: clr(p), {"app": 0}, 3007, None),
    "relay application": (lambda p: clr(p), {"app": wire.RELAY}, 3007, None),
    "request and error bit": (lambda p: clr(p), {"flags": 0xe0}, 3008, None),
    "for somebody else": (lambda p: clr_avps(p, "other.example.org", REALM), {}, 3002, None),
    "for another realm": (lambda p: nowhere(clr_avps(p, FGW, "other.test")), {}, 3002, None),
    "no realm": (lambda p: nowhere(clr(p)).replace(avp(283, REALM), b""), {}, None, None),
    "route record of ours": (lambda p: nowhere(clr(p)) + avp(282, FGW), {}, 3005, None),
    "decorated user": (lambda p: nowhere(clr(p, user="other.test!1@home.test")), {}, 5004, (1, 0)),
    "empty session": (lambda p: avp(263, b"") + clr(p, session="x")[12:], {}, 2001, None),
    "session of vendor 0": (lambda p: avp(263, b"abc", flags=0xc0) + clr(p), {}, 5004, (263, 0)),
    "session of vendor 0, unknown application": (lambda p: avp(263, b"abc", flags=0xc0) + clr(p),
                                                 {"app": 16777999}, 5004, (263, 0)),
    "garbage proxy": (lambda p: clr(p) + avp(284, b"\xff" * 9), {}, 5004, (284, 0)),
    "garbage proxy, unknown application": (lambda p: clr(p) + avp(284, b"\xff" * 9),
                                           {"app": 16777999}, 5004, (284, 0)),
    "garbage proxy, unknown command": (lambda p: clr(p) + avp(284, b"\xff" * 9), {"code": 9999},
                                       5004, (284, 0)),
    "empty proxy": (lambda p: clr(p) + avp(284, b""), {"app": 16777999}, 3007, None),
    "proxy of vendor 0, empty": (lambda p: clr(p) + avp(284, b"", flags=0xc0), {"app": 16777999},
                                 5004, (284, 0)),
    "NUL in session, unknown application": (lambda p: clr(p, session="a;1\0;2"),
                                            {"app": 16777999}, 5004, (263, 0)),
    "NUL in session": (lambda p: clr(p, session="a;1\0;2"), {}, 5004, (263, 0)),
    "empty user": (lambda p: clr(p, user=""), {}, 2001, None),
    "T bit": (lambda p: clr(p), {"flags": 0xd0}, 2001, None),
    "no P bit": (lambda p: clr(p), {"flags": 0x80}, 2001, None),
    "60000 bytes": (lambda p: clr(p) + avp(64999, b"x" * 60000, flags=0), {}, 2001, None),
}


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_a_request_that_is_wrong_gets_the_answer_it_deserves(core, name):
    p, probe = core
    make, options, code, avp_id = REQUESTS[name]
    options = dict(options)
    number = options.pop("code", 317)
    for _ in range(2):
        answered = p.send(number, make(p), **options)
        assert answered is not None, probe.text()
        if code:
            assert answered.result == code, answered.summary()
        assert answered.result is not None
        assert bool(answered.flags & wire.ERROR) == (3000 <= answered.result < 4000)
        if avp_id:
            assert failed_avp(answered) == avp_id
        if code == 5001:  # all of it (RFC 6733 7.5)
            assert make(p).endswith(answered.get(wire.FAILED_AVP))
    assert p.send(317, clr(p)).result == 2001  # on the same connection
    assert len(p.live()) == 1


WATCHDOG_REQUESTS = {
    "plain": lambda p: wire.origin(p),
    "unknown AVP": lambda p: wire.origin(p) + wire.UNKNOWN,
    "vendor zero": lambda p: wire.origin(p) + avp(64999, b"1234", flags=0xc0),
    "nothing": lambda p: b"",
    "session of vendor zero": lambda p: wire.origin(p) + avp(263, b"abc", flags=0xc0),
    "NUL in session": lambda p: wire.origin(p) + avp(263, b"a\0c"),
    "garbage proxy": lambda p: wire.origin(p) + avp(284, b"\xff" * 9),
    "origin state too short": lambda p: wire.origin(p) + avp(wire.ORIGIN_STATE, b"\1"),
    "origin state twice": lambda p: wire.origin(p) + avp(wire.ORIGIN_STATE, 1) * 2,
    "group of garbage": lambda p: wire.origin(p) + avp(wire.FAILED_AVP, b"\xff" * 11),
}


def test_requests_of_the_link_itself_that_are_wrong(peers):
    other = peers("other")
    wrong = {}
    for code in (257, 280, 282):
        for i, name in enumerate(sorted(WATCHDOG_REQUESTS)):
            realm = "%d-%d.test" % (code, i)
            wrong[code, name] = peers("hss", identity="hss." + realm, realm=realm)
    with Probe([other, *wrong.values()]) as probe:
        for (code, name), p in wrong.items():
            body = WATCHDOG_REQUESTS[name](p)
            if code == 282 and name == "plain":
                body += avp(wire.CAUSE, 77)  # a cause nobody knows
            p.post(code, body, app=0, flags=wire.REQUEST)
        time.sleep(1)
        probe.serves(3, 1)
        for p in wrong.values():
            assert probe.peer(p.identity)["state"] != "DEAD"
            for conn in p.live():
                conn.close()
        for p in wrong.values():
            probe.until_open(p.identity)


def test_wrong_requests_and_a_lost_connection_at_the_same_time(peers):
    """The library's error answers must not meet a connection that is gone."""
    p, other = peers("hss", realm="gone.test", keep=False), peers("other")
    with Probe([p, other]) as probe:
        for turn in range(6):
            probe.until(p.live, "connected again")
            probe.until_open(p.identity)
            conn = p.live()[0]
            app = (wire.S6A + 1, wire.S6A)[turn % 2]
            burst = b"".join(wire.message(0xc0, 317 if turn % 3 else 9999, app, i, i, clr(p))
                             for i in range(400))
            conn.write(burst)
            conn.reset()
            probe.serves(3, 1)
            assert not probe("status")["failed"], probe.text()


def test_a_flood_of_decorated_users(peers):
    p, other = peers("hss", keep=False), peers("other")
    with Probe([p, other]) as probe:
        body = clr(p, user="other.test!1@example.org").replace(avp(293, FGW), b"")
        p.raw(b"".join(wire.message(0xc0, 317, wire.S6A, i, i, body) for i in range(500)))
        probe.until(lambda: p.count("CLA") == 500, lambda: "all answered: %s" % p.counts)
        assert p.send(317, clr(p)).result == 2001
        probe.serves(3, 1)


def test_a_flood_of_requests_is_served_and_refused_never_stuck(peers):
    p = peers("hss", keep=False)
    with Probe([p], "inbound", 3000) as probe:
        probe("inbound slow:300")
        n = 15000
        for start in range(0, n, 500):
            p.raw(b"".join(wire.message(0xc0, 317, wire.S6A, i, i, clr(p))
                           for i in range(start, start + 500)))
        probe.until(lambda: p.count("CLA") == n, lambda: "all answered: %s" % p.counts)
        probe("inbound ok")
        assert p.send(317, clr(p)).result == 2001
        probe.serves(3, 1)


def test_a_core_that_sends_but_does_not_read(peers):
    p, other = peers("hss", realm="deaf.test", keep=False), peers("other")
    with Probe([p, other], "inbound", 1000) as probe:
        p.pause()
        end = time.monotonic() + 3
        body = clr(p)

        def flood():
            i = 0
            while time.monotonic() < end and p.raw(b"".join(
                    wire.message(0xc0, 317, wire.S6A, i + k, i + k, body) for k in range(100))):
                i += 100
        thread = threading.Thread(target=flood, daemon=True)
        thread.start()
        while time.monotonic() < end:
            probe.serves(20, 4)
        p.resume()
        for conn in p.live():
            conn.close()
        thread.join(PATIENCE)
        probe.serves(3, 1)
