# SPDX-License-Identifier: BSD-3-Clause
"""Many requests, full peers, peers that go away; and peers that the configuration takes away."""
import time

import pytest

from kit import LOST, SLOW, Probe, connect, wire
from peer import ANSWERS, Peer, avp


# ---- how we introduce ourselves ----

def introduced(p):
    """Product-Name, Vendor-Id, Supported-Vendor-Ids and addresses of the CER that a peer got."""
    cer = p.received("CER")[0]
    return (cer.get(269).decode(), cer.number(266),
            [int.from_bytes(data, "big") for code, _, _, data in cer.avps if code == 265],
            [data for code, _, _, data in cer.avps if code == 257])


def test_what_a_peer_is_told_of_us(peers):
    p = peers("hss")
    with Probe([p]):
        product, vendor, supported, addresses = introduced(p)
        assert (product, vendor) == ("freeDiameter", 0) and 10415 in supported
        assert addresses and not [a for a in addresses if a[2] == 127]


def test_what_a_peer_is_told_of_us_where_it_insists(peers):
    p = peers("hss")
    with Probe([p], "product", "federation gateway", "vendor", 10415, "supports", 10415,
               "supports", 193) as probe:
        assert introduced(p)[:3] == ("federation gateway", 10415, [10415, 193])
        probe.serves(5, 2)


# ---- many ----

def test_beyond_the_cap_requests_are_refused_at_once_and_it_recovers(peers):
    p = peers("hss", case="silent", keep=False)
    with Probe([p], "cap", 200, "queue", 500) as probe:
        got = probe("offer 50000 700")
        rounds = 1 + got["seconds"] / 2.7  # the library forgets a request 2 s after its timeout
        # at the peer, or still in the queue
        assert 200 <= got["outcomes"]["TIMEOUT"] <= 800 * rounds
        assert set(got["outcomes"]) <= {"TIMEOUT", "DIA_BUSY", "refused:DIA_BUSY"}
        assert got["p50"] < 30000 * SLOW  # most are refused, none waits for its turn
        assert p.count("AIR") <= 260 * rounds
        p.case = ANSWERS["ok"]
        probe.until(lambda: probe.peer(p.identity)["in_flight"] == 0, "all forgotten")
        probe.serves(500, 50)


def test_a_full_peer_does_not_keep_others_from_working(peers):
    full, free = peers("full", case="silent", realm="full.test"), peers("free")
    with Probe([full, free], "cap", 100) as probe:
        results = {}

        def flood():
            results["full"] = probe("offer 3000 4000 realm=full.test host=%s" % full.identity)
        flood()
        assert results["full"]["outcomes"]["DIA_BUSY"] >= 2500
        probe.serves(2000, 64)


def test_requests_take_turns_among_equal_peers(peers):
    both = [peers("one"), peers("two")]
    with Probe(both) as probe:
        probe.serves(2000, 32)
        assert all(p.count("AIR") > 600 for p in both)


def test_a_named_host_gets_its_requests(peers):
    one, two = peers("one"), peers("two")
    with Probe([one, two]) as probe:
        probe.serves(200, 16, "host=" + one.identity)
        assert (one.count("AIR"), two.count("AIR")) == (200, 0)


def test_a_named_host_that_is_away_is_not_replaced_where_its_servers_keep_sessions(peers):
    """dia_exact_hosts: neither by another server of the realm nor when it dies; by an agent."""
    away, other = peers("away"), peers("other")
    relay = peers("dra", identity="dra.other.test", realm="other.test", apps=((0, wire.RELAY),))
    with Probe([away, other], "exact", 16777251) as probe:
        probe.serves(20, 2, "host=" + away.identity)
        away.case = ANSWERS["silent"]
        probe.process.stdin.write("send 5 5 60000 host=%s\n" % away.identity)
        probe.until(lambda: away.count("AIR") == 25, "in flight")
        away.stop()
        assert probe.answer()["outcomes"] == {"DIA_PEER_LOST": 5}
        probe.until(lambda: probe.peer(away.identity)["state"] != "OPEN", "it is gone")
        assert probe.send(20, 2, 60000, "host=" + away.identity) == {"DIA_NO_PEER": 20}
        probe.serves(20, 2)  # nobody named: any server
        probe.serves(5, 2, "host=hss9.peers.test")  # behind somebody
        assert other.count("AIR") == 25
        probe.write(connect(away) + connect(other) + connect(relay))
        probe("reload")
        probe.until_open(relay.identity)
        probe.serves(20, 2, "host=" + away.identity)
        assert relay.count("AIR") == 20


def test_without_a_peer_for_the_realm_the_answer_is_immediate(peers):
    p = peers("hss")
    with Probe([p]) as probe:
        got = probe("send 500 100 60000 realm=nowhere.test")
        assert got["outcomes"] == {"DIA_NO_PEER": 500}
        assert got["p99"] < 10000 * SLOW  # long before the deadline


def test_256_outstanding_without_any_peer_do_not_lock_up(peers):
    dead = Peer()
    dead.port = 9  # nobody listens there
    with Probe([dead], wait=False) as probe:
        for _ in range(5):
            assert probe.send(5000, 256, 60000) == {"DIA_NO_PEER": 5000}


def test_a_relay_agent_takes_what_has_no_peer_of_its_own(peers):
    relay = peers("dra", identity="dra.other.test", realm="other.test", apps=((0, wire.RELAY),))
    with Probe([relay]) as probe:
        probe.serves(10, 2, "realm=far.test")


# ---- peers that go away ----

def test_requests_in_flight_move_to_the_other_peer_with_the_t_flag(peers):
    dies, lives = peers("dies", case="silent"), peers("lives")
    with Probe([dies, lives]) as probe:
        probe.process.stdin.write("send 20 20 60000 host=%s\n" % dies.identity)
        probe.until(lambda: dies.count("AIR") == 20, "requests at the peer")
        for conn in dies.live():
            conn.reset()
        assert probe.answer()["outcomes"] == {"2001": 20}
        again = lives.received("AIR")
        assert len(again) == 20 and all(m.flags & wire.RETRANSMIT for m in again)
        assert {m.e2e for m in again} == {m.e2e for m in dies.received("AIR")}
        assert probe.peer(dies.identity)["failovers"] == 20
        assert probe("status")["moved"] == 20  # the first one may have served them


def test_where_it_is_forbidden_nothing_is_sent_again(peers):
    dies, lives = peers("dies", case="silent"), peers("lives")
    with Probe([dies, lives]) as probe:
        probe.process.stdin.write("send 20 20 60000 nofailover host=%s\n" % dies.identity)
        probe.until(lambda: dies.count("AIR") == 20, "requests at the peer")
        for conn in dies.live():
            conn.reset()
        got = probe.answer()
        assert got["outcomes"] == {"DIA_PEER_LOST": 20}
        assert got["p99"] < 20000 * SLOW  # not at their deadline
        assert lives.count("AIR") == 0 and probe("status")["moved"] == 0


def test_the_only_peer_lost_ends_its_requests_at_once(peers):
    p = peers("hss", case="silent")
    with Probe([p]) as probe:
        probe.process.stdin.write("send 50 50 60000\n")
        probe.until(lambda: p.count("AIR") == 50, "requests at the peer")
        for conn in p.live():
            conn.close()
        got = probe.answer()
        assert set(got["outcomes"]) <= set(LOST[:2]) and got["p99"] < 20000 * SLOW
        p.case = ANSWERS["ok"]
        probe.until_open(p.identity)
        probe.serves(1, 1)


def test_a_hung_peer_is_left_by_its_watchdog(peers):
    """Long before the requests expire. The other one may be slow without being taken for hung."""
    held = []

    def hold(peer, conn, request):
        held.append((conn, ANSWERS["ok"](peer, conn, request)))

    hung, lives = peers("hung", case=hold, watchdog="silent"), peers("lives")
    with Probe([hung, lives], conf=connect(hung, TwTimer=3) + connect(lives)) as probe:
        got = probe("send 10 10 60000 host=" + hung.identity)
        assert got["outcomes"] == {"2001": 10} and got["max"] < 20000 * SLOW, got
        assert len(held) == lives.count("AIR") == probe("status")["moved"] == 10
        for conn, answer in held:  # it wakes up: whoever wants to know is told
            conn.write(answer)
        probe.until(lambda: probe("status")["late"] == 10, "its answers are too late")


def test_a_peer_that_answers_requests_is_asked_no_watchdog(peers):
    p = peers("busy")
    with Probe([p]) as probe:  # asked between 4 and 8 s after its last message
        until = time.monotonic() + 9
        while time.monotonic() < until:
            probe.serves(20, 2)
            time.sleep(0.05)
        assert p.count("DWR") == 0
        probe.until(lambda: p.count("DWR") > 0, "it has nothing to answer now")


def test_a_peer_that_does_not_read_does_not_hold_up_the_others(peers):
    stuck, lives = peers("stuck", realm="stuck.test", keep=False), peers("lives", keep=False)
    # the watchdog must not be what frees the others: it is later than their deadline
    with Probe([stuck, lives], conf=connect(stuck, TwTimer=600) + connect(lives)) as probe:
        stuck.pause()
        got = probe("offer 5000 1000 realm=stuck.test")["outcomes"]
        assert got["TIMEOUT"] > 500 and got["DIA_BUSY"] > 2000, got
        probe.serves(3000, 32)
        stuck.resume()


def test_a_peer_that_comes_and_goes(peers):
    p = peers("hss")
    with Probe([p]) as probe:
        for _ in range(3):
            probe.serves(5, 1)
            for conn in p.live():
                conn.close()
            probe.until(lambda: probe.peer(p.identity)["state"] != "OPEN", "closed")
            probe.until_open(p.identity)


def test_a_peer_that_says_goodbye_is_taken_back(peers):
    p = peers("hss")
    with Probe([p]) as probe:
        dpa = p.send(282, wire.origin(p) + avp(wire.CAUSE, 0), app=0, flags=wire.REQUEST)
        assert dpa.result == 2001
        probe.until(lambda: probe.peer(p.identity)["state"] != "OPEN", "closed")
        for conn in p.live():
            conn.close()
        probe.until_open(p.identity)
        probe.serves(5, 1)


# ---- reload and stop ----

def test_reload_adds_disables_and_says_what_needs_a_restart(peers):
    stays, goes = peers("stays"), peers("goes", realm="goes.test")
    comes = peers("comes", realm="comes.test")
    with Probe([stays, goes]) as probe:
        assert probe("reload") == {"notes": [], "err": "OK"}
        probe.write(connect(stays, TwTimer=7) + connect(comes) + "TcTimer = 17;\n")
        notes = probe("reload")
        assert notes["err"] == "OK"
        text = "\n".join(notes["notes"])
        for expected in ("comes.example.org added", "goes.example.org disconnected",
                         "stays.example.org: changed settings need a restart",
                         "other than ConnectPeer"):
            assert expected in text
        probe.until_open(comes.identity)
        probe.serves(3, 1, "realm=comes.test")
        probe.until(lambda: goes.count("DPR") == 1, "goodbye said")
        assert probe.send(3, 1, 30000, "realm=goes.test") == {"DIA_NO_PEER": 3}
        assert probe.peer(goes.identity)["disabled"]
        probe.write(connect(stays) + connect(goes) + connect(comes))
        assert "restart is needed" in "\n".join(probe("reload")["notes"])


def test_a_broken_file_changes_nothing(peers):
    p = peers("hss")
    with Probe([p]) as probe:
        probe.write('ConnectPeer = "x.test" { Prot = 3; };\n')
        got = probe("reload")
        assert got["err"] == "CONF_SYNTAX" and ":7: found 'Prot'" in got["notes"][0]
        probe.serves(3, 1)


def test_stop_says_goodbye(peers):
    p = peers("hss")
    probe = Probe([p])
    assert probe.stop() < 20000 * SLOW
    probe.until(lambda: p.count("DPR") == 1, "goodbye said")


@pytest.mark.parametrize("how", ["silent", "paused"])
def test_stop_is_bounded_whatever_is_in_flight(peers, how):
    p = peers("hss", case="silent")
    probe = Probe([p])
    if how == "paused":
        p.pause()
    probe.process.stdin.write("offer 3000 %d\n" % (400 * SLOW))
    probe.answer()
    assert probe.stop(300) < 30000 * SLOW
