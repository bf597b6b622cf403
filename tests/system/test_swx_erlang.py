# SPDX-License-Identifier: BSD-3-Clause
"""SWx and S13 against an HSS and EIR that nobody here wrote (Erlang/OTP, strict decoder): grpcio
over mutual TLS -> fgwd -> tests/system/erlang/swx. What the HSS saw and what the caller got are
compared; tshark judges every message."""
import concurrent.futures
import os
import sys
import time

import grpc
import pytest

from kit import core, paths, stubs, wire
from kit.agw import Refusal, code_of
from kit.expect import fails
from kit.proc import PATIENCE, eventually, run
from kit.usim import Usim
from kit.wifi import (EIR_IP, PRIME, ErlangSwx, Wifi, WifiAgw, answer_terminations, open_vector,
                      s13, swx, swx_gateway)

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "erlang"))
import mme  # noqa: E402
from mme import avp  # noqa: E402

USER = "001010000000001"
SWX = 16777265
types = stubs.s6a_types


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = ErlangSwx("--serve", "swx", "--slow", "6000")
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def eir(cleanup):
    thing = ErlangSwx("--serve", "s13", identity="eir.example.org", ip=EIR_IP)
    cleanup.append(thing)
    for imei, status in (("35609204", "white"), ("35609204079301", "black"), ("3560999", "grey")):
        assert thing.command("equipment %s %s" % (imei, status))["ok"]
    return thing


@pytest.fixture(scope="module")
def s6a(cleanup):
    thing = core.ErlangHss(identity="hlr.example.org", ip="10.45.0.4")
    cleanup.append(thing)
    return thing


class Day:
    """The capture of the whole file."""

    def __init__(self):
        self.capture, self.messages = wire.Capture(3868), None

    def decoded(self):
        if self.messages is None:
            self.capture.stop()
            self.messages = self.capture.decode()
        return self.messages

    def stop(self):
        self.decoded()


@pytest.fixture(scope="module")
def day(cleanup):
    thing = Day()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, day, hss, eir, s6a, cleanup):
    thing = Wifi(pki, [p.peer(watchdog=6) for p in (hss, eir, s6a)],
                 swx_section='cache_ttl = 0; timeout = "10s"; agw_timeout = "4s"; '
                             's6a_gateways = ["agw3"]; s6a_visited_plmn = "00101";',
                 s13_section='cache_ttl = 0; timeout = "10s";').start()
    cleanup.append(thing)
    thing.wait_open()
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


def seen(hss, since, command):
    """AVPs of the last request of this command, as the strict decoder read them."""
    return hss.wait_event("request", since=since, cmd=command)["avps"]


def asked(hss, since, count, **match):
    """So many requests, in their order; their lines may come a moment after the answer."""
    found = eventually(lambda: (len(hss.find("request", since, **match)) >= count and
                                hss.find("request", since, **match)), 5, "%d requests" % count)
    assert len(found) == count, found
    return found


def bad(digits, scope="0"):
    """A user whose requests are answered as tests/system/erlang/swx.erl lists."""
    return "00101000000" + "9" + scope + digits


# ---- can the judge be trusted? ----

def mar(**changed):
    """The AVPs of a MAR; None leaves one out."""
    parts = {"application": avp(260, [avp(266, mme.TGPP), avp(258, SWX)]), "state": avp(277, 1),
             "realm": avp(283, "example.org"), "user": avp(1, USER),
             "item": mme.tgpp(612, [mme.tgpp(608, "EAP-AKA")]), "number": mme.tgpp(607, 1),
             **changed}
    return [part for part in parts.values() if part]


STRICT = {
    "nothing wrong": (mar(), 2001), "no number": (mar(number=None), 5005),
    "no item": (mar(item=None), 5005), "no user": (mar(user=None), 5005),
    "no application": (mar(application=None), 5005),
    "a number of two bytes": (mar(number=mme.tgpp(607, b"\0\1")), 5014),
    "two numbers": (mar(second=mme.tgpp(607, 1)), 5009),
    "something unknown that matters": (mar(more=mme.tgpp(9999, b"abcd")), 5001),
    "something unknown inside the item":
        (mar(item=mme.tgpp(612, [mme.tgpp(608, "EAP-AKA"), mme.tgpp(9999, b"abcd")])), 5001),
    "something unknown that does not": (mar(more=mme.tgpp(9999, b"abcd", False)), 2001),
}


@pytest.fixture(scope="module")
def judge(cleanup):
    """The same program; its errors are meant to be."""
    thing = ErlangSwx(identity="judge.example.org", ip=paths.FGW2_IP)
    cleanup.append(thing)
    return thing


@pytest.mark.parametrize("what", sorted(STRICT))
def test_the_judge_sees(judge, what):
    body, result = STRICT[what]
    name = "bare%d.example.org" % sorted(STRICT).index(what)
    bare = mme.Mme(judge.port, judge.peers, name, ip=judge.ip, app=SWX)
    since = judge.position()
    try:
        assert bare.request(303, SWX, body).number(268) == result
    finally:
        bare.close()
    if result != 2001:
        errors = judge.wait_event("error", since=since)["errors"]
        assert errors[0]["code"] == result


# ---- MAR ----

def test_eap_aka(agw, hss, gateway):
    since = hss.position()
    answer = agw.authenticate(USER)
    assert answer.user_name == USER and answer.session_id
    open_vector(answer.sip_auth_vectors[0])
    avps = seen(hss, since, "MAR")
    assert avps["SIP-Auth-Data-Item"] == {"SIP-Authentication-Scheme": "EAP-AKA"}
    assert avps["SIP-Number-Auth-Items"] == 1 and avps["RAT-Type"] == 0 and "ANID" not in avps
    assert avps["Vendor-Specific-Application-Id"]["Auth-Application-Id"] in (16777265, [16777265])
    assert avps["Session-Id"].startswith(gateway.identity) and avps["Session-Id"].endswith(";agw1")


@pytest.mark.parametrize("anid", [None, "HRPD", "ETHERNET"])
def test_eap_aka_prime_is_bound_to_the_access_network(agw, hss, anid):
    since = hss.position()
    fields = {"access_network_identity": anid} if anid else {}
    answer = agw.authenticate("001010000000002", scheme=PRIME, **fields)
    open_vector(answer.sip_auth_vectors[0], True, (anid or "WLAN").encode())
    avps = seen(hss, since, "MAR")
    assert avps["ANID"] == (anid or "WLAN")
    assert avps["SIP-Auth-Data-Item"]["SIP-Authentication-Scheme"] == "EAP-AKA'"


@pytest.mark.parametrize("asked,given", [(1, 1), (3, 3), (5, 5), (9, 5)])
def test_several_vectors_come_in_order(agw, asked, given):
    vectors = agw.authenticate("001010000000003", vectors=asked).sip_auth_vectors
    numbers = [open_vector(v) for v in vectors]
    assert len(numbers) == given and numbers == sorted(set(numbers))


def test_the_order_is_that_of_the_item_numbers(agw):
    numbers = [open_vector(v) for v in agw.authenticate(bad("68", "1"), 3).sip_auth_vectors]
    assert len(numbers) == 3 and numbers == sorted(numbers)


@pytest.mark.parametrize("prime", [False, True])
def test_resynchronisation(agw, hss, prime):
    user, scheme = "00101000000000" + ("5" if prime else "4"), PRIME if prime else swx.EAP_AKA
    first = agw.authenticate(user, scheme=scheme).sip_auth_vectors[0]
    card = Usim(core.K, core.OPC)
    ahead = open_vector(first, prime) + (777 << 5)
    auts = card.resync(first.rand_autn[:16], ahead)
    since = hss.position()
    again = agw.authenticate(user, scheme=scheme, resync_info=auts).sip_auth_vectors[0]
    assert open_vector(again, prime) > ahead
    assert seen(hss, since, "MAR")["SIP-Auth-Data-Item"]["SIP-Authorization"] == auts.hex()


def test_a_wrong_resynchronisation_is_refused_by_the_hss(agw):
    assert "5012" in fails("INTERNAL", agw.authenticate, USER, resync_info=bytes(30))


def test_every_field_of_a_call_reaches_the_hss(agw, hss):
    since = hss.position()
    agw.authenticate(USER, rat_type=2003, visited_network_identifier=b"mnc001.mcc001",
                     terminal_information=types.TerminalInformation(imei="35349006987331",
                                                                    software_version="01"),
                     aaa_failure=True, supported_features=[
                         types.SupportedFeatures(feature_list_id=1, feature_list=5)])
    avps = seen(hss, since, "MAR")
    assert avps["RAT-Type"] == 2003 and avps["AAA-Failure-Indication"] == 1
    assert bytes.fromhex(avps["Visited-Network-Identifier"]) == b"mnc001.mcc001"
    assert avps["Terminal-Information"] == {"IMEI": "35349006987331", "Software-Version": "01"}
    assert avps["Supported-Features"][0]["Feature-List"] == 5


def test_the_load_generator_asks_for_every_subscriber(pki, gateway, hss):
    since = hss.position()
    message = swx.AuthenticationRequest(user_name="001010000000050", sip_num_auth_vectors=1)
    done = run([paths.program("fgw-agw"), "--connect", gateway.target, "--ca", pki.path("ca.pem"),
                "--cert", pki.path("agw1.pem"), "--key", pki.path("agw1.key"), "--server-name",
                "fgw.test", "--json", "load", "--subscribers", "5", "--first-imsi",
                "001010000000050", "--count", "10", "--method",
                "/magma.feg.SwxProxy/Authenticate", "--raw", message.SerializeToString().hex()])
    assert '"ok":10' in done.stdout, done.stdout
    users = [e["imsi"] for e in asked(hss, since, 10, cmd="MAR")]
    assert sorted(set(users)) == ["0010100000000%02d" % n for n in range(50, 55)]


def test_vectors_are_kept_for_a_time_and_never_after_a_resynchronisation(gateway, agw, hss):
    user, base = "001010000000060", gateway.sections["swx"]
    since = hss.position()
    try:
        gateway.reload_with(swx=base.replace("cache_ttl = 0", 'cache_ttl = "60s"'))
        given = [agw.authenticate(user).sip_auth_vectors[0] for _ in range(2)]
        (mar,) = asked(hss, since, 1, cmd="MAR")
        assert mar["avps"]["SIP-Number-Auth-Items"] == 5
        auts = Usim(core.K, core.OPC).resync(given[0].rand_autn[:16],
                                             open_vector(given[1]) + (50 << 5))
        given += [agw.authenticate(user, resync_info=auts).sip_auth_vectors[0]]
        given += [agw.authenticate(user).sip_auth_vectors[0]]
        numbers = [open_vector(vector) for vector in given]
        assert numbers == sorted(set(numbers)) and numbers[2] > numbers[1] + (50 << 5)
        asked(hss, since, 2, cmd="MAR")
        gateway.reload_with(swx=base.replace("cache_ttl = 0", 'cache_ttl = "1s"'))
        for count in (1, 2):  # of another user: what is kept has its time already
            agw.authenticate("001010000000061")
            asked(hss, since, 2 + count, cmd="MAR")
            time.sleep(1.1)
    finally:
        gateway.reload_with(swx=base)


# ---- SAR ----

def test_many_at_a_time_are_not_mixed_up(agw, hss):
    """Answers of the HSS are matched to their requests, not to users or sessions."""
    users = ["0010100002000%02d" % n for n in range(100)]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(agw.register, users))
        checked = list(pool.map(lambda n: agw.check("3560%s%06d" % ("9204" if n % 2 else "9990", n))
                                .equipment_status, range(100)))
    assert [a.user_data.msisdn for a in answers] == ["49151" + user[-8:] for user in users]
    assert checked == [s13.PERMITTED if n % 2 else s13.TRACKED for n in range(100)]


def test_registration_and_what_ends_it(agw, hss):
    user = "001010000000010"
    kinds = (swx_gateway.USER_DEREGISTRATION, swx_gateway.ADMINISTRATIVE_DEREGISTRATION,
             swx_gateway.AUTHENTICATION_FAILURE, swx_gateway.AUTHENTICATION_TIMEOUT)
    for kind in kinds:
        since = hss.position()
        answer = agw.register(user)
        assert answer.session_id == "radius-1" and answer.user_data.msisdn == "4915100000010"
        assert seen(hss, since, "SAR")["Server-Assignment-Type"] == 1
        assert hss.command("serving " + user)["registered"]
        since = hss.position()
        agw.assign(user, kind)
        assert seen(hss, since, "SAR")["Server-Assignment-Type"] == kind
        assert hss.command("serving " + user)["serving"] is None
    assert "5003" in fails("FAILED_PRECONDITION", agw.assign, user, kinds[0])


def test_deregister_of_unmodified_gateways(agw, hss):
    agw.register("001010000000011")
    since = hss.position()
    assert agw.register("001010000000011", "Deregister").session_id == "radius-1"
    assert seen(hss, since, "SAR")["Server-Assignment-Type"] == 5


def test_no_assignment_and_user_data(agw, hss):
    user = "001010000000012"
    assert not agw.assign(user, swx_gateway.NO_ASSIGNMENT).HasField("user_data")
    assert "5012" in fails("INTERNAL", agw.assign, user, swx_gateway.AAA_USER_DATA_REQUEST)
    agw.authenticate(user)
    assert agw.assign(user, swx_gateway.AAA_USER_DATA_REQUEST).user_data.msisdn
    assert not hss.command("serving " + user)["registered"]


def test_pdn_gateway_update_and_restoration(agw, hss):
    user = "001010000000013"
    pgw = types.PdnGateway(address=["192.0.2.7", "2001:db8::7"], host="pgw.example.org",
                           realm="example.org")
    assert "5003" in fails("FAILED_PRECONDITION", agw.assign, user, swx_gateway.PGW_UPDATE)
    agw.register(user)
    agw.assign(user, swx_gateway.PGW_UPDATE, service_selection="internet", context_id=1,
               pdn_gateway=pgw, visited_network_identifier=b"mnc001.mcc001")
    noted = hss.command("pgw " + user)["pgw"]
    assert noted["Service-Selection"] == "internet" and noted["Context-Identifier"] == 1
    agent = noted["MIP6-Agent-Info"]
    assert agent["MIP-Home-Agent-Address"] == ["192.0.2.7", "2001:db8::7"]
    assert agent["MIP-Home-Agent-Host"] == {"Destination-Host": "pgw.example.org",
                                            "Destination-Realm": "example.org"}
    answer = agw.assign(user, swx_gateway.RESTORATION, active_apns=[
        types.ActiveApn(context_id=2, service_selection="ims", pdn_gateway=pgw)])
    assert answer.user_data.apn
    (active,) = hss.command("pgw " + user)["pgw"]["Active-APN"]
    assert active["Context-Identifier"] == 2 and active["Service-Selection"] == "ims"
    assert active["MIP6-Agent-Info"]["MIP-Home-Agent-Host"]["Destination-Host"] == "pgw.example.org"


def test_a_type_that_swx_has_not(agw):
    fails("INVALID_ARGUMENT", agw.assign, USER, 2)


# ---- the profile ----

def test_the_whole_profile(agw):
    data = agw.register("001010000001001").user_data
    assert {(i.type, i.data) for i in data.subscription_ids} == {
        (1, "001010000001001"), (0, "4915100001001")}
    assert (data.non_3gpp_ip_access, data.non_3gpp_ip_access_apn) == (0, 0)
    assert list(data.rat_types) == [0, 1004] and data.session_timeout_s == 7200
    assert data.mip6_feature_vector == 3 and data.charging_characteristics == "0800"
    assert (data.ambr.max_bandwidth_ul, data.ambr.max_bandwidth_dl) == (50000000, 100000000)
    assert data.apn_oi_replacement == "mnc001.mcc001.gprs" and data.default_context_id == 1
    internet, ims, iot = data.apn
    assert (internet.service_selection, ims.service_selection) == ("internet", "ims")
    assert (internet.qos_profile.class_id, internet.qos_profile.priority_level) == (8, 3)
    assert list(internet.served_party_ip_address) == ["10.45.0.9"]
    assert internet.pdn_gateway.host == "pgw1.epc.example.org" and internet.ambr.max_bandwidth_ul
    assert iot.specific_apns[0].service_selection == "iot.special"
    assert data.trace_data.trace_depth == 2 and data.twan_default_context_id == 2
    (twan,) = data.twan_access_info
    assert (twan.access_authorization_flags, twan.wlan_identifier.ssid) == (3, "cafe")
    assert data.ue_usage_type == 128 and data.core_network_restrictions == 2
    assert data.emergency_pdn_gateway.host == "pgw-sos.epc.example.org"
    assert data.erp_authorization == 1


def test_barring_reaches_the_gateway(agw):
    data = agw.register("001010000003001").user_data
    assert (data.non_3gpp_ip_access, data.non_3gpp_ip_access_apn) == (1, 1)


def test_profiles_of_any_size(agw):
    assert len(agw.register("001010000005001").user_data.apn) == 50
    rate = agw.register("001010000002001").user_data.ambr  # beyond 32 bits: kbit/s
    assert (rate.unit, rate.max_bandwidth_dl) == (rate.KBPS, 10000000)
    assert not agw.register("001010000007001").user_data.apn


def test_the_profile_with_an_authentication(agw, hss):
    since = hss.position()
    answer = agw.authenticate("001010000001002", retrieve_user_profile=True)
    assert answer.user_profile.msisdn == "4915100001002"
    assert len(answer.user_profile.user_data.apn) == 3
    assert seen(hss, since, "SAR")["Server-Assignment-Type"] == 12


# ---- another AAA server ----

def test_the_serving_server_is_named(agw, hss):
    user = "001010000000020"
    hss.command("serving %s aaa7.example.net" % user)
    assert "aaa7.example.net" in fails("FAILED_PRECONDITION", agw.authenticate, user)
    assert "aaa7.example.net" in fails("FAILED_PRECONDITION", agw.register, user)
    answer = agw.authenticate(user, accept_redirect=True)
    assert answer.serving_aaa_server == "aaa7.example.net" and not answer.sip_auth_vectors
    answer = agw.assign(user, swx_gateway.REGISTRATION, accept_redirect=True)
    assert answer.serving_aaa_server == "aaa7.example.net" and not answer.HasField("user_data")
    assert hss.command("serving " + user)["serving"] == "aaa7.example.net"


def test_the_older_way_to_name_it(agw):
    answer = agw.authenticate(bad("16"), accept_redirect=True)
    assert answer.serving_aaa_server == "aaa2.example.net"


def test_a_redirect_agent_is_not_the_hss(agw):
    assert "3006" in fails("UNAVAILABLE", agw.authenticate, bad("17"), accept_redirect=True)
    assert "unknown name" in fails("FAILED_PRECONDITION", agw.authenticate, bad("15"))


def test_taking_over_only_where_it_is_set(gateway, agw, hss):
    """To the HSS all access gateways are one server; other servers keep their users, unless."""
    user = "001010000000021"
    base = gateway.sections["swx"]
    try:
        hss.command("serving %s aaa7.example.net" % user)
        gateway.reload_with(swx=base + ' take_over = "failure-indication";')
        since = hss.position()
        assert agw.authenticate(user).sip_auth_vectors
        first, second = asked(hss, since, 2, cmd="MAR", imsi=user)
        assert "AAA-Failure-Indication" not in first["avps"]
        assert second["avps"]["AAA-Failure-Indication"] == 1
        hss.command("serving %s aaa7.example.net" % user)
        gateway.reload_with(swx=base + ' take_over = "deregister";')
        since = hss.position()
        assert agw.authenticate(user).sip_auth_vectors
        dance = asked(hss, since, 3, imsi=user)
        assert [(e["cmd"], e["avps"]["Origin-Host"], e["avps"]["Origin-Realm"])
                for e in dance] == [("MAR", gateway.identity, gateway.realm),
                                    ("SAR", "aaa7.example.net", "example.net"),
                                    ("MAR", gateway.identity, gateway.realm)]
        assert dance[1]["avps"]["Server-Assignment-Type"] == 5
        since = hss.position()  # an HSS that insists is asked once more, not for ever
        fails("FAILED_PRECONDITION", agw.authenticate, bad("05", "1"))
        assert [e["cmd"] for e in asked(hss, since, 3)] == ["MAR", "SAR", "MAR"]
    finally:
        gateway.reload_with(swx=base)


def test_two_gateways_are_one_server_to_the_hss(agw, agw2, hss, gateway):
    user = "001010000000022"
    agw.register(user)
    since, ended = hss.position(), len(agw.tunnel.requests("TerminateRegistration"))
    agw2.authenticate(user)
    agw2.register(user)
    names = {e["avps"]["Origin-Host"] for e in asked(hss, since, 2)}
    assert names == {gateway.identity}
    told = agw.tunnel.wait("TerminateRegistration", ended + 1)[-1]
    assert told.user_name == user


# ---- RTR and PPR ----

def test_rtr_reaches_the_gateway_that_serves_the_user(agw, agw2, hss, gateway):
    user = "001010000000030"
    agw.register("001010000000031")
    agw2.register(user)
    answer = hss.command("rtr %s 2 other server" % user)
    assert answer["result"] == 2001 and not answer["errors"], answer
    assert answer["origin-host"] == gateway.identity
    assert answer["avps"]["Origin-Realm"] == gateway.realm
    ended = agw2.tunnel.requests("TerminateRegistration")[-1]
    assert (ended.user_name, ended.reason_code, ended.reason_info) == (user, 2, "other server")
    assert ended.session_id and agw2.tunnel.seen[-1][2] == "aaa_server"
    assert user not in [m.user_name for m in agw.tunnel.requests("TerminateRegistration")]
    again = hss.command("to %s %s rtr %s" % (gateway.identity, gateway.realm, user))
    assert again["experimental"] == 5001  # nobody serves it any more


@pytest.mark.parametrize("status,result", [(14, 3002), (8, 3004), (13, 5012), (5, 2001)])
def test_what_the_gateway_answers_decides(agw, hss, status, result):
    user = "0010100000003%02d" % status
    agw.register(user)

    def refuse(_):
        raise Refusal(status, "as told")

    agw.tunnel.handlers["TerminateRegistration"] = refuse
    try:
        answer = hss.command("rtr " + user)
    finally:
        answer_terminations(agw)
    assert answer["result"] == result and not answer["errors"], answer


def test_a_gateway_that_stays_silent(agw, hss, gateway):
    agw.register("001010000000032")
    agw.tunnel.handlers["TerminateRegistration"] = lambda _: None
    try:
        answer = hss.command("rtr 001010000000032")
    finally:
        answer_terminations(agw)
    assert answer["result"] in (3002, 5012) and not answer["errors"], answer


def test_ppr_carries_the_whole_profile_and_its_answer_comes_back(agw2, hss):
    user = "001010000001031"
    agw2.register(user)
    agw2.tunnel.handlers["PushProfile"] = lambda _: swx_gateway.PushProfileAnswer(
        error_code=2001, access_network_info={"ssid": "cafe", "bssid": "00-10-A4-23-19-C0"},
        local_time_zone=types.LocalTimeZone(time_zone="+8/+1", daylight_saving_time=1))
    answer = hss.command("ppr %s full 3" % user)
    assert answer["result"] == 2001 and not answer["errors"], answer
    assert answer["avps"]["Access-Network-Info"]["SSID"] == "cafe"
    assert answer["avps"]["Local-Time-Zone"]["Daylight-Saving-Time"] == 1
    pushed = agw2.tunnel.requests("PushProfile")[-1]
    assert pushed.user_name == user and pushed.ppr_flags == 3
    assert len(pushed.user_data.apn) == 3 and pushed.user_data.session_timeout_s == 7200
    assert hss.command("ppr %s none" % user)["result"] == 2001
    assert not agw2.tunnel.requests("PushProfile")[-1].HasField("user_data")
    agw2.tunnel.handlers["PushProfile"] = lambda _: swx_gateway.PushProfileAnswer(error_code=5001)
    assert hss.command("ppr " + user)["experimental"] == 5001


def test_ppr_for_unmodified_gateways(gateway, agw2, hss):
    user, base = "001010000000033", gateway.sections["swx"]
    agw2.register(user)

    def refuse(_):
        raise Refusal(12, "unknown service")

    agw2.tunnel.handlers["PushProfile"] = refuse
    assert hss.command("ppr " + user)["result"] == 5012
    try:
        gateway.reload_with(swx=base + ' unsupported_profile = "terminate";')
        before = len(agw2.tunnel.requests("TerminateRegistration"))
        assert hss.command("ppr " + user)["result"] == 2001
        assert len(agw2.tunnel.requests("TerminateRegistration")) == before + 1
        gateway.reload_with(swx=base + ' unsupported_profile = "accept";')
        assert hss.command("ppr " + user)["result"] == 2001
    finally:
        gateway.reload_with(swx=base)


# ---- results ----

@pytest.mark.parametrize("digits,code,status", [
    ("01", 5001, "NOT_FOUND"), ("03", 5003, "FAILED_PRECONDITION"),
    ("04", 5004, "PERMISSION_DENIED"), ("06", 5006, "UNIMPLEMENTED"),
    ("07", 5007, "FAILED_PRECONDITION"), ("08", 5008, "INTERNAL"),
    ("40", 5450, "PERMISSION_DENIED"), ("41", 5451, "PERMISSION_DENIED"),
    ("42", 5452, "PERMISSION_DENIED"), ("81", 4181, "UNAVAILABLE"), ("30", 5030, "NOT_FOUND"),
    ("12", 5012, "INTERNAL"), ("02", 3002, "UNAVAILABLE"), ("34", 3004, "RESOURCE_EXHAUSTED")])
def test_a_result_is_a_status_that_grpc_knows(agw, gateway, digits, code, status):
    """Never a Diameter number as gRPC status: clients and proxies between could not read it."""
    before = gateway.counter("fgw_requests_total", interface="swx")
    for call in (agw.authenticate, agw.register):
        message = fails(status, call, bad(digits))
        assert str(code) in message, message
    gateway.wait_counter(before + 2, "fgw_requests_total", interface="swx")


def waits(status):
    """How long a caller does, who gets this."""
    return 1.5 if status == "DEADLINE_EXCEEDED" else PATIENCE


@pytest.mark.parametrize("digits,status", [
    ("50", "DEADLINE_EXCEEDED"), ("60", "INTERNAL"), ("61", "UNAVAILABLE"), ("64", "UNAVAILABLE"),
    ("65", "INTERNAL"), ("66", "UNAVAILABLE")])
def test_answers_that_are_none(agw, digits, status):
    fails(status, agw.authenticate, bad(digits, "1"), timeout=waits(status))
    assert agw.authenticate(USER).sip_auth_vectors


@pytest.mark.parametrize("digits", ["53", "55", "62", "63", "67"])
def test_odd_answers_that_can_be_used(agw, digits):
    vectors = agw.authenticate(bad(digits, "1")).sip_auth_vectors
    assert len(vectors) == 1 and open_vector(vectors[0])


def test_a_late_answer_is_dropped(agw):
    code, _ = code_of(agw.authenticate, bad("51", "1"), timeout=1)
    assert code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert open_vector(agw.authenticate(USER).sip_auth_vectors[0])


def test_calls_that_are_wrong(agw, hss):
    since = hss.position()
    for user in ("", "0010100000000011", "001", "00101000000000x"):
        fails("INVALID_ARGUMENT", agw.authenticate, user)
        fails("INVALID_ARGUMENT", agw.register, user)
    fails("INVALID_ARGUMENT", agw.authenticate, USER, vectors=0)
    fails("INVALID_ARGUMENT", agw.authenticate, USER, resync_info=bytes(31))
    assert not hss.find("request", since)


# ---- S6a instead ----

def test_vectors_over_s6a(pki, gateway, hss, s6a):
    since, before = s6a.position(), hss.position()
    with WifiAgw(pki, "agw3").wait_ready() as other:
        vectors = other.authenticate(USER, vectors=3).sip_auth_vectors
        card, first = Usim(core.K, core.OPC), vectors[0].rand_autn
        assert len({v.rand_autn for v in vectors}) == 3
        assert vectors[0].xres == card.block(2, first[:16])[8:]
        assert vectors[0].confidentiality_key == card.block(3, first[:16])
        assert vectors[0].integrity_key == card.block(4, first[:16])
        avps = seen(s6a, since, "AIR")
        assert avps["Requested-UTRAN-GERAN-Authentication-Info"]["Number-Of-Requested-Vectors"] == 3
        assert avps["Visited-PLMN-Id"] == "00f110"
        other.authenticate(USER, resync_info=card.resync(first[:16], 9000 << 5))
        fails("UNIMPLEMENTED", other.authenticate, USER, scheme=PRIME)
        assert other.register(USER).session_id == "radius-1"
        assert other.register(USER, "Deregister").session_id == "radius-1"
        fails("PERMISSION_DENIED", other.authenticate, "001010000009020")  # 5420
        fails("NOT_FOUND", other.authenticate, "262010000000001")
    assert not hss.find("request", before)


def test_with_s6a_for_all_no_peer_of_swx_is_missed(pki, s6a):
    """/readyz tells what an interface lacks; here it lacks nothing."""
    other = Wifi(pki, [s6a.peer()], name="fgw2", ip=paths.FGW2_IP, admin=9465,
                 swx_section='s6a_gateways = "*"; s6a_visited_plmn = "00101";').start()
    try:
        status, text = other.get("/readyz")
        assert status == 200 and "swx: " not in text and "s13: no open" in text, text
        with WifiAgw(pki, target=other.target) as caller:
            assert caller.authenticate(USER).sip_auth_vectors
    finally:
        other.stop()


# ---- S13 ----

def test_equipment(agw, eir, gateway):
    since = eir.position()
    answer = agw.check("35609204079302", USER, software_version="02")
    assert answer.equipment_status == s13.PERMITTED
    avps = seen(eir, since, "ECR")
    assert avps["User-Name"] == USER
    assert avps["Terminal-Information"] == {"IMEI": "35609204079302", "Software-Version": "02"}
    assert avps["Session-Id"].startswith(gateway.identity)
    since = eir.position()
    assert agw.check("35609204079301").equipment_status == s13.PROHIBITED
    assert "User-Name" not in seen(eir, since, "ECR")
    assert agw.check("35609990000000").equipment_status == s13.TRACKED
    answer = agw.check("99000000000000")
    assert (answer.equipment_status, answer.source) == (s13.UNKNOWN, s13.EIR)
    assert agw.check("3560920407930100").equipment_status == s13.PROHIBITED  # IMEISV


@pytest.mark.parametrize("digits,status", [
    ("12", "INTERNAL"), ("02", "UNAVAILABLE"), ("34", "RESOURCE_EXHAUSTED"), ("60", "INTERNAL"),
    ("61", "INTERNAL"), ("65", "INTERNAL"), ("50", "DEADLINE_EXCEEDED")])
def test_an_eir_that_does_not_say_it(agw, gateway, digits, status):
    base = gateway.sections["s13"]
    fails(status, agw.check, "35609204000001", bad(digits, "3"), timeout=waits(status))
    try:
        for policy, meant in (("permit", s13.PERMITTED), ("prohibit", s13.PROHIBITED)):
            gateway.reload_with(s13='cache_ttl = 0; timeout = "200ms"; no_answer = "%s";' % policy)
            answer = agw.check("35609204000001", bad(digits, "3"))
            assert (answer.equipment_status, answer.source) == (meant, s13.POLICY)
    finally:
        gateway.reload_with(s13=base)


# ---- at the end of the day ----

def test_the_strict_decoders_found_nothing_to_refuse(hss, eir, s6a):
    for node in (hss, eir, s6a):
        assert not node.find("error"), node.find("error")
        assert all(not answer.get("errors") for answer in node.find("answer"))


BROKEN_ON_PURPOSE = {"62", "65"}


def test_nothing_on_the_wire_draws_a_remark(gateway, agw, agw2, day):
    """Users 9??? made the HSS send what no HSS should: those sessions are left out."""
    messages = day.decoded()
    odd = {m.layer["diameter.hopbyhopid"] for m in messages
           if m.request and any("00101000000" + "9" in str(v) and str(v)[-2:] in BROKEN_ON_PURPOSE
                                for v in texts(m.layer))}
    clean = [m for m in messages if m.layer["diameter.hopbyhopid"] not in odd]
    wire.assert_clean(clean, ["MAR", "MAA", "SAR", "SAA", "RTR", "RTA", "PPR", "PPA", "ECR", "ECA",
                              "AIR", "AIA"])
    for message in clean:
        assert not message.flags & 0x1f, "T flag or reserved bits"
        if message.name in ("RTA", "PPA"):
            assert gateway.identity in str(message.layer) and gateway.realm in str(message.layer)


def texts(node):
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    else:
        yield node
