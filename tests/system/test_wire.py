# SPDX-License-Identifier: BSD-3-Clause
"""Every Diameter message the gateway sends and takes, judged by tshark: nothing malformed, no AVP
that its dictionary does not know, every value of the length it expects."""
import pytest

from kit import core, stubs, wire
from kit.agw import Agw
from kit.gateway import Gateway

IMSI = "001010000000001"
FULL = "001010000001001"


# ---- can the judge be trusted? ----

GOOD = bytes.fromhex(
    "01000040 80000118 00000000 00000001 00000001"  # DWR
    "00000108 40000017 6d6d652e 6578616d 706c652e 6f726700"
    "00000128 40000013 6578616d 706c652e 6f726700".replace(" ", ""))


def with_avp(avp):
    message = GOOD + avp
    return message[:1] + len(message).to_bytes(3, "big") + message[4:]


def test_a_good_message_draws_no_remark():
    wire.assert_clean(wire.judged(GOOD), ["DWR"])


@pytest.mark.parametrize("what,message", [
    ("an AVP nobody knows", with_avp(bytes.fromhex("0000270f c0000010 000028af 01020304"))),
    ("an AVP longer than its message", with_avp(bytes.fromhex("00000116 40000020 00000001"))),
    ("a number of two bytes", with_avp(bytes.fromhex("00000116 4000000a 00010000"))),
])
def test_the_judge_sees(what, message):
    with pytest.raises(AssertionError):
        wire.assert_clean(wire.judged(message))


# ---- what is on the wire ----

@pytest.fixture(scope="module")
def captured(pki):
    """A whole day of one subscriber, both directions; everything that was captured."""
    hss = core.ErlangHss()
    capture = wire.Capture(3868)
    gateway = Gateway(pki, [hss.peer()]).start()
    agw = Agw(pki).wait_ready()
    agw.open_tunnel()
    agw.tunnel.handlers["InsertSubscriberData"] = lambda _: (
        stubs.s6a_gateway.InsertSubscriberDataAnswer(
            error_code=2001, ims_voice_over_ps_sessions_supported=1, rat_type=1004, ida_flags=1,
            last_ue_activity_unix=1700000000,
            eps_user_state=stubs.s6a_types.EpsUserState(mme=4),
            local_time_zone=stubs.s6a_types.LocalTimeZone(time_zone="+8/+1",
                                                          daylight_saving_time=1),
            eps_location_information=stubs.s6a_types.EpsLocationInformation(
                mme=stubs.s6a_types.MmeLocationInformation(
                    ecgi=bytes.fromhex("00f11001020304"), tai=bytes.fromhex("00f1100001"),
                    age_of_location_minutes=3))))
    types, s6a = stubs.s6a_types, stubs.s6a
    agw.air(IMSI, vectors=3, num_requested_utran_geran_vectors=2, send_ue_usage_type=True,
            immediate_response_preferred=True)
    agw.air(IMSI, resync_info=bytes(30))
    agw.air("262010000000001")
    agw.ulr(FULL, feature_list_id_1=s6a.FeatureListId1(regional_subscription=True),
            feature_list_id_2=s6a.FeatureListId2(nr_as_secondary_rat=True),
            dual_registration_5g_indicator=True, ue_srvcc_capability=1,
            homogeneous_support_of_ims_voice=1, sgsn_number="491710001",
            mme_number_for_mt_sms="491710002", sms_register_request=1,
            sgs_mme_identity=".mmec01.mmegi0001.mme.epc.mnc001.mcc001.3gppnetwork.org",
            gmlc_address="192.0.2.9", equivalent_plmns=[b"\0\xf1\x20"],
            adjacent_plmns=[b"\0\xf1\x30"],
            terminal_information=types.TerminalInformation(imei="35349006987331",
                                                           software_version="01"),
            active_apns=[types.ActiveApn(context_id=1, service_selection="internet",
                                         pdn_gateway=types.PdnGateway(
                                             address=["192.0.2.7", "2001:db8::7"],
                                             host="pgw.example.org", realm="example.org"))])
    for profile in range(7):  # 7 is bare: tshark remarks on an empty Subscription-Data
        agw.ulr("00101000000%d002" % profile)
    agw.nor(FULL, nor_flags=1, context_id=1, service_selection="internet", alert_reason=0,
            pdn_gateway=types.PdnGateway(host="pgw.example.org", realm="example.org"),
            visited_network_identifier=b"mnc001.mcc001.3gppnetwork.org",
            terminal_information=types.TerminalInformation(imei="35349006987331"))
    for command in ("idr %s full 8" % FULL, "dsr %s 2 1 2" % FULL,
                    "rsr 00101", "to %s example.org idr 999990000000001 plain" % gateway.identity,
                    "clr %s 2 1" % FULL):
        hss.command(command)
    agw.pur(FULL, eps_location_information=types.EpsLocationInformation(
        mme=types.MmeLocationInformation(ecgi=bytes.fromhex("00f11001020304"),
                                         tai=bytes.fromhex("00f1100001"))))
    for flags in (0x80, 0):
        capture.wait(bytes([flags]) + bytes.fromhex("000118 00000000"), "a watchdog")
    agw.close()
    gateway.stop()
    hss.stop()
    capture.stop()
    return capture.decode(), gateway.identity, hss


def test_nothing_draws_a_warning(captured):
    messages, _, _ = captured
    wire.assert_clean(messages, [
        "CER", "CEA", "DWR", "DWA", "DPR", "DPA", "AIR", "AIA", "ULR", "ULA", "NOR", "NOA", "PUR",
        "PUA", "IDR", "IDA", "DSR", "DSA", "RSR", "RSA", "CLR", "CLA"])


def test_the_strict_decoder_of_the_hss_found_nothing_to_refuse(captured):
    _, _, hss = captured
    assert not hss.find("error")
    assert all(not answer.get("errors") for answer in hss.find("answer")), hss.find("answer")


def test_every_request_is_answered_once_with_the_same_identifiers(captured):
    messages, _, _ = captured
    requests, answers = {}, {}
    for message in messages:
        key = (message.layer["diameter.cmd.code"], message.layer["diameter.hopbyhopid"],
               message.layer["diameter.endtoendid"])
        into = requests if message.request else answers
        into.setdefault(key, []).append(message.frame)
    assert set(requests) == set(answers)
    doubled = {k: v for k, v in answers.items() if len(v) != len(requests[k])}
    assert not doubled


def test_every_answer_of_ours_names_us(captured):
    messages, identity, _ = captured
    ours = [m for m in messages if m.name in ("CLA", "IDA", "DSA", "RSA")]
    assert ours
    for message in ours:
        text = str(message.layer)
        assert identity in text and "diameter.Session-Id" in text, message.name


def test_retransmission_and_error_bits(captured):
    messages, _, _ = captured
    for message in messages:
        assert not message.flags & 0x10, "T flag on a first transmission"
        assert not message.flags & 0x0f, "reserved bits"
        if message.request:
            assert not message.flags & 0x20, "E bit in a request"
