# SPDX-License-Identifier: BSD-3-Clause
"""SGs end to end: UEs of a grpcio access gateway, fgwd, and VLRs behind real SCTP associations."""
import importlib
import os
import random
import re
import signal
import time

import grpc
import pytest

from kit import paths, stubs
from kit.agw import Refusal
from kit.expect import fails
from kit.proc import eventually
from kit.sgs import SgsAgw, SgsGateway, Vlr, capture_of, ue

sgs = importlib.import_module("proto.sgs_pb2")
IMSI, OTHER, NOBODY = "001010000000001", "001010000000002", "001010000000099"
UNREACHABLE = "UE unreachable"
CAPTURE = paths.work("capture", "sgs.pcapng")


@pytest.fixture(scope="module")
def world(pki, cleanup):
    vlr = Vlr()
    cleanup.append(vlr)
    gateway = SgsGateway(pki, [vlr], capture='{ file = "%s"; }' % CAPTURE).start()
    cleanup.append(gateway)
    agw = SgsAgw(pki, gateway)
    cleanup.append(agw)
    return type("World", (), dict(vlr=vlr, gateway=gateway, agw=agw))


@pytest.fixture
def subscriber(world):
    """Registered anew for each test."""
    world.vlr.ask("clear")
    subscriber = ue.Ue(world.agw, IMSI, "491720000001")
    subscriber.register()
    world.vlr.wait_associated(1)
    yield subscriber
    world.vlr.ask("clear")


def imsi_ie(imsi):
    """IE 01 as TS 29.018 18.4.10 codes it."""
    digits = imsi[1:] + ("f" if len(imsi) % 2 == 0 else "")
    swapped = "".join(digits[i + 1] + digits[i] for i in range(0, len(digits), 2))
    return "0108" + "%s9" % imsi[0] + swapped


def works(world, subscriber):
    """The main job, once."""
    world.vlr.expecting("SERVICE-REQUEST", "page", subscriber.imsi, "cs", imsi=subscriber.imsi)


# ---- attach, services ----

def test_combined_attach(world, subscriber):
    accept = subscriber.find("LocationUpdateAcc")[-1]
    assert accept.imsi == IMSI and len(accept.new_tmsi) == 4 and not accept.new_imsi
    assert accept.location_area_identifier == ue.LAI
    assert world.vlr.state(IMSI) == "SGs-ASSOCIATED"
    information = subscriber.find("MMInformationReq")[-1]
    assert information.decoded.full_name == information.decoded.short_name == "Test net"
    assert abs(information.decoded.universal_time - time.time()) < 30
    assert len(information.mm_information) > 10


def test_a_call_is_paged_with_all_it_carries(world, subscriber):
    at = subscriber.position()
    world.vlr.expecting("SERVICE-REQUEST", "page", IMSI, "cs", "cli=491721234567", "channel=1",
                        "emlpp=3", "ss=0xb1", "lcs=1", "csri=1", imsi=IMSI)
    page = subscriber.wait("PagingReq", since=at)
    assert page.vlr_name == world.vlr.name and page.service_indicator == b"\x01"
    assert page.cli == bytes.fromhex("91947112325476"), page.cli.hex()
    assert page.channel_needed == b"\x01" and page.emlpp_priority == b"\x03"
    assert page.ss_code == b"\xb1" and page.lcs_indicator == b"\x01"
    assert page.additional_paging_indicators == b"\x01"
    assert len(page.tmsi) == 4 and page.location_area_identifier == ue.LAI


def test_the_user_rejects_a_call(world, subscriber):
    subscriber.on_paging = 13
    line = world.vlr.expecting("PAGING-REJECT", "page", IMSI, "cs", imsi=IMSI)
    assert "rejected by the user" in line


def test_texts_both_ways(world, subscriber):
    text = "x" * 150  # one segment, as long as it may be with a foreign alphabet
    since = world.vlr.position()
    world.vlr.ask("sms", IMSI, "4917299", text)
    assert subscriber.wait_text(text).sender == "4917299"
    world.vlr.wait("short message delivered", since=since)
    subscriber.wait("ReleaseReq")
    assert subscriber.text_to("4917300", "on my way")
    world.vlr.wait("short message to 4917300: on my way", since=since)


def test_containers_pass_as_they_are(world, subscriber):
    """Segmentation is between UE and MSC: the longest and the shortest container, unread."""
    for container in (bytes([0x19, 0x04]), bytes([0x19, 0x01, 248]) + bytes(range(248))):
        at, since = subscriber.position(), world.vlr.position()
        hexed = "07" + imsi_ie(IMSI) + "16%02x" % len(container) + container.hex()
        world.vlr.ask("send", hexed)
        assert subscriber.wait("Downlink", since=at).nas_message_container == container
        subscriber.uplink(container)
        world.vlr.wait("<- .*UPLINK-UNITDATA", since=since)


def test_a_call_begun_by_the_ue(world, subscriber):
    since = world.vlr.position()
    world.agw.call("/fgw.sgs.SgsFallback/MobileOriginated",
                   sgs.MOCSFBIndication(imsi=IMSI, tai=ue.TAI), stubs.common.Void)
    world.vlr.wait("<- .*imsi=%s MO-CSFB-INDICATION" % IMSI, since=since)


def test_release_abort_and_status_reach_the_gateway(world, subscriber):
    world.vlr.ask("abort-service", IMSI)
    subscriber.wait("ServiceAbort")
    world.vlr.ask("release", IMSI, "3")
    assert subscriber.wait("ReleaseReq").sgs_cause == b"\x03"
    world.vlr.ask("send", "1d" + imsi_ie(IMSI) + "080107" + "1b0101")
    assert subscriber.wait("VLRStatus").sgs_cause == b"\x07"


@pytest.mark.parametrize("call, field, ack", [
    ("EPSDetachInd", "imsi_detach_from_eps_service_type", "EPSDetachAc"),
    ("IMSIDetachInd", "imsi_detach_from_non_eps_service_type", "IMSIDetachAc")])
def test_detach(world, subscriber, call, field, ack):
    at = subscriber.position()
    subscriber.send(call, **{field: b"\x01"})
    subscriber.wait(ack, since=at)
    assert world.vlr.state(IMSI) is None


# ---- the access gateway is away, or refuses, or is silent ----

def test_paging_while_the_gateway_is_away_is_answered_in_time(world, subscriber):
    world.agw.close_tunnel()
    try:
        line = world.vlr.expecting("UE-UNREACHABLE", "page", IMSI, "cs", imsi=IMSI)
        assert UNREACHABLE in line
        since = world.vlr.position()
        world.vlr.expecting("ALERT-ACK", "alert", IMSI, imsi=IMSI)
    finally:
        world.agw.connect()
    # the first sign of the UE is told to the VLR that asked
    subscriber.uplink(b"\x19\x04")
    world.vlr.wait("<- .*imsi=%s UE-ACTIVITY-INDICATION" % IMSI, since=since)
    works(world, subscriber)


def test_a_silent_gateway_costs_its_timeout_only(world, subscriber):
    keep = world.agw.tunnel.handlers["PagingReq"]
    world.agw.tunnel.handlers["PagingReq"] = lambda _: None
    try:
        began = time.monotonic()
        line = world.vlr.expecting("UE-UNREACHABLE", "page", IMSI, "sms", imsi=IMSI)
        assert UNREACHABLE in line and time.monotonic() - began > 2.8
    finally:
        world.agw.tunnel.handlers["PagingReq"] = keep
    works(world, subscriber)


def test_a_gateway_that_refuses_paging(world, subscriber):
    def refuse(_):
        raise Refusal(5, "detached")

    keep = world.agw.tunnel.handlers["PagingReq"]
    world.agw.tunnel.handlers["PagingReq"] = refuse
    try:
        line = world.vlr.expecting("PAGING-REJECT", "page", IMSI, "cs", imsi=IMSI)
        assert "IMSI detached for non-EPS" in line
    finally:
        world.agw.tunnel.handlers["PagingReq"] = keep


def test_nobody_knows_the_subscriber(world, subscriber):
    name = world.vlr.name.split(".")
    coded = "".join("%02x%s" % (len(part), part.encode().hex()) for part in name)
    vlr_ie = "02%02x%s" % (len(coded) // 2, coded)
    line = world.vlr.expecting("PAGING-REJECT", "send",
                               "01" + imsi_ie(NOBODY) + vlr_ie + "200101", imsi=NOBODY)
    assert "IMSI unknown" in line
    line = world.vlr.expecting("ALERT-REJECT", "send", "0d" + imsi_ie(NOBODY), imsi=NOBODY)
    assert "IMSI unknown" in line


# ---- the VLR misbehaves ----

@pytest.mark.parametrize("octets, cause", [
    ("7e", "message unknown"),
    ("07" + imsi_ie(IMSI), "missing mandatory"),
    ("07" + "0103ffffff" + "16021904", "invalid mandatory"),
    ("07" + imsi_ie(IMSI) + "16ff19", "invalid mandatory"),
    ("0a" + imsi_ie(IMSI) + "040500f1100001", "not compatible with the protocol state"),
])
def test_what_is_wrong_is_answered_with_status(world, subscriber, octets, cause):
    before = world.gateway.counter("fgw_sgs_malformed_total")
    since = world.vlr.position()
    world.vlr.ask("send", octets)
    line = world.vlr.wait("<- .*STATUS.*", since=since).group(0)
    assert cause in line
    assert "Erroneous message" in line
    world.gateway.wait_counter(before + 1, "fgw_sgs_malformed_total")
    works(world, subscriber)


def test_a_status_is_never_answered(world, subscriber):
    since = world.vlr.position()
    sent = world.gateway.messages(direction="sent", message="STATUS")
    world.vlr.ask("send", "1d")
    works(world, subscriber)
    assert world.gateway.messages(direction="sent", message="STATUS") == sent
    assert "STATUS" not in world.vlr.process.text(since).split("PAGING-REQUEST")[0]


def test_garbage_costs_nothing(world, subscriber):
    dice = random.Random(29118)
    for _ in range(60):
        octets = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 80)))
        if dice.random() < 0.5:  # what looks like one of ours
            octets = bytes([dice.randrange(1, 0x20)]) + bytes.fromhex(imsi_ie(IMSI)) + octets[10:]
        world.vlr.ask("send", octets.hex())
    subscriber.problem = None
    subscriber.register()
    works(world, subscriber)


def test_an_answer_that_comes_twice(world, subscriber):
    world.vlr.ask("rule", "LOCATION-UPDATE-REQUEST count=1 duplicate")
    since = world.vlr.position()
    subscriber.register()
    line = world.vlr.wait("<- .*STATUS.*", since=since).group(0)
    assert "not compatible" in line
    works(world, subscriber)


def test_a_reject_reaches_the_ue(world, subscriber):
    world.vlr.ask("rule", "LOCATION-UPDATE-REQUEST count=1 reject=17")
    at = subscriber.position()
    subscriber.send("LocationUpdateReq", eps_location_update_type=b"\x01",
                    new_location_area_identifier=ue.LAI)
    assert subscriber.wait("LocationUpdateRej", since=at).reject_cause == b"\x11"


def test_a_silent_vlr_is_forgotten_after_ts6_1(world, subscriber):
    world.vlr.ask("rule", "LOCATION-UPDATE-REQUEST count=1 delay=9000")
    at, since, log = subscriber.position(), world.vlr.position(), world.gateway.log_position()
    subscriber.send("LocationUpdateReq", eps_location_update_type=b"\x01",
                    new_location_area_identifier=ue.LAI)
    world.gateway.wait_log("location update was not answered", since=log)
    world.vlr.wait("<- .*STATUS.*not compatible", since=since)  # the late accept
    assert not subscriber.find("LocationUpdateAcc", at)
    subscriber.register()
    works(world, subscriber)


def test_bad_calls_are_refused_by_name(world, subscriber):
    said = fails("INVALID_ARGUMENT", subscriber.send, "Uplink", nas_message_container=b"x")
    assert "NAS message container" in said
    assert "IMSI" in fails("INVALID_ARGUMENT", world.agw.send, "ServiceReq", imsi="12ab")
    works(world, subscriber)


# ---- resets, failures ----

def test_a_vlr_reset_reaches_every_gateway_and_all_recover(world, pki, subscriber):
    second = SgsAgw(pki, world.gateway, "agw2")
    try:
        first_ues = [ue.Ue(world.agw, "0010100000001%02d" % i, "") for i in range(20)]
        second_ues = [ue.Ue(second, "0010100000002%02d" % i, "") for i in range(20)]
        for one in first_ues + second_ues:
            one.register()
        before, since = (world.agw.resets(), second.resets()), world.vlr.position()
        world.vlr.ask("reset")
        world.vlr.wait("<- .*RESET-ACK", since=since)
        eventually(lambda: (world.agw.resets(), second.resets()) == (before[0] + 1, before[1] + 1),
                   5, "both gateways are told")
        said = world.agw.tunnel.requests("VLRResetIndication")[-1]
        assert said.vlr_name == world.vlr.name
        assert world.vlr.associated() == 0
        for one in first_ues + second_ues:
            one.register()
        world.vlr.wait_associated(40)
        world.vlr.expecting("SERVICE-REQUEST", "page", second_ues[7].imsi, "cs",
                            imsi=second_ues[7].imsi)
    finally:
        second.close()


def test_a_gateway_that_was_away_learns_of_the_reset_later(world, pki):
    world.gateway.stop()  # another pause between attempts
    world.gateway.configure(reset_retry='"500ms"')
    world.gateway.start()
    world.agw.connect()
    second = SgsAgw(pki, world.gateway, "agw2")
    try:
        one = ue.Ue(second, OTHER, "")
        one.register()
        second.close_tunnel()
        since = world.vlr.position()
        world.vlr.ask("reset")
        world.vlr.wait("<- .*RESET-ACK", since=since)
        second.connect()
        eventually(lambda: second.resets() >= 1, 5, "it is told when it is back")
    finally:
        second.close()


def test_the_vlr_dies_and_returns(world, subscriber):
    log = world.gateway.log_position()
    world.vlr.kill()
    world.gateway.wait_log("warn sgs .*association down", 15, since=log)
    assert not world.gateway.ready()
    fails("UNAVAILABLE", subscriber.send, "ServiceReq", service_indicator=b"\x01")
    log = world.gateway.log_position()
    world.vlr.start()
    world.gateway.wait_log("notice sgs .*association up", 15, since=log)
    # the new process does not know the UE: it says so, and the UE registers again
    at = subscriber.position()
    subscriber.uplink(b"\x19\x04")
    assert subscriber.wait("ReleaseReq", since=at).sgs_cause == b"\x02"
    subscriber.register()
    works(world, subscriber)


def test_a_vlr_that_hangs_costs_no_memory_and_is_told(world, subscriber):
    """Either its silence ends the association, or what waits for it reaches its bound."""
    container = b"\x05" + bytes(250)  # no short message: the VLR will not answer all of them
    world.vlr.process.send_signal(signal.SIGSTOP)
    refused = None
    try:
        until = time.monotonic() + 120
        while not refused and time.monotonic() < until:
            try:
                subscriber.uplink(container)
            except grpc.RpcError as error:
                refused = error.code()
    finally:
        world.vlr.process.send_signal(signal.SIGCONT)
    assert refused in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)

    def again():
        at, until = subscriber.position(), time.monotonic() + 2
        try:
            subscriber.update()
            while time.monotonic() < until and not subscriber.find("LocationUpdateAcc", at):
                time.sleep(0.05)
            return subscriber.find("LocationUpdateAcc", at)
        except grpc.RpcError:
            return False

    eventually(again, 60, "a location update after the VLR has woken up")
    works(world, subscriber)


def test_an_aborted_association_comes_back(world, subscriber):
    log = world.gateway.log_position()
    world.vlr.ask("drop", "abort")
    world.gateway.wait_log("warn sgs .*association down", since=log)
    world.gateway.wait_log("notice sgs .*association up", since=log)
    works(world, subscriber)  # neither side forgot the registration


def test_a_path_fails_and_the_association_stays(world, subscriber):
    log = world.gateway.log_position()
    address = world.vlr.space.ips[0]
    world.vlr.space.path(0, False)
    try:
        world.gateway.wait_log("path %s\\S*: down" % address, 15, since=log)
        works(world, subscriber)
        subscriber.register()
    finally:
        world.vlr.space.path(0, True)
    world.gateway.wait_log("path %s\\S*: up" % address, 15, since=log)
    assert "association down" not in world.gateway.process.text(log)
    works(world, subscriber)


def test_a_restart_that_the_vlr_does_not_notice(world, subscriber):
    world.gateway.stop()
    since = world.vlr.position()
    world.gateway.configure(reset_on_start='"lost"')
    world.gateway.start()
    world.agw.connect()
    works(world, subscriber)
    assert subscriber.text_to("4917300", "still here")
    assert "RESET-INDICATION" not in world.vlr.process.text(since)
    assert world.vlr.state(IMSI) == "SGs-ASSOCIATED"
    world.gateway.configure(reset_on_start='"always"')


def test_kill_minus_nine_loses_no_registration(world, subscriber):
    world.gateway.settled()
    world.gateway.kill()
    since = world.vlr.position()
    world.gateway.start()
    world.agw.connect()
    world.vlr.wait("<- .*RESET-INDICATION", since=since)
    works(world, subscriber)
    # the VLR took our restart for a loss: the UE hears of it when it sends something
    at = subscriber.position()
    subscriber.uplink(b"\x19\x04")
    assert subscriber.wait("ReleaseReq", since=at).sgs_cause == b"\x02"
    subscriber.register()
    works(world, subscriber)


def test_reload_changes_the_capture_only(world, subscriber):
    elsewhere = paths.work("capture", "second.pcapng")
    world.gateway.configure(capture='{ file = "%s"; }' % elsewhere)
    log = world.gateway.log_position()
    world.gateway.reload()
    world.gateway.wait_log("capture into %s" % elsewhere, since=log)
    works(world, subscriber)
    rows, bad = capture_of(elsewhere)
    assert len(rows) == 2 and not bad, (rows, bad)
    assert os.stat(elsewhere).st_mode & 0o777 == 0o600
    world.gateway.configure(capture='{ file = "%s"; }' % CAPTURE)
    world.gateway.reload()


def test_tshark_reads_the_captures(world, subscriber):
    """All that was said in this file, but for what was wrong on purpose."""
    seen, strange = set(), []
    for number in range(9):
        path = CAPTURE + (".%d" % number if number else "")
        if not os.path.exists(path):
            continue
        rows, bad = capture_of(path)
        seen |= {int(row[0].split(",")[0], 16) for row in rows if row[0]}
        strange += bad
    assert {1, 2, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27, 29,
            31} <= seen, seen
    # what we sent draws no remark, but for a STATUS that quotes what was malformed
    ours = [line for line in strange if re.search(r" 10\.46\.\d\.1 \S+ ", line)]
    assert all("STATUS" in line for line in ours), ours


# ---- several VLRs ----

def test_pool_and_backup(world, pki, cleanup):
    """IMSIs are spread over the pool; when a VLR is lost, its subscribers go to the other one."""
    world.gateway.stop()  # its addresses and ports are needed
    world.agw.close_tunnel()
    vlrs = [Vlr("vlr-a"), Vlr("vlr-b")]
    cleanup.extend(vlrs)
    area = '( { tai = "00101-000a"; lai = "00101-0042"; vlrs = [ "%s" ]; } )' % vlrs[1].name
    gateway = SgsGateway(pki, vlrs, select='"pool"', lost_after='"500ms"', areas=area).start()
    cleanup.append(gateway)
    agw = SgsAgw(pki, gateway)
    cleanup.append(agw)
    for vlr in vlrs:
        gateway.wait_log("%s: association up" % vlr.name, 10)
    ues = [ue.Ue(agw, "00101000000%04d" % (10 * i), "") for i in range(20)]
    for one in ues:
        one.register()
    # (IMSI div 10) mod 1000, of two
    for i, one in enumerate(ues):
        assert vlrs[i % 2].state(one.imsi) == "SGs-ASSOCIATED", one.imsi
        assert vlrs[1 - i % 2].state(one.imsi) is None
    # a tracking area that one VLR serves, under a location area of its own
    tai, lai = bytes.fromhex("00f110000a"), bytes.fromhex("00f1100042")
    elsewhere = ue.Ue(agw, "001010000007000", "")
    elsewhere.send("LocationUpdateReq", eps_location_update_type=b"\x01", tai=tai,
                   new_location_area_identifier=ue.LAI)
    assert elsewhere.wait("LocationUpdateAcc").location_area_identifier == lai
    assert vlrs[0].state(elsewhere.imsi) is None and vlrs[1].state(elsewhere.imsi)
    told, since, log = agw.resets(), vlrs[1].position(), gateway.log_position()
    vlrs[0].kill()
    gateway.wait_log("%s: lost for" % vlrs[0].name, 15, since=log)
    eventually(lambda: any(notice.vlr_name == vlrs[0].name for notice in
                           agw.tunnel.requests("VLRResetIndication")[told:]),
               15, "the loss of a VLR is told as its reset")
    for one in ues[::2]:
        one.register()
    vlrs[1].wait_associated(21)
    assert "LOCATION-UPDATE-REQUEST" in vlrs[1].process.text(since)
    # it is back: those who moved stay, the others were never touched
    log = gateway.log_position()
    vlrs[0].start()
    gateway.wait_log("%s: association up" % vlrs[0].name, 10, since=log)
    vlrs[1].expecting("SERVICE-REQUEST", "page", ues[0].imsi, "cs", imsi=ues[0].imsi)
    vlrs[1].expecting("SERVICE-REQUEST", "page", ues[1].imsi, "cs", imsi=ues[1].imsi)
