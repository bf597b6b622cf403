# SPDX-License-Identifier: BSD-3-Clause
"""Gx and Gy through fgwd against sim_pcrf and sim_ocs, which share one stock freeDiameterd, one
Diameter peer, with sim_hss."""
import json
import time

import pytest

from kit import paths
from kit.agw import Agw, code_of
from kit.core import SimCore
from kit.expect import works
from kit.proc import eventually
from kit.session import Session, SessionGateway, open_tunnel, pb

IMSI = "0010100000010%02d"
FLOW = {"Flow-Description": "permit out 6 from 192.0.2.0/24 443 to assigned",
        "Flow-Direction": "BIDIRECTIONAL"}
WEB = {"Rating-Group": 10, "Precedence": 100, "Flow-Information": FLOW, "Monitoring-Key": "mk-web"}
VIDEO = {"Rating-Group": 20, "Precedence": 50, "Flow-Information": FLOW,
         "Redirect-Information": {"Redirect-Support": "REDIRECTION_DISABLED"}}
PORTAL = "http://topup.example.org/"
SETTINGS = """gx_gy: { agw_timeout = "20s"; gx: { timeout = "20s"; };
    gy: { timeout = "%ds"; failed_update = "report-again"; }; };"""


class World:
    def __init__(self, core, gateway, agw, tunnel):
        self.core, self.gateway, self.agw, self.tunnel = core, gateway, agw, tunnel
        self.count = 0

    def subscriber(self, policy="two", groups=(10, 20), total=1000000, **settings):
        """A new IMSI with a policy and a balance for each rating group."""
        self.count += 1
        imsi = IMSI % self.count
        self.core.pcrf("assign", imsi, policy)
        for group in groups:
            self.core.ocs("balance", imsi, group, total, settings)
        return imsi


@pytest.fixture(scope="module")
def world(pki, cleanup):
    core = SimCore()
    cleanup.append(core)
    core.pcrf("rule", "web", WEB)
    core.pcrf("rule", "video", VIDEO)
    core.pcrf("policy", "one", {"rules": ["web"]})
    core.pcrf("policy", "two", {"rules": ["web", "video"], "avps": {"Online": "ENABLE_ONLINE"}})
    gateway = SessionGateway(pki, [core.peer()], more=SETTINGS % 20).start()
    cleanup.append(gateway)
    agw = Agw(pki, service="session_proxy")
    cleanup.append(agw)
    return World(core, gateway, agw, open_tunnel(agw))


def granted(response):
    return response.credit.granted_units.total.volume


def test_two_rating_groups_from_beginning_to_end(world):
    imsi = world.subscriber(grant=100000)
    s = Session(world.agw, imsi).create()
    rules = {r.policy_rule.id: r.policy_rule for r in s.opened.dynamic_rules}
    assert {(k, r.rating_group) for k, r in rules.items()} == {("web", 10), ("video", 20)}
    assert rules["web"].monitoring_key == b"mk-web"
    assert [granted(s.credit(group)) for group in (10, 20)] == [100000, 100000]
    answer = s.update((10, 100000), (20, 60000))
    assert [(r.success, granted(r)) for r in answer.responses] == [(True, 100000)] * 2
    s.terminate((10, 7), (20, 13))
    assert world.core.balance(imsi, 10) == (1000000, 100007, 0)
    assert world.core.balance(imsi, 20) == (1000000, 60013, 0)
    for tool in (world.core.pcrf, world.core.ocs):
        assert "0 sessions" in tool("sessions", imsi)


def test_a_report_that_comes_twice_counts_once(world):
    imsi = world.subscriber(grant=1000)
    s = Session(world.agw, imsi).create()
    first = s.report(10, 1000)
    again = s.report(10, 1000, number=1)
    assert first == again and again.success
    s.terminate((10, 5))
    s.number -= 1
    s.terminate((10, 5))
    assert world.core.debits(imsi)["octets"] == 1005


def test_all_three_simulators_are_one_peer(world):
    works(world.agw, "001010000000001")
    s = Session(world.agw, world.subscriber()).create()
    assert s.tgpp.gx_dest_host == s.tgpp.gy_dest_host == world.core.identity
    s.terminate()
    peers = [p["identity"] for p in world.gateway.ctl_json("peers")["peers"]]
    assert peers == [world.core.identity]


def test_quota_is_exhausted(world):
    imsi = world.subscriber("one", (10,), total=2500, grant=1000)
    s = Session(world.agw, imsi).create()
    assert not s.credit(10).credit.is_final
    assert granted(s.report(10, 1000)) == 1000
    last = s.report(10, 1000)
    assert (granted(last), last.credit.is_final) == (500, True)
    assert last.credit.final_action == pb.ChargingCredit.TERMINATE
    over = s.report(10, 500)
    assert (over.success, over.result_code) == (False, 4012)
    s.terminate()
    assert world.core.balance(imsi, 10) == (2500, 2500, 0)


def test_final_unit_redirect_and_top_up(world):
    final = {"action": "REDIRECT", "address": PORTAL}
    imsi = world.subscriber("one", (10,), total=1500, grant=1000, final=final)
    s = Session(world.agw, imsi).create()
    answer = s.report(10, 1000)
    assert granted(answer) == 500 and answer.credit.is_final
    assert answer.credit.final_action == pb.ChargingCredit.REDIRECT
    assert answer.credit.redirect_server.redirect_server_address == PORTAL
    assert answer.credit.redirect_server.redirect_address_type == pb.RedirectServer.URL
    nothing = s.report(10, 500, pb.CreditUsage.TERMINATED)
    assert nothing.success and granted(nothing) == 0
    seen = len(world.tunnel.requests("ChargingReAuth"))
    world.core.ocs("topup", imsi, 10, 5000)
    assert ": 2002 " in world.core.ocs("rar", imsi, "rg=10")
    message = world.tunnel.wait("ChargingReAuth", seen + 1)[-1]
    assert (message.session_id, message.charging_key) == (s.id, 10)
    fresh = s.report(10, 0, pb.CreditUsage.REAUTH_REQUIRED)
    assert granted(fresh) == 1000 and not fresh.credit.is_final
    s.terminate((10, 1))
    assert world.core.balance(imsi, 10) == (6500, 1501, 0)


def test_restriction_names_its_filters(world):
    final = {"action": "RESTRICT_ACCESS", "filter_ids": ["walled"],
             "rules": ["permit out ip from 192.0.2.1 to assigned"]}
    imsi = world.subscriber("one", (10,), total=100, grant=1000, final=final)
    s = Session(world.agw, imsi).create()
    credit = s.credit(10).credit
    assert credit.final_action == pb.ChargingCredit.RESTRICT_ACCESS
    assert list(credit.restrict_rules) == ["walled"]
    assert list(credit.restriction_filter_rules) == final["rules"]
    s.terminate()


def test_policy_changes_in_mid_session(world):
    imsi = world.subscriber("one", (10, 20), grant=1000)
    s = Session(world.agw, imsi).create()
    world.core.pcrf("policy", "later", {
        "rules": ["video"], "predefined": ["p1"], "triggers": ["RAT_CHANGE"],
        "avps": {"QoS-Information": {"APN-Aggregate-Max-Bitrate-UL": 1000000,
                                     "APN-Aggregate-Max-Bitrate-DL": 5000000}}})
    world.core.pcrf("assign", imsi, "later")
    seen = len(world.tunnel.requests("PolicyReAuth"))
    assert ": 2001 " in world.core.pcrf("push", imsi)
    message = world.tunnel.wait("PolicyReAuth", seen + 1)[-1]
    assert message.session_id == s.id
    assert list(message.rules_to_remove) == ["web"]
    assert [r.rule_id for r in message.rules_to_install] == ["p1"]
    assert [r.policy_rule.id for r in message.dynamic_rules_to_install] == ["video"]
    assert list(message.event_triggers) == [pb.RAT_CHANGE]
    assert (message.session_qos.apn_ambr_ul, message.session_qos.apn_ambr_dl) == (1000000, 5000000)
    assert "nothing to change" in world.core.pcrf("push", imsi)
    s.terminate((10, 1), (20, 1))


def test_rules_that_cannot_be_installed_are_reported(world):
    imsi = world.subscriber("one", (10,))
    s = Session(world.agw, imsi).create()
    answer = pb.PolicyReAuthAnswer(session_id=s.id)
    answer.failed_rules["video"] = pb.PolicyReAuthAnswer.RESOURCES_LIMITATION
    keep = world.tunnel.handlers["PolicyReAuth"]
    world.tunnel.handlers["PolicyReAuth"] = lambda message: answer
    try:
        world.core.pcrf("assign", imsi, "two")
        world.core.pcrf("push", imsi)
    finally:
        world.tunnel.handlers["PolicyReAuth"] = keep
    reports = [json.loads(line.split(" ", 1)[1])
               for line in world.core.pcrf("show", "reports").splitlines()]
    mine = [r for r in reports if s.id in r["session"]]
    assert [(r["rule"], r["status"], r["code"]) for r in mine] == [
        ("video", "INACTIVE", "RESOURCES_LIMITATION")]
    s.terminate()


@pytest.mark.parametrize("code,result", [
    (pb.AbortSessionResult.SESSION_REMOVED, 2001),
    (pb.AbortSessionResult.SESSION_NOT_FOUND, 5002),
    (pb.AbortSessionResult.USER_NOT_FOUND, 5030)])
def test_sessions_are_aborted_on_command(world, code, result):
    s = Session(world.agw, world.subscriber()).create()
    keep = world.tunnel.handlers["AbortSession"]
    world.tunnel.handlers["AbortSession"] = lambda message: pb.AbortSessionResult(code=code)
    seen = len(world.tunnel.requests("AbortSession"))
    try:
        for tool in (world.core.pcrf, world.core.ocs):
            told = tool("asr", s.imsi, code=0 if result == 2001 else 1)
            assert ": %d from %s" % (result, world.gateway.identity) in told
    finally:
        world.tunnel.handlers["AbortSession"] = keep
    messages = world.tunnel.wait("AbortSession", seen + 2)[-2:]
    assert {(m.session_id, m.user_name) for m in messages} == {(s.id, "IMSI" + s.imsi)}
    s.terminate()


def test_usage_is_split_at_a_tariff_change(world):
    imsi = world.subscriber("one", (10,), grant=1000, tariff=60)
    began = int(time.time())
    s = Session(world.agw, imsi).create()
    change = s.credit(10).credit.tariff_time_change_unix
    assert began <= change - 60 <= time.time() + 1
    assert s.report(10, (300, 700)).success
    s.terminate()
    sums = world.core.debits(imsi)
    assert (sums["octets"], sums["after_tariff"]) == (1000, 700)


def test_quota_is_valid_for_a_time(world):
    imsi = world.subscriber("one", (10,), grant=1000, validity=1, holding=30, threshold=200)
    s = Session(world.agw, imsi).create()
    credit = s.credit(10).credit
    assert (credit.validity_time, credit.quota_holding_time) == (1, 30)
    assert credit.volume_quota_threshold == 200
    time.sleep(1.1)
    world.core.ocs("script", "load", script([
        {"command": "CCR-U", "request": {"Multiple-Services-Credit-Control": {
            "Rating-Group": 10, "Reporting-Reason": "VALIDITY_TIME",
            "Used-Service-Unit": {"CC-Total-Octets": 42}}}}]))
    answer = s.report(10, 42, pb.CreditUsage.VALIDITY_TIMER_EXPIRED)
    assert granted(answer) == 1000 and answer.credit.validity_time == 1
    assert "1 of 1 steps, 0 mismatches" in world.core.ocs("script", "status")
    s.terminate()


def test_usage_monitoring_until_another_policy_comes(world):
    world.core.pcrf("policy", "slow", {"rules": ["video"]})
    world.core.pcrf("policy", "metered", {"rules": ["web"], "monitors": [
        {"key": "mk-web", "grant": 600, "total": 1000, "then": "slow"},
        {"key": "all", "level": "SESSION_LEVEL", "grant": 5000}]})
    s = Session(world.agw, world.subscriber("metered", (10, 20))).create()
    monitors = {m.credit.monitoring_key: m.credit for m in s.opened.usage_monitors}
    assert monitors[b"mk-web"].granted_units.total.volume == 600
    assert monitors[b"all"].level == pb.SESSION_LEVEL
    assert pb.USAGE_REPORT in s.opened.event_triggers
    answer = s.update(monitors=[("mk-web", 600)]).usage_monitor_responses
    assert [(m.success, m.credit.granted_units.total.volume) for m in answer] == [(True, 400)]
    answer = s.update(monitors=[("mk-web", 400)]).usage_monitor_responses
    assert answer[0].credit.action == pb.UsageMonitoringCredit.DISABLE
    assert list(answer[0].rules_to_remove) == ["web"]
    assert [r.policy_rule.id for r in answer[0].dynamic_rules_to_install] == ["video"]
    s.terminate(monitors=[("all", 99)])
    usage = [json.loads(line.split(" ", 1)[1])
             for line in world.core.pcrf("show", "usage").splitlines()]
    assert {(u["key"], u["used"]) for u in usage if u["imsi"] == s.imsi} == {
        ("mk-web", 1000), ("all", 99)}


def test_usage_monitoring_by_time(world):
    world.core.pcrf("policy", "timed", {"rules": ["web"], "monitors": [
        {"key": "mk-web", "unit": "seconds", "grant": 60, "total": 90}]})
    s = Session(world.agw, world.subscriber("timed")).create()
    assert s.opened.usage_monitors[0].credit.granted_seconds == 60
    answer = s.update(monitors=[("mk-web", (70,))]).usage_monitor_responses
    assert [(m.success, m.credit.granted_seconds) for m in answer] == [(True, 20)]
    s.terminate()
    usage = [json.loads(line.split(" ", 1)[1])
             for line in world.core.pcrf("show", "usage").splitlines()]
    assert [u["used"] for u in usage if u["imsi"] == s.imsi] == [70]


def script(steps):
    path = paths.work("script.json")
    with open(path, "w") as out:
        json.dump(steps, out)
    return path


def test_expected_requests_and_scripted_answers(world):
    s = Session(world.agw, world.subscriber("one", (10,), grant=1000))
    world.core.pcrf("script", "load", script([
        {"command": "CCR-I", "request": {
            "CC-Request-Number": 0, "Called-Station-Id": "internet",
            "Framed-IP-Address": "*", "RAT-Type": "EUTRAN"}, "absent": ["Event-Trigger"],
         "answer": {"Revalidation-Time": int(time.time()) + 3600}},
        {"command": "CCR-T", "request": {"Termination-Cause": 1}}]))
    world.core.ocs("script", "load", script([
        {"command": "CCR-I", "request": {"Service-Context-Id": "32251@3gpp.org"}},
        {"command": "CCR-U", "instead": True, "request": {"CC-Request-Number": 1},
         "answer": {"Result-Code": 2001, "Multiple-Services-Credit-Control": {
             "Rating-Group": 10, "Result-Code": 4010}}},
        {"command": "CCR-T"}]))
    s.create()
    assert s.opened.revalidation_time.seconds > time.time() + 3000
    answer = s.report(10, 3)
    assert (answer.success, answer.result_code) == (False, 4010)
    s.terminate()
    assert "2 of 2 steps, 0 mismatches" in world.core.pcrf("script", "status")
    assert "3 of 3 steps, 0 mismatches" in world.core.ocs("script", "status")


def test_what_differs_is_told_field_by_field(world):
    s = Session(world.agw, world.subscriber("one", (10,), grant=1000)).create()
    world.core.ocs("script", "load", script([
        {"command": "CCR-U", "absent": ["Subscription-Id"], "request": {
            "CC-Request-Number": 7, "Multiple-Services-Credit-Control": {
                "Rating-Group": 11, "Used-Service-Unit": {"CC-Total-Octets": 500},
                "Tariff-Time-Change": 1}}},
        {"command": "CCR-U"}]))
    assert s.report(10, 400).success
    s.terminate()
    told = world.core.ocs("script", "status", code=1)
    lines = told.splitlines()
    for where, what in (
            ("CC-Request-Number", "expected 7, got 1"),
            ("Multiple-Services-Credit-Control.Rating-Group", "expected 11, got 10"),
            ("Multiple-Services-Credit-Control.Used-Service-Unit.CC-Total-Octets",
             "expected 500, got 400"),
            ("Multiple-Services-Credit-Control.Tariff-Time-Change", "expected 1"),
            ("Subscription-Id", "expected none")):
        assert [x for x in lines if x.startswith("step 1 CCR-U: ") and where in x and what in x], (
            where, told)
    assert [x for x in lines if "step 2" in x and "expected CCR-U, got CCR-T" in x], told
    world.core.ocs("script", "clear")


def test_a_lost_answer_is_reported_again_and_counted_once(world):
    """The OCS debits, its answer is lost; the access gateway reports again under its number."""
    imsi = world.subscriber("one", (10,), grant=1000)
    s = Session(world.agw, imsi).create()
    world.core.ocs("fault", "add", "cmd=CCR-U", "imsi=" + imsi, "delay=6000", "count=1")
    world.gateway.configure(more=SETTINGS % 2)
    world.gateway.ctl("reload")
    lost = s.report(10, 1000)
    world.gateway.configure(more=SETTINGS % 20)
    world.gateway.ctl("reload")
    assert not lost.success and lost.result_code in (0, 3002, 3004)
    assert s.report(10, 1000, number=1).success
    s.terminate()
    assert world.core.debits(imsi)["octets"] == 1000


def test_who_has_no_account_gets_no_session(world):
    imsi = IMSI % 99
    world.core.pcrf("assign", imsi, "one")
    code, _ = code_of(Session(world.agw, imsi).create)
    assert code.name in ("PERMISSION_DENIED", "NOT_FOUND", "UNKNOWN", "FAILED_PRECONDITION")
    eventually(lambda: "0 sessions" in world.core.pcrf("sessions", imsi), 5, "Gx is undone")


def test_a_storm_from_the_ocs(world):
    sessions = [Session(world.agw, world.subscriber(), "2000%d" % i).create() for i in range(5)]
    seen = len(world.tunnel.requests("ChargingReAuth"))
    world.core.ocs("rar", "all")
    messages = world.tunnel.wait("ChargingReAuth", seen + len(sessions))[seen:]
    assert {s.id for s in sessions} <= {m.session_id for m in messages}
    assert all(m.type == pb.ChargingReAuthRequest.ENTIRE_SESSION for m in messages)
    for s in sessions:
        s.terminate()
