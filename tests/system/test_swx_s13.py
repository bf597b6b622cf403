# SPDX-License-Identifier: BSD-3-Clause
"""SWx and S13: grpcio over mutual TLS -> fgwd -> sim_hss and sim_eir in stock freeDiameterds.
Vectors are checked as a card and an EAP server would, by code that is in no library of ours."""
import re

import pytest

from kit import core
from kit.agw import Refusal
from kit.expect import fails
from kit.proc import eventually
from kit.usim import Usim
from kit.wifi import (PRIME, SimEir, Wifi, WifiAgw, open_vector, s13, swx,
                      swx_gateway)
from kit.wire import Capture

BASE = 1010000000000


def imsi(number):
    return "%015d" % (BASE + number)


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.SimHss()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def eir(cleanup):
    thing = SimEir()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, eir, cleanup):
    thing = Wifi(pki, [hss.peer(watchdog=6), eir.peer(watchdog=6)],
                 s13_section='cache_ttl = "6s"; timeout = "4s";').start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = WifiAgw(pki).wait_ready()
    thing.open_tunnel()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw2(pki, gateway, cleanup):
    thing = WifiAgw(pki, "agw2").wait_ready()
    thing.open_tunnel()
    cleanup.append(thing)
    return thing


# ---- vectors ----

def test_eap_aka_vectors_are_good(agw):
    answer = agw.authenticate(imsi(1))
    assert answer.user_name == imsi(1) and len(answer.sip_auth_vectors) == 1
    open_vector(answer.sip_auth_vectors[0])


@pytest.mark.parametrize("anid", [None, "HRPD"])
def test_eap_aka_prime_vectors_are_bound_to_the_access_network(agw, anid):
    fields = {"access_network_identity": anid} if anid else {}
    answer = agw.authenticate(imsi(2), vectors=3, scheme=PRIME, **fields)
    assert len(answer.sip_auth_vectors) == 3
    numbers = [open_vector(v, True, (anid or "WLAN").encode()) for v in answer.sip_auth_vectors]
    assert numbers == sorted(set(numbers))


def test_vectors_are_kept_and_never_given_twice(agw, hss):
    before = hss_requests(hss, "MAR")
    seen = [agw.authenticate(imsi(3)).sip_auth_vectors[0].rand_autn for _ in range(5)]
    assert len(set(seen)) == 5
    assert hss_requests(hss, "MAR") == before + 1
    agw.authenticate(imsi(3))
    assert hss_requests(hss, "MAR") == before + 2


def hss_requests(hss, name):
    found = re.search(r"^%s .*?requests=(\d+)" % name, hss.tool("status")[1], re.M)
    assert found, hss.tool("status")[1]
    return int(found.group(1))


def test_resynchronisation_bypasses_the_cache(agw):
    first = agw.authenticate(imsi(4)).sip_auth_vectors[0]
    card = Usim(core.K, core.OPC)
    ahead = open_vector(first) + (1000 << 5)
    answer = agw.authenticate(imsi(4), resync_info=card.resync(first.rand_autn[:16], ahead))
    assert open_vector(answer.sip_auth_vectors[0]) > ahead
    assert open_vector(agw.authenticate(imsi(4)).sip_auth_vectors[0]) > ahead


def test_unknown_user(agw, gateway):
    message = fails("NOT_FOUND", agw.authenticate, "001019999999999")
    assert "5001" in message
    assert gateway.counter("fgw_requests_total", interface="swx", result="user_unknown") >= 1


def test_profile_is_whole(agw, hss):
    hss.tool("add", "imsi=" + imsi(5), "msisdn=491700000005", "ambr_ul=50000000")
    answer = agw.authenticate(imsi(5), retrieve_user_profile=True)
    profile = answer.user_profile
    assert profile.msisdn == "491700000005"
    data = profile.user_data
    assert data.non_3gpp_ip_access == 0 and data.WhichOneof("ip_access_present")
    assert {(i.type, i.data) for i in data.subscription_ids} == {
        (1, imsi(5)), (0, "491700000005")}
    assert data.ambr.max_bandwidth_ul == 50000000
    assert data.apn[0].context_id == data.default_context_id
    assert data.apn[0].service_selection and data.apn[0].qos_profile.class_id


# ---- registration ----

def test_register_deregister(agw, gateway, hss):
    assert agw.register(imsi(6)).session_id == "radius-1"
    fails("FAILED_PRECONDITION", agw.assign, imsi(7), swx_gateway.PGW_UPDATE)
    agw.assign(imsi(6), swx_gateway.PGW_UPDATE, service_selection="internet")
    agw.assign(imsi(6), swx_gateway.RESTORATION)
    agw.register(imsi(6), "Deregister")
    fails("FAILED_PRECONDITION", agw.assign, imsi(6), swx_gateway.PGW_UPDATE)


def test_rtr_and_ppr_reach_the_gateway_that_serves_wifi(agw, agw2, hss):
    agw.ulr(imsi(8))        # LTE here
    agw2.register(imsi(8))  # Wi-Fi there
    agw2.tunnel.handlers["PushProfile"] = lambda _: swx_gateway.PushProfileAnswer()
    code, text = hss.tool("ppr", imsi(8), check=False)
    assert code == 0 and "2001" in text, text
    (pushed,) = agw2.tunnel.requests("PushProfile")
    assert pushed.user_name == imsi(8) and pushed.user_data.apn
    code, text = hss.tool("rtr", imsi(8), "1", "moved", check=False)
    assert code == 0 and "2001" in text, text
    (ended,) = agw2.tunnel.requests("TerminateRegistration")
    assert (ended.user_name, ended.reason_code, ended.reason_info) == (imsi(8), 1, "moved")
    assert not agw.tunnel.requests("TerminateRegistration")
    assert agw2.tunnel.seen[-1][2] == "aaa_server"
    code, text = hss.tool("clr", imsi(8), check=False)  # LTE is still there
    assert code == 0, text


def test_what_an_unmodified_gateway_answers_to_ppr(agw, hss):
    agw.register(imsi(9))

    def refuse(_):
        raise Refusal(12, "unknown service")

    agw.tunnel.handlers["PushProfile"] = refuse
    code, text = hss.tool("ppr", imsi(9), check=False)
    assert code == 1 and "5012" in text, text


def test_a_user_that_moves_ends_at_the_old_gateway(agw, agw2):
    before = len(agw.tunnel.requests("TerminateRegistration"))
    agw.register(imsi(10))
    agw2.register(imsi(10))
    ended = agw.tunnel.wait("TerminateRegistration", before + 1)[-1]
    assert ended.user_name == imsi(10)
    agw.register(imsi(10), "Deregister")  # too late: it is the other one's user
    agw2.assign(imsi(10), swx_gateway.PGW_UPDATE)


def test_rtr_for_a_gateway_that_is_gone(agw, pki, hss, gateway):
    gone = WifiAgw(pki, "agw3").wait_ready()
    gone.register(imsi(11))
    gone.close()
    code, text = hss.tool("rtr", imsi(11), check=False)
    assert code == 1 and "3002" in text, text


def test_faults_of_the_hss(agw, hss):
    for rule, status in (("result=3004", "RESOURCE_EXHAUSTED"), ("exp=5450", "PERMISSION_DENIED"),
                         ("result=5012", "INTERNAL")):
        hss.tool("fault", "add", "cmd=MAR", "imsi=" + imsi(12), "count=1", *rule.split())
        fails(status, agw.authenticate, imsi(12))
    hss.tool("fault", "add", "cmd=MAR", "imsi=" + imsi(12), "count=1", "drop")
    fails("DEADLINE_EXCEEDED", agw.authenticate, imsi(12), timeout=1)
    hss.tool("fault", "clear")
    agw.authenticate(imsi(12))


# ---- equipment ----

def test_equipment(agw, eir):
    assert agw.check("35609204079302", imsi(1)).equipment_status == s13.PERMITTED
    assert agw.check("35609204079301").equipment_status == s13.PROHIBITED
    assert agw.check("99000000000000").equipment_status == s13.UNKNOWN
    eir.tell("set 9900 grey")
    again = agw.check("99000000000000")
    assert (again.equipment_status, again.source) == (s13.UNKNOWN, s13.CACHE)
    eventually(lambda: agw.check("99000000000000").equipment_status == s13.TRACKED, 5,
               "the cache grows old")


def test_the_list_of_the_eir(agw, eir):
    eir.tell("set 77001122 black")
    assert "77001122 black" in eir.tell("list")
    assert agw.check("77001122334455").equipment_status == s13.PROHIBITED
    eir.tell("drop 77001122")
    assert "77001122" not in eir.tell("list")
    assert agw.check("77001122334456").equipment_status == s13.UNKNOWN
    assert "requests " in eir.tell("status")
    eir.tell("fault add result=5012 count=1")
    assert "5012" in eir.tell("fault list")
    assert "5012" in fails("INTERNAL", agw.check, "77001122334457")
    assert agw.check("77001122334457").equipment_status == s13.UNKNOWN


def test_no_eir(agw, eir):
    eir.tell("fault add drop")
    fails("DEADLINE_EXCEEDED", agw.check, "35609204000001")
    eir.tell("fault clear")
    assert agw.check("35609204000001").source == s13.EIR


# ---- the wire, settings, restart ----

def test_tshark_finds_nothing_wrong(agw, eir):
    capture = Capture()
    agw.authenticate(imsi(20), vectors=2, scheme=PRIME, retrieve_user_profile=True)
    agw.register(imsi(20))
    agw.register(imsi(20), "Deregister")
    agw.check("35609204111111", imsi(20))
    messages = capture.stop().decode()
    names = {m.name for m in messages}
    assert {"MAR", "MAA", "SAR", "SAA", "ECR", "ECA"} <= names, names
    wrong = [(m.name, m.experts) for m in messages if m.experts]
    assert not wrong, wrong


def test_authorization_and_s6a_instead(gateway, pki, hss, agw):
    hss.tool("add", "imsi=" + imsi(30), "status=barred", check=False)
    gateway.reload_with(
        swx='verify_authorization = true; register_on_auth = true; cache_ttl = 0; '
            's6a_gateways = ["agw2"]; s6a_visited_plmn = "00101"; '
            's6a_users = ( { imsi_prefix = "%s"; } );' % imsi(33),
        s13='no_answer = "permit"; timeout = "1s";')
    before = hss_requests(hss, "SAR")
    agw.authenticate(imsi(31))
    assert hss_requests(hss, "SAR") == before + 1
    fails("PERMISSION_DENIED", agw.authenticate, imsi(30))
    with WifiAgw(pki, "agw2").wait_ready() as other:
        vector = other.authenticate(imsi(32)).sip_auth_vectors[0]
        open_vector(vector)
        fails("UNIMPLEMENTED", other.authenticate, imsi(32), scheme=PRIME)
        other.register(imsi(32))
    open_vector(agw.authenticate(imsi(33)).sip_auth_vectors[0])  # by home network
    agw.register(imsi(33), "Deregister")
    assert hss_requests(hss, "SAR") == before + 2


def test_barring_of_packet_services_reaches_wifi(agw, hss):
    hss.tool("add", "imsi=" + imsi(34), "odb=1", check=False)
    data = agw.register(imsi(34)).user_data
    assert (data.non_3gpp_ip_access, data.non_3gpp_ip_access_apn) == (0, 1)


def test_policy_without_an_eir(agw, eir):
    eir.kill()
    answer = agw.check("35609204777777")
    assert (answer.equipment_status, answer.source) == (s13.PERMITTED, s13.POLICY)


def test_rtr_finds_its_gateway_after_a_restart(gateway, hss, pki):
    with WifiAgw(pki).wait_ready() as before:
        before.register(imsi(40))
    gateway.stop()
    gateway.start(wait_peers=False)
    with WifiAgw(pki).wait_ready() as after:
        after.open_tunnel()
        eventually(lambda: hss.tool("rtr", imsi(40), check=False)[0] == 0, 10,
                   "RTR through the restarted gateway")
        assert after.tunnel.requests("TerminateRegistration")
