# SPDX-License-Identifier: BSD-3-Clause
"""SGs against a VLR that nobody here wrote: Debian's osmo-msc with osmo-hlr and osmo-stp, over the
kernel's SCTP, two paths between us. Runs in user-mode-linux: tests/sctp/run osmo.

The tests run in the order of the file, against one gateway; each has subscribers of its own.
"""
import collections
import glob
import re
import signal
import time

import grpc
import pytest

from kit import paths
from kit.agw import Refusal, code_of
from kit.proc import eventually, run

import osmo
import scene
import sgs_wire
import sms
import ue as ues

SMS_COMMAND = bytes([2, 1, 0, 0, 0, 4, 0x81, 0x21, 0x43, 0])  # an enquiry about another message
ASSOCIATED, NULL = "SGs-ASSOCIATED", "SGs-NULL"
IMSI_DETACHED_NON_EPS, REJECTED_BY_USER = 4, 13


# ---- location update ----

def test_our_reset_is_acknowledged(fgw):
    eventually(lambda: fgw.messages("RESET-ACK", "received") == 1, 5, "RESET-ACK")
    assert fgw.messages("RESET-INDICATION", "sent") == 1


def test_location_update_is_accepted_and_the_tmsi_allocated(core, fgw, subscriber):
    one = subscriber(register=False)
    accept = one.register()
    assert accept.location_area_identifier == ues.LAI
    assert accept.WhichOneof("newIMSITMSI") == "new_tmsi" and len(accept.new_tmsi) == 4
    eventually(lambda: core.state(one.imsi) == ASSOCIATED, 5, "the VLR has it")
    assert accept.new_tmsi.hex().upper() in core.subscriber(one.imsi).upper()
    again = one.register()
    assert again.new_tmsi != accept.new_tmsi, "the VLR allocates one each time"
    # MM information: the network's name, as the VLR made it
    info = one.wait("MMInformationReq")
    assert info.mm_information, "the IE is empty"


def test_a_subscriber_that_the_hlr_does_not_know_is_rejected(fgw, agws):
    one = ues.Ue(agws[0], "001010000000999", "0")
    one.update()
    reject = one.wait("LocationUpdateRej")
    assert len(reject.reject_cause) == 1
    assert not one.find("LocationUpdateAcc")


# ---- short messages ----

def test_sms_from_the_console_of_the_msc(core, subscriber):
    one, sender = subscriber(), subscriber(1)
    core.send_sms(sender.number, one.imsi, "Hello from the VTY")
    got = one.wait_text("Hello from the VTY")
    assert got.sender == sender.number
    paging = one.find("PagingReq")[0]
    assert paging.service_indicator == ues.SERVICE_SMS
    assert paging.vlr_name == osmo.VLR_NAME
    one.wait("ReleaseReq")
    assert not sender.find("PagingReq")


@pytest.fixture(scope="module")
def smpp(core):
    thing = osmo.Smpp()
    yield thing
    thing.close()


@pytest.mark.parametrize("text", ["short", "x" * 160], ids=["short", "160"])
def test_sms_over_smpp(smpp, subscriber, text):
    one = subscriber(1)
    smpp.submit("12345", one.number, text.encode())
    assert one.wait_text(text).sender == "12345"
    one.wait("ReleaseReq")


def test_parts_of_a_long_sms_arrive_as_they_were_sent(smpp, subscriber):
    one = subscriber()
    for part in (1, 2):
        header = bytes([5, 0, 3, 77, 2, part])
        smpp.submit("12345", one.number, header + b"part %d" % part, esm_class=0x40, coding=4)
    for part in (1, 2):
        got = one.wait_text("part %d" % part, 20)
        assert got.header == bytes([5, 0, 3, 77, 2, part])


def test_sms_from_one_ue_to_another(subscriber):
    one, other = subscriber(0), subscriber(1)
    assert one.text_to(other.number, "from UE to UE"), one.results
    got = other.wait_text("from UE to UE")
    assert got.sender == one.number
    one.wait("ReleaseReq")
    other.wait("ReleaseReq")


def test_sms_that_the_network_refuses(subscriber):
    one = subscriber()
    one.uplink(sms.cp_data(1, sms.rp_data(7, SMS_COMMAND)))
    eventually(lambda: one.results, 10, "an answer")
    assert one.results == [(sms.RP_ERROR_DOWN, 7)]


# ---- paging ----

def test_paging_for_a_call_is_answered(core, fgw, subscriber):
    one = subscriber()
    core.call(one.imsi)
    paging = one.wait("PagingReq")
    assert paging.service_indicator == ues.SERVICE_CALL
    assert paging.location_area_identifier == ues.LAI
    eventually(lambda: fgw.messages("SERVICE-REQUEST", "sent") >= 1, 5, "SERVICE-REQUEST")
    # There is no radio: the MSC gives up and says so.
    one.wait("ServiceAbort", 15)
    assert core.state(one.imsi) == ASSOCIATED


# Not cause 1, IMSI detached for EPS services: osmo-msc 1.9.0 ends itself at it.
@pytest.mark.parametrize("cause, after", [(REJECTED_BY_USER, ASSOCIATED),
                                          (IMSI_DETACHED_NON_EPS, NULL)],
                         ids=["by the user", "detached"])
def test_paging_is_rejected(core, subscriber, cause, after):
    one = subscriber()
    one.on_paging = cause
    core.call(one.imsi)
    one.wait("PagingReq")
    eventually(lambda: core.state(one.imsi) == after, 5, "%s at the VLR" % after)
    assert core.msc.alive()


def test_paging_while_the_access_gateway_is_away(core, fgw, agws, subscriber):
    one = subscriber(1)
    before = fgw.messages("UE-UNREACHABLE", "sent")
    agws[1].close_tunnel()
    scene.connected(fgw, "agw2", False)
    at = core.msc.process.position()
    core.call(one.imsi)
    core.msc.process.wait_line("UE unreachable", 8, at)  # before its Ts5, 10 s
    eventually(lambda: fgw.messages("UE-UNREACHABLE", "sent") == before + 1, 5, "it is counted")
    agws[1].open_tunnel()
    scene.connected(fgw, "agw2")


def test_paging_that_the_access_gateway_refuses(core, fgw, agws, subscriber):
    one = subscriber()

    def refuse(_):
        raise Refusal(9, "not now")

    usual = agws[0].tunnel.handlers["PagingReq"]
    agws[0].tunnel.handlers["PagingReq"] = refuse
    core.call(one.imsi)
    eventually(lambda: core.state(one.imsi) == NULL, 5, "%s at the VLR" % NULL)
    agws[0].tunnel.handlers["PagingReq"] = usual


def test_a_call_of_the_ue_is_indicated(subscriber):
    """osmo-msc takes it without a word, if it knows the subscriber."""
    one, stranger = subscriber(), subscriber(register=False)
    one.mobile_originated_call()
    stranger.mobile_originated_call()
    status = stranger.wait("VLRStatus")
    assert (status.sgs_cause, status.erroneous_message[0]) == (b"\x03", 0x18)
    assert not one.find("VLRStatus")


# ---- what is out of place ----

def test_status_of_the_vlr_reaches_the_access_gateway(subscriber):
    one = subscriber()
    one.send("ServiceReq", service_indicator=ues.SERVICE_SMS)  # nobody has paged
    status = one.wait("VLRStatus")
    assert status.sgs_cause == b"\x07"
    assert status.erroneous_message[0] == 0x06


def test_what_osmo_msc_never_asked_for(core, subscriber):
    """It has no alert procedure: to it the answers are unknown messages, about which it says so."""
    one = subscriber()
    at = core.msc.process.position()
    one.send("UEActivityInd")
    core.msc.process.wait_line("UE-ACTIVITY", 5, at)
    for name, fields, kind in (("AlertAc", {}, 0x0e), ("AlertRej", {"sgs_cause": b"\x03"}, 0x0f)):
        since = one.position()
        one.send(name, **fields)
        status = one.wait("VLRStatus", since=since)
        assert (status.sgs_cause, status.erroneous_message[0]) == (b"\x0c", kind)


def test_status_of_an_access_gateway_reaches_the_vlr(core, subscriber):
    one = subscriber()
    at = core.msc.process.position()
    one.send("MMEStatus", sgs_cause=b"\x07",
             erroneous_message=bytes([0x0d, 1, 8]) + bytes.fromhex("0910101000000010"))
    core.msc.process.wait_line("Rx STATUS", 5, at)


# ---- detach ----

@pytest.mark.parametrize("kind", [1, 2, 3])
def test_imsi_detach(core, fgw, subscriber, kind):
    one = subscriber()
    one.send("IMSIDetachInd", imsi_detach_from_non_eps_service_type=bytes([kind]))
    one.wait("IMSIDetachAc")
    eventually(lambda: core.state(one.imsi) in (None, NULL), 5, "detached at the VLR")
    # what it sends now, the VLR does not take any more
    one.uplink(sms.cp_ack(1))
    assert one.wait("ReleaseReq").sgs_cause[0] in (2, 3)


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_eps_detach(core, subscriber, kind):
    one = subscriber()
    one.send("EPSDetachInd", imsi_detach_from_eps_service_type=bytes([kind]))
    one.wait("EPSDetachAc")
    eventually(lambda: core.state(one.imsi) == NULL, 5, "detached at the VLR")
    one.register()
    assert core.state(one.imsi) == ASSOCIATED


# ---- paths ----

def path_changes(fgw, state):
    return fgw.counter("fgw_sctp_path_changes_total", state=state)


def test_one_of_two_paths_fails(core, fgw, subscriber):
    one, other = subscriber(0), subscriber(1)
    downs, ups = path_changes(fgw, "down"), path_changes(fgw, "up")
    osmo.cut(0)
    try:
        one.register()  # at once, while nobody has noticed yet
        core.send_sms(one.number, other.imsi, "around the hole")
        other.wait_text("around the hole", 15)
        eventually(lambda: path_changes(fgw, "down") > downs, 10, "the path counts as down")
        assert fgw.vlr_up()
        assert one.text_to(other.number, "and the other way")
        other.wait_text("and the other way", 15)
    finally:
        osmo.cut(0, False)
    eventually(lambda: path_changes(fgw, "up") > ups, 10, "the path is back")
    assert fgw.counter("fgw_sctp_down_total") == 0


def ends(fgw, reason):
    """Of associations; attempts that failed count as refused or unreachable."""
    return fgw.counter("fgw_sctp_down_total", reason=reason)


def test_both_paths_fail(core, fgw, subscriber):
    one = subscriber()
    osmo.cut(0), osmo.cut(1)
    try:
        eventually(lambda: not fgw.vlr_up(), 20, "the association is lost")
        code, _ = code_of(one.send, "IMSIDetachInd", imsi_detach_from_non_eps_service_type=b"\1")
        assert code == grpc.StatusCode.UNAVAILABLE
        assert not fgw.ready() and ends(fgw, "lost") == 1
    finally:
        osmo.cut(0, False), osmo.cut(1, False)
    eventually(fgw.vlr_up, 20, "the association is back")
    scene.registers_again(one)


# ---- the VLR dies ----

def test_the_vlr_crashes_and_all_recover(core, fgw, agws, subscriber):
    several = [subscriber(n % 2, register=False) for n in range(40)]
    scene.together(ues.Ue.register, several)
    aborted = ends(fgw, "aborted")
    acks = fgw.messages("RESET-ACK", "sent")
    since = {agw.name: len(agw.tunnel.requests("VLRResetIndication")) for agw in agws}

    # given: it crashes with a message unread, so that its kernel aborts the association
    core.msc.send_signal(signal.SIGSTOP)
    several[0].update()
    time.sleep(2)
    core.msc.end(signal.SIGKILL)
    eventually(lambda: ends(fgw, "aborted") == aborted + 1, 5, "the association was aborted")
    assert not fgw.vlr_up()
    code, _ = code_of(several[1].send, "UEActivityInd")
    assert code == grpc.StatusCode.UNAVAILABLE

    # when: it starts again and knows nobody. It sends RESET only when its HLR is away.
    core.hlr.end(signal.SIGTERM)
    core.msc.start()
    eventually(fgw.vlr_up, 10, "the association is back")
    several[0].update()

    # then: we acknowledge, and every access gateway learns of it
    for agw in agws:
        got = agw.tunnel.wait("VLRResetIndication", since[agw.name] + 1)
        assert got[-1].vlr_name == osmo.VLR_NAME
    eventually(lambda: fgw.messages("RESET-ACK", "sent") > acks, 5, "RESET-ACK")
    core.hlr.start()
    scene.together(scene.registers_again, several)
    assert [core.state(one.imsi) for one in several] == [ASSOCIATED] * len(several)
    core.send_sms(several[0].number, several[1].imsi, "all is well")
    several[1].wait_text("all is well")


def test_the_vlr_is_restarted_in_order_and_knows_nobody(core, fgw, subscriber):
    one = subscriber()
    core.msc.end(signal.SIGTERM)
    eventually(lambda: not fgw.vlr_up(), 5, "the association is gone")
    assert ends(fgw, "shutdown") == 1
    core.msc.start()
    eventually(fgw.vlr_up, 10, "the association is back")
    # The UE does not know; what it sends brings it to register.
    one.uplink(sms.cp_data(1, sms.rp_data(1, sms.submit("4917", "lost"))))
    one.wait("ReleaseReq")
    scene.registers_again(one)
    assert core.state(one.imsi) == ASSOCIATED


# ---- the gateway dies ----

def test_the_gateway_crashes_and_nobody_has_to_register_again(core, fgw, agws, subscriber):
    one, other, third = subscriber(0), subscriber(1), subscriber(1)
    fgw.count_up()
    fgw.kill()
    fgw.start()
    for agw in agws:
        agw.close_tunnel()
    scene.open_tunnels(fgw, agws)
    assert fgw.messages("RESET-INDICATION", "sent") == 0
    scene.registers_again(third)  # from its name osmo-msc learns whose association it is
    at = one.position()
    core.send_sms(other.number, one.imsi, "still here")
    one.wait_text("still here")
    assert one.text_to(other.number, "me, too")
    other.wait_text("me, too")
    assert not one.find("LocationUpdateAcc", at) and fgw.messages("RESET-INDICATION", "sent") == 0


def test_the_gateway_resets_and_a_paged_ue_registers(core, fgw, agws, subscriber):
    one, other = subscriber(0), subscriber(1)
    one.on_paging = "register"
    fgw.count_up()
    fgw.stop()
    fgw.write(reset="always").start()
    eventually(lambda: fgw.messages("RESET-ACK", "received") == 1, 10, "RESET-ACK")
    for agw in agws:
        agw.close_tunnel()
    scene.open_tunnels(fgw, agws)
    assert core.state(one.imsi) == core.state(other.imsi) == NULL
    core.send_sms(other.number, one.imsi, "after the reset")
    one.wait_text("after the reset", 20)
    assert [bool(p.location_area_identifier) for p in one.find("PagingReq")] == [False, True]
    assert core.state(one.imsi) == ASSOCIATED


# ---- the wire, as tshark reads it ----

NEVER = {("received", "ALERT-REQUEST")}  # osmo-msc has no such procedure


@pytest.fixture(scope="module")
def frames(capture, core, fgw):
    """All that tshark read, once nothing is sent any more."""
    fgw.count_up()
    fgw.stop()
    time.sleep(1)  # what was just captured reaches the file
    return sgs_wire.packets(capture, "sgsap || sctp.chunk_type in {1,2,4,6}")


def test_tshark_would_see_what_is_wrong():
    imsi = bytes([1, 8]) + bytes.fromhex("0910101000000010")
    path = paths.work("wrong.pcap")
    good = bytes([0x1f]) + imsi + bytes([8, 1, 6])
    sgs_wire.write(path, [
        [good],
        [bytes([0x1f]) + imsi + bytes([8, 4, 6])],  # an IE longer than the message
        [bytes([0x1f]) + imsi],                     # the cause is missing
        # RPDU longer than the container
        [bytes([0x08]) + imsi + bytes([0x16, 4, 9, 1, 9, 0])],
        [good, good]])
    frames = sgs_wire.packets(path)
    verdicts = [bool(sgs_wire.against(frame, frame["sgsap"])) for frame in frames]
    assert verdicts == [False, True, True, True, False]
    assert sgs_wire.on_the_wire(frames[::4], None) == {("sent", "UE-UNREACHABLE"): 3}


def test_every_message_is_clean_and_counted(frames, fgw):
    wire = sgs_wire.on_the_wire([f for f in frames if "sgsap" in f], osmo.FGW_IPS)
    assert wire == fgw.tally, "the wire and the gateway's counters differ"
    assert sgs_wire.ALL - set(wire) == NEVER


def test_the_capture_of_the_gateway_is_what_was_on_the_wire(frames, fgw):
    merged = paths.work("gateway-all.pcapng")
    parts = glob.glob(paths.work("gateway.pcapng*"))
    assert len(parts) == 3, "one of each life: %s" % parts
    run(["mergecap", "-w", merged, *parts])
    assert sgs_wire.exported(merged) == fgw.tally


def test_the_associations_had_two_paths_and_one_was_aborted(frames):
    addresses, beats, aborts = collections.defaultdict(set), set(), 0
    for frame in frames:
        source = frame["ip"]["ip.src"]
        for kind in "INIT chunk", "INIT_ACK chunk":
            for chunk in sgs_wire.chunks(frame, kind):
                addresses[source].update(re.findall(r"\(Address: ([0-9.]+)\)", repr(list(chunk))))
        if sgs_wire.chunks(frame, "HEARTBEAT chunk"):
            beats.add((source, frame["ip"]["ip.dst"]))
        aborts += source in osmo.MSC_IPS and bool(sgs_wire.chunks(frame, "ABORT chunk"))
    assert addresses[osmo.FGW_IPS[0]] == set(osmo.FGW_IPS)
    assert addresses[osmo.MSC_IPS[0]] == set(osmo.MSC_IPS)
    assert aborts
    assert set(zip(osmo.FGW_IPS, osmo.MSC_IPS)) <= beats
