# SPDX-License-Identifier: BSD-3-Clause
"""The rest of Gx and Gy against PCRF and OCS on Erlang/OTP: what access gateways report besides
usage, what a PCRF says besides rules, which of it later requests carry, and one-time events."""
import time

import pytest

from kit import stubs
from kit.agw import code_of
from kit.erlang import Atom, unix
from kit.pcc import (EVENT, GX, GY, INITIAL, TERMINATION, UPDATE, World, full_policy, full_report,
                     install, proto, rule, told)
from kit.proc import PATIENCE

charging = stubs.event_charging
SOON = int(time.time()) // 60 * 60 + 3600
CHARGE = "/fgw.charging.EventCharging/Charge"


@pytest.fixture(scope="module")
def shared(pki, cleanup):
    thing = World(pki)
    cleanup.append(thing)
    return thing


@pytest.fixture
def world(shared):
    yield from shared.watched()


# ---- what access gateways report ----

FILTER = {"Flow-Description": "permit out ip from 192.0.2.0/24 to any", "Flow-Direction": 2,
          "ToS-Traffic-Class": "b8fc"}
REPORTED = {
    "Presence-Reporting-Area-Information": [{
        "Presence-Reporting-Area-Identifier": "000001", "Presence-Reporting-Area-Status": 1}],
    "NBIFOM-Support": 1, "NBIFOM-Mode": 0, "Default-Access": 5,
    "Routing-Rule-Install": {"Routing-Rule-Definition": [{
        "Routing-Rule-Identifier": b"r1".hex(), "Routing-Filter": [FILTER], "Precedence": 3,
        "Routing-IP-Address": "192.0.2.77", "IP-CAN-Type": 5}]},
    "Routing-Rule-Remove": {"Routing-Rule-Identifier": [b"r0".hex()]},
    "Packet-Filter-Operation": 1,
    "Packet-Filter-Information": [{
        "Packet-Filter-Identifier": "01", "Precedence": 9, "Flow-Direction": 3,
        "Packet-Filter-Content": "permit out 17 from 192.0.2.5 to any",
        "ToS-Traffic-Class": "b8fc"}],
    "Application-Detection-Information": [{
        "TDF-Application-Identifier": b"app1".hex(),
        "TDF-Application-Instance-Identifier": b"i1".hex(), "Flow-Information": [FILTER]}],
    "RAN-NAS-Release-Cause": ["0102"],
    "Access-Network-Charging-Identifier-Gx": [{
        "Access-Network-Charging-Identifier-Value": "0a0b0c0d",
        "Charging-Rule-Name": [b"video".hex()]}],
    "AN-Trusted": 0, "Origination-Time-Stamp": 1700000000123, "Maximum-Wait-Time": 4000,
}


@pytest.mark.parametrize("kind", [INITIAL, UPDATE, TERMINATION])
def test_a_report(world, kind):
    session = world.session()
    report = full_report(SOON)
    request = session.create_request()
    if kind == INITIAL:
        request.report.CopyFrom(report)
    session.create(request)
    if kind == UPDATE:
        request = proto.UpdateSessionRequest()
        session.add_monitor(request, 1, event_triggers=[48], report=report)
        assert session.send_update(request).usage_monitor_responses[0].success
    elif kind == TERMINATION:
        request = session.terminate_request()
        request.report.CopyFrom(report)
        session.terminate(request)
    avps = told(world.pcrf.requests(GX, kind, session.name)[0])
    assert {k: avps.get(k) for k in REPORTED} == REPORTED
    assert unix(avps["User-Location-Info-Time"]) == SOON


def test_monitoring_by_time(world):
    session, answer = world.opened(rule("video", 7), **{"Usage-Monitoring-Information": [
        {"Monitoring-Key": "mk", "Usage-Monitoring-Level": 1, "Quota-Consumption-Time": 5,
         "Granted-Service-Unit": [{"CC-Time": 60}]}]})
    credit = answer.usage_monitors[0].credit
    assert (credit.granted_seconds, credit.quota_consumption_time) == (60, 5)
    request = proto.UpdateSessionRequest()
    session.add_monitor(request, 1, b"mk", level=1).update.seconds = 61
    session.send_update(request)
    told_of, = world.pcrf.requests(GX, UPDATE, session.name)[0]["avps"][
        "Usage-Monitoring-Information"]
    assert told_of["Used-Service-Unit"] == [{"CC-Time": 61}]


def test_failed_rules_are_reported_once_whoever_forgets(world):
    """An access gateway that only keeps what it was given reports them without knowing."""
    bad = rule("bad", 7, **{"Flow-Information": [{"Flow-Description": "permit nonsense"}]})
    session, _ = world.opened(rule("good", 7), bad)
    for number in (1, 2):
        request = proto.UpdateSessionRequest()
        session.add_monitor(request, number, b"mk", 1, 2)
        session.send_update(request)
    first, second = world.pcrf.requests(GX, UPDATE, session.name)
    assert first["avps"]["Charging-Rule-Report"] == [{
        "Charging-Rule-Name": [b"bad".hex()], "PCC-Rule-Status": 1, "Rule-Failure-Code": 12}]
    assert "Charging-Rule-Report" not in second["avps"]


# ---- what a PCRF says ----

def check_policy(policy, in_rar=False):
    assert [(a.identifier, a.status) for a in policy.presence_areas] == [(b"\0\0\1", 0)]
    assert list(policy.presence_areas_removed) == [b"\0\0\2"]
    conditional, = policy.conditional
    assert (conditional.execution_unix, conditional.qci, conditional.ambr_ul, conditional.ambr_dl,
            conditional.extended_ambr_dl) == (SOON, 8, 1000, 2000, 5000000)
    assert (conditional.arp.priority_level, conditional.arp.pre_capability,
            conditional.arp.pre_vulnerability) == (4, 1, 0)
    assert list(policy.csg_reporting) == [0]
    assert policy.removal_of_access and policy.removed_ip_can == 6
    if in_rar:
        assert policy.pcscf_restoration
        return
    assert policy.bearer_control_mode == 2
    assert (policy.nbifom_support, policy.nbifom_mode, policy.default_access,
            policy.ran_rule_support) == (1, 1, 5, 0)
    routing, = policy.routing_rules
    assert (list(routing.identifiers), routing.status) == ([b"r1"], 1)
    assert policy.charging.primary_ecf == "aaa://ocs.example.org:3868;transport=tcp"


def test_a_policy_at_the_beginning(world):
    session, answer = world.opened(rule("video", 7), **full_policy(SOON))
    check_policy(answer.policy)
    # the PCRF names the OCS, for the session's whole life (TS 29.212 4.5.4)
    assert world.ocs.requests(GY, INITIAL, session.name)[0]["avps"][
        "Destination-Host"] == world.ocs.identity


def test_a_policy_later(world):
    session, _ = world.opened()
    world.pcrf.script(GX, UPDATE, session.name, {"avps": full_policy(SOON)})
    request = proto.UpdateSessionRequest()
    session.add_monitor(request, 1, event_triggers=[13])
    check_policy(session.send_update(request).usage_monitor_responses[0].policy)


def test_a_policy_by_re_authorisation(world):
    session, _ = world.opened()
    world.tunnel.handlers["PolicyReAuth"] = lambda message: proto.PolicyReAuthAnswer()
    before = len(world.tunnel.requests("PolicyReAuth"))
    answer = world.pcrf.send(GX, "RAR", session.diameter_id(world.gateway, GX), world.gateway,
                             **full_policy(SOON, in_rar=True))
    assert answer["result"] == 2001 and answer["errors"] == []
    check_policy(world.tunnel.requests("PolicyReAuth")[before].policy, in_rar=True)


def test_the_rest_of_a_rule(world):
    definition = rule("voice", 9, **{
        "Flows": [{"Media-Component-Number": 1, "Flow-Number": [1, 2]}],
        "AF-Signalling-Protocol": 1, "Mute-Notification": 0, "Sharing-Key-DL": 5,
        "Sharing-Key-UL": 6,
        "PS-to-CS-Session-Continuity": 0, "Traffic-Steering-Policy-Identifier-DL": "down",
        "Traffic-Steering-Policy-Identifier-UL": "up", "Sponsor-Identity": "sponsor",
        "Application-Service-Provider-Identity": "asp", "Required-Access-Info": [0, 1],
        "Content-Version": 1 << 40, "Default-Bearer-Indication": 1})
    session = world.session()
    world.pcrf.script(GX, INITIAL, session.name, {"avps": {"Charging-Rule-Install": [
        install(definition, **{"Resource-Allocation-Notification": 0,
                               "Charging-Correlation-Indicator": 0})]}})
    made = session.create().dynamic_rules[0]
    assert made.notify_allocation and made.charging_correlation
    found = made.policy_rule
    assert [(m.component, list(m.flows)) for m in found.media_flows] == [(1, [1, 2])]
    assert (found.af_signalling_protocol, found.sharing_key_dl, found.sharing_key_ul) == (1, 5, 6)
    assert (found.traffic_steering_dl, found.traffic_steering_ul) == (b"down", b"up")
    assert found.ps_to_cs_continuity and found.mute_notification
    assert (found.sponsor_identity, found.application_service_provider_identity) == (
        "sponsor", "asp")
    assert list(found.required_access_info) == [0, 1] and found.content_version == 1 << 40


@pytest.mark.parametrize("bit,extended", [(1 << 7, True), (0, False)])
def test_features_that_the_pcrf_lacks_are_not_used(world, bit, extended):
    session = world.session()
    fast = proto.QosInformationRequest(apn_ambr_dl=10000000, apn_ambr_ul=10,
                                       br_unit=proto.QosInformationRequest.KBPS)
    request = session.create_request()
    request.rat_specific_context.lte_context.qos_info.CopyFrom(fast)
    world.pcrf.script(GX, INITIAL, session.name, {"avps": {"Supported-Features": [
        {"Vendor-Id": 10415, "Feature-List-ID": 2, "Feature-List": 1 | bit}]}})
    session.create(request)
    request = proto.UpdateSessionRequest()
    element = session.add_monitor(request, 1, event_triggers=[13])
    element.rat_specific_context.lte_context.qos_info.CopyFrom(fast)
    session.send_update(request)
    qos = world.pcrf.requests(GX, UPDATE, session.name)[0]["avps"]["QoS-Information"]
    assert ("Extended-APN-AMBR-DL" in qos) == extended
    assert qos["APN-Aggregate-Max-Bitrate-DL"] == 0xffffffff


# ---- one-time events ----

def charge(world, name, action, timeout=PATIENCE, **fields):
    request = charging.EventRequest(event_id=name, action=action, **fields)
    request.subscriber.sid.id = "IMSI001010000000042"
    request.subscriber.apn = "internet"
    return world.agw.call(CHARGE, request, charging.EventResponse, timeout)


def event_of(world, name):
    return [e for e in world.ocs.requests(GY, EVENT) if name in e["session"]]


SERVICE = charging.EventService(rating_group=5, service_identifier=proto.ServiceIdentifier(value=6),
                                units=proto.RequestedUnits(service_units=2))
PRICE = {"Unit-Value": {"Value-Digits": 250, "Exponent": -2}, "Currency-Code": 978}


def test_an_event_is_debited(world):
    world.ocs.script(GY, EVENT, None, {"avps": {
        "Multiple-Services-Credit-Control": [{
            "Rating-Group": 5, "Service-Identifier": [6], "Result-Code": 2001,
            "Granted-Service-Unit": {"CC-Service-Specific-Units": 2},
            "Refund-Information": b"\1\2"}],
        "Cost-Information": {"Cost-Unit": "piece", **PRICE}}})
    answer = charge(world, "song-1", charging.DIRECT_DEBITING, services=[SERVICE],
                    time_unix=SOON, service_context_id="32274@3gpp.org")
    assert answer.granted and not answer.repeat and answer.result_code == 2001
    assert answer.services[0].credit.granted_service_units == 2
    assert list(answer.refund_information) == [b"\1\2"]
    assert (answer.cost.value_digits, answer.cost.exponent, answer.cost.currency_code,
            answer.cost_unit) == (250, -2, 978, "piece")
    event, = event_of(world, "song-1")
    assert (event["number"], event["retransmitted"]) == (0, False)
    avps = told(event)
    assert (avps["Requested-Action"], avps["Service-Context-Id"]) == (0, "32274@3gpp.org")
    assert unix(avps["Event-Timestamp"]) == SOON
    assert avps["Multiple-Services-Credit-Control"] == [{
        "Rating-Group": 5, "Service-Identifier": [6],
        "Requested-Service-Unit": {"CC-Service-Specific-Units": 2}}]
    assert avps["Subscription-Id"] == [{"Subscription-Id-Type": 1,
                                        "Subscription-Id-Data": "001010000000042"}]


def test_the_other_actions(world):
    refund = charging.EventService(rating_group=5, refund_information=b"\1\2",
                                   money=proto.Money(value_digits=250, exponent=-2,
                                                     currency_code=978))
    charge(world, "back-1", charging.REFUND_ACCOUNT, services=[refund])
    avps = told(event_of(world, "back-1")[0])
    assert avps["Requested-Action"] == 1
    service, = avps["Multiple-Services-Credit-Control"]
    assert service["Refund-Information"] == "0102"
    assert service["Requested-Service-Unit"] == {"CC-Money": PRICE}
    for result, enough in ((0, True), (1, False)):
        world.ocs.script(GY, EVENT, None, {"avps": {"Check-Balance-Result": result}})
        answer = charge(world, "ask-%d" % result, charging.CHECK_BALANCE, services=[SERVICE])
        assert answer.HasField("enough_credit") and answer.enough_credit == enough
    world.ocs.script(GY, EVENT, None, {"avps": {"Cost-Information": PRICE}})
    answer = charge(world, "price-1", charging.PRICE_ENQUIRY, services=[SERVICE])
    assert answer.cost.value_digits == 250
    assert told(event_of(world, "price-1")[0])["Requested-Action"] == 3


def test_an_event_that_is_not_answered_is_repeated_under_its_name(world):
    """Nobody knows whether it was charged: the OCS must be able to tell that it is the same."""
    world.ocs.script(GY, EVENT, None, {"act": Atom("silent")}, {"act": Atom("silent")})
    answer = charge(world, "song-2", charging.DIRECT_DEBITING, services=[SERVICE])
    assert answer.granted and answer.repeat and answer.result_code == 0
    world.ocs.clear()
    answer = charge(world, "song-2", charging.DIRECT_DEBITING, services=[SERVICE], repetition=True)
    assert answer.granted and not answer.repeat
    first, *_, last = event_of(world, "song-2")
    assert (first["session"], first["number"]) == (last["session"], last["number"])
    assert not first["retransmitted"] and last["retransmitted"]


@pytest.mark.parametrize("code,granted", [(4010, False), (5030, False), (5031, False)])
def test_an_event_that_is_refused(world, code, granted):
    world.ocs.script(GY, EVENT, None, {"result": code})
    answer = charge(world, "no-%d" % code, charging.DIRECT_DEBITING, services=[SERVICE])
    assert (answer.granted, answer.repeat, answer.result_code) == (granted, False, code)


def test_an_event_that_is_none(world):
    code, text = code_of(charge, world, "", charging.DIRECT_DEBITING, services=[SERVICE])
    assert code.name == "INVALID_ARGUMENT" and text
    assert code_of(charge, world, "nothing", charging.DIRECT_DEBITING)[0].name == "INVALID_ARGUMENT"
