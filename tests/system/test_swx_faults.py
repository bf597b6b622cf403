# SPDX-License-Identifier: BSD-3-Clause
"""An HSS and EIR that answer wrongly, late, twice or not at all on SWx and S13, send wrong
requests, or die with requests in flight (tests/system/peer.py, tests/system/erlang/swx). In
every case: a clear error in time, a counter, a log line, and the next good answer is passed on."""
import concurrent.futures
import contextlib
import os
import signal
import time

import grpc
import pytest

import peer as scripted
from kit import paths
from kit.expect import outcome_of
from kit.gateway import Peer
from kit.proc import PATIENCE, eventually
from kit.wifi import ErlangSwx, Wifi, WifiAgw, s13, swx_gateway
from peer import avp, avp3

PATIENT = 20  # seconds that the gateway waits
LIMIT = 2     # the same where no answer may come; callers wait much longer
HSS = "hss.example.org"
USER = "001010000000001"


def waits(seconds):
    return 'timeout = "%ds"; cache_ttl = 0;' % seconds


@contextlib.contextmanager
def limited(gateway, seconds=LIMIT):
    """The gateway waits so long, meanwhile."""
    gateway.reload_with(swx=waits(seconds), s13=waits(seconds))
    try:
        yield
    finally:
        gateway.reload_with(swx=waits(PATIENT), s13=waits(PATIENT))


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = scripted.Peer(host=paths.HSS_IP, port=3868, identity=HSS, apps=(
        (scripted.VENDOR_3GPP, scripted.SWX), (scripted.VENDOR_3GPP, scripted.S13))).start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, cleanup):
    thing = Wifi(pki, [Peer(HSS, paths.HSS_IP, watchdog=6)],
                 swx_section=waits(PATIENT), s13_section=waits(PATIENT),
                 diameter='inbound_deadline = "20s"; max_in_flight_peer = 100;',
                 level="debug").start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = WifiAgw(pki).wait_ready()
    thing.open_tunnel()
    cleanup.append(thing)
    return thing


def good_again(hss, agw):
    """The same peer answers well from now on (it may have to be connected anew first)."""
    hss.case = scripted.ANSWERS["ok"]

    def attempt():
        try:
            return agw.authenticate(USER, timeout=3).sip_auth_vectors
        except grpc.RpcError:
            return False

    eventually(attempt, 15, "a good answer is passed on again")


def item(**changed):
    """One SIP-Auth-Data-Item with other values; None leaves an AVP out."""
    values = {"number": 1, "scheme": "EAP-AKA", "authenticate": b"\x11" * 32,
              "authorization": b"\x22" * 8, "ck": b"\x44" * 16, "ik": b"\x55" * 16, **changed}
    codes = {"number": scripted.SIP_NUMBER, "scheme": scripted.SIP_SCHEME,
             "authenticate": scripted.SIP_AUTHENTICATE,
             "authorization": scripted.SIP_AUTHORIZATION, "ck": scripted.CONFIDENTIALITY,
             "ik": scripted.INTEGRITY}
    return avp3(scripted.SIP_ITEM, b"".join(
        avp3(codes[name], value) for name, value in values.items() if value is not None))


def only(*parts):
    """An answer 2001 with these AVPs and no others of its own."""
    return lambda p, conn, r: scripted.answer(
        r, scripted.head(p, r) + scripted.result(2001) + b"".join(parts))


# ---- MAR ----

HARMLESS = {"ok", "five_vectors", "unknown_optional", "unknown_m_in_optional_group", "slowly",
            "duplicate", "reserved_flags", "proxiable_cleared", "many_avps"}
LATE = {"silent", "late", "wrong_hop_by_hop", "request_echoed"}
STATUS = {"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "UNKNOWN"}
# What costs the connection whatever the interface is test_faults.py's: one of each kind here.
ELSEWHERE = {"avp_length_0", "avp_length_7", "vendor_avp_length_8", "truncated_header",
             "message_length_19", "message_length_0", "message_length_short", "message_length_huge",
             "message_of_70000", "version_2", "text", "reset", "answer_and_close",
             "half_and_close", "every_other", "garbage_vector", "item_number_short"}
CASES = {name: case for name, case in scripted.ANSWERS.items() if name not in ELSEWHERE}
HELD = []  # answers that come when nobody waits for them any more
CASES["late"] = lambda peer, conn, req: HELD.append((conn, scripted.good(peer, req)))
VECTORS = {
    "a vector that is garbage": only(avp3(scripted.SIP_ITEM, b"\1\2\3\4\5\6")),
    "an empty vector": only(avp3(scripted.SIP_ITEM, b"")),
    "an unknown scheme": only(item(scheme="EAP-SIM")),
    "RAND and AUTN of 31 bytes": only(item(authenticate=b"\1" * 31)),
    "no RAND and AUTN": only(item(authenticate=None)),
    "XRES of 17 bytes": only(item(authorization=b"\1" * 17)),
    "XRES of 3 bytes": only(item(authorization=b"\1" * 3)),
    "no XRES": only(item(authorization=None)),
    "CK of 15 bytes": only(item(ck=b"\1" * 15)),
    "no IK": only(item(ik=None)),
    "no vector at all": only(),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_an_answer_to_mar(gateway, hss, agw, case):
    before = gateway.counter("fgw_requests_total", interface="swx", procedure="Authenticate")
    position = gateway.log_position()
    hss.case = CASES[case]
    at_once = case in HARMLESS or case in ("user_unknown", "experimental_without_vendor")
    with contextlib.nullcontext() if at_once else limited(gateway):
        outcome, answer = outcome_of(agw.authenticate, USER, within=LIMIT + 15)
    while HELD:
        conn, late = HELD.pop()
        conn.write(late)
    if case in HARMLESS:
        assert outcome == "ok" and len(answer.sip_auth_vectors) == 1, (outcome, answer)
    elif case in LATE:
        assert outcome == "DEADLINE_EXCEEDED", outcome
    elif case == "user_unknown":
        assert outcome == "NOT_FOUND"
    elif case == "experimental_without_vendor":  # 5420: none of SWx
        assert outcome == "UNKNOWN"
    elif outcome == "ok":
        assert len(answer.sip_auth_vectors) == 1, answer
    else:
        assert outcome in STATUS, outcome
    gateway.wait_counter(before + 1, "fgw_requests_total", interface="swx",
                         procedure="Authenticate")
    gateway.wait_log(USER, since=position)
    good_again(hss, agw)
    assert gateway.process.alive()


@pytest.mark.parametrize("case", sorted(VECTORS))
def test_a_vector_that_is_none_is_never_passed_on(hss, agw, case):
    good_again(hss, agw)
    connection = hss.live()[0]
    hss.case = VECTORS[case]
    with pytest.raises(grpc.RpcError) as caught:
        agw.authenticate(USER)
    assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)
    good_again(hss, agw)
    assert hss.live() == [connection]


def test_good_vectors_beside_bad_ones_are_used(hss, agw):
    good_again(hss, agw)
    hss.case = only(item(number=1, ck=b"short"), item(number=2))
    assert len(agw.authenticate(USER).sip_auth_vectors) == 1
    hss.case = only(item(number=None))  # SIP-Item-Number is optional
    assert len(agw.authenticate(USER).sip_auth_vectors) == 1


# ---- SAR and ECR: what is whole but wrong ----

WRONG = ["result_code_short", "result_code_empty", "result_code_long", "nothing", "no_result",
         "unable_to_deliver", "error_with_missing_avps", "silent", "close"]
USABLE = ["garbage_group", "unknown_m_before_result", "unknown_m_vendor", "unknown_optional",
          "duplicate", "session_id_last", "many_avps"]


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("procedure", ["SAR", "ECR"])
def test_a_wrong_answer(gateway, hss, agw, procedure, case):
    good_again(hss, agw)
    hss.case = scripted.ANSWERS[case]
    with pytest.raises(grpc.RpcError) as caught, limited(gateway):
        agw.register(USER) if procedure == "SAR" else agw.check("35609204000001", USER)
    assert caught.value.code().name in STATUS and caught.value.details()
    good_again(hss, agw)


@pytest.mark.parametrize("case", USABLE)
def test_an_odd_answer_that_says_what_matters_is_used(gateway, hss, agw, case):
    """... unless strict_answers is set."""
    good_again(hss, agw)
    hss.case = scripted.ANSWERS[case]
    agw.register(USER)
    assert agw.check("35609204000001", USER).equipment_status == s13.PERMITTED
    if case != "unknown_m_before_result":
        return
    kept = dict(gateway.sections)
    try:
        gateway.reload_with(**{k: v + " strict_answers = true;" for k, v in kept.items()})
        for call in (agw.authenticate, agw.register, lambda user: agw.check("35609204000001")):
            with pytest.raises(grpc.RpcError) as caught:
                call(USER)
            assert caught.value.code() == grpc.StatusCode.INTERNAL
    finally:
        gateway.reload_with(**kept)


PROFILES = {
    "garbage": avp3(scripted.USER_DATA, b"\1\2\3\4\5\6\7"),
    "access of two bytes": avp3(scripted.USER_DATA, avp3(scripted.IP_ACCESS, b"\0\1")),
    "an APN that is garbage": avp3(scripted.USER_DATA, avp3(1430, b"\xff" * 9)),
    "an APN without its parts": avp3(scripted.USER_DATA, avp3(1430, avp3(1423, 1))),
    "a session time of 3 bytes": avp3(scripted.USER_DATA, avp(27, b"\0\0\1")),
}


@pytest.mark.parametrize("case", sorted(PROFILES))
def test_a_profile_that_is_broken_costs_itself_only(gateway, hss, agw, case):
    """The registration counts at the HSS: the caller must know. What cannot be read is left out."""
    good_again(hss, agw)
    hss.case = only(PROFILES[case])
    try:
        answer = agw.register(USER)
        assert not answer.user_data.apn
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INTERNAL, error
    good_again(hss, agw)


STATUSES = {"missing": b"", "7": avp3(scripted.EQUIPMENT_STATUS, 7),
            "of three bytes": avp3(scripted.EQUIPMENT_STATUS, b"\0\0\1")}


@pytest.mark.parametrize("what", sorted(STATUSES))
def test_an_equipment_status_that_is_none(hss, agw, what):
    """Not known is not permitted."""
    good_again(hss, agw)
    hss.case = only(STATUSES[what])
    with pytest.raises(grpc.RpcError) as caught:
        agw.check("35609204000001")
    assert caught.value.code() == grpc.StatusCode.INTERNAL, caught.value
    good_again(hss, agw)


def test_other_answers_beside_those_that_never_come(gateway, hss, agw):
    good_again(hss, agw)
    hss.case = scripted.ANSWERS["every_other"]
    with limited(gateway, 6), concurrent.futures.ThreadPoolExecutor(40) as pool:
        calls = [pool.submit(agw.authenticate, "00101000002%04d" % n) for n in range(40)]
        codes = ["OK" if not c.exception() else c.exception().code().name for c in calls]
    assert codes.count("OK") == 20 and codes.count("DEADLINE_EXCEEDED") == 20, codes
    good_again(hss, agw)


# ---- requests of the HSS ----

def request(peer, gateway, user=USER, app=scripted.SWX):
    """What RTR and PPR begin with (TS 29.273 8.2.2.2, 8.2.2.4)."""
    peer.sessions += 1
    return (avp(263, "%s;1;%d" % (peer.identity, peer.sessions)) + scripted.vendor_app(app) +
            avp(277, 1) + scripted.origin(peer) + avp(293, gateway.identity) +
            avp(283, gateway.realm) + avp(1, user))


def rtr(peer, gateway, reason=avp3(616, 0), **more):
    return request(peer, gateway, **more) + avp3(615, reason)


def strip(body, code):
    """The body without its AVPs of this code."""
    out = b""
    while body:
        length = (int.from_bytes(body[5:8], "big") + 3) & ~3
        if int.from_bytes(body[:4], "big") != code:
            out += body[:length]
        body = body[length:]
    return out


BAD_REQUESTS = {
    "RTR without User-Name": (304, lambda p, g: strip(rtr(p, g), 1), 5005),
    "RTR without a reason": (304, request, 5005),
    "RTR with an empty reason": (304, lambda p, g: rtr(p, g, b""), 5005),
    "RTR with a reason of one byte": (304, lambda p, g: rtr(p, g, avp3(616, b"\1")), 5014),
    # not ours to judge: whatever the reason, the session has to end
    "RTR with a reason that does not exist": (304, lambda p, g: rtr(p, g, avp3(616, 77)), 2001),
    "RTR with an unknown AVP with M bit": (304, lambda p, g: rtr(p, g) + scripted.UNKNOWN, 5001),
    "RTR with two User-Names": (304, lambda p, g: rtr(p, g) + avp(1, "001010000000002"), 5009),
    "RTR for nobody": (304, lambda p, g: rtr(p, g, user="nobody"), 5004),
    "RTR for an IMSI of 60000 digits": (304, lambda p, g: rtr(p, g, user="1" * 60000), 5004),
    "RTR for a user nobody serves": (304, lambda p, g: rtr(p, g, user="999990000000001"), 5001),
    "PPR for a user nobody serves": (305, lambda p, g: request(p, g, user="999990000000001"), 5001),
    "PPR with a profile that is garbage":
        (305, lambda p, g: request(p, g) + avp3(scripted.USER_DATA, b"\1\2\3\4\5\6\7"), 5004),
    "PPR with access of two bytes":
        (305, lambda p, g: request(p, g) + PROFILES["access of two bytes"], 5014),
    "PPR with flags of one byte": (305, lambda p, g: request(p, g) + avp3(1508, b"\1"), 5014),
    "a command that SWx has not": (306, request, 3001),
}


@pytest.mark.parametrize("what", sorted(BAD_REQUESTS))
def test_a_request_of_the_hss(gateway, hss, agw, what):
    good_again(hss, agw)
    connection = hss.live()[0]
    code, make, result = BAD_REQUESTS[what]
    agw.register(USER)
    answer = hss.send(code, make(hss, gateway), app=scripted.SWX)
    assert answer is not None and answer.result == result, answer and answer.result
    assert answer.get(264).decode() == gateway.identity
    assert answer.get(296).decode() == gateway.realm
    assert bool(answer.flags & scripted.ERROR) == (result // 1000 == 3)
    good_again(hss, agw)
    assert hss.live() == [connection], "one bad request costs the others their connection"


def test_a_duplicate_rtr_is_answered_again(gateway, hss, agw):
    good_again(hss, agw)
    agw.register(USER)
    body = rtr(hss, gateway)
    first = hss.send(304, body, e2e=0x4321, app=scripted.SWX)
    again = hss.send(304, body, e2e=0x4321, flags=0xD0, app=scripted.SWX)
    assert first.result == again.result == 2001
    assert hss.send(304, rtr(hss, gateway), app=scripted.SWX).result == 5001  # no repetition


def test_a_thousand_terminations_at_once(gateway, hss, agw):
    good_again(hss, agw)
    agw.register(USER)
    entries = [hss.post(304, rtr(hss, gateway, user="00101000009%04d" % n), app=scripted.SWX)
               for n in range(1000)]
    results = [hss.wait(entry) for entry in entries]
    assert all(r is not None for r in results)
    assert {r.result for r in results} <= {5001, 3004}, {r.result for r in results}
    assert agw.assign(USER, swx_gateway.NO_ASSIGNMENT)
    good_again(hss, agw)


# ---- an HSS dies with requests in flight ----

def test_requests_in_flight_go_to_the_other_with_the_t_flag(pki, gateway, hss, agw):
    """MAR, SAR and ECR that a dying HSS has not answered reach the other one, marked. The other is
    stopped until all are sent: each peer then holds some of each, for the less loaded is asked."""
    first = ErlangSwx("--slow", "3600000", identity="hss1.example.org", ip="10.45.0.4")
    second = ErlangSwx("--slow", "0", identity="hss2.example.org", ip="10.45.0.3")
    pair = Wifi(pki, [first.peer(), second.peer()], name="fgw2", ip=paths.FGW2_IP, admin=9465,
                swx_section='cache_ttl = 0; timeout = "30s";',
                s13_section='cache_ttl = 0; timeout = "30s";').start()
    caller = WifiAgw(pki, target=pair.target)
    try:
        pair.wait_open()
        for node in (first, second):
            node.command("equipment 35 white")
        # the last four digits say: answered after --slow (tests/system/erlang/swx.erl)
        users = ["0010100%04d9051" % n for n in range(8)]
        group = os.getpgid(second.process.pid)
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            os.killpg(group, signal.SIGSTOP)
            try:
                waiting = [pool.submit(caller.authenticate, u) for u in users]
                waiting += [pool.submit(caller.assign, u, swx_gateway.REGISTRATION) for u in users]
                waiting += [pool.submit(caller.check, "35609204000001", u) for u in users]
                eventually(lambda: sum(peer["in_flight"] for peer in
                                       pair.ctl_json("peers")["peers"]) == 24, what="all are sent")
            finally:
                os.killpg(group, signal.SIGCONT)
            eventually(lambda: len(first.find("request")) + len(second.find("request")) >= 24,
                       what="all requests are at an HSS")
            lost = {(e["cmd"], e["imsi"]) for e in first.find("request")}
            assert {command for command, _ in lost} == {"MAR", "SAR", "ECR"}, lost
            first.kill()
            answers = [one.result(PATIENCE) for one in waiting]
        assert all(answer.sip_auth_vectors for answer in answers[:8])
        assert all(answer.user_data.msisdn for answer in answers[8:16])
        assert all(answer.equipment_status == s13.PERMITTED for answer in answers[16:])
        again = second.find("request", retransmitted=True)
        assert {(e["cmd"], e["imsi"]) for e in again} == lost
        assert caller.authenticate(USER).sip_auth_vectors
    finally:
        caller.close()
        pair.stop()
        first.stop()
        second.stop()


def test_without_a_peer_it_fails_at_once_and_is_not_ready(gateway, hss, agw):
    """The last test of this file: the HSS ends."""
    hss.stop()
    eventually(lambda: not gateway.ready(), 10, "not ready")
    gateway.reload_with(swx='timeout = "60s"; cache_ttl = 0;')
    for call in (agw.authenticate, agw.register):
        began = time.monotonic()
        with pytest.raises(grpc.RpcError) as caught:
            call(USER)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        assert time.monotonic() - began < 10
    with pytest.raises(grpc.RpcError) as caught:
        agw.check("35609204000001")
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    reasons = gateway.get("/readyz")[1]
    assert "swx: " in reasons and "s13: " in reasons, reasons
