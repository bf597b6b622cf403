# SPDX-License-Identifier: BSD-3-Clause
"""S6a toward the core: grpcio over mutual TLS -> fgwd -> the Erlang/OTP HSS."""
import hashlib
import hmac

import pytest

from kit import core, stubs
from kit.agw import PLMN, Agw
from kit.expect import accounted, fails, works
from kit.gateway import Gateway

# TS 35.208 4.3, test set 1; KASME as TS 33.401 A.2 derives it from its CK and IK.
RAND, SQN, AMF = "23553cbe9637a89d218ae64dae47bf35", 0xFF9BB4D0B607, "b9b9"
CK_IK = bytes.fromhex("b40ba9a3c58b2a05bbf0d987b21bf8cbf769bcd751044604127672711c6d3441")
XRES, AUTN = "a54211d5e3ba50bf", "55f328b43577b9b94a9ffac354dfafb3"
IMSI = "001010000000001"


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.ErlangHss("--rand", RAND, "--sqn", str(SQN - 32), "--amf", AMF)
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, cleanup):
    thing = Gateway(pki, [hss.peer()]).start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = Agw(pki)
    cleanup.append(thing)
    return thing


def seen(hss, since, cmd):
    return hss.wait_event("request", since=since, cmd=cmd)["avps"]


# ---- authentication ----

def test_vectors_are_those_of_the_specification(agw):
    answer = agw.air(IMSI)
    assert answer.error_code in (0, 2001)
    (vector,) = answer.eutran_vectors
    assert (vector.rand.hex(), vector.xres.hex(), vector.autn.hex()) == (RAND, XRES, AUTN)
    derivation = b"\x10" + PLMN + b"\0\3" + bytes.fromhex(AUTN)[:6] + b"\0\6"
    assert vector.kasme == hmac.new(CK_IK, derivation, hashlib.sha256).digest()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_as_many_vectors_as_asked_for(agw, count):
    answer = agw.air("00101000000000%d" % count, vectors=count)
    assert len(answer.eutran_vectors) == count
    assert len({v.autn for v in answer.eutran_vectors}) == count


def test_never_more_vectors_than_asked_for(agw):
    assert len(agw.air("001010000009063", vectors=1).eutran_vectors) == 1


def test_a_vector_with_a_wrong_length_is_not_passed_on(gateway, agw):
    with accounted(gateway, agw, procedure="AIR"):
        try:
            answer = agw.air("001010000009064")
        except Exception as error:
            assert "xres" in error.details().lower(), error
        else:
            assert not answer.eutran_vectors and answer.error_code >= 3001


def test_utran_vectors(agw):
    answer = agw.air(IMSI, vectors=0, num_requested_utran_geran_vectors=2)
    assert len(answer.utran_vectors) == 2 and not answer.eutran_vectors
    vector = answer.utran_vectors[0]
    assert vector.confidentiality_key + vector.integrity_key == CK_IK
    assert len(vector.autn) == 16 and vector.xres.hex() == XRES


def test_what_the_hss_is_asked(agw, hss, gateway):
    since = hss.position()
    agw.air(IMSI, vectors=2, immediate_response_preferred=True)
    avps = seen(hss, since, "AIR")
    assert avps["User-Name"] == IMSI and avps["Auth-Session-State"] in (1, "1", [1])
    assert avps["Origin-Host"] == gateway.identity and avps["Origin-Realm"] == "example.org"
    assert avps["Destination-Realm"] == "example.org"
    assert avps["Visited-PLMN-Id"].lower() == "00f110"
    wanted = avps["Requested-EUTRAN-Authentication-Info"]
    wanted = wanted[0] if isinstance(wanted, list) else wanted
    assert wanted["Number-Of-Requested-Vectors"] == 2
    assert "Requested-UTRAN-GERAN-Authentication-Info" not in avps


def test_resynchronisation(agw):
    # SQN of the HSS moves to what the card says: TS 33.102 6.3.5; AUTS of test set 1 for SQN + 1
    hidden = (SQN ^ 0x451E8BECA43B).to_bytes(6, "big")
    wrong = bytes.fromhex(RAND) + hidden + bytes(8)
    assert agw.air(IMSI, resync_info=wrong).error_code == 4181


@pytest.mark.parametrize("length", [1, 16, 29, 31])
def test_resync_info_of_a_wrong_length_is_refused(agw, gateway, length):
    with accounted(gateway, agw, procedure="AIR"):
        fails("INVALID_ARGUMENT", agw.air, IMSI, resync_info=bytes(length))


# ---- update location ----

def test_plain_subscription(agw):
    answer = agw.ulr(IMSI)
    assert answer.error_code in (0, 2001)
    assert answer.msisdn.hex() == "94510100000010f0"[:14] or answer.msisdn.hex().startswith("9451")
    assert (answer.total_ambr.max_bandwidth_ul, answer.total_ambr.max_bandwidth_dl) == (
        50000000, 100000000)
    assert answer.network_access_mode == stubs.s6a.UpdateLocationAnswer.ONLY_PACKET
    assert answer.default_context_id == 1
    (apn,) = answer.apn
    assert (apn.context_id, apn.service_selection, apn.pdn) == (1, "internet", 0)
    assert (apn.qos_profile.class_id, apn.qos_profile.priority_level) == (9, 8)
    assert (apn.ambr.max_bandwidth_ul, apn.ambr.max_bandwidth_dl) == (10000000, 20000000)


def test_arp_and_all_apns_reach_an_unmodified_gateway_with_the_meaning_of_the_hss(agw):
    # HSS: capability 1 (disabled), vulnerability 0 (enabled), all APNs included (0)
    answer = agw.ulr(IMSI)
    qos = answer.apn[0].qos_profile
    assert (qos.preemption_capability, qos.preemption_vulnerability) == (True, False)
    assert answer.all_apns_included is False
    assert (qos.arp_preemption_capability, qos.arp_preemption_vulnerability) == (1, 0)


def test_full_subscription(agw):
    answer = agw.ulr("001010000001001")
    assert [apn.service_selection for apn in answer.apn] == ["internet", "ims", "iot"]
    internet, ims, iot = answer.apn
    assert internet.pdn == stubs.s6a.UpdateLocationAnswer.APNConfiguration.IPV4V6
    assert list(internet.served_party_ip_address) == ["10.45.0.9"]
    assert internet.charging_characteristics == "0400"
    assert (internet.qos_profile.class_id, internet.qos_profile.priority_level) == (8, 3)
    assert internet.apn_oi_replacement == "mnc001.mcc001.gprs"
    assert internet.pdn_gateway.host == "pgw1.epc.example.org"
    assert (internet.sipto_permission, internet.lipa_permission) == (1, 2)
    assert ims.vplmn_dynamic_address_allowed and ims.qos_profile.class_id == 5
    assert iot.rds_indicator and iot.specific_apns[0].service_selection == "iot.special"
    assert answer.default_charging_characteristics == "0800"
    assert [z.hex() for z in answer.regional_subscription_zone_code] == ["0001", "0002", "01ff"]
    extras = answer.extras
    assert extras.subscriber_status == 0 and extras.operator_determined_barring == 4
    assert extras.hplmn_odb == 1 and extras.access_restriction_data == 0x28
    assert extras.apn_oi_replacement == "mnc001.mcc001.gprs" and extras.rfsp_id == 7
    assert extras.subscribed_periodic_rau_tau_timer_s == 3240 and extras.mps_priority == 2
    assert extras.ue_usage_type == 128 and extras.core_network_restrictions == 2
    assert extras.trace_data.trace_depth == 2 and extras.active_time_s == 20
    assert extras.csg_subscriptions[0].csg_id == 0x12345
    assert extras.stn_sr.startswith("4917") and extras.external_identifier


def test_bit_rates_beyond_32_bits(agw):
    # the unit of an APN's rate is read by access gateways, that of the total is not
    answer = agw.ulr("001010000002001")
    rate = answer.apn[0].ambr
    assert (rate.unit, rate.max_bandwidth_ul, rate.max_bandwidth_dl) == (
        rate.KBPS, 5000000, 10000000)
    rate = answer.total_ambr
    assert (rate.unit, rate.max_bandwidth_ul, rate.max_bandwidth_dl) == (
        rate.BPS, 4294967295, 4294967295)
    assert (rate.extended_max_bandwidth_ul_kbps, rate.extended_max_bandwidth_dl_kbps) == (
        5000000, 10000000)


def test_barred_subscriber(agw):
    extras = agw.ulr("001010000003001").extras
    assert (extras.subscriber_status, extras.operator_determined_barring) == (1, 1)
    assert extras.hplmn_odb == 3


def test_address_families(agw):
    apns = {apn.service_selection: apn for apn in agw.ulr("001010000004001").apn}
    kinds = stubs.s6a.UpdateLocationAnswer.APNConfiguration
    assert apns["v6only"].pdn == kinds.IPV6
    assert list(apns["v6only"].served_party_ip_address) == ["2001:db8:0:7::"]
    assert set(apns["dual"].served_party_ip_address) == {"10.45.0.7", "2001:db8:0:7::"}
    assert apns["either"].pdn == kinds.IPV4_OR_IPV6
    assert apns["meters"].non_ip_pdn_type and apns["meters"].scef_id == "scef.example.org"
    assert "*" in apns


def test_fifty_apns(agw):
    answer = agw.ulr("001010000005001")
    assert len(answer.apn) == 50 and answer.apn[49].context_id == 50


@pytest.mark.parametrize("imsi", ["001010000006001", "001010000007001"])
def test_subscriptions_without_apns(agw, imsi):
    answer = agw.ulr(imsi)
    assert answer.error_code in (0, 2001) and not answer.apn


# ULR-Flags, TS 29.272 7.3.7: 1 S6a indicator (bit 1), 2 skip, 5 initial attach, 8 dual registration
@pytest.mark.parametrize("fields,bits", [
    (dict(initial_attach=False), 1 << 1),
    (dict(initial_attach=True), 1 << 1 | 1 << 5),
    (dict(initial_attach=False, skip_subscriber_data=True), 1 << 1 | 1 << 2),
    (dict(initial_attach=True, dual_registration_5g_indicator=True), 1 << 1 | 1 << 5 | 1 << 8),
    (dict(initial_attach=False, ps_lcs_not_supported=True, sms_only=True),
     1 << 1 | 1 << 6 | 1 << 7),
])
def test_ulr_flags_say_what_the_request_says(agw, hss, fields, bits):
    since = hss.position()
    agw.ulr(IMSI, **fields)
    avps = seen(hss, since, "ULR")
    assert avps["ULR-Flags"] == bits and avps["RAT-Type"] in (1004, "EUTRAN")


def test_skipped_subscriber_data_is_not_invented(agw):
    answer = agw.ulr(IMSI, initial_attach=False, skip_subscriber_data=True)
    assert answer.error_code in (0, 2001) and not answer.apn


def test_feature_lists(agw, hss):
    since = hss.position()
    agw.ulr(IMSI, feature_list_id_1=stubs.s6a.FeatureListId1(regional_subscription=True),
            feature_list_id_2=stubs.s6a.FeatureListId2(nr_as_secondary_rat=True))
    features = {f["Feature-List-ID"]: f["Feature-List"]
                for f in seen(hss, since, "ULR")["Supported-Features"]}
    assert features[1] & (1 << 9) and features[2] & (1 << 27)


def test_terminal_information(agw, hss):
    since = hss.position()
    terminal = stubs.s6a_types.TerminalInformation(imei="35349006987331", software_version="01")
    agw.ulr(IMSI, terminal_information=terminal)
    got = seen(hss, since, "ULR")["Terminal-Information"]
    got = got[0] if isinstance(got, list) else got
    assert got["IMEI"] == "35349006987331" and got["Software-Version"] == "01"


# ---- purge and notify ----

def test_purge(agw, hss):
    agw.ulr(IMSI)
    answer = agw.pur(IMSI)
    assert answer.error_code in (0, 2001) and answer.pua_flags & 1
    assert not hss.command("subscribers")["subscribers"].get(IMSI)


def test_notify(agw, hss):
    agw.ulr(IMSI)
    since = hss.position()
    answer = agw.nor(IMSI, service_selection="internet", context_id=1, alert_reason=0,
                     pdn_gateway=stubs.s6a_types.PdnGateway(host="pgw.example.org",
                                                            realm="example.org"))
    assert answer.error_code in (0, 2001)
    avps = seen(hss, since, "NOR")
    assert avps["Context-Identifier"] in (1, [1])
    assert "pgw.example.org" in str(avps["MIP6-Agent-Info"])


# ---- results ----

EXPERIMENTAL = {"01": 5001, "04": 5004, "20": 5420, "21": 5421, "22": 5422, "23": 5423, "81": 4181}


@pytest.mark.parametrize("digits,code", sorted(EXPERIMENTAL.items()))
@pytest.mark.parametrize("procedure", ["air", "ulr"])
def test_experimental_results_reach_the_gateway_as_error_code(agw, procedure, digits, code):
    answer = getattr(agw, procedure)("00101000000" + "90" + digits)
    assert answer.error_code == code


@pytest.mark.parametrize("digits,status", [
    ("12", "INTERNAL"), ("02", "UNAVAILABLE"), ("34", "RESOURCE_EXHAUSTED")])
def test_results_of_the_base_protocol_are_a_grpc_status(gateway, agw, digits, status):
    code = {"12": "5012", "02": "3002", "34": "3004"}[digits]
    with accounted(gateway, agw, procedure="AIR"):
        assert code in fails(status, agw.air, "00101000000" + "90" + digits)


def test_user_unknown_of_the_credit_control_application(agw):
    assert agw.air("001010000009030").error_code == 5001


def test_unknown_subscriber(agw):
    assert agw.air("262010000000001").error_code == 5001
    assert agw.ulr("262010000000001").error_code == 5001


# ---- requests that are wrong before they leave ----

@pytest.mark.parametrize("imsi", ["", "0010", "00101x000000001", "0010100000000012345", "IMSI"])
@pytest.mark.parametrize("procedure", ["air", "ulr", "pur"])
def test_an_imsi_that_is_none_is_refused(gateway, agw, procedure, imsi):
    with accounted(gateway, agw):
        fails("INVALID_ARGUMENT", getattr(agw, procedure), imsi)


def test_the_prefix_of_session_ids_is_accepted(agw):
    assert agw.air("IMSI" + IMSI).eutran_vectors


@pytest.mark.parametrize("plmn", [b"", b"\0", b"\0\xf1", b"\0\xf1\x10\0", b"\xff\xff\xff"])
def test_a_visited_plmn_that_is_none_is_refused(gateway, agw, plmn):
    with accounted(gateway, agw):
        fails("INVALID_ARGUMENT", agw.air, IMSI, plmn=plmn)


def test_a_method_nobody_serves(agw):
    fails("UNIMPLEMENTED", agw.call, "/magma.feg.S6aProxy/Nothing", stubs.s6a.PurgeUERequest(),
          stubs.s6a.PurgeUEAnswer)
    works(agw)


@pytest.mark.parametrize("authority", [
    "s6a_proxy-controller.fgw.test", "s6a_proxy", "s6a_proxy-x", "fgw.test"])
def test_authorities_of_access_gateways(pki, gateway, authority):
    with Agw(pki, options=[("grpc.default_authority", authority)]) as other:
        works(other)
