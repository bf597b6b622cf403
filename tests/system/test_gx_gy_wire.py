# SPDX-License-Identifier: BSD-3-Clause
"""Every Gx and Gy message the gateway sends and takes, judged by tshark: nothing malformed, no AVP
that its dictionary does not know, every value of the length it expects."""
import time

import pytest

import peer as scripted
from kit import stubs, wire
from kit.agw import code_of
from kit.erlang import Atom, Time
from kit.pcc import (EVENT, GX, GY, INITIAL, SETTINGS, UPDATE, World, full_policy, full_report,
                     full_request, install, monitor, proto, rule)
from peer import avp, avp3

charging = stubs.event_charging
GX_ID, GY_ID = 16777238, 4
KINDS = {1: "-I", 2: "-U", 3: "-T", 4: "-E"}
SOON = int(time.time()) + 3600
U64 = (1 << 40).to_bytes(8, "big")


# ---- can the judge be trusted? ----

def ccr(app, *more):
    body = (avp(263, "fgw.example.org;1;1") + avp(258, app) + avp(264, "fgw.example.org") +
            avp(296, "example.org") + avp(283, "example.org") + avp(416, 2) + avp(415, 1) +
            (avp(461, "32251@3gpp.org") if app == GY_ID else b"") + b"".join(more))
    return scripted.message(0xC0, 272, app, 1, 1, body)


USED = avp(456, avp(446, avp(421, U64)) + avp(432, 7))
RULE = avp3(1001, avp3(1003, avp3(1005, "video") + avp(432, 7)))


@pytest.mark.parametrize("message", [ccr(GX_ID, RULE), ccr(GY_ID, USED)], ids=["gx", "gy"])
def test_a_good_message_draws_no_remark(message):
    wire.assert_clean(wire.judged(message), ["CCR"])


DEFECTS = [
    ("an AVP of 3GPP that nobody knows", ccr(GX_ID, avp3(9999, b"abcd"))),
    ("a vendor's AVP without the vendor", ccr(GX_ID, avp(1001, avp(1003, b"")))),
    ("a counter of four bytes", ccr(GY_ID, avp(456, avp(446, avp(421, 5))))),
    ("a number of two bytes in a group", ccr(GY_ID, avp(456, avp(432, b"\0\7")))),
    ("a member longer than its group", ccr(GX_ID, avp3(1001, avp3(1005, b"video", length=90)))),
    ("an address of no family", ccr(GX_ID, avp3(1050, b"\0\1\1\2\3"))),
]


@pytest.mark.parametrize("message", [m for _, m in DEFECTS], ids=[what for what, _ in DEFECTS])
def test_the_judge_sees(message):
    with pytest.raises(AssertionError):
        wire.assert_clean(wire.judged(message))


# ---- what is on the wire ----

def talk(world):
    """A session with everything in it, both directions, and what goes wrong in order."""
    final = {"Final-Unit-Indication": {"Final-Unit-Action": 1, "Redirect-Server": {
        "Redirect-Address-Type": 2, "Redirect-Server-Address": "http://top.up"}}}
    voice = rule("voice", 9, **{
        "Service-Identifier": 90, "Precedence": 20, "Monitoring-Key": "mk", "Online": 1,
        "Flow-Information": [{"Flow-Description": "permit out 17 from any 5060 to assigned",
                              "Flow-Direction": 3}],
        "QoS-Information": {"QoS-Class-Identifier": 1, "Max-Requested-Bandwidth-UL": 1000,
                            "Allocation-Retention-Priority": {"Priority-Level": 3}}})
    session = world.session()
    world.pcrf.script(GX, INITIAL, session.name, {"avps": {
        "Charging-Rule-Install": [
            install(voice, rule("video", 7)),
            {"Charging-Rule-Name": ["gold"], "Charging-Rule-Base-Name": ["bundle"],
             "Rule-Activation-Time": Time(SOON), "Rule-Deactivation-Time": Time(SOON + 60)}],
        "Event-Trigger": [17, 2], "Revalidation-Time": Time(SOON),
        "Usage-Monitoring-Information": [monitor("mk", 1, 500)], **full_policy(SOON)}})
    world.ocs.script(GY, UPDATE, session.name, {"avps": {"Multiple-Services-Credit-Control": [
        {"Rating-Group": 7, "Result-Code": 2001,
         "Granted-Service-Unit": {"CC-Total-Octets": 50, "Tariff-Time-Change": Time(SOON)},
         "Validity-Time": 300, "Quota-Holding-Time": 10, "Volume-Quota-Threshold": 5, **final}]}})
    request = full_request(session)
    request.report.CopyFrom(full_report(SOON))
    assert session.create(request).credits
    report = session.terminate_request(0).rule_reports
    report.add(rule_ids=["video"], base_names=["bundle"], status=1, failure_code=10)
    request = proto.UpdateSessionRequest()
    for kind in range(9):
        session.add_usage(request, 1, kind, 5 << 32, bytes_tx=1 << 40, type=kind)
    session.add_usage(request, 1, 7, used=[
        proto.UsedUnits(tariff_change_usage=1, bytes_tx=6, seconds=7, service_units=8)],
        type=proto.CreditUsage.RATING_CONDITION_CHANGE, trigger_types=[2])
    for key, level in ((b"mk", 1), (b"\1\2", 0)):
        session.add_monitor(request, 1, key, 1 << 40, 2, level, event_triggers=[13, 17],
                            rule_reports=report, report=full_report(SOON))
    session.send_update(request)
    core_asks(world, session)
    one_time(world)
    request = session.terminate_request(2)
    request.credit_usages.add(charging_key=7, bytes_rx=9)
    request.monitor_usages.add(monitoring_key=b"mk", bytes_tx=9)
    request.rule_reports.extend(report)
    session.terminate(request)


def one_time(world):
    price = {"Unit-Value": {"Value-Digits": 250, "Exponent": -2}, "Currency-Code": 978}
    world.ocs.script(GY, EVENT, None, {"keep": True, "avps": {
        "Check-Balance-Result": 0, "Cost-Information": {"Cost-Unit": "piece", **price}}})
    for action in range(4):
        request = charging.EventRequest(event_id="song-%d" % action, action=action)
        request.subscriber.sid.id = "IMSI001010000000042"
        request.services.add(rating_group=5, units=proto.RequestedUnits(service_units=2))
        request.services.add(rating_group=6, refund_information=b"\1\2", money=proto.Money(
            value_digits=250, exponent=-2, currency_code=978))
        answer = world.agw.call("/fgw.charging.EventCharging/Charge", request,
                                charging.EventResponse)
        assert answer.granted


def core_asks(world, session):
    reply = proto.PolicyReAuthAnswer(session_id=session.name)
    reply.failed_rules["gold"] = proto.PolicyReAuthAnswer.RESOURCES_LIMITATION
    world.tunnel.handlers["PolicyReAuth"] = lambda message: reply
    world.tunnel.handlers["ChargingReAuth"] = lambda message: proto.ChargingReAuthAnswer()
    world.tunnel.handlers["AbortSession"] = lambda message: proto.AbortSessionResult()
    gx, gy = (session.diameter_id(world.gateway, app) for app in (GX, GY))
    bad = rule("bad", 7, **{"Flow-Information": [{"Flow-Description": "permit nonsense"}]})
    for answer in (
            world.pcrf.send(GX, "RAR", gx, world.gateway, Event_Trigger=[17],
                            Charging_Rule_Install=[install(rule("better", 8), bad)],
                            Charging_Rule_Remove=[{"Charging-Rule-Name": ["video"]}],
                            **full_policy(SOON, in_rar=True)),
            world.pcrf.send(GX, "RAR", "no;such;session", world.gateway),
            world.pcrf.send(GX, "ASR", gx, world.gateway),
            world.ocs.send(GY, "RAR", gy, world.gateway, Rating_Group=7, Service_Identifier=3),
            world.ocs.send(GY, "RAR", gy.replace(";agw1;", ";agw3;"), world.gateway),
            world.ocs.send(GY, "ASR", gy, world.gateway)):
        assert answer["result"], answer


@pytest.fixture(scope="module")
def captured(pki):
    capture = wire.Capture(3868)
    world = World(pki, SETTINGS.replace('agw_timeout = "30s"', 'agw_timeout = "2s"').replace(
        " gy: {", ' gy: { ps_qos = "both"; cg_address = "192.0.2.33"; node_id = true;'))
    talk(world)
    refused = world.session()
    world.pcrf.script(GX, INITIAL, refused.name, {
        "avps": {"Charging-Rule-Install": [install(rule("video", 7))]}})
    world.ocs.script(GY, INITIAL, refused.name, {"act": (Atom("error"), 3004), "keep": True})
    assert code_of(refused.create)[0].name == "RESOURCE_EXHAUSTED"
    wifi = proto.CreateSessionRequest(session_id="IMSI001010000009999-1")
    wifi.common_context.sid.id, wifi.common_context.rat_type = "001010000009999", proto.TGPP_WLAN
    wifi.common_context.ue_ipv6 = "2001:db8::1/64"
    # without a MAC address: tshark remarks on the text that RFC 3580 3.21 asks for
    refused.create(wifi)
    world.pcrf.wait_request(GX, 3, refused.name)
    assert not world.errors(), world.errors()
    world.stop()
    return capture.stop().decode(), world.gateway.identity


def interface(message):
    """"gx CCR-I" and the like."""
    app = {GX_ID: "gx ", GY_ID: "gy "}.get(int(message.layer["diameter.applicationId"]), "")
    kinds = [KINDS[int(k)] for k in wire.find(message.layer, "diameter.CC-Request-Type")]
    return app + message.name + "".join(kinds[:1])


def test_nothing_draws_a_warning(captured):
    messages, _ = captured
    wire.assert_clean(messages, ["CER", "CEA", "DPR", "DPA"])
    seen = {interface(message) for message in messages}
    expected = {"%s %s" % (app, name) for app in ("gx", "gy") for name in (
        "CCR-I", "CCA-I", "CCR-U", "CCA-U", "CCR-T", "CCA-T", "RAR", "RAA", "ASR", "ASA")}
    expected |= {"gy CCR-E", "gy CCA-E"}
    assert expected <= seen, expected - seen


def test_the_negotiated_qos_reads_as_it_was_meant(captured):
    """tshark takes TS 29.061's text apart; bit rates are in kbit/s."""
    messages, _ = captured
    told = [m.layer for m in messages if interface(m) in ("gy CCR-I", "gy CCR-U", "gy CCR-T") and
            list(wire.find(m.layer, "gtp.qos_qci"))]
    assert len(told) == 3  # the session that has a QoS, from its beginning to its end
    for name, value in (("qos_qci", "9"), ("qos_arp_pl", "9"), ("qos_arp_pci", "1"),
                        ("qos_arp_pvi", "0"), ("qos_ul_apn_ambr", "50000"),
                        ("qos_dl_apn_ambr", "100000")):
        assert [v for layer in told for v in wire.find(layer, "gtp." + name)] == [value] * 3, name


def test_every_request_is_answered_once_with_the_same_identifiers(captured):
    messages, _ = captured
    requests, answers = {}, {}
    for message in messages:
        key = (message.layer["diameter.cmd.code"], message.layer["diameter.hopbyhopid"],
               message.layer["diameter.endtoendid"])
        into = requests if message.request else answers
        into.setdefault(key, []).append(message.frame)
    assert set(requests) == set(answers)
    assert not {k: v for k, v in answers.items() if len(v) != len(requests[k])}


def test_bits_of_the_header(captured):
    """Proxiable in both (RFC 8506 3, TS 29.212 5.6), no reserved bit; T only where it was sent
    before; E only with protocol errors."""
    messages, _ = captured
    for message in messages:
        if interface(message)[:2] not in ("gx", "gy"):
            continue
        assert message.flags & 0x40 and not message.flags & 0x0f, interface(message)
        assert not message.flags & 0x10, interface(message)
        code = [int(c) for c in wire.find(message.layer, "diameter.Result-Code")][:1]
        error = bool(message.flags & 0x20)
        assert error == (not message.request and code and 3000 <= code[0] < 4000), (
            interface(message), code)


def test_the_session_id_comes_first_and_answers_name_us(captured):
    messages, identity = captured
    answers = 0
    for message in messages:
        name = interface(message)
        if name[:2] not in ("gx", "gy"):
            continue
        first = message.layer["diameter.avp"]
        first = first[0] if isinstance(first, list) else first
        assert first.replace(":", "").startswith("00000107"), (name, first[:30])
        if name[3:] in ("RAA", "ASA"):
            answers += 1
            assert identity in list(wire.find(message.layer, "diameter.Origin-Host")), name
    assert answers == 6
