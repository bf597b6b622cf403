# SPDX-License-Identifier: BSD-3-Clause
"""Gx and Gy when the core is silent, late, gone or says no, and when access gateways are away:
RFC 8506 clause 6, one case each. The core is tests/system/peer.py, so that flags, numbers and
identifiers are seen as they were on the wire."""
import concurrent.futures
import threading
import time

import grpc
import pytest

import peer as scripted
from kit import stubs
from kit.agw import code_of
from kit.pcc import EVENT, INITIAL, TERMINATION, UPDATE, proto, session_agw
from kit.proc import PATIENCE, eventually
from kit.session import CONTROLLER
from kit.wrong import ASR, GX, GY, RAR, TX, TX_OF_TWO, World
from peer import RETRANSMIT, avp

charging = stubs.event_charging


@pytest.fixture(scope="module")
def shared(pki, cleanup):
    thing = World(pki)
    cleanup.append(thing)
    return thing


@pytest.fixture
def world(shared):
    yield from shared.watched()


def same_again(first, *others):
    """The same request, sent again as RFC 6733 5.5.4 and RFC 8506 5.7 want it."""
    assert not first.flags & RETRANSMIT
    for other in others:
        assert other.flags & RETRANSMIT, "sent again without the T flag"
        assert other.e2e == first.e2e and other.number(415) == first.number(415)
        assert other.get(263) == first.get(263)
        assert [a for a in other.avps if a[0] == 456] == [a for a in first.avps if a[0] == 456]


# ---- Tx expires: RFC 8506 5.7 and 6 ----

# handling, may move: who is asked (1, 2), and how it ends if the second one answers
MATRIX = [
    ("terminate", False, "1", "refused"), ("terminate", True, "1", "refused"),
    ("continue", False, "1", "granted"), ("continue", True, "12", "answered"),
    ("retry-and-terminate", False, "1", "refused"), ("retry-and-terminate", True, "12", "answered"),
]


@pytest.mark.parametrize("handling,failover,asked,end", MATRIX)
def test_an_update_that_is_not_answered(world, handling, failover, asked, end):
    session = world.opened(handling, failover)
    world.ocs1.plan[UPDATE] = "silent"
    world.impatient(TX_OF_TWO if end == "answered" else TX)
    answer = session.update(10)
    world.patient()
    first = world.ocs1.ccr(UPDATE, session)
    second = world.ocs2.ccr(UPDATE, session)
    assert "1" * len(first) + "2" * len(second) == asked
    same_again(first[0], *second)
    assert answer.success == (end != "refused")
    if end == "refused":
        assert answer.result_code // 1000 == 5  # makes an access gateway end the session
    if end == "granted":
        assert answer.limit_type == proto.INFINITE_METERED
    if end == "answered":
        assert answer.credit.granted_units.total.volume == 1000
        # the session has moved: RFC 8506 5.7, the T flag was for that request alone
        assert session.update(20).success
        again = world.ocs2.ccr(UPDATE, session)[-1]
        assert again.get(293) == b"ocs2.example.org" and again.number(415) == 2
        assert not again.flags & RETRANSMIT and len(world.ocs1.ccr(UPDATE, session)) == 1
        session.terminate()
        assert world.ocs2.ccr(TERMINATION, session)


@pytest.mark.parametrize("handling,granted", [("continue", True), ("retry-and-terminate", False)])
def test_an_update_that_neither_answers(world, handling, granted):
    session = world.opened(handling, True)
    world.ocs1.plan[UPDATE] = world.ocs2.plan[UPDATE] = "silent"
    world.impatient()
    answer = session.update(10)
    world.patient()
    assert answer.success == granted
    same_again(*world.ocs1.ccr(UPDATE, session), *world.ocs2.ccr(UPDATE, session))
    assert len(world.ocs2.ccr(UPDATE, session)) == 1
    # what was used meanwhile is reported with the next number, once
    world.ocs1.reset()
    world.ocs2.reset()
    assert session.update(15).success
    assert world.ocs1.ccr(UPDATE, session)[-1].number(415) == 2


@pytest.mark.parametrize("handling,failover,asked,end", MATRIX)
def test_a_beginning_that_is_not_answered(world, handling, failover, asked, end):
    """Before the OCS has said anything, the settings say what to do. A session that has not begun
    may begin at the alternate, if there is one."""
    world.configure(handling, alternate=failover)
    world.impatient(TX_OF_TWO if end == "answered" else TX)
    world.ocs1.plan[INITIAL] = "silent"
    session = world.session()
    if end == "refused":
        code, text = code_of(session.create)
        assert code.name == "DEADLINE_EXCEEDED" and text
        undone = eventually(lambda: world.pcrf.ccr(TERMINATION, session), what="Gx is undone")[0]
        assert undone.number(415) == 1 and undone.number(295) == 4
    else:
        answer = session.create()
        assert not world.pcrf.ccr(TERMINATION, session)
        assert answer.credits[0].success
        free = answer.credits[0].limit_type == proto.INFINITE_METERED
        assert free == (end == "granted")
        assert session.tgpp.gy_dest_host == ("" if free else "ocs2.example.org")
    first, second = world.ocs1.ccr(INITIAL, session), world.ocs2.ccr(INITIAL, session)
    assert "1" * len(first) + "2" * len(second) == asked
    same_again(first[0], *second)


def test_a_session_that_begins_at_the_alternate_stays_there(world):
    """RFC 8506 5.7: to begin there it needs no CC-Session-Failover, to go back it would."""
    world.configure("retry-and-terminate", False)
    world.impatient(TX_OF_TWO)
    world.ocs1.plan[INITIAL] = "silent"
    session = world.session()
    session.create()
    world.ocs2.plan[UPDATE] = "silent"
    world.impatient()
    assert not session.update(10).success
    world.patient()
    session.terminate()
    assert [m.number(415) for m in world.ocs2.ccr(None, session)] == [0, 1, 2]
    assert len(world.ocs1.ccr(None, session)) == 1


def test_the_setting_continue_until_the_ocs_says_terminate(world):
    world.configure("continue", True)
    session = world.opened("terminate", False)
    world.ocs1.plan[UPDATE] = "silent"
    world.impatient()
    assert not session.update(10).success and not world.ocs2.ccr(UPDATE, session)


def test_a_session_that_the_ocs_has_lost_begins_again(world):
    """Served on although its OCS does not know it (CONTINUE), it is idle: RFC 8506 7."""
    session = world.opened("continue", False)
    world.ocs1.plan[UPDATE] = 5002
    assert session.update(10).limit_type == proto.INFINITE_METERED
    world.ocs1.reset()
    assert session.update(11).credit.granted_units.total.volume == 1000
    assert [(m.number(416), m.number(415)) for m in world.ocs1.ccr(None, session)] == [
        (INITIAL, 0), (UPDATE, 1), (INITIAL, 0)]
    session.terminate()
    assert world.ocs1.ccr(TERMINATION, session)[-1].number(415) == 3


@pytest.mark.parametrize("failover", [False, True])
def test_an_end_that_is_not_answered(world, failover):
    """The usage of a CCR-T must arrive, whatever the handling: it is sent again (RFC 8506 6)."""
    session = world.opened("terminate", failover)
    world.ocs1.plan[TERMINATION] = "silent"
    world.impatient(TX_OF_TWO if failover else TX)
    request = session.terminate_request()
    request.credit_usages.add(charging_key=7, bytes_rx=77)
    if failover:
        session.terminate(request)
    else:
        code, _ = code_of(session.terminate, request)
        assert code.name == "DEADLINE_EXCEEDED"
    first, second = world.ocs1.ccr(TERMINATION, session), world.ocs2.ccr(TERMINATION, session)
    same_again(first[0], *first[1:], *second)
    assert (len(first), len(second)) == ((1, 1) if failover else (3, 0))


def test_a_pcrf_that_is_silent(world):
    session = world.session()
    world.pcrf.plan[INITIAL] = "silent"
    world.impatient(gx=TX)
    assert code_of(session.create)[0].name == "DEADLINE_EXCEEDED"
    assert not world.ocs1.ccr(None, session)


# ---- no ----

FAILURES = [  # Result-Code of the first server, handling, may move: asked, and how it ends
    (3004, "terminate", False, "1", "refused"), (3004, "terminate", True, "12", "answered"),
    (3002, "continue", True, "12", "answered"), (3005, "retry-and-terminate", True, "12",
                                                 "answered"),
    (3004, "continue", False, "1", "granted"), (5012, "terminate", True, "1", "refused"),
    (5012, "continue", True, "1", "granted"), (5012, "retry-and-terminate", True, "1", "refused"),
    (4010, "continue", True, "1", "refused"), (5030, "continue", True, "1", "refused"),
    (5002, "continue", True, "1", "granted"), (4011, "terminate", False, "1", "granted"),
]


@pytest.mark.parametrize("code,handling,failover,asked,end", FAILURES)
@pytest.mark.parametrize("kind", [INITIAL, UPDATE])
def test_a_request_that_fails(world, kind, code, handling, failover, asked, end):
    world.ocs1.plan[kind] = code
    if kind == INITIAL:
        world.configure(handling, alternate=failover)
        session, element = world.session(), None
        try:
            element = session.create().credits[0]
        except grpc.RpcError as error:
            assert error.details()
            eventually(lambda: world.pcrf.ccr(TERMINATION, session), what="Gx is undone")
        assert (element is None) == (end == "refused")
    else:
        session = world.opened(handling, failover)
        element = session.update(10)
    first, second = world.ocs1.ccr(kind, session), world.ocs2.ccr(kind, session)
    assert "1" * len(first) + "2" * len(second) == asked
    same_again(first[0], *second)
    if element:
        assert element.success == (end != "refused")
    if end == "granted":
        assert element.limit_type == (proto.INFINITE_UNMETERED if code == 4011 else
                                      proto.INFINITE_METERED)


# ---- the core dies ----

@pytest.mark.parametrize("kind,handling,failover,end", [
    (INITIAL, "terminate", False, "refused"), (INITIAL, "retry-and-terminate", True, "answered"),
    (INITIAL, "continue", False, "granted"),
    (UPDATE, "terminate", False, "refused"), (UPDATE, "terminate", True, "answered"),
    (UPDATE, "continue", False, "granted"), (UPDATE, "continue", True, "answered"),
    (UPDATE, "retry-and-terminate", False, "refused"),
    (UPDATE, "retry-and-terminate", True, "answered")])
def test_an_ocs_that_dies_before_it_answers(world, kind, handling, failover, end):
    if kind == INITIAL:
        world.configure(handling, alternate=failover)
        session = world.session()
    else:
        session = world.opened(handling, failover)
    world.ocs1.plan[kind] = "close"
    began = time.monotonic()  # nothing waits for Tx
    code, element = None, None
    try:
        element = session.create().credits[0] if kind == INITIAL else session.update(10)
    except grpc.RpcError as error:
        code = error.code()
    assert time.monotonic() - began < 15
    first, second = world.ocs1.ccr(kind, session), world.ocs2.ccr(kind, session)
    assert len(first) == 1 and len(second) == (1 if end == "answered" else 0)
    same_again(first[0], *second)
    if end == "refused" and kind == INITIAL:
        assert code.name == "UNAVAILABLE"
        eventually(lambda: world.pcrf.ccr(TERMINATION, session), what="Gx is undone")
    else:
        assert code is None and element.success == (end != "refused")
    if end == "granted":
        assert element.limit_type == proto.INFINITE_METERED


def test_an_ocs_that_is_away_from_the_beginning(world):
    """With a server to go to, nothing is lost by it; the T flag says nothing was sent before."""
    world.configure("terminate", True)
    world.ocs1.stop()
    eventually(lambda: any(p["state"] != "OPEN" for p in world.gateway.ctl_json("peers")["peers"]),
               what="one is gone")
    session = world.session()
    try:
        session.create()
        assert session.tgpp.gy_dest_host == "ocs2.example.org"
        assert session.update(5).success
    finally:
        world.ocs1.start()
    assert not [m for m in world.ocs2.ccr(None, session) if m.flags & RETRANSMIT]
    world.wait_open()
    assert session.update(6).success and not world.ocs1.ccr(None, session)
    session.terminate()


# ---- late, twice, mixed up ----

def test_an_answer_that_comes_too_late(world):
    session = world.opened("terminate", False)
    late = []
    world.ocs1.plan[UPDATE] = lambda request, good: late.append(good)
    world.impatient()
    assert not session.update(10).success
    world.ocs1.reset()
    world.configure()
    world.ocs1.raw(late[0])  # nobody waits for it any more
    answer = session.update(11)
    assert answer.success and answer.credit.granted_units.total.volume == 1000


# ---- one-time events: RFC 8506 6.5 and 7 ----

DEBIT, REFUND, CHECK, PRICE = range(4)
EVENTS = [  # action, what the first server does, the second: asked, and how it ends
    (DEBIT, 2001, 2001, "1", "granted"), (DEBIT, "silent", 2001, "12", "granted"),
    (DEBIT, "close", 2001, "12", "granted"), (DEBIT, 3004, 2001, "12", "granted"),
    (DEBIT, "silent", "silent", "12", "granted, repeat"),
    (DEBIT, "silent", 3004, "12", "granted, repeat"), (DEBIT, 3004, 3004, "12", "refused"),
    (DEBIT, "silent", 5031, "12", "refused"), (DEBIT, 4010, 2001, "1", "refused"),
    (DEBIT, 4011, 2001, "1", "granted"), (REFUND, "silent", 3004, "12", "refused, repeat"),
    (REFUND, 5012, 2001, "1", "refused"), (REFUND, 4011, 2001, "1", "refused"),
    (CHECK, "silent", 2001, "12", "granted"), (CHECK, "silent", "silent", "12", "failed"),
    (PRICE, 3002, 2001, "12", "granted"), (PRICE, 5031, 2001, "1", "refused"),
]


@pytest.mark.parametrize("action,first,second,asked,end", EVENTS)
def test_an_event_that_fails(world, action, first, second, asked, end):
    """The alternate is asked whatever CC-Session-Failover says: there is no session."""
    world.ocs1.plan[EVENT], world.ocs2.plan[EVENT] = first, second
    if "silent" in (first, second):
        world.impatient(TX if second == "silent" else TX_OF_TWO)
    session = world.session()
    request = charging.EventRequest(event_id=session.name, action=action,
                                    services=[charging.EventService(rating_group=7)])
    session.common(request.subscriber)
    try:
        answer = world.agw.call("/fgw.charging.EventCharging/Charge", request,
                                charging.EventResponse)
        got = ("granted" if answer.granted else "refused") + (", repeat" if answer.repeat else "")
    except grpc.RpcError:
        got = "failed"
    assert got == end
    one, two = world.ocs1.ccr(EVENT, session), world.ocs2.ccr(EVENT, session)
    assert "1" * len(one) + "2" * len(two) == asked
    same_again(one[0], *two)
    assert one[0].number(415) == 0 and one[0].number(436) == action


# ---- late ----

def hold_back(server, kind=INITIAL):
    """What the server would have answered, in the order of asking."""
    held = []
    server.plan[kind] = lambda request, good: held.append(good)
    return held


def late_answers(world, interface):
    return {o: world.gateway.counter("fgw_gx_gy_late_answers_total", interface=interface, outcome=o)
            for o in ("used", "ended", "in_use", "ignored")}


def ended_once(server, session, others=0):
    """The CCR-T that ends a session that nobody has."""
    ended = eventually(lambda: server.ccr(TERMINATION, session), 5, "its session is ended")
    assert ended[0].number(415) == 1 and ended[0].number(295) == 4
    assert ended[0].get(293) == server.identity.encode() and ended[0].get(283) == b"example.org"
    assert not ended[0].flags & RETRANSMIT
    assert len(server.ccr(None, session)) == 2 + others  # CCR-I and this
    return ended


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("app,handling", [(GX, "terminate"), (GY, "terminate"), (GY, "continue")])
def test_a_session_that_begins_too_late_is_ended(world, app, handling, forgotten):
    """The caller was answered; the server then says that it has a session, and says it twice.
    forgotten: by then the library knows nothing of the Hop-by-Hop id any more."""
    world.configure(handling, alternate=False)
    world.impatient(gx=TX if app == GX else 20)
    server, session = world.pcrf if app == GX else world.ocs1, world.session()
    held = hold_back(server)
    before = late_answers(world, "gx" if app == GX else "gy")
    logged = world.gateway.log_position()
    try:
        session.create()
        assert handling == "continue"
    except grpc.RpcError as error:
        assert error.code().name == "DEADLINE_EXCEEDED" and handling == "terminate"
    world.patient()
    if forgotten:
        held[0] = held[0][:12] + b"\xff\xff\xff\xff" + held[0][16:]
    server.raw(held[0])
    server.raw(held[0])
    ended_once(server, session)
    world.gateway.wait_counter(before["ignored"] + 1, "fgw_gx_gy_late_answers_total",
                               interface="gx" if app == GX else "gy", outcome="ignored")
    after = late_answers(world, "gx" if app == GX else "gy")
    assert after["ended"] == before["ended"] + 1 and after["used"] == before["used"]
    ended_once(server, session)
    world.gateway.wait_log(r"imsi=%s .*CCA-I came too late" % session.imsi, since=logged)
    if handling == "continue":  # it begins again with the first report, like any such session
        server.reset()
        assert session.update(10).success and session.tgpp.gy_dest_host == "ocs1.example.org"
        session.terminate()


@pytest.mark.parametrize("common", [False, True])
def test_a_session_that_begins_twice(world, common):
    """The first server wakes up when the alternate has the session: it is told to forget it, unless
    it says that they share their sessions (CC-Session-Failover)."""
    world.configure("retry-and-terminate", True)
    world.impatient(TX_OF_TWO)
    world.ocs1.extra[INITIAL] = avp(418, int(common))
    session, held = world.session(), hold_back(world.ocs1)
    before = late_answers(world, "gy")
    session.create()
    world.patient()
    assert session.tgpp.gy_dest_host == "ocs2.example.org"
    world.ocs1.raw(held[0])
    world.gateway.wait_counter(before["in_use" if common else "ended"] + 1,
                               "fgw_gx_gy_late_answers_total", interface="gy",
                               outcome="in_use" if common else "ended")
    if not common:
        ended_once(world.ocs1, session)
    assert session.update(10).success
    session.terminate()
    assert not common or not world.ocs1.ccr(TERMINATION, session)
    assert [m.number(415) for m in world.ocs2.ccr(None, session)] == [0, 1, 2]


@pytest.mark.parametrize("kind", [INITIAL, UPDATE])
def test_an_answer_that_comes_while_the_alternate_is_asked(world, kind):
    """RFC 8506 7: the client is still in its pending state, so the answer is as good as any."""
    world.configure("retry-and-terminate", True)
    session = world.session() if kind == INITIAL else world.opened("retry-and-terminate", True)
    world.impatient(TX_OF_TWO)  # time enough to answer while the alternate is asked
    first, second = hold_back(world.ocs1, kind), hold_back(world.ocs2, kind)
    before = late_answers(world, "gy")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        call = pool.submit(session.create if kind == INITIAL else lambda: session.update(10))
        eventually(lambda: second, what="the alternate is asked")
        world.ocs1.raw(first[0])
        answer = call.result(PATIENCE)
    world.patient()
    element = answer.credits[0] if kind == INITIAL else answer
    assert element.credit.granted_units.total.volume == 1000
    assert session.tgpp.gy_dest_host == "ocs1.example.org"
    assert late_answers(world, "gy")["used"] == before["used"] + 1
    world.ocs2.raw(second[0])
    if kind == INITIAL:
        ended_once(world.ocs2, session)
    world.ocs1.reset()
    assert session.update(11).success
    session.terminate()
    assert world.ocs1.ccr(TERMINATION, session)[-1].number(415) == (2 if kind == INITIAL else 3)


@pytest.mark.parametrize("kind", [INITIAL, UPDATE, TERMINATION])
def test_an_answer_that_comes_twice(world, kind):
    for server in world.servers:
        server.plan[kind] = "twice"
    session = world.session()
    session.create()
    assert session.update(10).success
    session.terminate()
    assert [m.number(415) for m in world.ocs1.ccr(None, session)] == [0, 1, 2]


def test_answers_in_another_order(world):
    sessions = [world.opened() for _ in range(6)]
    held, lock = [], threading.Lock()

    def hold(request, good):
        with lock:
            held.append(good)
            if len(held) == len(sessions):
                world.ocs1.raw(b"".join(reversed(held)))

    world.ocs1.plan[UPDATE] = hold
    request = proto.UpdateSessionRequest()
    for n, session in enumerate(sessions):
        session.add_usage(request, session.next(), 7, n)
    answer = sessions[0].send_update(request)
    assert [r.session_id for r in answer.responses] == [s.name for s in sessions]
    assert all(r.success for r in answer.responses)


def test_never_two_requests_of_a_session_at_a_time(world):
    """Calls come in parallel; the OCS sees them one after another, and no number twice."""
    session, lock, state = world.opened(), threading.Lock(), {"now": 0, "most": 0}

    def slow(request, good):
        with lock:
            state["now"] += 1
            state["most"] = max(state["most"], state["now"])

        def answer():
            with lock:
                state["now"] -= 1
            world.ocs1.raw(good)
        threading.Timer(0.05, answer).start()

    world.ocs1.plan[UPDATE] = slow
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: session.update(n), range(8)))
    assert all(r.success for r in results) and state["most"] == 1
    numbers = [m.number(415) for m in world.ocs1.ccr(UPDATE, session)]
    assert sorted(numbers) == list(range(1, 9))


def test_a_caller_that_hangs_up_leaves_no_session_behind(world):
    session, held, arrived = world.session(), [], threading.Event()

    def hold(request, good):
        held.append(good)
        arrived.set()

    world.ocs1.plan[INITIAL] = hold
    create = world.agw.multicallable(CONTROLLER + "CreateSession", proto.CreateSessionResponse)
    cancelled = world.gateway.counter("fgw_rpc_requests_total", status="CANCELLED")
    call = create.future(session.create_request(), timeout=PATIENCE)
    assert arrived.wait(PATIENCE)
    call.cancel()
    world.gateway.wait_counter(cancelled + 1, "fgw_rpc_requests_total", status="CANCELLED")
    world.ocs1.raw(held[0])
    for server in (world.pcrf, world.ocs1):
        ended = eventually(lambda: server.ccr(TERMINATION, session), what="both are undone")[0]
        assert ended.number(415) == 1 and ended.number(295) == 4


# ---- requests of the core while something else goes on ----

@pytest.mark.parametrize("app", [GX, GY])
def test_an_abort_during_an_update(world, app):
    """It reaches the access gateway while its own call is still waiting, and both are answered."""
    session, held = world.opened(), []
    arrived = threading.Event()
    world.tunnel.handlers["AbortSession"] = lambda message: proto.AbortSessionResult()

    def hold(request, good):
        held.append(good)
        arrived.set()

    world.ocs1.plan[UPDATE] = hold
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        update = pool.submit(session.update, 10)
        assert arrived.wait(PATIENCE)
        server = world.pcrf if app == GX else world.ocs1
        answer = world.send(server, ASR, world.session_id(session, app))
        assert answer.result == 2001 and not update.done()
        world.ocs1.raw(held[0])
        assert update.result(PATIENCE).success
    assert world.tunnel.requests("AbortSession")[-1].session_id == session.name
    session.terminate()
    assert world.ocs1.ccr(TERMINATION, session)[-1].number(415) == 2


def test_a_new_policy_while_the_session_begins(world):
    """The PCRF may send a RAR before the OCS has answered: it is not held up."""
    session, held, arrived = world.session(), [], threading.Event()
    world.tunnel.handlers["PolicyReAuth"] = lambda message: proto.PolicyReAuthAnswer()

    def hold(request, good):
        held.append(good)
        arrived.set()

    world.ocs1.plan[INITIAL] = hold
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        create = pool.submit(session.create)
        assert arrived.wait(PATIENCE)
        answer = world.send(world.pcrf, RAR, world.session_id(session, GX), avp(285, 0))
        assert answer.result == 2001
        world.ocs1.raw(held[0])
        assert create.result(PATIENCE).credits


# ---- access gateways that are away ----

def away(world, what):
    """(Session-Id, expected Result-Code)"""
    session = world.session()
    name = world.session_id(session, GX)
    if what == "never connected":
        return name.replace(";agw1;", ";agw3;"), 3002
    if what == "not one of ours":
        return name.replace(";agw1;", ";stranger;"), 5002
    if what == "no session of ours":
        return "pcrf.example.org;1;2", 5002
    assert what == "silent"
    world.tunnel.handlers["PolicyReAuth"] = lambda message: None
    return name, 3002


@pytest.mark.parametrize("what", [
    "never connected", "not one of ours", "no session of ours", "silent"])
def test_an_access_gateway_that_cannot_be_asked(world, what):
    name, result = away(world, what)
    if result == 3002:
        world.impatient()  # it is waited for
    began = time.monotonic()
    answer = world.send(world.pcrf, RAR, name, avp(285, 0))
    assert time.monotonic() - began < 15
    assert answer.result == result, answer.result
    assert bool(answer.flags & scripted.ERROR) == (result < 4000)
    assert answer.get(263).decode() == name
    assert (answer.get(264), answer.get(296)) == (world.gateway.identity.encode(), b"example.org")


def test_an_access_gateway_that_comes_back_in_time(world):
    """A short gap of the tunnel is waited for: the core need not send the RAR again."""
    session = world.opened()
    session.owner = "agw2"
    with session_agw(world.gateway.pki, "agw2") as agw:
        agw.open_tunnel()
        world.gateway.wait_tunnel("agw2")
        agw.tunnel.close()
        world.gateway.wait_tunnel("agw2", False)
        entry = world.post(world.pcrf, RAR, world.session_id(session, GX), avp(285, 0))
        time.sleep(0.3)
        tunnel = agw.open_tunnel(PolicyReAuth=lambda message: proto.PolicyReAuthAnswer())
        answer = world.pcrf.wait(entry)
    assert answer is not None and answer.result == 2001
    assert tunnel.requests("PolicyReAuth")[0].session_id == session.name


def test_a_storm_to_an_access_gateway_that_goes_away(world):
    """1,000 RARs in flight when the tunnel breaks: each is answered, in time."""
    world.impatient()
    with session_agw(world.gateway.pki, "agw2") as agw:
        tunnel = agw.open_tunnel(PolicyReAuth=lambda message: None)
        world.gateway.wait_tunnel("agw2")
        entries = []
        for _ in range(1000):
            session = world.session(owner="agw2")
            entries.append(world.post(world.pcrf, RAR, world.session_id(session, GX),
                                      avp(285, 0)))
        tunnel.wait("PolicyReAuth")
        tunnel.close()
    answers = [world.pcrf.wait(entry) for entry in entries]
    assert all(answers)
    assert {a.result for a in answers} <= {3002, 3004}, {a.result for a in answers}


def test_the_gateway_stops_in_order_with_everything_under_way(shared):
    """Calls up and down in flight, and a stop: nothing hangs, crashes or leaks."""
    for server in shared.servers:
        server.plan[UPDATE] = "silent"
    shared.wait_open()
    sessions = [shared.opened("retry-and-terminate", True) for _ in range(5)]
    shared.impatient(3)
    shared.tunnel.handlers["PolicyReAuth"] = lambda message: None
    entry = shared.post(shared.pcrf, RAR, shared.session_id(sessions[0], GX), avp(285, 0))
    shared.tunnel.wait("PolicyReAuth")
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(session.update, 10) for session in sessions]
        eventually(lambda: len(shared.ocs1.ccr(UPDATE)) >= 5, what="the updates are under way")
        shared.gateway.stop()
        for call in calls:
            try:
                assert not call.result(PATIENCE).success
            except grpc.RpcError as error:
                assert error.code().name in ("UNAVAILABLE", "CANCELLED", "DEADLINE_EXCEEDED")
    answer = shared.pcrf.wait(entry, 2)
    assert answer is None or answer.result in (3002, 3004, 5012)
