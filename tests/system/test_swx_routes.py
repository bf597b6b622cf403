# SPDX-License-Identifier: BSD-3-Clause
"""Where SWx and S13 go: through a stock freeDiameterd as relay agent, by IMSI prefix, to the one
HSS of several that knows a user; and that what comes back finds its gateway, even after kill -9."""
import pytest

from kit import core, paths
from kit.expect import fails
from kit.proc import eventually
from kit.wifi import (ErlangSwx, Wifi, WifiAgw, open_vector, s13, swx_gateway)

AT_HOME = "001010000000001"  # one of two HSSs of one realm
ABROAD = "001020000000001"   # an HSS behind the relay
PINNED = "001030000000001"   # always the second HSS
HOME, REALM = "home.example.net", "core.example.com"
ROUTES = ('cache_ttl = 0; realm = "%s"; routes = ( { imsi_prefix = "00102"; realm = "%s"; },'
          ' { imsi_prefix = "00103"; host = "hss2.core.example.com"; } );' % (REALM, HOME))


@pytest.fixture(scope="module")
def nodes(cleanup):
    """Two HSSs of one realm; the one of another realm, which is an EIR too."""
    things = [ErlangSwx("--known", "0010", "--serve", "swx", identity="hss1.core.example.com",
                        realm=REALM),
              ErlangSwx("--known", "0010", "--serve", "swx", identity="hss2.core.example.com",
                        realm=REALM, ip=paths.HSS2_IP),
              ErlangSwx("--known", "0010", identity="hss." + HOME, realm=HOME, ip=paths.FGW2_IP)]
    cleanup.extend(things)
    things[2].command("equipment 35 white")
    return things


@pytest.fixture(scope="module")
def dra(nodes, cleanup):
    thing = core.relay([nodes[2].peer()])
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, nodes, dra, cleanup):
    thing = Wifi(pki, [nodes[0].peer(), nodes[1].peer(), dra.peer()], swx_section=ROUTES,
                 s13_section='realm = "%s"; cache_ttl = 0; timeout = "20s";' % HOME).start()
    cleanup.append(thing)
    thing.wait_open()
    return thing


@pytest.fixture
def agw(pki, gateway):
    with WifiAgw(pki).wait_ready() as thing:
        thing.open_tunnel()
        yield thing


def through_the_relay(agw):
    """The relay may need a moment to find its own peer."""
    def attempt():
        try:
            return agw.authenticate(ABROAD).sip_auth_vectors
        except Exception:
            return False
    return eventually(attempt, 20, "an answer through the relay")


def requests(node, user, since=0):
    return [(e["cmd"], e["avps"].get("Destination-Host")) for e in node.find("request", since)
            if e["imsi"] == user]


def test_a_users_life_through_the_relay(agw, nodes, dra, gateway):
    hss = nodes[2]
    open_vector(through_the_relay(agw)[0])
    assert agw.register(ABROAD).user_data.apn
    seen = hss.wait_event("request", cmd="SAR", imsi=ABROAD)
    assert seen["peer"] == dra.identity and seen["avps"]["Route-Record"] == [gateway.identity]
    assert seen["avps"]["Destination-Host"] == hss.identity  # not the relay's
    agw.tunnel.handlers["PushProfile"] = lambda _: swx_gateway.PushProfileAnswer(error_code=2001)
    answer = hss.command("ppr " + ABROAD)
    assert (answer["result"], answer["origin-host"]) == (2001, gateway.identity), answer
    assert agw.tunnel.wait("PushProfile")[-1].user_data.apn
    answer = hss.command("rtr " + ABROAD)
    assert (answer["result"], answer["origin-host"]) == (2001, gateway.identity), answer
    assert agw.tunnel.wait("TerminateRegistration")
    assert "5001" in fails("NOT_FOUND", agw.authenticate, "001020000009101")
    assert agw.check("35609204000001", ABROAD).equipment_status == s13.PERMITTED


def test_a_user_stays_with_the_hss_that_authenticated_him(agw, nodes):
    for n in range(4):  # whichever the first request finds
        user = AT_HOME[:-1] + str(n)
        agw.authenticate(user)
        first, second = nodes[:2]
        eventually(lambda: requests(first, user) or requests(second, user), 5, "the MAR is seen")
        known, other = (first, second) if requests(first, user) else (second, first)
        assert requests(known, user) == [("MAR", None)]
        agw.register(user)
        agw.assign(user, swx_gateway.PGW_UPDATE)
        agw.authenticate(user)
        eventually(lambda: len(requests(known, user)) == 4, 5, "all of them go there")
        assert {host for _, host in requests(known, user)[1:]} == {known.identity}
        assert not requests(other, user)


def test_a_prefix_decides(agw, nodes):
    for n in range(4):
        agw.authenticate(PINNED[:-1] + str(n))
        eventually(lambda: requests(nodes[1], PINNED[:-1] + str(n)), 5, "the second HSS is asked")
        assert not requests(nodes[0], PINNED[:-1] + str(n))


def test_a_realm_that_nobody_serves(agw, gateway):
    kept = gateway.sections["swx"]
    try:
        gateway.reload_with(swx='cache_ttl = 0; realm = "nowhere.example.com";')
        message = fails("UNAVAILABLE", agw.authenticate, "001040000000001")
        assert "300" in message, message
    finally:
        gateway.reload_with(swx=kept)
    assert agw.authenticate(AT_HOME).sip_auth_vectors


def test_a_gateway_may_serve_some_users_only(pki, gateway, agw):
    kept = gateway.gateways
    try:
        gateway.configure(gateways=['{ id = "agw1"; imsi_prefixes = [ "00102" ]; }'])
        gateway.ctl("reload")
        fails("PERMISSION_DENIED", agw.authenticate, AT_HOME)
        fails("PERMISSION_DENIED", agw.register, AT_HOME)
        fails("PERMISSION_DENIED", agw.check, "35609204000001", AT_HOME)
        assert agw.authenticate(ABROAD).sip_auth_vectors
    finally:
        gateway.configure(gateways=kept)
        gateway.ctl("reload")


def test_rtr_finds_its_gateway_after_kill_9(pki, gateway, nodes):
    user = "001030000000042"
    with WifiAgw(pki).wait_ready() as before:
        before.register(user)
    eventually(lambda: nodes[1].command("serving " + user)["registered"], what="registered")
    gateway.settled()
    gateway.kill()
    gateway.start(wait_peers=False)
    with WifiAgw(pki).wait_ready() as after:
        after.open_tunnel()
        eventually(lambda: gateway.identity in nodes[1].command("peers")["peers"], 20, "connected")
        assert eventually(lambda: nodes[1].command("rtr " + user).get("result") == 2001, 20,
                          "RTR through the restarted gateway")
        assert after.tunnel.requests("TerminateRegistration")[-1].user_name == user
