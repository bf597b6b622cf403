# SPDX-License-Identifier: BSD-3-Clause
"""What access networks in the field do from beginning to end, against PCRF and OCS on Erlang/OTP:
the scenarios that the reference gateway is tested with, where one test of a single message would
not show them; and every quirk that a setting provides for, seen on the wire."""
import time

import pytest

from kit.agw import code_of
from kit.erlang import Time, unix
from kit.pcc import (GX, GY, INITIAL, SETTINGS, TERMINATION, UPDATE, World, full_request, install,
                     proto, rule, session_agw, told)

APNS = """
  apns = ( { apn = "iot"; gx = false; gy_auth_only = true; }, { apn = "gyonly"; gx = false; },
           { apn = "ims"; gy = false; } );
  virtual_apns = ( { apn = "^corp"; charging_characteristics = "^08"; gx_apn = "virtual.gx";
                     gy_apn = "virtual.gy"; } );
};"""


@pytest.fixture(scope="module")
def shared(pki, cleanup):
    thing = World(pki, SETTINGS.rstrip()[:-2] + APNS)
    cleanup.append(thing)
    return thing


@pytest.fixture
def world(shared):
    yield from shared.watched()


def service(key, code=2001, total=None, **more):
    grant = {"Granted-Service-Unit": {"CC-Total-Octets": total}} if total is not None else {}
    return {"Rating-Group": key, "Result-Code": code, **grant, **more}


def answers(*services):
    """A step of a script of the OCS."""
    return {"avps": {"Multiple-Services-Credit-Control": list(services)}}


def re_authorise(world, session, **avps):
    """RAR of the OCS, as it is answered; the access gateway reports afterwards."""
    world.tunnel.handlers["ChargingReAuth"] = lambda message: proto.ChargingReAuthAnswer(
        result=proto.UPDATE_INITIATED)
    answer = world.ocs.send(GY, "RAR", session.diameter_id(world.gateway, GY), world.gateway,
                            **avps)
    return answer["result"]


# ---- credit ----

RESTRICT = {"Final-Unit-Indication": {
    "Final-Unit-Action": 2, "Filter-Id": ["topup-only"],
    "Restriction-Filter-Rule": ["permit out ip from 192.0.2.1 to assigned"]}}
REDIRECT = {"Final-Unit-Indication": {"Final-Unit-Action": 1, "Redirect-Server": {
    "Redirect-Address-Type": 2, "Redirect-Server-Address": "http://top.up"}}}


@pytest.mark.parametrize("code,final,says", [
    (4012, {}, (False, 4012)),          # suspended
    (4012, RESTRICT, (False, 4012)),    # suspended but for the portal
    (2001, RESTRICT, (True, 2001)),     # the last units are used up under restriction
    (2001, REDIRECT, (True, 2001)),
], ids=["suspended", "suspended and restricted", "restricted", "redirected"])
def test_a_top_up_brings_a_service_back(world, code, final, says):
    """The OCS takes a service away, the user pays, a RAR makes the access gateway ask again."""
    session, opened = world.opened(rule("video", 7))
    assert opened.credits[0].credit.granted_units.total.volume == 1000
    world.ocs.script(GY, UPDATE, session.name, answers(service(7, code, 0, **final)),
                     answers(service(7, total=5000)))
    taken = session.update(1000)
    assert (taken.success, taken.result_code) == says
    if final:
        credit = taken.credit
        assert credit.is_final and credit.final_action == final["Final-Unit-Indication"][
            "Final-Unit-Action"]
        assert list(credit.restrict_rules) == final["Final-Unit-Indication"].get("Filter-Id", [])
    assert re_authorise(world, session, Rating_Group=7) == 2002
    fresh = session.update(0, type=proto.CreditUsage.REAUTH_REQUIRED)
    assert fresh.success and fresh.credit.granted_units.total.volume == 5000
    assert not fresh.credit.is_final
    reported = world.ocs.requests(GY, UPDATE, session.name)[1]
    assert [s["Reporting-Reason"] for s in reported["avps"]["Multiple-Services-Credit-Control"]] \
        == [[7]]
    session.terminate()
    assert world.ocs.requests(GY, TERMINATION, session.name)


def test_a_top_up_where_there_is_no_gx(world):
    """An OCS alone: its RAR leads to a CCR-U as well, and the PCRF never hears of the session."""
    session = world.session(apn="gyonly")
    request = proto.UpdateSessionRequest()
    session.create()
    assert not world.ocs.requests(session=session.name)  # no rules of anybody: nothing to ask for
    session.add_usage(request, session.next(), 7, 0)
    opened = session.send_update(request).responses[0]
    assert opened.success and opened.credit.granted_units.total.volume == 1000
    world.ocs.script(GY, UPDATE, session.name, answers(service(7, total=0, **REDIRECT)),
                     answers(service(7, total=70)))
    assert session.update(1000).credit.is_final
    assert re_authorise(world, session) == 2002
    assert session.update(0, type=proto.CreditUsage.REAUTH_REQUIRED).credit.granted_units \
        .total.volume == 70
    session.terminate()
    assert [e["type"] for e in world.ocs.requests(session=session.name)] == [1, 2, 2, 3]
    assert not world.pcrf.requests(session=session.name)


AUTHORISED = {"whoever may": answers(), "a service at its limit": answers(service(7, 4012)),
              "the account at its limit": {"result": 4012}}
BARRED = {"a barred service": (answers(service(7, 4010)), "PERMISSION_DENIED"),
          "a barred user": ({"result": 5003}, "PERMISSION_DENIED"),
          "an unknown user": ({"result": 5030}, "NOT_FOUND")}


@pytest.mark.parametrize("who", AUTHORISED)
def test_the_ocs_only_says_who_may(world, who):
    session = world.session(apn="iot")
    world.ocs.script(GY, INITIAL, session.name, AUTHORISED[who])
    answer = session.create()
    assert not answer.credits
    event = world.ocs.requests(GY, INITIAL, session.name)[0]
    assert "Multiple-Services-Credit-Control" not in event["avps"]
    assert not world.pcrf.requests(session=session.name)


@pytest.mark.parametrize("who", BARRED)
def test_the_ocs_only_says_who_may_not(world, who):
    session = world.session(apn="iot")
    step, status = BARRED[who]
    world.ocs.script(GY, INITIAL, session.name, step)
    assert code_of(session.create)[0].name == status


def test_an_authorisation_is_asked_for_again_when_it_ends(world):
    session = world.session(apn="iot")
    world.ocs.script(GY, INITIAL, session.name, {"avps": {"Validity-Time": 600}})
    before = time.time()
    answer = session.create()
    assert list(answer.event_triggers) == [proto.REVALIDATION_TIMEOUT]
    assert before - 2 <= answer.revalidation_time.seconds - 600 <= time.time() + 2


# ---- policy ----

def test_a_rule_gets_another_qos(world):
    """By a CCA-U, then by a RAR: the rule comes again under its name, with what it may use now."""
    def video(rate):
        return rule("video", 7, **{"QoS-Information": {
            "QoS-Class-Identifier": 9, "Max-Requested-Bandwidth-DL": rate}})
    session, opened = world.opened(video(9000000))
    assert opened.dynamic_rules[0].policy_rule.qos.max_req_bw_dl == 9000000
    world.pcrf.script(GX, UPDATE, session.name, {
        "avps": {"Charging-Rule-Install": [install(video(3000000))]}})
    request = proto.UpdateSessionRequest()
    session.add_monitor(request, session.next(), event_trigger=proto.REVALIDATION_TIMEOUT)
    changed = session.send_update(request).usage_monitor_responses[0].dynamic_rules_to_install
    assert [(r.policy_rule.id, r.policy_rule.qos.max_req_bw_dl) for r in changed] == [
        ("video", 3000000)]
    world.tunnel.handlers["PolicyReAuth"] = lambda message: proto.PolicyReAuthAnswer(
        session_id=message.session_id)
    before = len(world.tunnel.requests("PolicyReAuth"))
    assert world.pcrf.send(GX, "RAR", session.diameter_id(world.gateway, GX), world.gateway,
                           Charging_Rule_Install=[install(video(1000))])["result"] == 2001
    rules = world.tunnel.requests("PolicyReAuth")[before].dynamic_rules_to_install
    assert [(r.policy_rule.id, r.policy_rule.qos.max_req_bw_dl) for r in rules] == [
        ("video", 1000)]


def test_rules_have_their_time(world):
    begin, end = int(time.time()) + 600, int(time.time()) + 7200
    session = world.session()
    world.pcrf.script(GX, INITIAL, session.name, {"avps": {"Charging-Rule-Install": [
        install(rule("night", 7), **{"Rule-Activation-Time": Time(begin),
                                     "Rule-Deactivation-Time": Time(end)}),
        {"Charging-Rule-Name": ["gold"], "Rule-Deactivation-Time": Time(end)}]}})
    answer = session.create()
    dynamic, static = answer.dynamic_rules[0], answer.static_rules[0]
    assert (dynamic.activation_time.seconds, dynamic.deactivation_time.seconds) == (begin, end)
    assert not static.HasField("activation_time") and static.deactivation_time.seconds == end


def test_apns_have_other_names_toward_the_core(world):
    session = world.session(apn="corporate")
    world.pcrf.script(GX, INITIAL, session.name, {
        "avps": {"Charging-Rule-Install": [install(rule("video", 7))]}})
    session.create(full_request(session))
    assert world.pcrf.requests(GX, INITIAL, session.name)[0]["avps"][
        "Called-Station-Id"] == "virtual.gx"
    assert world.ocs.requests(GY, INITIAL, session.name)[0]["avps"]["Service-Information"][
        "PS-Information"]["Called-Station-Id"] == "virtual.gy"
    plain = world.session(apn="corporate")  # without charging characteristics no rule fits
    plain.create()
    assert world.pcrf.requests(GX, INITIAL, plain.name)[0]["avps"]["Called-Station-Id"] == \
        "corporate"


# ---- access gateways ----

def test_an_access_gateway_restarts_and_its_session_goes_on(world):
    """It kept its context and comes by another connection: same Session-Id, numbers go on, RAR and
    ASR find the new tunnel."""
    with session_agw(world.gateway.pki, "agw2") as first:
        session = world.session(owner="agw2")
        session.agw = first
        world.pcrf.script(GX, INITIAL, session.name, {
            "avps": {"Charging-Rule-Install": [install(rule("video", 7))]}})
        first.open_tunnel()
        session.create()
        assert session.update(10).success
    world.gateway.wait_tunnel("agw2", False)
    with session_agw(world.gateway.pki, "agw2") as second:
        session.agw = second
        tunnel = second.open_tunnel(ChargingReAuth=lambda message: proto.ChargingReAuthAnswer(),
                                    AbortSession=lambda message: proto.AbortSessionResult())
        assert session.update(20).success
        name = session.diameter_id(world.gateway, GY)
        assert world.ocs.send(GY, "RAR", name, world.gateway)["result"] == 2002
        assert world.ocs.send(GY, "ASR", name, world.gateway)["result"] == 2001
        assert tunnel.requests("AbortSession")[0].session_id == session.name
        session.terminate()
    events = world.ocs.requests(GY, None, session.name)
    assert [(e["type"], e["number"]) for e in events] == [(1, 0), (2, 1), (2, 2), (3, 3)]
    assert {e["session"] for e in events} == {name}


# ---- quirks ----

QUIRKS = """gx_gy: {
  gx: { timeout = "20s"; usage_report_trigger = 26; features_1 = 0; features_2 = 0;
        online = false; offline = true;
        eui64_prefix = "fd00:1:2:3::"; sticky_host = false; host = "pcrf.example.org"; };
  gy: { timeout = "20s"; requested_units = "empty"; used_octets = "total";
        reporting_reason = "in-service";
        service_identifier = 77; apn = "bill"; service_context_id = "8.32251@3gpp.org";
        ps_qos = "profile"; serving_node_type = "gtp-sgw"; cg_address = "192.0.2.33";
        node_id = true; sticky_host = false; };
  charging_id = "none"; session_host = "pair.example.org";
};"""


@pytest.fixture
def quirky(shared):
    before = shared.gateway.settings["more"]
    shared.gateway.configure(more=QUIRKS)
    shared.gateway.ctl("reload")
    yield from shared.watched()
    shared.gateway.configure(more=before)
    shared.gateway.ctl("reload")


def test_what_settings_change_on_the_wire(quirky):
    world, session = quirky, quirky.session()
    world.pcrf.script(GX, INITIAL, session.name, {
        "avps": {"Charging-Rule-Install": [install(rule("video", 7))], "Online": 1}})
    session.create(full_request(session))
    request = proto.UpdateSessionRequest()
    session.add_usage(request, 1, 7, 5, bytes_tx=6)
    session.add_monitor(request, 1, b"mk", 1, 2)
    session.send_update(request)
    first, later = world.pcrf.requests(GX, None, session.name)
    assert (first["avps"]["Online"], first["avps"]["Offline"]) == (0, 1)
    assert not {"Supported-Features", "Access-Network-Charging-Identifier-Gx"} & set(first["avps"])
    assert later["avps"]["Event-Trigger"] == [26]
    # not the host that answered: a relay is to choose each time
    assert later["avps"]["Destination-Host"] == "pcrf.example.org"
    opened, report = world.ocs.requests(GY, None, session.name)
    assert opened["session"].startswith("pair.example.org;")
    assert "Destination-Host" not in report["avps"]
    avps = told(report)
    assert avps["Service-Context-Id"] == "8.32251@3gpp.org"
    assert abs(unix(avps["Event-Timestamp"]) - time.time()) < 60
    assert avps["Multiple-Services-Credit-Control"] == [{
        "Rating-Group": 7, "Service-Identifier": [77], "Requested-Service-Unit": {},
        "Reporting-Reason": [3], "Used-Service-Unit": [{"CC-Total-Octets": 11}]}]
    ps = avps["Service-Information"]["PS-Information"]
    assert ps["3GPP-GPRS-Negotiated-QoS-Profile"] == "08-64090000C350000186A0"
    assert (ps["CG-Address"], ps["Node-Id"], ps["Serving-Node-Type"], ps["Called-Station-Id"]) == (
        "192.0.2.33", "agw1", 2, "bill")
    assert not {"QoS-Information", "3GPP-Charging-Id", "PDN-Connection-Charging-ID"} & set(ps)


def test_wifi_without_an_address_where_the_pcrf_insists_on_one(quirky):
    session = quirky.session()
    request = proto.CreateSessionRequest(session_id=session.name)
    request.common_context.sid.id = "IMSI" + session.imsi
    request.common_context.rat_type = proto.TGPP_WLAN
    request.rat_specific_context.wlan_context.mac_addr_binary = bytes.fromhex("001122334455")
    session.create(request)
    avps = quirky.pcrf.requests(GX, INITIAL, session.name)[0]["avps"]
    assert avps["Framed-IPv6-Prefix"] == "0080" + "fd00000100020003" + "021122fffe334455"
    assert "Framed-IP-Address" not in avps
