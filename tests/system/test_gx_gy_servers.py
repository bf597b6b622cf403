# SPDX-License-Identifier: BSD-3-Clause
"""Several PCRFs and OCSs, of which each subscriber has one by IMSI modulo their number: three nodes
on Erlang/OTP, two of them PCRF, all of them OCS. Who is not to serve a session is never asked."""
import contextlib
import itertools

import grpc
import pytest

from kit import paths
from kit.pcc import (GX, GY, INITIAL, TERMINATION, UPDATE, ErlangPcc, Session, charging_id,
                     install, proto, rule, session_agw)
from kit.proc import eventually
from kit.session import SessionGateway

NUMBERS = itertools.count(1)
HOSTS = ["pcc%d.example.org" % i for i in range(3)]


def settings(gx=((0, 1), (1, 0)), gy=((0, 1), (1, 2), (2, None))):
    """gx, gy: server and its alternate (or None), by number."""
    def servers(list_):
        return ", ".join('{ host = "%s"; %s }' % (
            HOSTS[host], 'alternate = "%s";' % HOSTS[other] if other is not None else "")
            for host, other in list_)
    return """gx_gy: {
  gx: { timeout = "20s"; servers = ( %s ); };
  gy: { timeout = "20s"; servers = ( %s ); session_failover = true; };
};""" % (servers(gx), servers(gy))


class World:
    def __init__(self, pki):
        self.nodes = [ErlangPcc(identity=host, ip=ip) for host, ip in zip(
            HOSTS, (paths.HSS_IP, paths.HSS2_IP, paths.RELAY_IP))]
        self.gateway = SessionGateway(pki, [n.peer() for n in self.nodes], more=settings()).start()
        self.agw, self.away = session_agw(pki), None
        self.wait_open()

    def stop(self):
        self.agw.close()
        self.gateway.stop()
        for node in self.nodes:
            node.stop()

    def wait_open(self, without=None):
        """Until the gateway sees each node as it is."""
        def seen():
            peers = {p["identity"]: p["state"] for p in self.gateway.ctl_json("peers")["peers"]}
            return all((peers[n.identity] == "OPEN") == (n is not without) for n in self.nodes)
        eventually(seen, 20, "peers are as expected")
        for node in self.nodes:
            if node is not without:
                node.wait_known(self.gateway.identity)

    def script(self):
        for node in self.nodes:
            node.clear()
            node.script(GX, INITIAL, None, {"keep": True, "avps": {"Charging-Rule-Install": [
                install(rule("video", 7, **{"Monitoring-Key": "mk"}))]}})

    def session(self, rest=None):
        """A session of the next subscriber, or of the next whose IMSI modulo 6 is rest."""
        n = next(i for i in NUMBERS if rest is None or int("00101%010d" % i) % 6 == rest)
        return Session(self.agw, "00101%010d" % n, n)

    def asked(self, app, kind, session):
        """Numbers of the nodes that were asked; without those that are away."""
        return [i for i, node in enumerate(self.nodes) if node is not self.away and
                node.requests(app, kind, session.name)]

    @contextlib.contextmanager
    def without(self, number):
        self.away = self.nodes[number]
        self.away.stop()
        try:
            self.wait_open(without=self.away)
            yield
        finally:
            self.away.start()
            self.away = None
        self.wait_open()
        self.script()


@pytest.fixture(scope="module")
def shared(pki, cleanup):
    thing = World(pki)
    cleanup.append(thing)
    return thing


@pytest.fixture
def world(shared):
    shared.script()
    yield shared
    errors = [e for node in shared.nodes for e in node.find("error")]
    assert not errors, errors


def life(session):
    """From beginning to end, with a report to both in between."""
    session.create()
    request = proto.UpdateSessionRequest()
    session.add_usage(request, 1, total=500)
    session.add_monitor(request, 1, b"mk", rx=500)
    answer = session.send_update(request)
    assert answer.responses[0].success and answer.usage_monitor_responses[0].success
    request = session.terminate_request(2)
    request.credit_usages.add(charging_key=7, bytes_rx=1)
    session.terminate(request)


def test_each_subscriber_has_one_of_both(world):
    seen = set()
    for _ in range(12):
        session = world.session()
        pcrf, ocs = int(session.imsi) % 2, int(session.imsi) % 3
        life(session)
        for kind in (INITIAL, UPDATE, TERMINATION):
            assert world.asked(GX, kind, session) == [pcrf], (kind, session.imsi)
            assert world.asked(GY, kind, session) == [ocs], (kind, session.imsi)
        seen.add((pcrf, ocs))
    assert len(seen) == 6  # every pair of a PCRF and an OCS


def test_the_alternate_serves_while_one_is_away_and_keeps_its_sessions(world):
    before = world.session(0)  # PCRF 0 (alternate 1) and OCS 0 (alternate 1)
    before.create()
    with world.without(0):
        moved, other = world.session(0), world.session(5)  # PCRF 1 and OCS 2
        life(other)
        moved.create()
        assert (moved.tgpp.gx_dest_host, moved.tgpp.gy_dest_host) == (HOSTS[1], HOSTS[1])
        assert world.asked(GX, None, other) == [1] and world.asked(GY, None, other) == [2]
        # one that was open moves, as CC-Session-Failover allows it here
        assert before.update(100).success and before.tgpp.gy_dest_host == HOSTS[1]
        assert world.asked(GX, None, moved) == [1] and world.asked(GY, None, moved) == [1]
    assert moved.update(100).success  # stays where it was opened
    moved.terminate()
    assert world.asked(GX, TERMINATION, moved) == [1] and world.asked(GY, None, moved) == [1]
    again = world.session(0)
    life(again)
    assert world.asked(GX, None, again) == [0] and world.asked(GY, None, again) == [0]


def test_without_an_alternate_nobody_else_is_asked(world):
    open_one = world.session(5)
    open_one.create()
    with world.without(2):
        session = world.session(5)  # OCS 2 is the only one
        with pytest.raises(grpc.RpcError) as failed:
            session.create()
        assert failed.value.code().name == "UNAVAILABLE"
        assert not world.asked(GY, None, session)
        eventually(lambda: world.asked(GX, TERMINATION, session) == [1], 5, "Gx is undone")
        assert not open_one.update(100).success and not world.asked(GY, None, open_one)
        life(world.session(4))


def test_sessions_stay_where_they_are_when_the_list_changes(world):
    session = world.session(2)  # PCRF 0, OCS 2
    session.create()
    world.gateway.configure(more=settings(gx=((1, None),), gy=((0, 1), (1, 0))))
    world.gateway.ctl("reload")
    try:
        moved = world.session(2)  # now PCRF 1, OCS 0
        life(moved)
        assert world.asked(GX, None, moved) == [1] and world.asked(GY, None, moved) == [0]
        assert session.update(100).success
        session.terminate()
        assert world.asked(GX, None, session) == [0] and world.asked(GY, None, session) == [2]
    finally:
        world.gateway.configure(more=settings())
        world.gateway.ctl("reload")


@pytest.mark.parametrize("moves", [True, False])
def test_where_only_the_realm_is_set_another_takes_over(world, moves):
    """A pool of servers that share their sessions, or do not: CC-Session-Failover says."""
    world.gateway.configure(more="""gx_gy: { gx: { timeout = "20s"; };
        gy: { timeout = "20s"; session_failover = %s; }; };""" % str(moves).lower())
    world.gateway.ctl("reload")
    try:
        session = world.session()
        session.create()
        at = HOSTS.index(session.tgpp.gy_dest_host)
        assert session.update(100).success and world.asked(GY, UPDATE, session) == [at]
        with world.without(at):
            assert session.update(100).success == moves
            assert len(world.asked(GY, UPDATE, session)) == int(moves)
    finally:
        world.gateway.configure(more=settings())
        world.gateway.ctl("reload")


def test_server_and_charging_id_outlive_a_restart_of_the_gateway(world):
    session = world.session(4)  # PCRF 0, OCS 1
    session.create()
    world.gateway.kill()
    world.gateway.start()
    world.wait_open()
    with session_agw(world.gateway.pki) as agw:
        session.agw = agw
        assert session.update(100).success
        request = session.terminate_request()
        request.credit_usages.add(charging_key=7, bytes_rx=1)
        session.terminate(request)
    assert world.asked(GX, None, session) == [0] and world.asked(GY, None, session) == [1]
    told = [event["avps"]["Service-Information"]["PS-Information"]["PDN-Connection-Charging-ID"]
            for event in world.nodes[1].requests(GY, None, session.name)]
    assert len(told) == 3 and set(told) == {charging_id("agw1", session.name)}
