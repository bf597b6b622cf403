# SPDX-License-Identifier: BSD-3-Clause
"""lib/diameter's stack (dia-probe) against scripted peers (tests/system/peer.py): whatever a peer does, the
process lives, every request ends in a typed outcome, and the next one works. Run by ctest; by hand:

    DIA_BUILD=build/dev /usr/bin/python3 -m pytest tests/lib/diameter/test_stack.py
"""
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))

import peer as wire  # noqa: E402
from peer import ANSWERS, WATCHDOGS, Peer, avp, avp3, clr_avps  # noqa: E402

BUILD = os.path.abspath(os.environ.get("DIA_BUILD", os.path.join(ROOT, "build", "dev")))
PROBE = os.environ.get("DIA_PROBE", os.path.join(BUILD, "tests", "lib", "diameter", "dia-probe"))
DICT = os.environ.get("DIA_DICT", os.path.join(BUILD, "extensions", "dict.fdx"))
SLOW = 3 if "asan" in BUILD or "tsan" in BUILD else 1
FGW, REALM = "fgw.example.org", "example.org"

CONF = """
Identity = "%s";
Realm = "%s";
Port = 0; SecPort = 0; No_SCTP; No_IPv6; NoRelay;
AppServThreads = 1;
LoadExtension = "%s" : "%s";
""" % (FGW, REALM, DICT, os.path.join(ROOT, "dictionaries"))


def connect(peer, **more):
    options = {"TcTimer": 1, "TwTimer": 6, **more}
    return 'ConnectPeer = "%s" { ConnectTo = "%s"; Port = %d; No_TLS; %s };\n' % (
        peer.identity, peer.host, peer.port, " ".join("%s = %s;" % o for o in options.items()))


class Probe:
    """dia-probe connected to peers (all of them open when the constructor returns)."""

    def __init__(self, peers, *args, conf=None, wait=True, **options):
        self.folder = tempfile.mkdtemp(prefix="dia-probe-")
        self.path = os.path.join(self.folder, "fgw.conf")
        self.write(conf or "".join(connect(p, **options) for p in peers))
        self.log = open(os.path.join(self.folder, "log"), "w+")
        self.process = subprocess.Popen([PROBE, self.path, *map(str, args)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.answer(30)["started"] == "OK"
        if wait:
            for p in peers:
                self.until_open(p.identity)

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def write(self, lines):
        with open(self.path, "w") as conf:
            conf.write(CONF + lines)

    def answer(self, timeout=60):
        try:
            line = self.lines.get(timeout=timeout * SLOW)
        except queue.Empty:
            raise AssertionError("dia-probe does not answer; log:\n" + self.text()) from None
        assert line is not None, "dia-probe ended (%s); log:\n%s" % (self.process.wait(), self.text())
        return json.loads(line)

    def text(self):
        with open(self.log.name) as log:
            return log.read()[-6000:]

    def __call__(self, line, timeout=60):
        self.process.stdin.write(line + "\n")
        return self.answer(timeout)

    def send(self, n=1, window=1, timeout=1000, options="", wait=60):
        return self("send %d %d %d %s" % (n, window, timeout * SLOW, options), wait)["outcomes"]

    def peer(self, identity):
        return [p for p in self("peers") if p["identity"] == identity][0]

    def until_open(self, identity, timeout=20):
        return self.until(lambda: self.peer(identity)["state"] == "OPEN", timeout, identity + " open")

    @staticmethod
    def until(check, timeout=10, what=""):
        end = time.monotonic() + timeout * SLOW
        while time.monotonic() < end:
            value = check()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError("not within %s s: %s" % (timeout, what))

    def event(self, name):
        return self("metrics")["dia_events_total{event='%s'}" % name]

    def stop(self, grace=200):
        """Ends it in order; returns how long dia_stack_stop took, in milliseconds."""
        self.process.stdin.write("quit %d\n" % grace)
        took = self.answer(30)["stopped_ms"]
        assert self.process.wait(20) == 0, self.text()
        self.log.close()
        return took

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        elif self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def peers():
    """peers(name, **options) starts one; all are stopped at the end."""
    started = []

    def start(name="hss", **options):
        options.setdefault("identity", name + "." + REALM)
        started.append(Peer(**options).start())
        return started[-1]
    yield start
    for p in started:
        p.stop()


# ---- answers ----

LOST = ("DIA_PEER_LOST", "DIA_NO_PEER", "TIMEOUT")  # the connection went, or the answer never came
OUTCOMES = {name: ("DIA_BAD_ANSWER",) for name in ANSWERS}
OUTCOMES.update({name: ("2001",) for name in (
    "ok", "five_vectors", "unknown_optional", "unknown_m_in_optional_group", "reserved_flags",
    "session_id_last", "wrong_end_to_end", "two_results", "no_session_id", "slowly", "duplicate",
    "proxiable_cleared", "no_origin", "many_avps", "error_bit_on_success")})
OUTCOMES.update({
    "user_unknown": ("5001",), "unable_to_deliver": ("3002",), "experimental_without_vendor": ("5420",),
    "error_with_missing_avps": ("5012",), "no_result": ("0",), "nothing": ("0",),
    "answer_and_close": ("2001",) + LOST, "deep_nesting": ("2001", "DIA_BAD_ANSWER"),
    "silent": ("TIMEOUT",), "late": ("TIMEOUT",), "wrong_hop_by_hop": ("TIMEOUT",),
    "every_other": ("2001", "TIMEOUT"), "request_echoed": ("TIMEOUT",)})
for broken in ("avp_length_0", "avp_length_7", "avp_length_beyond", "vendor_avp_length_8",
               "truncated_header", "message_length_19", "message_length_0", "message_length_short",
               "message_length_huge", "message_of_70000", "version_2", "garbage", "text", "close",
               "reset", "half_and_close"):
    OUTCOMES[broken] = LOST
OUTCOMES["message_length_short"] = LOST + ("0", "DIA_BAD_ANSWER")  # whole, what follows is garbage


@pytest.fixture(scope="module")
def all_cases():
    """One probe, and a peer (in a realm of its own) for each case."""
    started = {name: Peer(identity="hss.%s.test" % name.replace("_", "-"), case=name,
                          realm="%s.test" % name.replace("_", "-")).start() for name in ANSWERS}
    with Probe(list(started.values())) as probe:
        yield probe, started
    for p in started.values():
        p.stop()


@pytest.mark.parametrize("case", sorted(ANSWERS))
def test_every_answer_ends_the_request_in_a_typed_way(all_cases, case):
    probe, started = all_cases
    p = started[case]
    got = probe.send(3, 1, 500, "nofailover realm=%s host=%s" % (p.realm, p.identity))
    assert set(got) <= set(OUTCOMES[case]), got
    assert sum(got.values()) == 3
    assert probe.send(1, 1, 2000, "realm=ok.test") == {"2001": 1}  # and the others do not notice
    assert not probe("status")["failed"]


def test_the_replacements_are_in_force(all_cases):
    probe, _ = all_cases
    assert probe("status")["interposed"]


# ---- watchdogs ----

def test_watchdog_answers_of_every_kind_are_survived(peers):
    ok = peers("fine")
    bad = [peers("wd-%d" % i, watchdog=name, realm="wd%d.test" % i)
           for i, name in enumerate(sorted(WATCHDOGS))]
    with Probe([ok] + bad, TwTimer=1) as probe:
        end = time.monotonic() + 6
        while time.monotonic() < end:
            assert probe.send(1, 1, 2000) == {"2001": 1}
            time.sleep(0.2)
        assert all(p.count("DWR") > 0 for p in bad)
        assert not [p for p in probe("peers") if p["state"] == "DEAD"]


def test_a_peer_that_answers_its_watchdogs_again_is_used_again(peers):
    p = peers("hss", watchdog="silent")
    with Probe([p], TwTimer=1) as probe:
        probe.until(lambda: probe.peer(p.identity)["state"] != "OPEN", 10, "peer is suspect")
        p.watchdog = WATCHDOGS["ok"]
        probe.until_open(p.identity, 30)
        assert probe.send(1, 1, 2000) == {"2001": 1}


# ---- late, twice, never ----

def test_late_answers_are_counted_and_dropped(peers):
    p = peers("hss", case=wire.later(0.6))
    with Probe([p]) as probe:
        assert probe.send(20, 20, 200 // SLOW) == {"TIMEOUT": 20}
        probe.until(lambda: probe.event("late_answer") == 20, 5, "late answers counted")
        p.case = ANSWERS["ok"]
        assert probe.send(20, 20, 2000) == {"2001": 20}
        assert probe.peer(p.identity)["timeouts"] == 20


def test_answers_long_after_the_deadline_find_nothing(peers):
    p = peers("hss", case=wire.later(3.0))
    with Probe([p]) as probe:
        assert probe.send(5, 5, 200 // SLOW) == {"TIMEOUT": 5}
        time.sleep(3.5)  # the library, too, has forgotten them by now
        assert probe.peer(p.identity)["in_flight"] == 0
        p.case = ANSWERS["ok"]
        assert probe.send(5, 5, 2000) == {"2001": 5}


# ---- many ----

def test_beyond_the_cap_requests_are_refused_at_once_and_it_recovers(peers):
    p = peers("hss", case="silent", keep=False)
    with Probe([p], "cap", 200, "queue", 500) as probe:
        got = probe("offer 50000 700")
        rounds = 1 + got["seconds"] / 2.7  # the library forgets a request 2 s after its timeout
        assert 200 <= got["outcomes"]["TIMEOUT"] <= 800 * rounds  # at the peer, or still in the queue
        assert set(got["outcomes"]) <= {"TIMEOUT", "DIA_BUSY", "refused:DIA_BUSY"}
        assert got["p50"] < 700
        assert p.count("AIR") <= 260 * rounds
        p.case = ANSWERS["ok"]
        probe.until(lambda: probe.peer(p.identity)["in_flight"] == 0, 6, "library has forgotten them")
        assert probe.send(500, 50, 2000) == {"2001": 500}


def test_a_full_peer_does_not_keep_others_from_working(peers):
    full, free = peers("full", case="silent", realm="full.test"), peers("free")
    with Probe([full, free], "cap", 100) as probe:
        results = {}

        def flood():
            results["full"] = probe("offer 3000 1500 realm=full.test host=%s" % full.identity)
        flood()
        assert results["full"]["outcomes"]["DIA_BUSY"] >= 2500
        assert probe.send(2000, 64, 2000) == {"2001": 2000}


def test_requests_take_turns_among_equal_peers(peers):
    both = [peers("one"), peers("two")]
    with Probe(both) as probe:
        assert probe.send(2000, 32, 2000) == {"2001": 2000}
        assert all(p.count("AIR") > 600 for p in both)


def test_a_named_host_gets_its_requests(peers):
    one, two = peers("one"), peers("two")
    with Probe([one, two]) as probe:
        assert probe.send(200, 16, 2000, "host=" + one.identity) == {"2001": 200}
        assert (one.count("AIR"), two.count("AIR")) == (200, 0)


def test_without_a_peer_for_the_realm_the_answer_is_immediate(peers):
    p = peers("hss")
    with Probe([p]) as probe:
        got = probe("send 500 100 3000 realm=nowhere.test")
        assert got["outcomes"] == {"DIA_NO_PEER": 500}
        assert got["p99"] < 500 * SLOW


def test_256_outstanding_without_any_peer_do_not_lock_up(peers):
    dead = Peer()
    dead.port = 9  # nobody listens there
    with Probe([dead], wait=False) as probe:
        for _ in range(5):
            assert probe.send(5000, 256, 5000) == {"DIA_NO_PEER": 5000}


def test_a_relay_agent_takes_what_has_no_peer_of_its_own(peers):
    relay = peers("dra", identity="dra.other.test", realm="other.test", apps=((0, wire.RELAY),))
    with Probe([relay]) as probe:
        assert probe.send(10, 2, 2000, "realm=far.test") == {"2001": 10}


# ---- peers that go away ----

def test_requests_in_flight_move_to_the_other_peer_with_the_t_flag(peers):
    dies, lives = peers("dies", case="silent"), peers("lives")
    with Probe([dies, lives]) as probe:
        probe.process.stdin.write("send 20 20 %d host=%s\n" % (4000 * SLOW, dies.identity))
        probe.until(lambda: dies.count("AIR") == 20, 5, "requests at the peer")
        for conn in dies.live():
            conn.reset()
        assert probe.answer()["outcomes"] == {"2001": 20}
        again = lives.received("AIR")
        assert len(again) == 20 and all(m.flags & wire.RETRANSMIT for m in again)
        assert {m.e2e for m in again} == {m.e2e for m in dies.received("AIR")}
        assert probe.peer(dies.identity)["failovers"] == 20


def test_where_it_is_forbidden_nothing_is_sent_again(peers):
    dies, lives = peers("dies", case="silent"), peers("lives")
    with Probe([dies, lives]) as probe:
        probe.process.stdin.write("send 20 20 %d nofailover host=%s\n" % (4000 * SLOW, dies.identity))
        probe.until(lambda: dies.count("AIR") == 20, 5, "requests at the peer")
        for conn in dies.live():
            conn.reset()
        got = probe.answer()
        assert got["outcomes"] == {"DIA_PEER_LOST": 20}
        assert got["p99"] < 3000 * SLOW
        assert lives.count("AIR") == 0


def test_the_only_peer_lost_ends_its_requests_at_once(peers):
    p = peers("hss", case="silent")
    with Probe([p]) as probe:
        probe.process.stdin.write("send 50 50 %d\n" % (8000 * SLOW))
        probe.until(lambda: p.count("AIR") == 50, 5, "requests at the peer")
        for conn in p.live():
            conn.close()
        got = probe.answer()
        assert set(got["outcomes"]) <= set(LOST[:2]) and got["p99"] < 5000 * SLOW
        p.case = ANSWERS["ok"]
        probe.until_open(p.identity, 30)
        assert probe.send(1, 1, 2000) == {"2001": 1}


def test_a_hung_peer_is_left_within_three_watchdogs(peers):
    hung, lives = peers("hung"), peers("lives")
    with Probe([hung, lives], TwTimer=1) as probe:
        hung.pause()
        start = time.monotonic()
        assert probe.send(10, 10, 15000, "host=" + hung.identity) == {"2001": 10}
        assert time.monotonic() - start < 6 * SLOW
        hung.resume()


def test_a_peer_that_does_not_read_does_not_hold_up_the_others(peers):
    stuck, lives = peers("stuck", realm="stuck.test", keep=False), peers("lives", keep=False)
    with Probe([stuck, lives]) as probe:
        stuck.pause()
        got = probe("offer 5000 1000 realm=stuck.test")["outcomes"]
        assert got["TIMEOUT"] > 500 and got["DIA_BUSY"] > 2000
        got = probe("send 3000 32 2000")
        assert got["outcomes"] == {"2001": 3000}
        assert got["max"] < 500 * SLOW
        stuck.resume()


def test_a_peer_that_comes_and_goes(peers):
    p = peers("hss")
    with Probe([p]) as probe:
        for _ in range(3):
            assert probe.send(5, 1, 2000) == {"2001": 5}
            for conn in p.live():
                conn.close()
            probe.until(lambda: probe.peer(p.identity)["state"] != "OPEN", 5, "closed")
            probe.until_open(p.identity, 30)


def test_a_peer_that_says_goodbye_is_taken_back(peers):
    p = peers("hss")
    with Probe([p]) as probe:
        dpa = p.send(282, wire.origin(p) + avp(wire.CAUSE, 0), app=0, flags=wire.REQUEST)
        assert dpa.result == 2001
        probe.until(lambda: probe.peer(p.identity)["state"] != "OPEN", 5, "closed")
        for conn in p.live():
            conn.close()
        probe.until_open(p.identity, 30)
        assert probe.send(5, 1, 2000) == {"2001": 5}


# ---- requests from the core ----

@pytest.fixture(scope="module")
def one_core():
    p = Peer().start()
    with Probe([p], "inbound", 500 * SLOW) as probe:
        yield p, probe
    p.stop()


@pytest.fixture
def core(one_core):
    p, probe = one_core
    probe("inbound ok")
    yield p, probe
    assert probe.send(3, 1, 2000) == {"2001": 3}  # whatever was sent, the next one works
    assert not probe("status")["failed"]


def clr(p, **more):
    return clr_avps(p, FGW, REALM, **more)


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


def test_nobody_waits_longer_than_the_deadline(core):
    p, probe = core
    probe("inbound never")
    start = time.monotonic()
    cla = p.send(317, clr(p), timeout=5 * SLOW)
    assert cla.result == 3002 and cla.flags & wire.ERROR
    assert 0.4 < time.monotonic() - start < 3 * SLOW


def test_an_answer_after_the_deadline_is_dropped(core):
    p, probe = core
    probe("inbound late:%d" % (900 * SLOW))
    before = p.count("CLA")
    assert p.send(317, clr(p), timeout=5 * SLOW).result == 3002
    probe.until(lambda: probe.event("inbound_late") == 1, 5, "counted")
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
    "for another realm": (lambda p: clr_avps(p, FGW, "other.test").replace(
        avp(293, FGW), b""), {}, 3002, None),
    "no realm": (lambda p: clr(p).replace(avp(283, REALM), b"").replace(avp(293, FGW), b""), {}, None, None),
    "route record of ours": (lambda p: clr(p).replace(avp(293, FGW), b"") + avp(282, FGW), {}, 3005, None),
    "decorated user": (lambda p: clr(p, user="other.test!1@example.org").replace(avp(293, FGW), b""),
                       {}, None, None),
    "empty session": (lambda p: avp(263, b"") + clr(p, session="x")[len(avp(263, "x")):], {}, 2001, None),
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
    assert p.send(317, clr(p)).result == 2001  # on the same connection
    assert len(p.live()) == 1


WATCHDOG_REQUESTS = {
    "plain": lambda p: wire.origin(p),
    "unknown AVP": lambda p: wire.origin(p) + wire.UNKNOWN,
    "vendor zero": lambda p: wire.origin(p) + avp(64999, b"1234", flags=0xc0)[:8] + b"\0" * 4 + b"1234",
    "nothing": lambda p: b"",
    "origin state too short": lambda p: wire.origin(p) + avp(wire.ORIGIN_STATE, b"\1"),
    "origin state twice": lambda p: wire.origin(p) + avp(wire.ORIGIN_STATE, 1) * 2,
    "group of garbage": lambda p: wire.origin(p) + avp(wire.FAILED_AVP, b"\xff" * 11),
}


def test_requests_of_the_link_itself_that_are_wrong(peers):
    other = peers("other")
    wrong = {(code, name): peers("hss", identity="hss.%d-%d.test" % (code, i), realm="%d-%d.test" % (code, i))
             for code in (257, 280, 282) for i, name in enumerate(sorted(WATCHDOG_REQUESTS))}
    with Probe([other, *wrong.values()]) as probe:
        for (code, name), p in wrong.items():
            body = WATCHDOG_REQUESTS[name](p)
            if code == 282 and name == "plain":
                body += avp(wire.CAUSE, 77)  # a cause nobody knows
            p.post(code, body, app=0, flags=wire.REQUEST)
        time.sleep(1)
        assert probe.send(3, 1, 2000) == {"2001": 3}
        for p in wrong.values():
            assert probe.peer(p.identity)["state"] != "DEAD"
            for conn in p.live():
                conn.close()
        for p in wrong.values():
            probe.until_open(p.identity, 40)


def test_wrong_requests_and_a_lost_connection_at_the_same_time(peers):
    """The library's error answers must not meet a connection that is gone."""
    p, other = peers("hss", realm="gone.test", keep=False), peers("other")
    with Probe([p, other]) as probe:
        for turn in range(6):
            probe.until(p.live, 40, "connected again")
            probe.until_open(p.identity, 40)
            conn = p.live()[0]
            app = (wire.S6A + 1, wire.S6A)[turn % 2]
            burst = b"".join(wire.message(0xc0, 317 if turn % 3 else 9999, app, i, i, clr(p))
                             for i in range(400))
            conn.write(burst)
            conn.reset()
            assert probe.send(3, 1, 2000) == {"2001": 3}
            assert not probe("status")["failed"], probe.text()


def test_a_flood_of_decorated_users(peers):
    p, other = peers("hss", keep=False), peers("other")
    with Probe([p, other]) as probe:
        body = clr(p, user="other.test!1@example.org").replace(avp(293, FGW), b"")
        p.raw(b"".join(wire.message(0xc0, 317, wire.S6A, i, i, body) for i in range(500)))
        probe.until(lambda: p.count("CLA") == 500, 10, "all answered: %s" % p.counts)
        assert p.send(317, clr(p)).result == 2001
        assert probe.send(3, 1, 2000) == {"2001": 3}


def test_a_flood_of_requests_is_served_and_refused_never_stuck(peers):
    p = peers("hss", keep=False)
    with Probe([p], "inbound", 3000) as probe:
        probe("inbound slow:300")
        n = 15000
        for start in range(0, n, 500):
            p.raw(b"".join(wire.message(0xc0, 317, wire.S6A, i, i, clr(p))
                           for i in range(start, start + 500)))
        probe.until(lambda: p.count("CLA") == n, 40, "all answered: %s" % p.counts)
        probe("inbound ok")
        assert p.send(317, clr(p)).result == 2001
        assert probe.send(3, 1, 2000) == {"2001": 3}


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
            got = probe("send 20 4 3000")
            assert got["outcomes"] == {"2001": 20}, got
        p.resume()
        for conn in p.live():
            conn.close()
        thread.join(5)
        assert probe.send(3, 1, 3000) == {"2001": 3}


# ---- reload and stop ----

def test_reload_adds_disables_and_says_what_needs_a_restart(peers):
    stays, goes, comes = peers("stays"), peers("goes", realm="goes.test"), peers("comes", realm="comes.test")
    with Probe([stays, goes]) as probe:
        assert probe("reload") == {"notes": [], "err": "OK"}
        probe.write(connect(stays, TwTimer=7) + connect(comes) + "TcTimer = 17;\n")
        notes = probe("reload")
        assert notes["err"] == "OK"
        text = "\n".join(notes["notes"])
        for expected in ("comes.example.org added", "goes.example.org disconnected",
                         "stays.example.org: changed settings need a restart", "other than ConnectPeer"):
            assert expected in text
        probe.until_open(comes.identity, 30)
        assert probe.send(3, 1, 2000, "realm=comes.test") == {"2001": 3}
        probe.until(lambda: goes.count("DPR") == 1, 5, "goodbye said")
        assert probe.send(3, 1, 2000, "realm=goes.test") == {"DIA_NO_PEER": 3}
        assert probe.peer(goes.identity)["disabled"]
        probe.write(connect(stays) + connect(goes) + connect(comes))
        assert "restart is needed" in "\n".join(probe("reload")["notes"])


def test_a_broken_file_changes_nothing(peers):
    p = peers("hss")
    with Probe([p]) as probe:
        probe.write('ConnectPeer = "x.test" { Prot = 3; };\n')
        got = probe("reload")
        assert got["err"] == "CONF_SYNTAX" and ":7: found 'Prot'" in got["notes"][0]
        assert probe.send(3, 1, 2000) == {"2001": 3}


def test_stop_says_goodbye(peers):
    p = peers("hss")
    probe = Probe([p])
    assert probe.stop() < 3000 * SLOW
    assert p.count("DPR") == 1


@pytest.mark.parametrize("how", ["silent", "paused"])
def test_stop_is_bounded_whatever_is_in_flight(peers, how):
    p = peers("hss", case="silent")
    probe = Probe([p])
    if how == "paused":
        p.pause()
    probe.process.stdin.write("offer 3000 %d\n" % (400 * SLOW))
    probe.answer()
    assert probe.stop(300) < 9000 * SLOW
