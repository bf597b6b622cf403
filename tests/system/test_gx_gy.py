# SPDX-License-Identifier: BSD-3-Clause
"""Gx and Gy end to end: an access gateway's session manager, fgwd, and a scripted PCRF and OCS."""
import contextlib
import importlib
import struct
import threading

import pytest

import peer as scripted
from kit import paths
from kit.agw import Agw, Tunnel, code_of
from kit.gateway import Peer
from kit.proc import PATIENCE, eventually
from kit.session import TUNNEL, SessionGateway
from peer import M, avp, avp3, split

session = importlib.import_module("proto.session_pb2")
GX, GY = 16777238, 4
CCR, RAR, ASR = 272, 258, 274
CONTROLLER = "/magma.lte.CentralSessionController/"
IMSI = "001010000000001"
SESSION = "IMSI%s-123456" % IMSI
TYPE, NUMBER, MSCC, RATING_GROUP, USED, TOTAL = 416, 415, 456, 432, 446, 421
INITIAL, UPDATE, TERMINATION = 1, 2, 3
SETTINGS = 'gx_gy: { agw_timeout = "20s"; gx: { timeout = "20s"; }; gy: { timeout = "20s"; }; };'

Tunnel.IN.update(TUNNEL)


def u64(value):
    return struct.pack(">Q", value)


def find(avps, code, vendor=0):
    return [data for c, v, _, data in avps if (c, v) == (code, vendor)]


class Core:
    """PCRF and OCS in one: rules for everybody, an account per session."""

    def __init__(self):
        self.lock = threading.Lock()
        self.debited, self.silent, self.result = {}, set(), 2001

    def used(self, session_id):
        with self.lock:
            return self.debited.get(session_id, 0)

    def gx(self, kind):
        if kind != INITIAL:
            return b""
        flow = avp3(1058, avp3(507, "permit out 6 from 192.0.2.0/24 443 to assigned") +
                    avp3(1080, struct.pack(">I", 3), flags=0), flags=0)
        rule = avp3(1003, avp3(1005, "video") + avp(RATING_GROUP, 7) + flow)
        return avp3(1001, rule)

    def gy(self, req, session_id):
        out = b""
        for data in find(req.avps, MSCC):
            parts = split(data)
            group = find(parts, RATING_GROUP)[0]
            with self.lock:
                for used in find(parts, USED):
                    total = struct.unpack(">Q", find(split(used), TOTAL)[0])[0]
                    self.debited[session_id] = self.debited.get(session_id, 0) + total
            out += avp(MSCC, avp(431, avp(TOTAL, u64(1000))) + avp(RATING_GROUP, group) +
                       avp(268, 2001))
        return out

    def __call__(self, peer, conn, req):
        session_id = req.get(263).decode()
        kind = req.number(TYPE)
        if (req.app, kind) in self.silent:
            return None
        body = self.gx(kind) if req.app == GX else self.gy(req, session_id)
        head = (avp(263, session_id) + avp(268, self.result) + scripted.origin(peer) +
                avp(258, req.app) + avp(TYPE, kind) + avp(NUMBER, req.number(NUMBER)))
        return scripted.answer(req, head + body)


@pytest.fixture(scope="module")
def world(pki, cleanup):
    core = Core()
    peer = scripted.Peer(host=paths.HSS_IP, port=3868, identity="core.example.org", case=core,
                         apps=((10415, GX), (0, GY))).start()
    cleanup.append(peer)
    gateway = SessionGateway(pki, [Peer(peer.identity, paths.HSS_IP)], more=SETTINGS,
                             diameter='inbound_deadline = "60s";').start()
    cleanup.append(gateway)
    agw = Agw(pki, service="session_proxy")
    cleanup.append(agw)
    tunnel = agw.open_tunnel()
    return type("World", (), dict(core=core, peer=peer, gateway=gateway, agw=agw, tunnel=tunnel))


def create(agw, name=SESSION, timeout=PATIENCE):
    request = session.CreateSessionRequest(session_id=name)
    request.common_context.sid.id = name.split("-")[0]
    request.common_context.apn = "internet"
    request.common_context.ue_ipv4 = "10.0.0.7"
    request.requested_units.total = 5000
    request.rat_specific_context.lte_context.spgw_ipv4 = "192.0.2.9"
    return agw.call(CONTROLLER + "CreateSession", request, session.CreateSessionResponse, timeout)


def usage(request, opened, number, total, name=SESSION):
    update = request.updates.add(session_id=name, request_number=number)
    update.common_context.sid.id = name.split("-")[0]
    update.tgpp_ctx.CopyFrom(opened.tgpp_ctx)
    update.usage.charging_key = 7
    update.usage.bytes_rx = total
    update.usage.type = session.CreditUsage.QUOTA_EXHAUSTED


def update(agw, opened, number, total, name=SESSION, timeout=PATIENCE):
    request = session.UpdateSessionRequest()
    usage(request, opened, number, total, name)
    return agw.call(CONTROLLER + "UpdateSession", request, session.UpdateSessionResponse, timeout)


def terminate(agw, opened, number, total=0, name=SESSION):
    request = session.SessionTerminateRequest(session_id=name, request_number=number)
    request.common_context.sid.id = name.split("-")[0]
    request.tgpp_ctx.CopyFrom(opened.tgpp_ctx)
    request.credit_usages.add(charging_key=7, bytes_rx=total)
    return agw.call(CONTROLLER + "TerminateSession", request, session.SessionTerminateResponse)


def id_of(world, app, name=SESSION):
    return "%s;%s;%d;agw1;%s" % (world.gateway.identity, name.split("-")[1], app, name)


def core_request(world, app, command, session_id, more=b""):
    peer = world.peer
    body = (avp(263, session_id) + scripted.origin(peer) + avp(283, "example.org") +
            avp(293, world.gateway.identity) + avp(258, app) + more)
    return peer.send(command, body, app=app)


@contextlib.contextmanager
def settings(world, text):
    """In force meanwhile."""
    world.gateway.configure(more=text)
    world.gateway.ctl("reload")
    try:
        yield
    finally:
        world.gateway.configure(more=SETTINGS)
        world.gateway.ctl("reload")


def test_a_session_from_beginning_to_end(world):
    opened = create(world.agw)
    assert [rule.policy_rule.id for rule in opened.dynamic_rules] == ["video"]
    flows = opened.dynamic_rules[0].policy_rule.flow_list
    assert {(f.match.tcp_src, f.match.tcp_dst) for f in flows} == {(443, 0), (0, 443)}
    assert opened.credits[0].success and opened.credits[0].credit.granted_units.total.volume == 1000
    for number in range(1, 5):
        answer = update(world.agw, opened, number, 1000)
        assert answer.responses[0].success
    terminate(world.agw, opened, 5, 123)
    assert world.core.used(id_of(world, 2)) == 4123
    terminate(world.agw, opened, 5)
    requests = [m for m in world.peer.received("272R") if m.app == GY and
                m.get(263).decode() == id_of(world, 2)]
    assert [m.number(NUMBER) for m in requests[:6]] == [0, 1, 2, 3, 4, 5]


def test_many_updates_in_one_call_and_one_that_fails(world):
    names = ["IMSI00101000000000%d-%d" % (i, i) for i in range(2, 8)]
    opened = {name: create(world.agw, name) for name in names}
    request = session.UpdateSessionRequest()
    for name in names:
        usage(request, opened[name], 1, 10, name)
    request.updates[3].session_id = ""
    answer = world.agw.call(CONTROLLER + "UpdateSession", request, session.UpdateSessionResponse)
    assert [r.success for r in answer.responses] == [i != 3 for i in range(6)]


def test_policy_re_auth(world):
    create(world.agw)
    failed = session.PolicyReAuthAnswer(session_id=SESSION)
    failed.failed_rules["video2"] = session.PolicyReAuthAnswer.RESOURCE_ALLOCATION_FAILURE
    world.tunnel.handlers["PolicyReAuth"] = lambda message: failed
    rule = avp3(1001, avp3(1003, avp3(1005, "video2")))
    answer = core_request(world, GX, RAR, id_of(world, 1), avp(285, 0) + rule)
    assert answer.result == 2001
    request = world.tunnel.wait("PolicyReAuth")[-1]
    assert request.session_id == SESSION and request.imsi == "IMSI" + IMSI
    assert [r.policy_rule.id for r in request.dynamic_rules_to_install] == ["video2"]
    report = split(answer.get(1018, 10415))
    assert find(report, 1005, 10415) == [b"video2"]
    assert find(report, 1031, 10415) == [struct.pack(">I", 10)]


def test_charging_re_auth_and_abort(world):
    world.tunnel.handlers["ChargingReAuth"] = lambda message: session.ChargingReAuthAnswer(
        result=session.UPDATE_INITIATED)
    world.tunnel.handlers["AbortSession"] = lambda message: session.AbortSessionResult(
        code=session.AbortSessionResult.SESSION_REMOVED)
    more = avp(285, 0) + avp(RATING_GROUP, 7)
    assert core_request(world, GY, RAR, id_of(world, 2), more).result == 2002
    request = world.tunnel.wait("ChargingReAuth")[-1]
    assert (request.charging_key, request.type) == (7, session.ChargingReAuthRequest.SINGLE_SERVICE)
    assert core_request(world, GX, ASR, id_of(world, 1)).result == 2001
    assert core_request(world, GY, ASR, id_of(world, 2)).result == 2001
    assert world.tunnel.wait("AbortSession", 2)[-1].user_name == "IMSI" + IMSI


@pytest.mark.parametrize("session_id", ["core.example.org;1;2", "x;1;1;agw1;nobody"])
def test_a_session_nobody_knows(world, session_id):
    assert core_request(world, GX, RAR, session_id, avp(285, 0)).result == 5002


def test_an_access_gateway_that_is_away(world):
    name = id_of(world, 1).replace(";agw1;", ";agw3;")
    with settings(world, SETTINGS.replace('agw_timeout = "20s"', 'agw_timeout = "3s"')):
        assert core_request(world, GX, RAR, name, avp(285, 0)).result == 3002


def test_an_unknown_mandatory_avp(world):
    more = avp(285, 0) + avp(64999, b"what", flags=M)
    answer = core_request(world, GX, RAR, id_of(world, 1), more)
    assert answer.result == 5001
    assert find(split(answer.get(279)), 64999)


def test_a_storm_of_re_authorisations(world):
    """1,000 sessions at once: each RAR is answered, nothing is left behind."""
    world.tunnel.handlers["PolicyReAuth"] = lambda message: session.PolicyReAuthAnswer(
        session_id=message.session_id)
    peer, names = world.peer, ["IMSI%s-%d" % (IMSI, i) for i in range(1000)]
    entries = []
    with settings(world, 'gx_gy: { agw_timeout = "50s"; };'):
        for name in names:
            body = (avp(263, id_of(world, 1, name)) + scripted.origin(peer) +
                    avp(283, "example.org") + avp(293, world.gateway.identity) + avp(258, GX) +
                    avp(285, 0))
            entries.append(peer.post(RAR, body, app=GX))
        answers = [peer.wait(entry, 60) for entry in entries]
    assert all(answers)
    results = [answer.result for answer in answers]
    assert set(results) <= {2001, 3004}, set(results)  # 3004: more than a gateway takes at a time
    assert results.count(2001) >= 500
    assert [a.get(263).decode() for a in answers] == [id_of(world, 1, name) for name in names]


def test_an_ocs_that_does_not_answer(world):
    world.core.silent.add((GY, INITIAL))
    try:
        with settings(world, SETTINGS.replace('gy: { timeout = "20s"', 'gy: { timeout = "2s"')):
            code, _ = code_of(create, world.agw, "IMSI001010000000009-9")
    finally:
        world.core.silent.clear()
    assert code.name == "DEADLINE_EXCEEDED"
    name = id_of(world, 1, "IMSI001010000000009-9")
    eventually(lambda: [m for m in world.peer.received("272R") if m.get(263).decode() == name and
                        m.number(TYPE) == TERMINATION], 5, "Gx is undone")


def test_restart_in_mid_session(world):
    opened = create(world.agw)
    update(world.agw, opened, 1, 10)
    before = world.core.used(id_of(world, 2))
    world.gateway.kill()
    world.gateway.start()
    with Agw(world.gateway.pki, service="session_proxy") as agw:
        tunnel = agw.open_tunnel(PolicyReAuth=lambda message: session.PolicyReAuthAnswer(
            session_id=SESSION))
        answer = update(agw, opened, 2, 32)
        assert answer.responses[0].success
        assert world.core.used(id_of(world, 2)) == before + 32
        name, more = id_of(world, 1), avp(285, 0)
        eventually(lambda: core_request(world, GX, RAR, name, more).result == 2001, 10,
                   "RAR after the restart")
