# SPDX-License-Identifier: BSD-3-Clause
"""Gx and Gy between Python grpcio and a PCRF and an OCS on Erlang/OTP: what is said on one side
arrives on the other, field by field, both ways. The core decodes strictly; after each test it must
have found nothing to refuse."""
import concurrent.futures
import time

import pytest

from kit import paths
from kit.agw import code_of
from kit.erlang import Atom, Time, unix
from kit.pcc import (GX, GY, INITIAL, TERMINATION, UPDATE, World, charging_id, full_request,
                     install, monitor, proto, rule, told)
from kit.session import CONTROLLER

SOON = int(time.time()) // 60 * 60 + 3600
@pytest.fixture(scope="module")
def shared(pki, cleanup):
    thing = World(pki)
    cleanup.append(thing)
    return thing


@pytest.fixture
def world(shared):
    yield from shared.watched()


# ---- can the judge be trusted? ----

def test_the_core_refuses_what_does_not_fit(shared):
    from erlang import mme
    peer = mme.Mme(3868, shared.ocs.peers, "bare.example.org", ip=paths.HSS2_IP, app=4)
    head = [mme.avp(283, "example.org"), mme.avp(258, 4)]
    tail = [mme.avp(461, "32251@3gpp.org"), mme.avp(416, 4), mme.avp(415, 0)]
    before = shared.ocs.position()
    assert peer.request(272, 4, head + tail).number(268) == 2001
    assert peer.request(272, 4, head + tail[1:]).number(268) == 5005
    assert peer.request(272, 4, head + tail + [mme.avp(9999, b"x")]).number(268) == 5001
    assert peer.request(272, 4, head + tail + [mme.avp(415, 1)]).number(268) == 5009
    assert peer.request(272, 4, head + tail + [mme.avp(416, b"\0\1")]).number(268) >= 5000
    peer.close()
    shared.ocs.barrier()
    errors = shared.ocs.find("error", before)
    assert [e["errors"][0]["code"] for e in errors][:3] == [5005, 5001, 5009]
    assert errors[0]["errors"][0]["avp"] == "Service-Context-Id"
    assert len(errors) == 4
    # OTP takes a message of one peer while it is still telling us about another
    shared.ocs.events[:] = [e for e in shared.ocs.events if e.get("peer") != "bare.example.org"]


# ---- what the core is told ----

def subscriber(session, msisdn=None):
    return [{"Subscription-Id-Type": 1, "Subscription-Id-Data": session.imsi}] + [
        {"Subscription-Id-Type": 0, "Subscription-Id-Data": msisdn}] * bool(msisdn)


IMEI = {"User-Equipment-Info-Type": 0, "User-Equipment-Info-Value": b"3534900698733153".hex()}


def test_what_a_pcrf_is_told_at_the_beginning(world):
    session = world.session()
    session.create(full_request(session))
    event = world.pcrf.requests(GX, INITIAL, session.name)[0]
    assert event["session"] == session.diameter_id(world.gateway, GX)
    assert (event["number"], event["retransmitted"]) == (0, False)
    assert told(event) == {
        "Subscription-Id": subscriber(session, "491710001"),
        "Supported-Features": [
            {"Vendor-Id": 10415, "Feature-List-ID": 1, "Feature-List": 3},
            {"Vendor-Id": 10415, "Feature-List-ID": 2, "Feature-List": 3}],
        "Network-Request-Support": 0,
        "Framed-IP-Address": "0a000007",
        "Framed-IPv6-Prefix": "0040" + "20010db800010002",  # RFC 3162: reserved, length, prefix
        "IP-CAN-Type": 5, "RAT-Type": 1004, "User-Equipment-Info": IMEI,
        "QoS-Information": {"APN-Aggregate-Max-Bitrate-UL": 50000000,
                            "APN-Aggregate-Max-Bitrate-DL": 100000000},
        "Default-EPS-Bearer-QoS": {
            "QoS-Class-Identifier": 9,
            "Allocation-Retention-Priority": {"Priority-Level": 9, "Pre-emption-Capability": 1,
                                              "Pre-emption-Vulnerability": 0}},
        "AN-GW-Address": ["192.0.2.9"], "3GPP-SGSN-Address": "c0000209",
        "3GPP-GGSN-Address": "c0000209", "Access-Network-Charging-Address": "192.0.2.9",
        "3GPP-SGSN-MCC-MNC": "00101", "3GPP-Selection-Mode": "0",
        "3GPP-User-Location-Info": "8200f110000100f11001020304", "3GPP-MS-TimeZone": "4000",
        "3GPP-Charging-Characteristics": "0800", "Called-Station-Id": "internet",
        "Bearer-Usage": 0, "Online": 1, "Offline": 0,
        "Access-Network-Charging-Identifier-Gx": [{
            "Access-Network-Charging-Identifier-Value": "%08x" % charging_id("agw1", session.name),
            "IP-CAN-Session-Charging-Scope": 0}],
    }


def test_what_an_ocs_is_told_at_the_beginning(world):
    session = world.session()
    world.pcrf.script(GX, INITIAL, session.name, {"avps": {"Charging-Rule-Install": [
        install(rule("a", 7, **{"Service-Identifier": 3}), rule("b", 8), rule("c", 8)),
        {"Charging-Rule-Name": ["gold"]}]}})
    began = int(time.time())
    session.create(full_request(session))
    event = world.ocs.requests(GY, INITIAL, session.name)[0]
    assert event["session"] == session.diameter_id(world.gateway, GY)
    assert began <= unix(event["avps"]["Event-Timestamp"]) <= time.time()
    units = {"Requested-Service-Unit": {"CC-Input-Octets": 300, "CC-Output-Octets": 700}}
    number = charging_id("agw1", session.name)
    assert told(event, "Event-Timestamp") == {
        "Service-Context-Id": "32251@3gpp.org",
        "Subscription-Id": subscriber(session, "491710001")[::-1],
        "Multiple-Services-Indicator": 1, "User-Equipment-Info": IMEI,
        "Multiple-Services-Credit-Control": [  # one each, whatever rules share it
            {"Rating-Group": 7, "Service-Identifier": [3], **units},
            {"Rating-Group": 8, **units},
            {"Rating-Group": 30, "Service-Identifier": [300], **units}],
        "Service-Information": {"PS-Information": {
            "3GPP-Charging-Id": "%08x" % number, "PDN-Connection-Charging-ID": number,
            "QoS-Information": {
                "QoS-Class-Identifier": 9,
                "Allocation-Retention-Priority": {"Priority-Level": 9, "Pre-emption-Capability": 1,
                                                  "Pre-emption-Vulnerability": 0},
                "APN-Aggregate-Max-Bitrate-UL": 50000000,
                "APN-Aggregate-Max-Bitrate-DL": 100000000},
            "Serving-Node-Type": 5,
            "3GPP-PDP-Type": 3, "PDP-Address": ["10.0.0.7", "2001:db8:1:2::1"],
            "PDP-Address-Prefix-Length": 64, "SGSN-Address": ["192.0.2.9"],
            "GGSN-Address": ["192.0.2.9"], "3GPP-IMSI-MCC-MNC": "00102",
            "3GPP-GGSN-MCC-MNC": "00101", "3GPP-SGSN-MCC-MNC": "00101", "3GPP-NSAPI": "35",
            "3GPP-Selection-Mode": "0", "3GPP-Charging-Characteristics": "0800",
            "3GPP-MS-TimeZone": "4000", "Called-Station-Id": "internet",
            "3GPP-User-Location-Info": "8200f110000100f11001020304", "3GPP-RAT-Type": "06"}},
    }


def test_wifi_with_ipv6_alone(world):
    session = world.session()
    request = proto.CreateSessionRequest(session_id=session.name)
    request.common_context.sid.id = "IMSI" + session.imsi
    request.common_context.ue_ipv6 = "2001:db8:1:3::1"
    request.common_context.rat_type = proto.TGPP_WLAN
    request.rat_specific_context.wlan_context.mac_addr_binary = bytes.fromhex("aabbccddeeff")
    session.create(request)
    avps = world.pcrf.requests(GX, INITIAL, session.name)[0]["avps"]
    assert (avps["IP-CAN-Type"], avps["RAT-Type"]) == (6, 0)
    assert "Framed-IP-Address" not in avps and avps["Framed-IPv6-Prefix"] == "004020010db800010003"
    assert avps["User-Equipment-Info"] == {"User-Equipment-Info-Type": 1,
                                           "User-Equipment-Info-Value": b"AA-BB-CC-DD-EE-FF".hex()}


def test_bit_rates_above_four_gigabits(world):
    session = world.session()
    request = session.create_request()
    request.rat_specific_context.lte_context.qos_info.CopyFrom(proto.QosInformationRequest(
        apn_ambr_dl=10000000, apn_ambr_ul=5000, br_unit=proto.QosInformationRequest.KBPS))
    session.create(request)
    avps = world.pcrf.requests(GX, INITIAL, session.name)[0]["avps"]
    assert avps["QoS-Information"] == {
        "APN-Aggregate-Max-Bitrate-UL": 5000000, "APN-Aggregate-Max-Bitrate-DL": 0xffffffff,
        "Extended-APN-AMBR-DL": 10000000}
    lists = {f["Feature-List-ID"]: f["Feature-List"] for f in avps["Supported-Features"]}
    assert len(avps["Supported-Features"]) == 2 and lists[2] & 1 << 7


# ---- what the access gateway is told ----

def test_rules_of_every_kind(world):
    qos = {"QoS-Class-Identifier": 1, "Max-Requested-Bandwidth-UL": 1000,
           "Max-Requested-Bandwidth-DL": 2000, "Guaranteed-Bitrate-UL": 300,
           "Guaranteed-Bitrate-DL": 400,
           "Allocation-Retention-Priority": {"Priority-Level": 3, "Pre-emption-Capability": 0,
                                             "Pre-emption-Vulnerability": 1}}
    flow = {"Flow-Description": "permit out 17 from 2001:db8::/32 5000-5002 to assigned",
            "Flow-Direction": 1, "ToS-Traffic-Class": b"\xb8\xfc"}
    voice = rule("voice", 9, **{
        "Service-Identifier": 90, "Flow-Information": [flow], "QoS-Information": qos,
        "Precedence": 20, "Monitoring-Key": "mk", "Online": 1, "Offline": 1, "Metering-Method": 2,
        "Reporting-Level": 1, "Flow-Status": 2, "AF-Charging-Identifier": "af1",
        "TDF-Application-Identifier": "app1",
        "Redirect-Information": [{"Redirect-Support": 1, "Redirect-Address-Type": 2,
                                  "Redirect-Server-Address": "http://portal.example.org"}]})
    session = world.session()
    world.pcrf.script(GX, INITIAL, session.name, {"avps": {
        "Charging-Rule-Install": [
            {"Charging-Rule-Name": ["gold", "theirs"], "Charging-Rule-Base-Name": ["bundle"],
             "Rule-Activation-Time": Time(SOON), "Rule-Deactivation-Time": Time(SOON + 60)},
            install(voice), install(rule("plain"))]}})
    answer = session.create()
    assert [r.rule_id for r in answer.static_rules] == ["gold", "theirs", "web", "free"]
    assert {(r.activation_time.seconds, r.deactivation_time.seconds)
            for r in answer.static_rules} == {(SOON, SOON + 60)}
    made, plain = (r.policy_rule for r in answer.dynamic_rules)
    assert not answer.dynamic_rules[0].HasField("activation_time")
    assert (plain.id, plain.tracking_type) == ("plain", proto.PolicyRule.NO_TRACKING)
    assert (made.id, made.rating_group, made.service_identifier.value, made.priority) == (
        "voice", 9, 90, 20)
    assert (made.monitoring_key, made.tracking_type) == (b"mk", proto.PolicyRule.OCS_AND_PCRF)
    assert (made.online, made.offline, made.metering_method, made.reporting_level,
            made.flow_status) == (True, True, 2, 1, 2)
    assert (made.af_charging_identifier, made.tdf_application_identifier) == (b"af1", "app1")
    redirect = made.redirect
    assert (redirect.support, redirect.address_type, redirect.server_address) == (
        1, proto.RedirectInformation.URL, "http://portal.example.org")
    assert (made.qos.qci, made.qos.max_req_bw_ul, made.qos.max_req_bw_dl, made.qos.gbr_ul,
            made.qos.gbr_dl) == (1, 1000, 2000, 300, 400)
    assert (made.qos.arp.priority_level, made.qos.arp.pre_capability,
            made.qos.arp.pre_vulnerability) == (3, 0, 1)
    assert [f.match.udp_src for f in made.flow_list] == [5000, 5001, 5002]
    for f in made.flow_list:
        assert f.match.direction == proto.FlowMatch.DOWNLINK and f.match.dst_assigned
        assert (f.match.ip_src.version, f.match.ip_src.address) == (1, b"2001:db8::/32")
        assert f.tos_traffic_class == b"\xb8\xfc"
    asked = world.ocs.requests(GY, INITIAL, session.name)[0]["avps"]
    assert [s["Rating-Group"] for s in asked["Multiple-Services-Credit-Control"]] == [9, 30, 31]


def test_what_concerns_the_session(world):
    _, answer = world.opened(rule("video", 7), **{
        "Event-Trigger": [17, 2, 33, 13], "Revalidation-Time": Time(SOON), "Offline": 1,
        "QoS-Information": [{"APN-Aggregate-Max-Bitrate-UL": 0xffffffff,
                             "APN-Aggregate-Max-Bitrate-DL": 1000000,
                             "Extended-APN-AMBR-UL": 8000000}],
        "Default-EPS-Bearer-QoS": {
            "QoS-Class-Identifier": 7,
            "Allocation-Retention-Priority": {"Priority-Level": 2, "Pre-emption-Capability": 0,
                                              "Pre-emption-Vulnerability": 1}}})
    assert list(answer.event_triggers) == [17, 2, 33, 13]
    assert answer.revalidation_time.seconds == SOON
    assert (answer.online, answer.offline) == (True, True)
    qos = answer.session_qos
    assert (qos.apn_ambr_ul, qos.apn_ambr_dl, qos.qci) == (8000000000, 1000000, 7)
    assert (qos.arp.priority_level, qos.arp.pre_capability, qos.arp.pre_vulnerability) == (2, 0, 1)


def test_an_offline_session_asks_no_ocs(world):
    session, answer = world.opened(rule("video", 7), Online=0, Offline=1)
    assert (answer.online, answer.offline) == (False, True) and not answer.credits
    session.terminate()
    assert world.pcrf.requests(GX, TERMINATION, session.name)
    assert not world.ocs.requests(session=session.name)


GRANTS = {  # Granted-Service-Unit -> what the credit has
    "total": ({"CC-Total-Octets": 5 << 32}, {"total": 5 << 32}),
    "directions": ({"CC-Input-Octets": 10, "CC-Output-Octets": 20}, {"tx": 10, "rx": 20}),
    "all octets": ({"CC-Total-Octets": 30, "CC-Input-Octets": 10, "CC-Output-Octets": 20},
                   {"total": 30, "tx": 10, "rx": 20}),
    "nothing": ({"CC-Total-Octets": 0}, {"total": 0}),
    "time": ({"CC-Time": 600}, {"total": 600, "type": 1, "seconds": 600}),
    "time and octets": ({"CC-Time": 600, "CC-Total-Octets": 9}, {"total": 9, "seconds": 600}),
    "service units": ({"CC-Service-Specific-Units": 12}, {"units": 12}),
    "tariff change": ({"CC-Total-Octets": 9, "Tariff-Time-Change": Time(SOON)},
                      {"total": 9, "tariff": SOON}),
    "money": ({"CC-Money": {"Unit-Value": {"Value-Digits": 125, "Exponent": -2},
                            "Currency-Code": 978}}, {"money": (125, -2, 978)}),
}


@pytest.mark.parametrize("kind", GRANTS)
def test_granted_units(world, kind):
    granted, expected = GRANTS[kind]
    session, answer = world.opened(grants=[
        {"Rating-Group": 7, "Result-Code": 2001, "Granted-Service-Unit": granted}])
    element = answer.credits[0]
    assert element.success and element.session_id == session.name and element.charging_key == 7
    credit, units = element.credit, element.credit.granted_units
    found = {name: getattr(units, name).volume for name in ("total", "tx", "rx")
             if getattr(units, name).is_valid}
    if credit.type:
        found["type"] = credit.type
    for key, field in (("seconds", "granted_seconds"), ("units", "granted_service_units")):
        if credit.HasField(field):
            found[key] = getattr(credit, field)
    if credit.tariff_time_change_unix:
        found["tariff"] = credit.tariff_time_change_unix
    if credit.HasField("granted_money"):
        money = credit.granted_money
        found["money"] = (money.value_digits, money.exponent, money.currency_code)
    assert found == expected


def test_conditions_of_a_quota(world):
    pool = {"G-S-U-Pool-Identifier": 4, "CC-Unit-Type": 2,
            "Unit-Value": {"Value-Digits": 15, "Exponent": -1}}
    _, answer = world.opened(grants=[{
        "Rating-Group": 7, "Service-Identifier": [70], "Result-Code": 2001,
        "Granted-Service-Unit": {"CC-Total-Octets": 100}, "Validity-Time": 300,
        "Volume-Quota-Threshold": 10, "Time-Quota-Threshold": 11, "Unit-Quota-Threshold": 12,
        "Quota-Holding-Time": 0, "Quota-Consumption-Time": 13,
        "Trigger": {"Trigger-Type": [2, 4]}, "G-S-U-Pool-Reference": [pool]}])
    element, credit = answer.credits[0], answer.credits[0].credit
    assert element.service_identifier.value == 70 and not credit.is_final
    assert (credit.validity_time, credit.volume_quota_threshold, credit.time_quota_threshold,
            credit.unit_quota_threshold, credit.quota_consumption_time) == (300, 10, 11, 12, 13)
    assert credit.HasField("quota_holding_time") and credit.quota_holding_time == 0
    assert list(credit.trigger_types) == [2, 4]
    got = credit.pools[0]
    assert (got.identifier, got.unit_type, got.value_digits, got.exponent) == (4, 2, 15, -1)


URL = {"Redirect-Address-Type": 2, "Redirect-Server-Address": "http://top.up"}
FINAL = {
    "terminate": ({"Final-Unit-Indication": {"Final-Unit-Action": 0}}, (0, "", [], [])),
    "redirect": ({"Final-Unit-Indication": {"Final-Unit-Action": 1, "Redirect-Server": URL}},
                 (1, "http://top.up", [], [])),
    "restrict by name": ({"Final-Unit-Indication": {"Final-Unit-Action": 2,
                                                    "Filter-Id": ["web", "free"]}},
                         (2, "", ["web", "free"], [])),
    "restrict by filter": ({"Final-Unit-Indication": {
        "Final-Unit-Action": 2,
        "Restriction-Filter-Rule": ["permit out ip from 192.0.2.1 to assigned"]}},
        (2, "", [], ["permit out ip from 192.0.2.1 to assigned"])),
    "of RFC 8506": ({"QoS-Final-Unit-Indication": {"Final-Unit-Action": 2, "Filter-Id": ["web"]}},
                    (2, "", ["web"], [])),
}


@pytest.mark.parametrize("kind", FINAL)
@pytest.mark.parametrize("when", ["at the beginning", "later"])
def test_final_units(world, kind, when):
    indication, (action, server, names, filters) = FINAL[kind]
    service = {"Rating-Group": 7, "Result-Code": 2001,
               "Granted-Service-Unit": {"CC-Total-Octets": 50}, **indication}
    if when == "later":
        session, _ = world.opened()
        world.ocs.script(GY, UPDATE, session.name,
                         {"avps": {"Multiple-Services-Credit-Control": [service]}})
        credit = session.update(1000).credit
    else:
        _, answer = world.opened(grants=[service])
        credit = answer.credits[0].credit
    assert credit.is_final and credit.final_action == action
    assert credit.granted_units.total.volume == 50
    assert credit.redirect_server.redirect_server_address == server
    if server:
        assert credit.redirect_server.redirect_address_type == proto.RedirectServer.URL
    assert (list(credit.restrict_rules), list(credit.restriction_filter_rules)) == (names, filters)


RESULTS = {4010: (False, 4010, 0), 4011: (True, 2001, 1), 4012: (False, 4012, 0),
           5003: (False, 5003, 0), 5030: (False, 5030, 0), 5031: (False, 5031, 0),
           2002: (True, 2002, 0)}


@pytest.mark.parametrize("code", RESULTS)
def test_a_result_of_one_service(world, code):
    """It concerns that service alone: the session and the other service go on."""
    session, _ = world.opened(rule("a", 7), rule("b", 8))
    world.ocs.script(GY, UPDATE, session.name, {"avps": {"Multiple-Services-Credit-Control": [
        {"Rating-Group": 7, "Result-Code": code},
        {"Rating-Group": 8, "Result-Code": 2001,
         "Granted-Service-Unit": {"CC-Total-Octets": 80}}]}})
    request = proto.UpdateSessionRequest()
    session.add_usage(request, 1, 7, 1000)
    session.add_usage(request, 1, 8, 500)
    first, second = session.send_update(request).responses
    assert (first.success, first.result_code, first.limit_type) == RESULTS[code]
    assert second.success and second.credit.granted_units.total.volume == 80
    assert len(world.ocs.requests(GY, UPDATE, session.name)) == 1


REFUSED = [  # result, in which bit, and the status of CreateSession
    (5003, "PERMISSION_DENIED"), (5030, "NOT_FOUND"), (4010, "PERMISSION_DENIED"),
    (4012, "FAILED_PRECONDITION"), (5012, "INTERNAL"), (5031, "FAILED_PRECONDITION"),
    (("error", 3004), "RESOURCE_EXHAUSTED"), (("error", 3002), "UNAVAILABLE"),
]


@pytest.mark.parametrize("code,status", REFUSED)
@pytest.mark.parametrize("app", [GX, GY])
def test_a_session_the_core_refuses(world, app, code, status):
    session = world.session()
    world.pcrf.script(GX, INITIAL, session.name, {
        "avps": {"Charging-Rule-Install": [install(rule("video", 7))]}})
    step = ({"act": (Atom("error"), code[1]), "keep": True} if isinstance(code, tuple) else
            {"result": code})
    (world.pcrf if app == GX else world.ocs).script(app, INITIAL, session.name, step)
    refused, text = code_of(session.create)
    assert refused.name == status and text
    if app == GY:  # what the PCRF has opened is closed again
        event = world.pcrf.wait_request(GX, TERMINATION, session.name)
        assert event["number"] == 1 and event["avps"]["Termination-Cause"] == 4
        assert event["avps"]["Destination-Host"] == world.pcrf.identity
    else:
        assert not world.ocs.requests(session=session.name)
        assert not world.pcrf.requests(GX, TERMINATION, session.name)


def test_a_refusal_of_gx_itself(world):
    session = world.session()
    world.pcrf.script(GX, INITIAL, session.name, {"result": (Atom("experimental"), 5143)})
    assert code_of(session.create)[0].name == "PERMISSION_DENIED"


# ---- usage ----

REASONS = {  # TS 32.299 7.2.175: with the units used, or with the service
    "THRESHOLD": (0, True), "QHT": (1, False), "TERMINATED": (2, False),
    "QUOTA_EXHAUSTED": (3, True), "VALIDITY_TIMER_EXPIRED": (4, False),
    "OTHER_QUOTA_TYPE": (5, True), "RATING_CONDITION_CHANGE": (6, False),
    "REAUTH_REQUIRED": (7, False), "POOL_EXHAUSTED": (8, True),
}


@pytest.mark.parametrize("reason", REASONS)
def test_a_usage_report(world, reason):
    number, with_units = REASONS[reason]
    session, _ = world.opened()
    session.update(700, bytes_tx=300, type=getattr(proto.CreditUsage, reason), service_identifier=(
        proto.ServiceIdentifier(value=5)), requested_units=proto.RequestedUnits(total=44))
    event = world.ocs.requests(GY, UPDATE, session.name)[0]
    assert event["avps"]["Destination-Host"] == world.ocs.identity
    service, = event["avps"]["Multiple-Services-Credit-Control"]
    used, = service["Used-Service-Unit"]
    assert used == {"CC-Input-Octets": 300, "CC-Output-Octets": 700, "CC-Total-Octets": 1000,
                    **({"Reporting-Reason": number} if with_units else {})}
    assert service.get("Reporting-Reason") == (None if with_units else [number])
    assert (service["Rating-Group"], service["Service-Identifier"]) == (7, [5])
    asked = service.get("Requested-Service-Unit")
    assert asked == (None if reason == "TERMINATED" else {"CC-Total-Octets": 44})


def test_usage_before_and_after_a_tariff_change(world):
    session, _ = world.opened()
    session.update(used=[proto.UsedUnits(tariff_change_usage=0, bytes_rx=5),
                         proto.UsedUnits(tariff_change_usage=1, bytes_tx=6, seconds=7,
                                         service_units=8)],
                   type=proto.CreditUsage.RATING_CONDITION_CHANGE, trigger_types=[60])
    service, = world.ocs.requests(GY, UPDATE, session.name)[0]["avps"][
        "Multiple-Services-Credit-Control"]
    assert service["Used-Service-Unit"] == [
        {"Tariff-Change-Usage": 0, "CC-Total-Octets": 5, "CC-Input-Octets": 0,
         "CC-Output-Octets": 5},
        {"Tariff-Change-Usage": 1, "CC-Total-Octets": 6, "CC-Input-Octets": 6,
         "CC-Output-Octets": 0, "CC-Time": 7, "CC-Service-Specific-Units": 8}]
    assert service["Trigger"] == {"Trigger-Type": [60]} and service["Reporting-Reason"] == [6]


def test_one_call_for_many_sessions_and_services(world):
    sessions = [world.opened(rule("a", 7), rule("b", 8))[0] for _ in range(8)]
    world.ocs.script(GY, UPDATE, sessions[2].name, {"result": 5012})
    world.ocs.script(GY, UPDATE, sessions[5].name, {"act": Atom("silent"), "keep": True})
    request = proto.UpdateSessionRequest()
    for n, session in enumerate(sessions):
        number = session.next()
        for key in (7, 8):
            session.add_usage(request, number, key, 100 * n + key)
        session.add_monitor(request, number, b"mk", n, 2 * n)
    answer = sessions[0].send_update(request)
    assert [r.session_id for r in answer.responses] == [s.name for s in sessions for _ in (7, 8)]
    assert [r.charging_key for r in answer.responses] == [7, 8] * 8
    assert [r.success for r in answer.responses[::2]] == [n not in (2, 5) for n in range(8)]
    assert answer.responses[4].result_code == 5012
    assert all(r.success for r in answer.usage_monitor_responses)
    for n, session in enumerate(sessions):
        event, *more = world.ocs.requests(GY, UPDATE, session.name)
        assert not more and event["number"] == 1
        used = {s["Rating-Group"]: s["Used-Service-Unit"][0]["CC-Total-Octets"]
                for s in event["avps"]["Multiple-Services-Credit-Control"]}
        assert used == {7: 100 * n + 7, 8: 100 * n + 8}
        monitor, = world.pcrf.requests(GX, UPDATE, session.name)[0]["avps"][
            "Usage-Monitoring-Information"]
        assert monitor["Used-Service-Unit"][0]["CC-Total-Octets"] == 3 * n


def test_sessions_that_begin_too_late(world):
    """The answers come after Tx (5 s): the sessions are ended with requests that say all there is
    to say of them, and nothing of usage."""
    early, late = world.session(), world.session()
    world.pcrf.script(GX, INITIAL, early.name, {"wait": 9000})
    world.pcrf.script(GX, INITIAL, late.name, {"avps": {
        "Charging-Rule-Install": [install(rule("video", 7))]}})
    world.ocs.script(GY, INITIAL, late.name, {"wait": 9000})
    for code, _ in concurrent.futures.ThreadPoolExecutor(2).map(
            lambda s: code_of(s.create, full_request(s)), (early, late)):
        assert code.name == "DEADLINE_EXCEEDED"
    for app, server, session in ((GX, world.pcrf, early), (GY, world.ocs, late)):
        ended = server.wait_request(app, TERMINATION, session.name)
        began, = server.requests(app, INITIAL, session.name)
        assert (ended["number"], ended["retransmitted"]) == (1, False)
        assert ended["session"] == began["session"]
        said, before = told(ended), told(began)
        assert said["Termination-Cause"] == 4
        assert said["Subscription-Id"] == before["Subscription-Id"]
        assert "Multiple-Services-Credit-Control" not in said
        if app == GY:
            was = before["Service-Information"]["PS-Information"]
            now = said["Service-Information"]["PS-Information"]
            assert {k: now.get(k) for k in was} == was
        world.gateway.wait_counter(1, "fgw_gx_gy_late_answers_total",
                                   interface="gx" if app == GX else "gy", outcome="ended")
    assert not world.ocs.requests(GY, None, early.name)
    world.ocs.barrier()
    assert len(world.ocs.requests(GY, None, late.name)) == 2


# ---- usage monitoring and events ----

def test_usage_monitoring(world):
    session, answer = world.opened(**{"Usage-Monitoring-Information": [
        monitor("whole", 0, 5000), monitor("part", 1, 600)]})
    credits = [m.credit for m in answer.usage_monitors]
    assert [(c.monitoring_key, c.level, c.granted_units.total.volume, c.action)
            for c in credits] == [(b"whole", 0, 5000, 0), (b"part", 1, 600, 0)]
    world.pcrf.script(GX, UPDATE, session.name, {"avps": {"Usage-Monitoring-Information": [
        monitor("part", 1, 700), monitor("third", 1, **{"Usage-Monitoring-Report": 0}),
        monitor("fourth", 1, **{"Usage-Monitoring-Support": 0})]}})
    request = proto.UpdateSessionRequest()
    session.add_monitor(request, 1, b"whole", 10, 20, 0)
    session.add_monitor(request, 1, b"part", 30, 40, 1, event_trigger=proto.USAGE_REPORT)
    answer = session.send_update(request)
    found = {bytes(m.credit.monitoring_key): (m.credit.action, m.credit.granted_units.total.volume)
             for m in answer.usage_monitor_responses}
    # without a new quota monitoring ends (TS 29.212 4.5.17.1)
    assert found == {b"whole": (1, 0), b"part": (0, 700), b"third": (2, 0), b"fourth": (1, 0)}
    event = world.pcrf.requests(GX, UPDATE, session.name)[0]
    assert event["avps"]["Event-Trigger"] == [33]
    assert event["avps"]["Usage-Monitoring-Information"] == [
        {"Monitoring-Key": key.hex(), "Usage-Monitoring-Level": level, "Used-Service-Unit": [
            {"CC-Total-Octets": tx + rx, "CC-Input-Octets": tx, "CC-Output-Octets": rx}]}
        for key, level, tx, rx in ((b"whole", 0, 10, 20), (b"part", 1, 30, 40))]


def test_events_and_rules_that_failed(world):
    bad = rule("bad", 7, **{"Flow-Information": [{"Flow-Description": "permit nonsense"}]})
    session, answer = world.opened(rule("good", 7), bad)
    assert [r.policy_rule.id for r in answer.dynamic_rules] == ["good"]
    failed, = answer.failed_rules
    assert (list(failed.rule_ids), failed.status, failed.failure_code) == (["bad"], 1, 12)
    world.pcrf.script(GX, UPDATE, session.name, {"avps": {
        "Event-Trigger": [17], "Revalidation-Time": Time(SOON + 5),
        "Charging-Rule-Remove": [{"Charging-Rule-Name": ["good"],
                                  "Charging-Rule-Base-Name": ["bundle"]}],
        "Charging-Rule-Install": [install(rule("better", 8)), {"Charging-Rule-Name": ["gold"]}],
        "QoS-Information": [{"APN-Aggregate-Max-Bitrate-UL": 1,
                             "APN-Aggregate-Max-Bitrate-DL": 2}]}})
    request = proto.UpdateSessionRequest()
    element = session.add_monitor(request, session.next(), event_trigger=17,
                                  event_triggers=[2, 13], rule_reports=answer.failed_rules)
    element.common_context.ue_ipv4 = "10.0.0.8"
    element.common_context.sid.id = "IMSI" + session.imsi
    element.rat_specific_context.lte_context.user_location = b"\x82"
    answer = session.send_update(request).usage_monitor_responses[0]
    assert answer.success and list(answer.rules_to_remove) == ["good", "web", "free"]
    assert [r.policy_rule.id for r in answer.dynamic_rules_to_install] == ["better"]
    assert [r.rule_id for r in answer.static_rules_to_install] == ["gold"]
    assert (list(answer.event_triggers), answer.revalidation_time.seconds) == ([17], SOON + 5)
    assert (answer.session_qos.apn_ambr_ul, answer.session_qos.apn_ambr_dl) == (1, 2)
    avps = world.pcrf.requests(GX, UPDATE, session.name)[0]["avps"]
    assert sorted(avps["Event-Trigger"]) == [2, 13, 17]
    assert avps["Framed-IP-Address"] == "0a000008" and avps["3GPP-User-Location-Info"] == "82"
    assert avps["Charging-Rule-Report"] == [{
        "Charging-Rule-Name": [b"bad".hex()], "PCC-Rule-Status": 1, "Rule-Failure-Code": 12}]


def test_a_session_the_pcrf_ends_with_an_answer(world):
    session, _ = world.opened()
    world.pcrf.script(GX, UPDATE, session.name, {"avps": {"Session-Release-Cause": 0}})
    request = proto.UpdateSessionRequest()
    session.add_monitor(request, 1, b"mk", 1, 2)
    answer = session.send_update(request).usage_monitor_responses[0]
    assert not answer.success and answer.result_code // 1000 == 5


# ---- the end ----

def test_termination(world):
    session, _ = world.opened(rule("a", 7, **{"Service-Identifier": 70}), rule("b", 8))
    request = session.terminate_request(9)
    request.termination_cause = 8
    request.credit_usages.add(charging_key=7, bytes_tx=1, bytes_rx=2,
                              service_identifier=proto.ServiceIdentifier(value=70))
    request.credit_usages.add(charging_key=8, bytes_rx=3, type=proto.CreditUsage.THRESHOLD)
    request.monitor_usages.add(monitoring_key=b"mk", bytes_tx=4, bytes_rx=5, level=1)
    request.rule_reports.add(rule_ids=["b"], status=1, failure_code=5)
    answer = session.terminate(request)
    assert (answer.session_id, answer.sid) == (session.name, "IMSI" + session.imsi)
    event = world.ocs.requests(GY, TERMINATION, session.name)[0]
    assert event["number"] == 9 and event["avps"]["Termination-Cause"] == 8
    assert event["avps"]["Multiple-Services-Credit-Control"] == [
        {"Rating-Group": 7, "Service-Identifier": [70], "Reporting-Reason": [2],
         "Used-Service-Unit": [{"CC-Total-Octets": 3, "CC-Input-Octets": 1,
                                "CC-Output-Octets": 2}]},
        {"Rating-Group": 8, "Reporting-Reason": [2],
         "Used-Service-Unit": [{"CC-Total-Octets": 3, "CC-Input-Octets": 0,
                                "CC-Output-Octets": 3}]}]
    avps = world.pcrf.requests(GX, TERMINATION, session.name)[0]["avps"]
    assert avps["Termination-Cause"] == 8
    assert avps["Usage-Monitoring-Information"][0]["Used-Service-Unit"] == [
        {"CC-Total-Octets": 9, "CC-Input-Octets": 4, "CC-Output-Octets": 5}]
    assert avps["Charging-Rule-Report"] == [{
        "Charging-Rule-Name": [b"b".hex()], "PCC-Rule-Status": 1, "Rule-Failure-Code": 5}]


@pytest.mark.parametrize("code", [5002, 5012, 4012])
def test_what_the_core_does_not_know_has_ended(world, code):
    session, _ = world.opened()
    world.pcrf.script(GX, TERMINATION, session.name, {"result": code})
    world.ocs.script(GY, TERMINATION, session.name, {"result": code})
    assert session.terminate().session_id == session.name
    assert session.terminate().session_id == session.name


def test_the_interface_is_the_one_that_access_gateways_call(world):
    """The paths of the messages above, once without the kit's session."""
    request = proto.UpdateSessionRequest()
    answer = world.agw.call(CONTROLLER + "UpdateSession", request, proto.UpdateSessionResponse)
    assert not answer.responses and not answer.usage_monitor_responses
