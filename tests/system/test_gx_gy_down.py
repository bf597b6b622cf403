# SPDX-License-Identifier: BSD-3-Clause
"""Requests of a PCRF and an OCS on Erlang/OTP: RAR and ASR reach the session manager that the
Session-Id names, and its answers reach the core. Not for what is wrong or late: that is
test_gx_gy_faults."""
import json
import time

import pytest

from kit.erlang import Atom, Time
from kit.pcc import (GX, GY, INITIAL, TERMINATION, UPDATE, World, install, monitor, proto, rule,
                     session_agw)

SOON = int(time.time()) // 60 * 60 + 3600


@pytest.fixture(scope="module")
def shared(pki, cleanup):
    thing = World(pki)
    cleanup.append(thing)
    return thing


@pytest.fixture
def world(shared):
    yield from shared.watched()


REAUTH = {"UPDATE_INITIATED": (2001, 2002), "UPDATE_NOT_NEEDED": (2001, 2001),
          "SESSION_NOT_FOUND": (5002, 5002), "OTHER_FAILURE": (5012, 5012)}


def test_a_new_policy(world):
    session, _ = world.opened()
    reply = proto.PolicyReAuthAnswer(session_id=session.name)
    reply.failed_rules["gold"] = proto.PolicyReAuthAnswer.RESOURCES_LIMITATION
    world.tunnel.handlers["PolicyReAuth"] = lambda message: reply
    before = len(world.tunnel.requests("PolicyReAuth"))
    bad = rule("bad", 7, **{"Flow-Information": [{"Flow-Description": "permit nonsense"}]})
    answer = world.pcrf.send(
        GX, "RAR", session.diameter_id(world.gateway, GX), world.gateway, Event_Trigger=[17, 33],
        Charging_Rule_Remove=[{"Charging-Rule-Name": ["video"],
                               "Charging-Rule-Base-Name": ["bundle"]}],
        Charging_Rule_Install=[install(rule("better", 8), bad), {"Charging-Rule-Name": ["gold"]},
                               {"Charging-Rule-Base-Name": ["nobody knows"]}],
        Revalidation_Time=Time(SOON), Usage_Monitoring_Information=[monitor("mk", 1, 99)],
        Default_EPS_Bearer_QoS={"QoS-Class-Identifier": 5, "Allocation-Retention-Priority": {
            "Priority-Level": 1}},
        QoS_Information=[{"APN-Aggregate-Max-Bitrate-UL": 10, "APN-Aggregate-Max-Bitrate-DL": 20}])
    assert answer["result"] == 2001 and answer["errors"] == []
    assert answer["origin-host"] == world.gateway.identity
    reports = {(*r.get("Charging-Rule-Name", []), *r.get("Charging-Rule-Base-Name", [])):
               (r["PCC-Rule-Status"], r["Rule-Failure-Code"])
               for r in answer["avps"]["Charging-Rule-Report"]}
    assert reports == {(b"bad".hex(),): (1, 12), ("nobody knows",): (1, 1),
                       (b"gold".hex(),): (1, 5)}
    request = world.tunnel.requests("PolicyReAuth")[before]
    assert (request.session_id, request.imsi) == (session.name, "IMSI" + session.imsi)
    assert list(request.rules_to_remove) == ["video", "web", "free"]
    assert [r.rule_id for r in request.rules_to_install] == ["gold"]
    assert [r.policy_rule.id for r in request.dynamic_rules_to_install] == ["better"]
    assert (list(request.event_triggers), request.revalidation_time.seconds) == ([17, 33], SOON)
    credit, = request.usage_monitoring_credits
    assert (credit.monitoring_key, credit.granted_units.total.volume) == (b"mk", 99)
    qos = request.session_qos
    assert (request.qos_info.qci, qos.qci, qos.arp.priority_level) == (5, 5, 1)
    assert (qos.apn_ambr_ul, qos.apn_ambr_dl) == (10, 20)
    assert world.tunnel.seen[-1][2].startswith("sessiond")


@pytest.mark.parametrize("result", REAUTH)
def test_results_of_re_authorisation(world, result):
    session, _ = world.opened()
    value = proto.ReAuthResult.Value(result)
    world.tunnel.handlers["PolicyReAuth"] = lambda message: proto.PolicyReAuthAnswer(result=value)
    world.tunnel.handlers["ChargingReAuth"] = (
        lambda message: proto.ChargingReAuthAnswer(result=value))
    answers = [world.pcrf.send(GX, "RAR", session.diameter_id(world.gateway, GX), world.gateway),
               world.ocs.send(GY, "RAR", session.diameter_id(world.gateway, GY), world.gateway)]
    assert tuple(a["result"] for a in answers) == REAUTH[result]
    assert all(a["errors"] == [] for a in answers)


def test_what_is_to_be_re_authorised(world):
    session, _ = world.opened()
    world.tunnel.handlers["ChargingReAuth"] = lambda message: proto.ChargingReAuthAnswer()
    seen = []
    for avps in ({}, {"Rating_Group": 7}, {"Rating_Group": 7, "Service_Identifier": 3},
                 {"Rating_Group": 0}):
        before = len(world.tunnel.requests("ChargingReAuth"))
        answer = world.ocs.send(GY, "RAR", session.diameter_id(world.gateway, GY), world.gateway,
                                **avps)
        assert answer["result"] == 2002
        request = world.tunnel.requests("ChargingReAuth")[before]
        assert (request.session_id, request.sid) == (session.name, "IMSI" + session.imsi)
        seen.append((request.type, request.charging_key, request.service_identifier.value))
    assert seen == [(1, 0, 0), (0, 7, 0), (0, 7, 3), (0, 0, 0)]


ABORT = {"SESSION_REMOVED": 2001, "SESSION_NOT_FOUND": 5002, "USER_NOT_FOUND": 5030,
         "GATEWAY_NOT_FOUND": 3002, "RADIUS_SERVER_ERROR": 5012}


@pytest.mark.parametrize("code", ABORT)
@pytest.mark.parametrize("app", [GX, GY])
def test_an_abort(world, app, code):
    session, _ = world.opened()
    value = proto.AbortSessionResult.Code.Value(code)
    world.tunnel.handlers["AbortSession"] = lambda message: proto.AbortSessionResult(code=value)
    core = world.pcrf if app == GX else world.ocs
    answer = core.send(app, "ASR", session.diameter_id(world.gateway, app), world.gateway)
    assert answer["result"] == ABORT[code] and answer["errors"] == []
    request = world.tunnel.requests("AbortSession")[-1]
    assert (request.session_id, request.user_name) == (session.name, "IMSI" + session.imsi)
    assert world.tunnel.seen[-1][2].startswith("abort_session_service")


def test_a_session_the_pcrf_ends_by_re_authorisation(world):
    """TS 29.212 4.5.9: a RAR with Session-Release-Cause."""
    session, _ = world.opened()
    world.tunnel.handlers["AbortSession"] = lambda message: proto.AbortSessionResult()
    answer = world.pcrf.send(GX, "RAR", session.diameter_id(world.gateway, GX), world.gateway,
                             Session_Release_Cause=0)
    assert answer["result"] == 2001
    assert world.tunnel.requests("AbortSession")[-1].session_id == session.name


def test_a_storm_of_re_authorisations(world):
    """1,000 sessions at once, answered by the access gateway; each answer is for its session."""
    world.tunnel.handlers["PolicyReAuth"] = (
        lambda message: proto.PolicyReAuthAnswer(session_id=message.session_id))
    before = len(world.tunnel.requests("PolicyReAuth"))
    names = [world.session().diameter_id(world.gateway, GX) for _ in range(1000)]
    answer = world.pcrf.storm(GX, "RAR", names, world.gateway,
                              Charging_Rule_Install=[install(rule("storm", 7))])
    results = answer["results"]
    assert sum(results.values()) == 1000 and set(results) <= {"2001", "3004"}, answer
    assert results["2001"] >= 500, answer
    reached = [m.session_id for m in world.tunnel.requests("PolicyReAuth")[before:]]
    assert len(set(reached)) == len(reached) and len(reached) >= results["2001"]
    print(json.dumps(answer))


def test_idempotent_numbers_across_a_restart_of_the_gateway(world):
    """What a session needs afterwards is in the Session-Id and what the access gateway kept."""
    session = world.session()
    world.pcrf.script(GX, INITIAL, session.name, {
        "avps": {"Charging-Rule-Install": [install(rule("video", 7))]}})
    world.ocs.script(GY, INITIAL, session.name, {
        "avps": {"Credit-Control-Failure-Handling": 1, "CC-Session-Failover": 1}})
    session.create()
    assert session.update(10).success
    world.gateway.kill()
    world.gateway.start()
    with session_agw(world.gateway.pki) as agw:
        tunnel = agw.open_tunnel(PolicyReAuth=lambda message: proto.PolicyReAuthAnswer(),
                                 ChargingReAuth=lambda message: proto.ChargingReAuthAnswer())
        session.agw = agw
        assert session.update(32).success
        events = world.ocs.requests(GY, None, session.name)
        assert [(e["type"], e["number"]) for e in events] == [(1, 0), (2, 1), (2, 2)]
        assert len({e["session"] for e in events}) == 1
        assert events[-1]["avps"]["Destination-Host"] == world.ocs.identity
        assert not events[-1]["retransmitted"]
        for core, app, result in ((world.pcrf, GX, 2001), (world.ocs, GY, 2002)):
            name = session.diameter_id(world.gateway, app)
            assert core.send(app, "RAR", name, world.gateway)["result"] == result
        assert tunnel.requests("PolicyReAuth")[0].session_id == session.name
        assert tunnel.requests("ChargingReAuth")[0].session_id == session.name
        # CONTINUE was said before the restart and still holds
        world.ocs.script(GY, UPDATE, session.name, {"act": Atom("silent"), "keep": True})
        last = session.update(5)
        assert last.success and last.limit_type == proto.INFINITE_METERED
        session.terminate()
    assert world.pcrf.requests(GX, TERMINATION, session.name)[0]["number"] == 4
