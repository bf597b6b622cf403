# SPDX-License-Identifier: BSD-3-Clause
"""Whatever a peer answers, or does not: every request ends in a typed outcome, and the next one
works."""
import time

import pytest

from kit import LOST, SLOW, Probe, connect
from peer import ANSWERS, WATCHDOGS, Peer, later

CASES = dict(ANSWERS, late=later(10))  # long after, whatever stands still meanwhile

OUTCOMES = {name: ("DIA_BAD_ANSWER",) for name in ANSWERS}
OUTCOMES.update({name: ("2001",) for name in (
    "ok", "five_vectors", "unknown_optional", "unknown_m_in_optional_group", "reserved_flags",
    "session_id_last", "wrong_end_to_end", "two_results", "no_session_id", "slowly", "duplicate",
    "proxiable_cleared", "no_origin", "many_avps", "error_bit_on_success")})
OUTCOMES.update({
    "user_unknown": ("5001",), "unable_to_deliver": ("3002",),
    "experimental_without_vendor": ("5420",),
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
    started = {name: Peer(identity="hss.%s.test" % name.replace("_", "-"), case=case,
                          realm="%s.test" % name.replace("_", "-")).start()
               for name, case in CASES.items()}
    with Probe(list(started.values())) as probe:
        yield probe, started
    for p in started.values():
        p.stop()


@pytest.mark.parametrize("case", sorted(ANSWERS))
def test_every_answer_ends_the_request_in_a_typed_way(all_cases, case):
    probe, started = all_cases
    p = started[case]
    # an answer that comes may take its time; only where none comes is the end waited for
    timeout = 500 * SLOW if "TIMEOUT" in OUTCOMES[case] else 30000
    line = "send 3 1 %d nofailover realm=%s host=%s" % (timeout, p.realm, p.identity)
    got = probe(line)["outcomes"]
    assert set(got) <= set(OUTCOMES[case]), got
    assert sum(got.values()) == 3
    probe.serves(1, 1, "realm=ok.test")  # and the others do not notice
    assert not probe("status")["failed"]


def test_the_replacements_are_in_force(all_cases):
    probe, _ = all_cases
    assert probe("status")["interposed"]


# ---- watchdogs ----

def test_watchdog_answers_of_every_kind_are_survived(peers):
    ok = peers("fine")
    bad = [peers("wd-%d" % i, watchdog=name, realm="wd%d.test" % i)
           for i, name in enumerate(sorted(WATCHDOGS))]
    # libfdcore 1.2.1 leaks a watchdog answer with a new Origin-State-Id
    conf = connect(ok) + "".join(connect(p, TwTimer=1) for p in bad)
    with Probe([ok] + bad, conf=conf, leaks=False) as probe:
        end = time.monotonic() + 6
        while time.monotonic() < end:
            probe.serves(1, 1)
            time.sleep(0.2)
        probe.until(lambda: all(p.count("DWR") > 0 for p in bad), "watchdogs to all")
        assert not [p for p in probe("peers") if p["state"] == "DEAD"]


def test_a_peer_that_answers_its_watchdogs_again_is_used_again(peers):
    p = peers("hss", watchdog="silent")
    with Probe([p], TwTimer=1) as probe:
        probe.until(lambda: probe.peer(p.identity)["state"] != "OPEN", "peer is suspect")
        p.watchdog = WATCHDOGS["ok"]
        probe.until_open(p.identity)
        probe.serves(1, 1)


# ---- late, twice, never ----

class Held:
    """A case: answers that wait for release()."""

    def __init__(self):
        self.answers = []

    def __call__(self, peer, conn, request):
        self.answers.append((conn, ANSWERS["ok"](peer, conn, request)))

    def release(self):
        for conn, answer in self.answers:
            conn.write(answer)


def test_late_answers_are_counted_and_dropped(peers):
    held = Held()
    p = peers("hss", case=held)
    with Probe([p]) as probe:
        assert probe.send(20, 20, 200 // SLOW) == {"TIMEOUT": 20}
        probe.until(lambda: len(held.answers) == 20, "all requests at the peer")
        held.release()
        probe.until(lambda: probe.event("late_answer") == 20, "late answers counted")
        probe.until(lambda: probe("status")["late"] == 20, "who wants to know is told")
        p.case = ANSWERS["ok"]
        probe.serves(20, 20)
        assert probe.peer(p.identity)["timeouts"] == 20


def test_answers_long_after_the_deadline_find_nothing(peers):
    held = Held()
    p = peers("hss", case=held)
    with Probe([p]) as probe:
        assert probe.send(5, 5, 200 // SLOW) == {"TIMEOUT": 5}
        probe.until(lambda: len(held.answers) == 5, "all requests at the peer")
        probe.until(lambda: probe.peer(p.identity)["in_flight"] == 0, "the library forgets, too")
        held.release()
        probe.until(lambda: probe("status")["late"] == 5, "but who wants to know is told")
        p.case = ANSWERS["ok"]
        probe.serves(5, 5)


def test_a_cancelled_request_never_calls_back(peers):
    p = peers("hss")
    with Probe([p]) as probe:
        assert probe("cancel 200 500")["ended"] == 0
        probe.until(lambda: probe.event("late_answer") == p.count("AIR") == 200, "all counted")
        probe.serves(5, 5)


def test_every_end_of_a_request_is_counted_with_peer_and_result(peers):
    p = peers("hss", case="user_unknown")
    with Probe([p]) as probe:
        probe.send(3, 1, 30000)
        p.case = ANSWERS["silent"]
        probe.send(2, 2, 300)
        probe.send(1, 1, 30000, "realm=nowhere.test")
        got = probe("metrics")
        name = "dia_requests_total{peer='%s',procedure='AIR',result='%s'}"
        assert got[name % (p.identity, "10415:5001")] == 3
        assert got[name % (p.identity, "TIMEOUT")] == 2
        assert got[name % ("", "DIA_NO_PEER")] == 1
        assert got["dia_request_seconds_count{procedure='AIR'}"] == 6
        probe.until(lambda: probe("metrics")["dia_peer_open{peer='%s'}" % p.identity] == 1,
                    "seen as open")
