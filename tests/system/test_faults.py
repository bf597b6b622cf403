# SPDX-License-Identifier: BSD-3-Clause
"""An HSS that answers wrongly, late, twice or not at all (tests/system/peer.py). In every case: a
clear error to the caller in time, a counter, a log line, and the next good answer is passed on."""
import contextlib

import grpc
import pytest

import peer as scripted
from kit import paths
from kit.agw import Agw
from kit.expect import GOOD, outcome_of, works
from kit.gateway import Gateway, Peer
from kit.proc import eventually

PATIENT = 20  # seconds that the gateway waits for the HSS
LIMIT = 2     # the same where no answer may come; callers wait much longer
HSS = "hss.example.org"


def waits(seconds, more=""):
    return 'timeout = "%ds"; %s' % (seconds, more)


@contextlib.contextmanager
def limited(gateway, seconds=LIMIT):
    """The gateway waits so long, meanwhile."""
    gateway.configure(s6a=waits(seconds))
    gateway.ctl("reload")
    try:
        yield
    finally:
        gateway.configure(s6a=waits(PATIENT))
        gateway.ctl("reload")


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = scripted.Peer(host=paths.HSS_IP, port=3868, identity=HSS).start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, cleanup):
    thing = Gateway(pki, [Peer(HSS, paths.HSS_IP, watchdog=6)], s6a=waits(PATIENT),
                    diameter='inbound_deadline = "20s"; max_in_flight_peer = 100;',
                    level="debug").start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = Agw(pki).wait_ready()
    cleanup.append(thing)
    return thing


def good_again(hss, agw):
    """The same peer answers well from now on (it may have to be connected anew first)."""
    hss.case, hss.watchdog = scripted.ANSWERS["ok"], scripted.WATCHDOGS["ok"]

    def attempt():
        try:
            return agw.air(GOOD, timeout=5).eutran_vectors
        except grpc.RpcError:
            return False

    eventually(attempt, 15, "a good answer is passed on again")


# What a caller may see. "ok": one vector.
HARMLESS = {"ok", "five_vectors", "unknown_optional", "unknown_m_in_optional_group", "slowly",
            "duplicate", "reserved_flags", "proxiable_cleared", "many_avps"}
LATE = {"silent", "late", "wrong_hop_by_hop", "request_echoed"}
REFUSED = {"user_unknown": 5001, "experimental_without_vendor": 5420}
STATUS = {"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "UNKNOWN"}


HELD = []  # answers that come when nobody waits for them any more
CASES = dict(scripted.ANSWERS,
             late=lambda peer, conn, req: HELD.append((conn, scripted.good(peer, req))))


@pytest.mark.parametrize("case", sorted(CASES))
def test_an_answer(gateway, hss, agw, case):
    before = gateway.requests(procedure="AIR")
    position = gateway.log_position()
    hss.case = CASES[case]
    at_once = case in HARMLESS or case in REFUSED
    with contextlib.nullcontext() if at_once else limited(gateway):
        outcome, answer = outcome_of(agw.air, "001010000000001", within=LIMIT + 15)
    while HELD:
        conn, late = HELD.pop()
        conn.write(late)
    if case in HARMLESS:
        assert outcome == "ok" and len(answer.eutran_vectors) == 1, (outcome, answer)
    elif case in REFUSED:
        assert outcome == "ok" and answer.error_code == REFUSED[case]
    elif case in LATE:
        assert outcome == "DEADLINE_EXCEEDED", outcome
    elif outcome == "ok":
        assert len(answer.eutran_vectors) == 1 or answer.error_code >= 3001, answer
    else:
        assert outcome in STATUS, outcome
    gateway.wait_counter(before + 1, "fgw_requests_total", interface="s6a", procedure="AIR")
    gateway.wait_log("001010000000001", since=position)
    good_again(hss, agw)
    assert gateway.process.alive()


@pytest.mark.parametrize("case", [
    "result_code_short", "result_code_empty", "nothing", "no_result"])
def test_a_broken_but_whole_answer_costs_no_connection(gateway, hss, agw, case):
    """Other subscribers share it."""
    good_again(hss, agw)
    connection = hss.live()[0]
    hss.case = scripted.ANSWERS[case]
    with pytest.raises(grpc.RpcError):
        agw.air("001010000000001")
    good_again(hss, agw)
    assert hss.live() == [connection]


@pytest.mark.parametrize("case", [
    "unknown_m_before_result", "unknown_m_after_result", "unknown_m_vendor", "unknown_command"])
def test_an_answer_with_something_unknown_is_used_unless_told_otherwise(gateway, hss, agw, case):
    good_again(hss, agw)
    hss.case = scripted.ANSWERS[case]
    assert agw.air(GOOD).eutran_vectors
    gateway.configure(s6a=waits(PATIENT, "strict_answers = true;"))
    gateway.ctl("reload")
    try:
        with pytest.raises(grpc.RpcError) as caught:
            agw.air(GOOD)
        assert caught.value.code() == grpc.StatusCode.INTERNAL
    finally:
        gateway.configure(s6a=waits(PATIENT))
        gateway.ctl("reload")
    good_again(hss, agw)


def test_hundreds_of_bad_answers_in_a_row(gateway, hss, agw):
    hss.case = scripted.ANSWERS["result_code_short"]
    calls = [agw.future("air", "0010100005%05d" % n) for n in range(80)]
    assert all(call.exception() is not None for call in calls)
    good_again(hss, agw)


def test_half_of_the_answers_never_come(gateway, hss, agw):
    hss.case = scripted.ANSWERS["every_other"]
    with limited(gateway, 6):  # time enough for the others
        calls = [agw.future("air", "0010100006%05d" % n) for n in range(60)]
        codes = [call.code().name for call in calls]
    assert codes.count("OK") == 30 and codes.count("DEADLINE_EXCEEDED") == 30, codes
    good_again(hss, agw)


def test_a_full_peer_that_never_answers_frees_its_places(gateway, hss, agw):
    """The cap of 100 is used up by requests nobody answers; they do not stay for ever."""
    hss.case = scripted.ANSWERS["silent"]
    with limited(gateway):
        calls = [agw.future("air", "0010100007%05d" % n) for n in range(150)]
        codes = {call.code().name for call in calls}
    assert codes <= {"DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}, codes
    good_again(hss, agw)
    works(agw)


def test_the_callers_own_deadline_counts(gateway, hss, agw):
    hss.case = scripted.ANSWERS["silent"]
    with pytest.raises(grpc.RpcError) as caught:
        agw.air(GOOD, timeout=0.5)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    good_again(hss, agw)


# ---- requests of the HSS ----

def test_an_unknown_command_is_3001_and_the_connection_lives(gateway, hss, agw):
    good_again(hss, agw)
    connection = hss.live()[0]
    body = scripted.clr_avps(hss, gateway.identity, gateway.realm)
    answer = hss.send(8388000, body)
    assert answer is not None and answer.result == 3001, answer
    assert answer.flags & scripted.ERROR
    good_again(hss, agw)
    assert hss.live() == [connection]


def test_an_unknown_application(gateway, hss, agw):
    body = scripted.clr_avps(hss, gateway.identity, gateway.realm)
    answer = hss.send(317, body, app=16777999)
    assert answer is not None and answer.result in (3007, 3001), answer.result
    good_again(hss, agw)


BAD_REQUESTS = {
    "without User-Name": (lambda p, g: strip(scripted.clr_avps(p, g.identity, g.realm), 1), {5005}),
    "without Cancellation-Type":
        (lambda p, g: strip(scripted.clr_avps(p, g.identity, g.realm), 1420), {5005}),
    "with an unknown AVP with M bit":
        (lambda p, g: scripted.clr_avps(p, g.identity, g.realm) + scripted.UNKNOWN, {5001}),
    "with a number of one byte":
        (lambda p, g: strip(scripted.clr_avps(p, g.identity, g.realm), 1420) +
         scripted.avp3(1420, b"\2"), {5014}),
    "with a type that does not exist":
        (lambda p, g: scripted.clr_avps(p, g.identity, g.realm, kind=77), {2001, 3002, 5004}),
    "with two User-Names":
        (lambda p, g: scripted.clr_avps(p, g.identity, g.realm) +
         scripted.avp(1, "001010000000002"), {5009}),
    "with an IMSI that is none":
        (lambda p, g: scripted.clr_avps(p, g.identity, g.realm, user="nobody"), {5004}),
    "with an IMSI of 60000 characters":
        (lambda p, g: scripted.clr_avps(p, g.identity, g.realm, user="1" * 60000), {5004}),
    "for another host":
        (lambda p, g: scripted.clr_avps(p, "other.example.org", g.realm), {3002}),
    "for another realm":
        (lambda p, g: scripted.clr_avps(p, "other.example.net", "example.net"), {3002}),
}


def strip(body, code):
    """The body without its AVPs of this code."""
    out = b""
    while body:
        length = (int.from_bytes(body[5:8], "big") + 3) & ~3
        if int.from_bytes(body[:4], "big") != code:
            out += body[:length]
        body = body[length:]
    return out


@pytest.mark.parametrize("what", sorted(BAD_REQUESTS))
def test_a_request_of_the_hss(gateway, hss, agw, what):
    good_again(hss, agw)
    make, allowed = BAD_REQUESTS[what]
    answer = hss.send(317, make(hss, gateway))
    assert answer is not None, "no answer"
    assert answer.result in allowed, answer.result
    assert (answer.get(264) or b"").decode() == gateway.identity
    good_again(hss, agw)


def test_a_duplicate_request_is_answered_again(gateway, hss, agw):
    body = scripted.clr_avps(hss, gateway.identity, gateway.realm)
    first = hss.send(317, body, e2e=0x1234)
    again = hss.send(317, body, e2e=0x1234, flags=0xD0)
    assert first.result == again.result and first.result in (2001, 3002)


def test_a_thousand_requests_of_the_hss_at_once(gateway, hss, agw):
    entries = [hss.post(317, scripted.clr_avps(hss, gateway.identity, gateway.realm,
                                               user="00101000009%04d" % n)) for n in range(1000)]
    results = [hss.wait(entry) for entry in entries]
    assert all(r is not None for r in results)
    assert {r.result for r in results} <= {2001, 3004}, {r.result for r in results}
    good_again(hss, agw)


def test_answers_nobody_asked_for(gateway, hss, agw):
    hss.raw(scripted.message(0x40, 318, scripted.S6A, 0x7777, 0x8888,
                             scripted.avp(263, "x;1;1") + scripted.result(2001)) * 50)
    good_again(hss, agw)
    assert gateway.process.alive()
