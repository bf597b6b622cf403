# SPDX-License-Identifier: BSD-3-Clause
"""S6a toward the access gateways: the Erlang HSS asks, grpcio answers through the tunnel."""
import threading

import pytest

from kit import core, stubs
from kit.agw import Agw, Refusal
from kit.gateway import Gateway

IMSI = "001010000000001"
OTHER = "001010000000002"
WITHDRAWAL = 2


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.ErlangHss()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, cleanup):
    thing = Gateway(pki, [hss.peer()], diameter='inbound_deadline = "60s";',
                    s6a='agw_timeout = "20s";').start()
    cleanup.append(thing)
    return thing


@pytest.fixture
def impatient(gateway):
    """Where an access gateway does not answer."""
    gateway.configure(s6a='agw_timeout = "3s";')
    gateway.ctl("reload")
    yield
    gateway.configure(s6a='agw_timeout = "20s";')
    gateway.ctl("reload")


@pytest.fixture
def agws(pki, gateway):
    """Two access gateways with open tunnels."""
    both = [Agw(pki, name).wait_ready() for name in ("agw1", "agw2")]
    for agw in both:
        agw.open_tunnel()
        gateway.wait_tunnel(agw.name)
    yield both
    for agw in both:
        agw.close()
        gateway.wait_tunnel(agw.name, False)


def good(answer, gateway):
    assert answer.get("result") == 2001, answer
    assert answer["origin-host"] == gateway.identity and not answer["errors"]


def test_cancel_location_reaches_the_gateway_that_has_the_subscriber(gateway, hss, agws):
    agws[0].ulr(IMSI)
    agws[1].ulr(OTHER)
    good(hss.command("clr %s" % IMSI), gateway)
    (request,) = agws[0].tunnel.wait("CancelLocation")
    assert (request.user_name, request.cancellation_type) == (IMSI, WITHDRAWAL)
    assert agws[0].tunnel.seen[0][2] == "s6a_async_service"
    assert not agws[1].tunnel.requests("CancelLocation")


@pytest.mark.parametrize("kind", range(5))
def test_cancellation_types(gateway, hss, agws, kind):
    agws[0].ulr(IMSI)
    good(hss.command("clr %s %d" % (IMSI, kind)), gateway)
    (request,) = agws[0].tunnel.wait("CancelLocation")
    meant = request.original_cancellation_type if request.HasField(
        "original_cancellation_type") else request.cancellation_type
    assert meant == kind


def test_an_unknown_subscriber_is_5001(hss, gateway, agws):
    answer = hss.command("to %s example.org idr 001019999999999 plain" % gateway.identity)
    assert answer["experimental"] == 5001 and answer["result"] is None, answer


def test_insert_subscriber_data(gateway, hss, agws):
    agws[0].ulr(IMSI)
    seen = {}

    def handle(request):
        seen["request"] = request
        return stubs.s6a_gateway.InsertSubscriberDataAnswer(
            error_code=2001, ims_voice_over_ps_sessions_supported=1, rat_type=1004,
            ida_flags=1, last_ue_activity_unix=1700000000)

    agws[0].tunnel.handlers["InsertSubscriberData"] = handle
    answer = hss.command("idr %s full 8" % IMSI)
    good(answer, gateway)
    data = seen["request"].subscription_data
    assert seen["request"].user_name == IMSI and seen["request"].idr_flags == 8
    assert [apn.service_selection for apn in data.apn] == ["internet", "ims", "iot"]
    assert data.extras.access_restriction_data == 0x28
    assert answer["avps"]["IDA-Flags"] in (1, [1])
    assert "IMS-Voice-Over-PS-Sessions-Supported" in answer["avps"]


def test_an_answer_that_cannot_be_translated_is_still_an_answer(gateway, hss, agws):
    """A time that Diameter has no number for: the HSS is told so at once."""
    agws[0].ulr(IMSI)
    agws[0].tunnel.handlers["InsertSubscriberData"] = lambda _: (
        stubs.s6a_gateway.InsertSubscriberDataAnswer(error_code=2001,
                                                     last_ue_activity_unix=10 ** 12))
    answer = hss.command("idr %s full" % IMSI)
    assert answer.get("result") == 5012 and not answer["errors"], answer
    assert answer["origin-host"] == gateway.identity
    good(hss.command("clr %s" % IMSI), gateway)


def test_delete_subscriber_data(gateway, hss, agws):
    agws[0].ulr(IMSI)
    good(hss.command("dsr %s 2 1 2" % IMSI), gateway)
    (request,) = agws[0].tunnel.wait("DeleteSubscriberData")
    assert request.user_name == IMSI and request.dsr_flags == 2
    assert list(request.context_ids) == [1, 2]


def test_reset_goes_to_every_gateway_with_the_user_list(gateway, hss, agws):
    agws[0].ulr(IMSI)
    agws[1].ulr(OTHER)
    answer = hss.command("rsr 00101 00102")
    good(answer, gateway)
    for agw in agws:
        (request,) = agw.tunnel.wait("Reset")
        assert list(request.user_id) == ["00101", "00102"]


def test_reset_of_a_prefix_goes_to_the_gateways_that_serve_it(gateway, hss, agws):
    agws[0].ulr("001011110000001")
    agws[1].ulr("001012220000001")
    good(hss.command("rsr 0010122"), gateway)
    (request,) = agws[1].tunnel.wait("Reset")
    assert list(request.user_id) == ["0010122"]
    good(hss.command("rsr 0010133"), gateway)  # nobody
    assert not agws[0].tunnel.requests("Reset") and len(agws[1].tunnel.requests("Reset")) == 1


def test_the_answer_of_the_gateway_is_the_answer_to_the_hss(gateway, hss, agws):
    agws[0].ulr(IMSI)
    agws[0].tunnel.handlers["InsertSubscriberData"] = lambda _: (
        stubs.s6a_gateway.InsertSubscriberDataAnswer(error_code=5001))
    assert hss.command("idr %s plain" % IMSI)["experimental"] == 5001


def test_a_gateway_that_refuses(gateway, hss, agws):
    def refuse(_):
        raise Refusal(12, "no such service")

    agws[0].ulr(IMSI)
    agws[0].tunnel.handlers["InsertSubscriberData"] = refuse
    answer = hss.command("idr %s plain" % IMSI)
    assert answer["result"] in (3001, 3002, 5012), answer


def test_a_gateway_that_answers_nonsense(gateway, hss, agws):
    agws[0].ulr(IMSI)
    agws[0].tunnel.handlers["InsertSubscriberData"] = lambda _: b"\xff\xff\xff"
    answer = hss.command("idr %s plain" % IMSI)
    assert answer["result"] in (3002, 5012), answer
    agws[0].tunnel.handlers.clear()
    good(hss.command("idr %s plain" % IMSI), gateway)


def test_a_gateway_that_never_answers(gateway, hss, agws):
    agws[0].ulr(IMSI)
    agws[0].tunnel.handlers["InsertSubscriberData"] = lambda _: None
    gateway.configure(s6a='agw_timeout = "3s";')
    gateway.ctl("reload")
    try:
        answer = hss.command("idr %s plain" % IMSI)
    finally:
        gateway.configure(s6a='agw_timeout = "20s";')
        gateway.ctl("reload")
    assert answer["result"] in (3002, 5012), answer
    agws[0].tunnel.handlers.clear()
    good(hss.command("idr %s plain" % IMSI), gateway)


def test_a_gateway_that_is_away(pki, gateway, hss, impatient):
    with Agw(pki, "agw3") as gone:
        gone.ulr("001010000000003")
    answer = hss.command("idr 001010000000003 plain")
    assert answer["result"] in (3002, 5012) and answer["origin-host"] == gateway.identity, answer


def test_many_requests_at_once_through_one_tunnel(gateway, hss, agws):
    import concurrent.futures
    imsis = ["0010100000001%02d" % n for n in range(64)]
    for imsi in imsis:
        agws[0].ulr(imsi)
    second = threading.Barrier(2)

    def handle(_):
        """The first one waits for the second, which does not come if each waits for its turn."""
        if not second.broken:
            try:
                second.wait(10)
            except threading.BrokenBarrierError:
                pass
        return stubs.s6a.CancelLocationAnswer(error_code=2001)

    agws[0].tunnel.handlers["CancelLocation"] = handle
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda imsi: hss.command("clr %s" % imsi), imsis))
    assert all(answer["result"] == 2001 for answer in answers)
    assert not second.broken, "they were served one after another"
    assert {r.user_name for r in agws[0].tunnel.requests("CancelLocation")} == set(imsis)


def test_the_legacy_stream(pki, gateway, hss):
    with Agw(pki, "agw3") as agw:
        agw.open_tunnel(legacy=True)
        gateway.wait_tunnel("agw3")
        agw.ulr("001010000000004")
        good(hss.command("clr 001010000000004"), gateway)
        assert agw.tunnel.requests("CancelLocation")


def test_a_subscriber_that_moves_is_cancelled_at_the_old_gateway(gateway, hss, agws):
    agws[0].ulr(IMSI)
    agws[1].ulr(IMSI)
    request = agws[0].tunnel.wait("CancelLocation")[-1]
    assert request.user_name == IMSI and request.moved_to_other_gateway
    assert not agws[1].tunnel.requests("CancelLocation")
    # the HSS sees one MME: what it sends now goes to the new one
    good(hss.command("clr %s" % IMSI), gateway)
    agws[1].tunnel.wait("CancelLocation")


def test_a_reconnecting_gateway_keeps_its_subscribers(pki, gateway, hss, agws):
    agws[0].ulr(IMSI)
    agws[0].close()
    gateway.wait_tunnel("agw1", False)
    with Agw(pki, "agw1") as again:
        again.open_tunnel()
        good(hss.command("clr %s" % IMSI), gateway)
        assert again.tunnel.requests("CancelLocation")


def test_after_kill_and_restart_a_cancel_still_finds_its_gateway(pki, gateway, hss):
    with Agw(pki, "agw1") as agw:
        agw.ulr(IMSI)
    gateway.settled()
    gateway.kill()
    gateway.start()
    with Agw(pki, "agw1") as agw:
        agw.open_tunnel()
        gateway.wait_tunnel("agw1")
        good(hss.command("clr %s" % IMSI), gateway)
        (request,) = agw.tunnel.wait("CancelLocation")
        assert request.user_name == IMSI
