# SPDX-License-Identifier: BSD-3-Clause
"""Gx and Gy messages that are wrong: requests of the core get the answer RFC 6733 asks for, answers
of the core are used as far as they can be read, and nobody else's session suffers."""
import grpc
import pytest

import peer as scripted
from kit.pcc import INITIAL, UPDATE, proto
from kit.wrong import ASR, CCR, GX, GY, RAR, TX, World
from peer import avp, avp3, split

UNKNOWN, OPTIONAL = avp(64999, b"what"), avp(64999, b"what", flags=0)
U64 = (1000).to_bytes(8, "big")


@pytest.fixture(scope="module")
def shared(pki, cleanup):
    thing = World(pki)
    cleanup.append(thing)
    return thing


@pytest.fixture
def world(shared):
    yield from shared.watched()


# ---- requests ----

def without(code):
    return lambda body: b"".join(a for a in pieces(body) if int.from_bytes(a[:4], "big") != code)


def instead(code, new):
    return lambda body: b"".join(new if int.from_bytes(a[:4], "big") == code else a
                                 for a in pieces(body))


def plus(more):
    return lambda body: body + more


def pieces(body):
    while body:
        length = (int.from_bytes(body[5:8], "big") + 3) & ~3
        yield body[:length]
        body = body[length:]


def rules(*members):
    return avp3(1001, avp3(1003, b"".join(members)))


NAME = avp3(1005, "video")
BOTH = {  # what is done to a good RAR: Result-Code, and what Failed-AVP holds
    "as it should be": (plus(b""), 2001, None),
    "without a Session-Id": (without(263), 5005, 263),
    "without Auth-Application-Id": (without(258), 5005, 258),
    "without Re-Auth-Request-Type": (without(285), 5005, 285),
    "without Destination-Host": (without(293), 5005, 293),
    "Re-Auth-Request-Type of two bytes": (instead(285, avp(285, b"\0\0")), 5014, 285),
    "Re-Auth-Request-Type twice": (plus(avp(285, 0)), 5009, 285),
    "unknown AVP with the M bit": (plus(UNKNOWN), 5001, 64999),
    "unknown AVP of a vendor with the M bit":
        (plus(avp(64999, b"what", vendor=4242)), 5001, 64999),
    "unknown AVP without the M bit": (plus(OPTIONAL), 2001, None),
    "a thousand unknown AVPs": (plus(OPTIONAL * 1000), 2001, None),
    "an empty Session-Id": (instead(263, avp(263, b"")), 5002, None),
    "a Session-Id of 60,000 bytes": (instead(263, avp(263, b"x" * 60000)), 5002, None),
    "a Session-Id that is no text": (instead(263, avp(263, b"\xff\0;1;1;agw1;x")), 5004, 263),
}
OF_GX = {
    "a trigger of three bytes": (plus(avp3(1006, b"\0\0\1")), 5014, 1006),
    "a time of three bytes": (plus(avp3(1042, b"\0\0\1")), 5014, 1042),
    "a rule without a name": (plus(rules(avp(432, 7))), 5005, 1005),
    "a number of two bytes inside a rule": (plus(rules(NAME, avp(432, b"\0\7"))), 5014, 432),
    "an unknown AVP with the M bit inside a rule": (plus(rules(NAME, UNKNOWN)), 5001, 64999),
    "an unknown AVP without the M bit inside a rule": (plus(rules(NAME, OPTIONAL)), 2001, None),
    "a rule twice": (plus(rules(NAME) * 2), 2001, None),
    "a name twice": (plus(rules(NAME, NAME)), 2001, None),  # the first counts
    "an empty rule installation": (plus(avp3(1001, b"")), 2001, None),
}
OF_GY = {
    "Rating-Group of two bytes": (plus(avp(432, b"\0\7")), 5014, 432),
    "Rating-Group of eight bytes": (plus(avp(432, b"\0" * 8)), 5014, 432),
    "Rating-Group twice": (plus(avp(432, 7) + avp(432, 8)), 2001, None),  # the first counts
}
REQUESTS = [(app, what, *case) for app, cases in ((GX, BOTH), (GX, OF_GX), (GY, BOTH), (GY, OF_GY))
            for what, case in cases.items()]


@pytest.mark.parametrize("app,what,change,result,failed", REQUESTS, ids=[
    "%s-%s" % ("gx" if r[0] == GX else "gy", r[1]) for r in REQUESTS])
def test_a_re_authorisation(world, app, what, change, result, failed):
    world.tunnel.handlers["PolicyReAuth"] = lambda message: proto.PolicyReAuthAnswer()
    world.tunnel.handlers["ChargingReAuth"] = (
        lambda message: proto.ChargingReAuthAnswer(result=proto.UPDATE_NOT_NEEDED))
    server = world.pcrf if app == GX else world.ocs1
    connection, name = server.live()[0], world.session_id(world.session(), app)
    good = world.head(server, name) + avp(285, 0)
    seen = len(world.tunnel.seen)
    answer = server.send(RAR, change(good), app=app)
    assert answer is not None, "no answer"
    assert answer.result == result, answer.result
    assert answer.get(264).decode() == world.gateway.identity and answer.get(296)
    if failed:
        holds = [code for code, *_ in split(answer.get(279))]
        assert holds == [failed] or failed in inner(answer.get(279)), holds
    if result == 5001:  # all of it
        assert avp(64999, b"what")[8:] in answer.get(279)
    assert (len(world.tunnel.seen) > seen) == (result == 2001), "what is refused is not passed on"
    assert server.send(RAR, good, app=app).result == 2001
    assert server.live() == [connection]


def inner(data):
    """Codes of all AVPs below Failed-AVP: a member may come with its groups around it."""
    out = []
    for code, vendor, _, value in split(data):
        out.append(code)
        if (code, vendor) in ((1001, 10415), (1003, 10415)):
            out += inner(value)
    return out


@pytest.mark.parametrize("app", [GX, GY])
def test_an_abort_that_is_wrong(world, app):
    world.tunnel.handlers["AbortSession"] = lambda message: proto.AbortSessionResult()
    server = world.pcrf if app == GX else world.ocs1
    good = world.head(server, world.session_id(world.session(), app))
    for change, result in ((plus(UNKNOWN), 5001), (without(258), 5005), (without(263), 5005),
                           (plus(OPTIONAL), 2001), (plus(b""), 2001)):
        answer = server.send(ASR, change(good), app=app)
        assert answer.result == result, (result, answer.result)


@pytest.mark.parametrize("app,session_app", [(GX, GY), (GY, GX)])
def test_a_session_of_the_other_interface(world, app, session_app):
    server = world.pcrf if app == GX else world.ocs1
    name = world.session_id(world.session(), session_app)
    assert world.send(server, RAR, name, avp(285, 0)).result == 5002


def test_a_request_that_comes_twice_is_answered_twice(world):
    world.tunnel.handlers["PolicyReAuth"] = lambda message: proto.PolicyReAuthAnswer()
    body = world.head(world.pcrf, world.session_id(world.session(), GX)) + avp(285, 0)
    first = world.pcrf.send(RAR, body, app=GX, e2e=0x1234)
    again = world.pcrf.send(RAR, body, app=GX, e2e=0x1234, flags=0xD0)
    assert first.result == again.result == 2001


@pytest.mark.parametrize("command", [CCR, 8388000])
def test_a_command_that_is_not_for_us(world, command):
    name = world.session_id(world.session(), GX)
    answer = world.send(world.pcrf, command, name, avp(416, 1) + avp(415, 0))
    assert answer.result == 3001 and answer.flags & scripted.ERROR


@pytest.mark.parametrize("host,realm", [("other.example.org", "example.org"),
                                        ("other.example.net", "example.net")])
def test_a_request_for_somebody_else(world, host, realm):
    body = instead(293, avp(293, host))(world.head(
        world.pcrf, world.session_id(world.session(), GX)) + avp(285, 0))
    answer = world.pcrf.send(RAR, instead(283, avp(283, realm))(body), app=GX)
    assert answer.result == 3002 and answer.flags & scripted.ERROR


# ---- answers ----

def change(how):
    """A case of a server's plan: the good answer with its AVPs changed."""
    def case(request, good):
        flags = good[4]
        return scripted.message(flags, CCR, request.app, request.hbh, request.e2e, how(good[20:]))
    return case


def service(*members):
    """One service in place of the good ones (Gy)."""
    return lambda body: without(456)(body) + avp(456, b"".join(members))


GRANT, GROUP, FINE = avp(431, avp(421, U64)), avp(432, 7), avp(268, 2001)
ANSWERS = {  # what is done to a good answer: is it used?
    "unknown AVP without the M bit": (plus(OPTIONAL), True),
    "unknown AVP with the M bit": (plus(UNKNOWN), True),
    "a second Session-Id and destinations":  # a mock OCS that is widely used sends them
        (lambda b: avp(263, "x") + b + avp(293, "fgw.example.org") + avp(283, "x"), None),
    "destinations": (plus(avp(293, "fgw.example.org") + avp(283, "example.org")), True),
    "two Result-Codes": (plus(avp(268, 5012)), True),
    "no Result-Code": (without(268), False),
    "Result-Code of two bytes": (instead(268, avp(268, b"\7\xd1")), False),
    "an empty Result-Code": (instead(268, avp(268, b"")), False),
    "no Session-Id": (without(263), None),
    "the Session-Id of nobody": (instead(263, avp(263, "nobody;1;1")), None),
    "no Origin-Host": (without(264), None),
    "no CC-Request-Type": (without(416), True),
    "no CC-Request-Number": (without(415), True),
    "nothing at all": (lambda b: b"", False),
    "a deep group": (plus(scripted.nested(3000)), None),
    "7,000 AVPs": (plus(avp(64999, b"", flags=0) * 7000), True),
    "an AVP of length 0": (plus(avp(64999, b"1234", length=0)), None),
    "an AVP longer than the message": (plus(avp(64999, b"1234", length=4000)), None),
}


def one_call(world, app, kind, what):
    """(status or None, element) of a CreateSession or an update that meets the case."""
    session = world.session()
    if ANSWERS[what][1] is None:
        world.impatient(gx=TX)  # it may be for nobody
    try:
        answer = session.create()
        if kind == INITIAL:
            element = answer.credits[0] if answer.credits else None
        elif app == GY:
            element = session.update(10)
        else:
            request = proto.UpdateSessionRequest()
            session.add_monitor(request, 1, b"mk", 1, 2)
            element = session.send_update(request).usage_monitor_responses[0]
        return None, element
    except grpc.RpcError as error:
        assert error.details(), "an error without a text"
        return error.code().name, None


# Where the connection has to go, and is made again: once each, for time.
BREAKING = {"an AVP of length 0": (GX, INITIAL), "an AVP longer than the message": (GY, UPDATE)}
CASES = [(app, kind, what) for app in (GX, GY) for kind in (INITIAL, UPDATE) for what in ANSWERS
         if BREAKING.get(what, (app, kind)) == (app, kind)]


@pytest.mark.parametrize("app,kind,what", CASES, ids=[
    "%s-%d-%s" % ("gx" if c[0] == GX else "gy", c[1], c[2]) for c in CASES])
def test_an_answer(world, app, kind, what):
    how, used = ANSWERS[what]
    server = world.pcrf if app == GX else world.ocs1
    server.plan[kind] = change(how)
    status, element = one_call(world, app, kind, what)
    if used is not None:
        ok = status is None and (element is None or element.success)
        assert ok == used, (status, element)
    if status is None and element is not None and element.success and app == GY:
        assert element.credit.granted_units.total.volume == 1000
    assert world.gateway.process.alive()


SERVICES = {  # one service of a CCA: success and granted octets; a broken part is no grant
    "as it should be": (service(GRANT, GROUP, FINE), True, 1000),
    "without Result-Code": (service(GRANT, GROUP), True, 1000),
    "without a grant": (service(GROUP, FINE), True, None),
    "a counter of four bytes": (service(avp(431, avp(421, 5)), GROUP, FINE), True, None),
    "a grant that is no group": (service(avp(431, b"\1\2\3"), GROUP, FINE), True, None),
    "Validity-Time of three bytes": (service(GRANT, GROUP, FINE, avp(448, b"\0\0\1")), True, 1000),
    "an unknown AVP with the M bit": (service(GRANT, GROUP, FINE, UNKNOWN), True, 1000),
    "a Result-Code nobody knows": (service(GRANT, GROUP, avp(268, 4999)), False, 1000),
    "a Result-Code of one byte": (service(GROUP, avp(268, b"\1")), None, None),
    "another group": (service(GRANT, avp(432, 99), FINE), True, None),
    "a group of two bytes": (service(GRANT, avp(432, b"\0\7"), FINE), None, None),
    "no group": (service(GRANT, FINE), True, 1000),
    "twice the same group": (lambda b: service(GRANT, GROUP, FINE)(b) +
                             avp(456, GRANT + GROUP + FINE), True, 1000),
    "an action nobody knows": (service(GRANT, GROUP, FINE, avp(430, avp(449, 77))), None, 1000),
    "no service at all": (without(456), True, None),
    "a service that is no group": (lambda b: without(456)(b) + avp(456, b"\xff" * 9), None, None),
}


@pytest.mark.parametrize("what", SERVICES)
def test_a_service_in_an_answer(world, what):
    how, success, granted = SERVICES[what]
    session = world.session()
    session.create()
    world.ocs1.plan[UPDATE] = change(how)
    element = session.update(10)
    assert element.charging_key == 7 and element.session_id == session.name
    if success is not None:
        assert element.success == success, element
    total = element.credit.granted_units.total
    assert (total.volume if total.is_valid else None) == granted, element
