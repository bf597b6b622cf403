# SPDX-License-Identifier: BSD-3-Clause
"""Wi-Fi end to end: Debian's eapol_test with a card in software -> RADIUS -> fgw-aaa -> gRPC over
mutual TLS -> fgwd -> SWx -> sim_hss; and back: RTR and PPR -> Disconnect- and CoA-Request."""
import random
import re
import struct

import pytest

from kit import core, nas
from kit.nas import Aaa, Capture, Card, Nas, Terminal
from kit.proc import eventually
from kit.wifi import Wifi


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.SimHss()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, cleanup):
    thing = Wifi(pki, [hss.peer(watchdog=6)], swx_section="cache_ttl = 0;").start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def aaa(pki, gateway, cleanup):
    thing = Aaa(pki, eap='reauth_max = 2; conversation = "8s";').start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def ap(aaa, cleanup):
    thing = Nas()
    cleanup.append(thing)
    return thing


def session_of(aaa, terminal):
    found = aaa.rows("SELECT * FROM sessions WHERE imsi=?", terminal.imsi)
    return found[0] if found else None


def wait_session(aaa, terminal):
    return eventually(lambda: session_of(aaa, terminal), 5, "stored session")


def sars(hss):
    return int(re.search(r"^SAR .*?requests=(\d+)", hss.tool("status")[1], re.M).group(1))


def accepted(done, times=1):
    """It succeeded so often, and both sides had the same keys each time: eapol_test compares the
    first halves of the MSK itself; here both halves are."""
    assert done.success, done.output[-3000:]
    assert done.keys == (times, 0), done.output[-300:]
    assert len(done.msks) == times and done.msks == done.mppe, (done.msks, done.mppe)


METHODS = [("AKA", "aka"), ("AKA'", "aka-prime")]


# ---- authentication ----

@pytest.mark.parametrize("eap, method", METHODS)
@pytest.mark.parametrize("result_ind", [0, 1])
def test_full_authentication(aaa, eap, method, result_ind):
    terminal = Terminal(1 + result_ind + 2 * (eap == "AKA"), eap, result_ind=result_ind)
    before = aaa.counter("aaa_authentications_total", method=method, how="full", result="accept")
    accepted(terminal.connect())
    assert terminal.card.seen == ["good"]
    eventually(lambda: aaa.counter("aaa_authentications_total", method=method, how="full",
                                   result="accept") == before + 1, what="counted")
    assert wait_session(aaa, terminal)["registered"] == 1



@pytest.mark.parametrize("eap, method", METHODS)
def test_pseudonym_and_fast_reauthentication(aaa, eap, method):
    """Full, twice fast (reauth_max), then in full again: by pseudonym."""
    terminal = Terminal(10 + len(eap), eap)
    done = terminal.connect(again=3)
    accepted(done, 4)
    assert terminal.card.seen == ["good", "good"]  # the fast ones need no card, and no HSS
    tags = "0442" if eap == "AKA" else "6887"
    assert "".join(name[0] for name in done.identities) == tags, done.identities
    assert all(name.endswith(nas.REALM) for name in done.identities)
    assert terminal.imsi in done.identities[0]
    assert not any(terminal.imsi in name for name in done.identities[1:])
    assert len(set(done.msks)) == 4
    eventually(lambda: aaa.counter("aaa_authentications_total", method=method, how="reauth",
                                   result="accept") >= 2, what="both are counted")
    assert len(aaa.rows("SELECT * FROM sessions WHERE imsi=?", terminal.imsi)) == 1


@pytest.mark.parametrize("eap, method", METHODS)
def test_resynchronisation(aaa, eap, method):
    terminal = Terminal(20 + len(eap), eap, Card(sqn=5000 << 5))
    accepted(terminal.connect())
    assert terminal.card.seen == ["resync", "good"]
    assert terminal.card.sqn > 5000 << 5


@pytest.mark.parametrize("eap, method", METHODS)
def test_wrong_key(aaa, eap, method):
    terminal = Terminal(30 + len(eap), eap, Card(k="0" * 32))
    done = terminal.connect()
    assert not done.success and done.code != 0 and done.keys[0] == 0
    assert terminal.card.seen == ["wrong"]
    eventually(lambda: aaa.counter("aaa_authentications_total", method=method,
                                   result="peer_rejected") >= 1, what="counted")
    assert not session_of(aaa, terminal)


class Impostor(Card):
    """Takes every challenge, but cannot know what to answer."""

    def answer(self, rand, autn):
        self.seen.append("guessed")
        return b"\xdb\x08" + bytes(8) + b"\x10" + bytes(16) + b"\x10" + bytes(16)


def test_impostor(aaa):
    terminal = Terminal(34, "AKA'", Impostor())
    done = terminal.connect()
    assert not done.success and done.keys[0] == 0
    assert not session_of(aaa, terminal)


def test_users_that_may_not(aaa, hss):
    unknown = Terminal(999)
    assert not unknown.connect().success
    eventually(lambda: aaa.counter("aaa_core_requests_total", procedure="authenticate",
                                   status="NOT_FOUND") >= 1, what="counted")
    barred = Terminal(35)
    hss.tool("add", "imsi=" + barred.imsi, "status=barred")
    before = sars(hss)
    done = barred.connect()
    assert not done.success and "Error notification: 1031" in done.output
    eventually(lambda: sars(hss) == before + 2, 5, "registered, and not left so")
    eventually(lambda: aaa.counter("aaa_authentications_total", result="unauthorized") >= 1,
               what="counted")
    assert not session_of(aaa, barred)
    hss.tool("add", "imsi=" + barred.imsi, "status=granted")
    accepted(barred.connect())


def test_an_hss_that_does_not_help(aaa, hss):
    terminal = Terminal(36)
    hss.tool("fault", "add", "cmd=MAR", "imsi=" + terminal.imsi, "count=1", "result=3004")
    assert not terminal.connect().success
    hss.tool("fault", "add", "cmd=SAR", "imsi=" + terminal.imsi, "count=1", "result=3004")
    done = terminal.connect()
    assert not done.success and "Error notification: 1026" in done.output  # for now
    accepted(terminal.connect())


# ---- what the HSS wants ----

def test_rtr_disconnects(aaa, hss, ap):
    terminal = Terminal(40)
    accepted(terminal.connect())
    session = wait_session(aaa, terminal)
    ap.account((nas.STATUS_TYPE, 1), (nas.CLASS, session["id"]), (nas.ACCT_ID, "acct-40"))
    ap.ignore = 1  # the first one is lost on the air
    code, text = hss.tool("rtr", terminal.imsi, "0", "gone", check=False)
    assert code == 0 and "2001" in text, text
    eventually(lambda: len(ap.packets(nas.DISCONNECT_REQUEST)) >= 2, 5,
               "Disconnect-Request, repeated")
    asked, = ap.requests(nas.DISCONNECT_REQUEST)
    assert asked[nas.ACCT_ID] == b"acct-40"
    assert asked[nas.CALLING].decode().replace("-", ":").lower() == terminal.mac
    eventually(lambda: aaa.counter("aaa_disconnects_total", kind="disconnect", result="ack") == 1,
               5, "Disconnect-ACK counted")
    eventually(lambda: not session_of(aaa, terminal), 5, "the session is gone")
    ap.account((nas.STATUS_TYPE, 2), (nas.CLASS, session["id"]), (nas.ACCT_ID, "acct-40"))
    rows = aaa.rows("SELECT imsi FROM accounting WHERE acct_id='acct-40' AND status=2")
    assert rows == [{"imsi": terminal.imsi}]  # what comes after the end is still the user's
    code, text = hss.tool("rtr", terminal.imsi, check=False)
    assert code != 0  # the HSS has no registration any more, or we have no session
    assert len(ap.requests(nas.DISCONNECT_REQUEST)) == 1


def test_rtr_after_a_restart_and_a_refusing_access_point(aaa, hss, ap):
    terminal = Terminal(41, "AKA'")
    accepted(terminal.connect())
    wait_session(aaa, terminal)
    aaa.restart()
    before = len(ap.requests(nas.DISCONNECT_REQUEST))
    ap.answer = "nak"
    code, text = hss.tool("rtr", terminal.imsi, check=False)
    assert code == 0, text
    eventually(lambda: aaa.counter("aaa_disconnects_total", result="nak") == 1, 5, "NAK counted")
    assert len(ap.requests(nas.DISCONNECT_REQUEST)) == before + 1
    ap.answer = "ack"
    eventually(lambda: not session_of(aaa, terminal), 5, "the session is gone")


def test_ppr(aaa, hss, ap):
    terminal = Terminal(42)
    accepted(terminal.connect())
    wait_session(aaa, terminal)
    before = len(ap.requests(nas.DISCONNECT_REQUEST))
    code, text = hss.tool("ppr", terminal.imsi, check=False)
    assert code == 0, text
    assert session_of(aaa, terminal) and len(ap.requests(nas.DISCONNECT_REQUEST)) == before
    hss.tool("add", "imsi=" + terminal.imsi, "status=barred")
    code, text = hss.tool("ppr", terminal.imsi, check=False)
    assert code == 0, text
    eventually(lambda: len(ap.requests(nas.DISCONNECT_REQUEST)) == before + 1, 5, "disconnected")
    eventually(lambda: not session_of(aaa, terminal), 5, "the session is gone")


# ---- accounting ----

def test_accounting_is_recorded(aaa, hss, ap):
    terminal = Terminal(50)
    accepted(terminal.connect())
    session = wait_session(aaa, terminal)
    common = ((nas.CLASS, session["id"]), (nas.ACCT_ID, "acct-50"), (nas.NAS_ID, "ap one"))
    ap.account((nas.STATUS_TYPE, 1), *common)
    eventually(lambda: wait_session(aaa, terminal)["accounting"] == 1, what="stored, too")
    ap.account((nas.STATUS_TYPE, 3), (nas.IN_OCTETS, 1000), (nas.OUT_OCTETS, 7),
               (nas.SESSION_TIME, 60), *common)
    before = sars(hss)
    packet, answer = ap.account((nas.STATUS_TYPE, 2), (nas.IN_OCTETS, 5), (nas.IN_GIGA, 2),
                                (nas.SESSION_TIME, 90), (nas.CAUSE, 1), *common)
    assert ap.exchange(packet) == answer  # said again, answered again, recorded once
    rows = aaa.rows("SELECT * FROM accounting WHERE imsi=? ORDER BY status", terminal.imsi)
    assert [row["status"] for row in rows] == [1, 2, 3]
    stop, interim = rows[1], rows[2]
    assert (interim["input_octets"], interim["output_octets"]) == (1000, 7)
    assert stop["input_octets"] == 2 * 2 ** 32 + 5
    assert (stop["session_time"], stop["cause"], stop["nas_id"]) == (90, 1, "ap one")
    assert (stop["session"], stop["client"]) == (session["id"], "ap")
    eventually(lambda: not session_of(aaa, terminal), 5, "the session has ended")
    eventually(lambda: sars(hss) == before + 1, 5, "de-registered at the HSS")


def test_an_access_point_that_starts_anew(aaa, ap):
    """No Class, no session id: found by the station; then Accounting-On ends all."""
    terminal = Terminal(51)
    accepted(terminal.connect())
    wait_session(aaa, terminal)
    ap.account((nas.STATUS_TYPE, 1), (nas.CALLING, terminal.mac.replace(":", "-").upper()),
               (nas.ACCT_ID, "acct-51"))
    assert aaa.rows("SELECT * FROM accounting WHERE acct_id='acct-51'")[0]["imsi"] == terminal.imsi
    ap.account((nas.STATUS_TYPE, 7))
    eventually(lambda: not aaa.rows("SELECT * FROM sessions"), 5, "no session is left")


def test_what_is_not_genuine_is_not_answered(aaa, ap):
    for packet, port, reason in (
            (ap.accounting((nas.STATUS_TYPE, 1), secret=b"another secret"), 1813,
             "wrong_authenticator"),
            (b"\x01\x07\x00\x1c" + bytes(16) + b"\x01\x08nobody", 1812,
             "no_message_authenticator"),
            (b"\x0c\x07\x00\x14" + bytes(16), 1813, "no_message_authenticator"),
            (b"\x01\x07\x00\x26" + bytes(16) + b"\x50\x12" + bytes(16), 1812,
             "wrong_message_authenticator"),
            (b"\x01\x07\x00\x1c" + bytes(16) + b"\x01\x00nobody", 1812, "malformed"),
            (b"\x01", 1812, "malformed")):
        before = aaa.counter("aaa_dropped_total", reason=reason)
        assert ap.exchange(packet, port, timeout=0.3) is None
        eventually(lambda: aaa.counter("aaa_dropped_total", reason=reason) == before + 1,
                   what="counted as " + reason)
    accepted(Terminal(52).connect())


def test_nonsense_of_a_genuine_client(aaa, ap):
    """What has the right secret is answered, or dropped where EAP says so; and nothing is left."""
    rng, identity = random.Random(7), b"\x02\x01\x00\x15\x010001010000000001"
    answer = ap.exchange(ap.access((nas.USER_NAME, "x")), 1812)
    assert answer[0] == nas.ACCESS_REJECT  # no EAP
    answer = ap.exchange(ap.access((nas.EAP_MESSAGE, identity)), 1812)
    assert answer[0] == nas.ACCESS_CHALLENGE
    state = nas.attributes(answer)[nas.STATE]
    forged = state[:-1] + bytes([state[-1] ^ 1])
    answer = ap.exchange(ap.access((nas.EAP_MESSAGE, identity), (nas.STATE, forged)), 1812)
    assert answer[0] == nas.ACCESS_REJECT
    seen = set()
    for number in range(200):
        junk = bytes(rng.randrange(256) for _ in range(rng.randrange(4, 60)))
        code = number % 2 + 1
        packet = struct.pack(">BBHBB", code, 1, len(junk) + 6, rng.choice((1, 3, 23, 50, 254)),
                             rng.choice((1, 2, 4, 5, 12, 13, 14))) + junk
        pairs = [(nas.EAP_MESSAGE, packet)]
        if rng.random() < 0.3:
            pairs.append((nas.STATE, state))
        answer = ap.exchange(ap.access(*pairs), 1812, timeout=0.02)
        seen.add(answer and answer[0])
    assert seen <= {None, nas.ACCESS_REJECT, nas.ACCESS_CHALLENGE} and len(seen) == 3, seen
    accepted(Terminal(53).connect())
    eventually(lambda: aaa.counter("aaa_conversations") == 0, 10, "all are given up")
    eventually(lambda: aaa.counter("aaa_authentications_total", result="abandoned") >= 1,
               what="counted")


# ---- the wire ----

def test_tshark_finds_nothing_wrong(aaa, hss, ap):
    capture = Capture()
    terminal, stranger = Terminal(60, "AKA'", Card(sqn=5000 << 5)), Terminal(61, "AKA", Impostor())
    accepted(terminal.connect(again=1), 2)
    assert not stranger.connect().success
    session = wait_session(aaa, terminal)
    ap.account((nas.STATUS_TYPE, 1), (nas.CLASS, session["id"]), (nas.ACCT_ID, "acct-60"))
    before = aaa.counter("aaa_disconnects_total", kind="disconnect", result="ack")
    hss.tool("rtr", terminal.imsi)
    eventually(lambda: aaa.counter("aaa_disconnects_total", kind="disconnect",
                                   result="ack") == before + 1, 5, "disconnected")
    capture.stop()
    assert any("wrong authenticator" in against for _, _, against in capture.packets("another"))
    packets = capture.packets()
    wrong = [packet for packet in packets if packet[2]]
    assert not wrong, wrong
    assert {code for code, _, _ in packets} == {1, 2, 3, 4, 5, 11, 40, 41}
    # challenge, synchronization failure, identity, notification, re-authentication
    assert {subtype for _, subtype, _ in packets} >= {1, 4, 5, 12, 13}


def test_a_federation_gateway_that_comes_back(aaa, gateway, hss, ap):
    terminal = Terminal(70)
    accepted(terminal.connect())
    wait_session(aaa, terminal)
    gateway.stop()
    eventually(lambda: aaa.counter("aaa_tunnel_open") == 0, 5, "the tunnel is gone")
    assert not Terminal(71).connect().success
    assert session_of(aaa, terminal)  # who is in stays in
    gateway.start()
    eventually(lambda: hss.tool("rtr", terminal.imsi, check=False)[0] == 0, 15,
               "RTR through the new tunnel")
    eventually(lambda: not session_of(aaa, terminal), 5, "the session is gone")
    accepted(Terminal(72).connect())
