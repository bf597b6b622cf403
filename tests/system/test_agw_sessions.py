# SPDX-License-Identifier: BSD-3-Clause
"""The session model of fgw-agw through fgwd against sim_pcrf and sim_ocs: what it says was consumed
and acknowledged is what the OCS debited, also where answers get lost and daemons die."""
import json
import subprocess
import time

import pytest

from kit import paths
from kit.core import SimCore
from kit.proc import Process, eventually, run
from kit.session import SessionGateway

FIRST = "00101000003%04d"
FLOW = {"Flow-Description": "permit out ip from any to assigned", "Flow-Direction": "DOWNLINK"}
WEB = {"Rating-Group": 10, "Precedence": 100, "Flow-Information": FLOW, "Monitoring-Key": "mk"}
VIDEO = {"Rating-Group": 20, "Precedence": 50, "Flow-Information": FLOW}
PORTAL = "http://topup.example.org/"
SETTINGS = """gx_gy: { agw_timeout = "20s"; gx: { timeout = "20s"; };
    gy: { timeout = "%ds"; failed_update = "report-again"; }; };"""


class World:
    def __init__(self, pki, core, gateway):
        self.pki, self.core, self.gateway, self.next = pki, core, gateway, 0

    def subscribers(self, n, policy="two", total=100000000, **settings):
        """So many new subscribers; the first IMSI."""
        first = FIRST % self.next
        self.next += n
        self.core.pcrf("gen", n, first, policy)
        for group in (10, 20):
            self.core.ocs("gen", n, first, group, total, settings)
        return first

    def arguments(self, *words):
        return [paths.program("fgw-agw"), "--connect", self.gateway.target, "--tls-dir",
                self.pki.folder, "--gateway", "agw1", "--server-name", "fgw.test", "--json",
                *[str(word) for word in words]]

    def sessions(self, first, n, *words, check=True):
        """fgw-agw session, to its end: the summary."""
        done = run(self.arguments("session", "--first-imsi", first, "--subscribers", n, *words),
                   timeout=180, check=False)
        summary = [json.loads(x) for x in done.stdout.splitlines() if '"summary"' in x]
        assert summary and (done.returncode == 0 or not check), done.stdout[-3000:]
        return summary[-1]

    def script(self, text, code=0):
        done = subprocess.run(self.arguments("script", "-"), input=text, capture_output=True,
                              text=True, timeout=240)
        assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    def settled(self, summary):
        """Consumed is acknowledged is debited."""
        debited = self.core.debits()["octets"]
        assert summary["consumed"] == summary["acknowledged"] > 0 and summary["open"] == 0
        return debited


@pytest.fixture(scope="module")
def world(pki, cleanup):
    core = SimCore(log="notice")
    cleanup.append(core)
    core.pcrf("rule", "web", WEB)
    core.pcrf("rule", "video", VIDEO)
    core.pcrf("policy", "two", {"rules": ["web", "video"]})
    core.pcrf("policy", "one", {"rules": ["web"]})
    core.pcrf("policy", "metered", {"rules": ["web", "video"], "monitors": [
        {"key": "mk", "grant": 50000}, {"key": "all", "level": "SESSION_LEVEL", "grant": 90000}]})
    gateway = SessionGateway(pki, [core.peer()], level="notice", more=SETTINGS % 20).start()
    cleanup.append(gateway)
    return World(pki, core, gateway)


@pytest.fixture
def impatient(world):
    """Where answers are lost, or late."""
    world.gateway.configure(more=SETTINGS % 2)
    world.gateway.ctl("reload")
    yield
    world.gateway.configure(more=SETTINGS % 20)
    world.gateway.ctl("reload")


def test_sessions_use_their_quota_and_end(world):
    first = world.subscribers(50, grant=100000)
    before = world.core.debits()["octets"]
    summary = world.sessions(first, 50, "--octets", 200000, "--duration", 1.5, "--batch", 8)
    assert (summary["opened"], summary["terminated"]) == (50, 50)
    assert set(summary["groups"]) == {"10", "20"}
    assert world.settled(summary) - before == summary["consumed"]
    assert summary["calls"]["update"]["sent"] > 0 and "0 sessions" in world.core.ocs("sessions")


def test_monitors_count_what_their_rules_let_through(world):
    first = world.subscribers(5, "metered", grant=100000)
    summary = world.sessions(first, 5, "--octets", 100000, "--duration", 1)
    monitors = summary["monitors"]
    assert monitors["mk"]["consumed"] == summary["groups"]["10"]["consumed"]
    assert monitors["all"]["consumed"] == summary["consumed"]
    used = [json.loads(x.split(" ", 1)[1]) for x in world.core.pcrf("show", "usage").splitlines()]
    for key, count in monitors.items():
        assert count["acknowledged"] == count["consumed"] == \
            sum(u["used"] for u in used if u["key"] == key)


@pytest.mark.parametrize("fault", ["cmd=CCR-U delay=4000 count=5", "cmd=CCR-U drop count=5",
                                   "cmd=CCR-U result=3004 count=5", "cmd=CCR-T drop count=9",
                                   "cmd=CCR-U duplicate count=5", "cmd=CCR-I delay=4000 count=3"])
def test_what_is_not_acknowledged_is_reported_again(world, impatient, fault):
    first = world.subscribers(10, grant=100000)
    before = world.core.debits()["octets"]
    world.core.ocs("fault", "add", *fault.split())
    summary = world.sessions(first, 10, "--octets", 300000, "--duration", 1, "--batch", 4)
    world.core.ocs("fault", "clear")
    assert world.settled(summary) - before == summary["consumed"]


def test_the_core_asks_again(world):
    first = world.subscribers(20, grant=100000)
    before = world.core.debits()["octets"]
    client = Process("sessions", world.arguments(
        "session", "--first-imsi", first, "--subscribers", 20, "--octets", 100000,
        "--duration", 12))  # not over before the core has asked
    client.wait_line('"using"')
    world.core.ocs("rar", "all")
    world.core.pcrf("gen", 20, first, "one")
    world.core.pcrf("push", "all")
    world.core.ocs("asr", FIRST % (int(first) - int(FIRST % 0)))
    client.wait(15)
    summary = json.loads(client.text().strip().splitlines()[-1])
    assert summary["charging_reauths"] >= 20 and summary["policy_reauths"] >= 19
    assert summary["aborts"] == 1 and summary["terminated"] == 20
    assert world.settled(summary) - before == summary["consumed"]
    assert summary["groups"]["20"]["consumed"] < summary["groups"]["10"]["consumed"]


def test_the_gateway_dies_in_between(world):
    first = world.subscribers(50, grant=50000)
    before = world.core.debits()["octets"]
    client = Process("sessions", world.arguments(
        "session", "--first-imsi", first, "--subscribers", 50, "--octets", 200000,
        "--duration", 8, "--batch", 4))  # it goes on when both are over
    client.wait_line('"using"')
    for _ in range(2):
        time.sleep(0.7)
        world.gateway.kill()
        world.gateway.start()
    client.wait(30)
    summary = json.loads(client.text().strip().splitlines()[-1])
    assert summary["calls"]["update"]["again"] > 0
    assert world.settled(summary) - before == summary["consumed"]


SCRIPT = """
listen
session open {imsi}
session expect {imsi} state open
session expect {imsi} rules video,web
session expect {imsi} 10.granted 1000
session use {imsi} 10 700
session expect {imsi} 10.left 300
session use {imsi} 20 2500
session expect {imsi} 20.state quota
session use {imsi} 10 9000 1800
session expect {imsi} 10.state redirected
session expect {imsi} 10.redirect {portal}
run {ocs} topup {imsi} 10 5000 && {ocs} rar {imsi} rg=10
await ChargingReAuth 30
expect charging_key 10
session expect {imsi} 10.state quota 30
session use {imsi} 10 1200
run {pcrf} assign {imsi} one && {pcrf} push {imsi}
await PolicyReAuth 30
session expect {imsi} rules web 30
session use {imsi} 20 1 0
session close {imsi}
session expect {imsi} state closed
session expect {imsi} consumed 6200
session expect {imsi} acknowledged 6200
"""


def test_a_session_in_a_script(world):
    imsi = world.subscribers(1, total=2500, grant=1000,
                             final={"action": "REDIRECT", "address": PORTAL})
    world.core.ocs("balance", imsi, 20, 100000, {"grant": 1000})
    tools = {kind: "%s -c %s" % (paths.program("fgw-" + kind), world.core.confs[kind])
             for kind in ("pcrf", "ocs")}
    world.script(SCRIPT.format(imsi=imsi, portal=PORTAL, **tools))
    assert world.core.debits(imsi)["octets"] == 6200


KINDS = """
listen
session open {imsi}
session expect {imsi} 10.granted_seconds 20
session expect {imsi} 10.granted 0
session expect {imsi} 20.granted_units 2
session use {imsi} 10 5000
session use {imsi} 10 14s
session expect {imsi} 10.left_seconds 6
session expect {imsi} number 0
session use {imsi} 10 1s
session expect {imsi} 10.left_seconds 20
session expect {imsi} number 1
session use {imsi} 10 60s
session use {imsi} 20 9u 5
session expect {imsi} state closed 10
session expect {imsi} acknowledged 5000
session expect {imsi} acknowledged_seconds 75
session expect {imsi} acknowledged_units 5
"""


def usage(group, **avps):
    return {"command": "CCR-U", "request": {"Multiple-Services-Credit-Control": {
        "Rating-Group": group, **{k.replace("_", "-"): v for k, v in avps.items()}}}}


def test_quotas_of_time_and_of_units_in_a_script(world):
    """Field by field in the OCS's expectation: which kind is used up, which is asked for."""
    imsi = world.subscribers(1)
    world.core.ocs("balance", imsi, 10, 1000, {"unit": "seconds", "grant": 20, "threshold": 5})
    world.core.ocs("balance", imsi, 20, 5, {"unit": "units", "grant": 2})
    steps = paths.work("kinds.json")
    with open(steps, "w") as out:
        asked = {"CC-Time": 20}
        json.dump([
            {"command": "CCR-I"},
            usage(10, Requested_Service_Unit=asked, Used_Service_Unit={
                "CC-Time": 15, "CC-Total-Octets": 5000, "Reporting-Reason": "THRESHOLD"}),
            *[usage(10, Requested_Service_Unit=asked, Used_Service_Unit={
                "CC-Time": 20, "Reporting-Reason": "QUOTA_EXHAUSTED"})] * 3,
            *[usage(20, Requested_Service_Unit={"CC-Service-Specific-Units": 2},
                    Used_Service_Unit={"CC-Service-Specific-Units": 2,
                                       "Reporting-Reason": "QUOTA_EXHAUSTED"})] * 2,
            {"command": "CCR-T"}], out)
    world.core.ocs("script", "load", steps)
    world.script(KINDS.format(imsi=imsi))
    assert "8 of 8 steps, 0 mismatches" in world.core.ocs("script", "status")
    sums = world.core.debits(imsi)
    assert (sums["octets"], sums["seconds"], sums["units"]) == (5000, 75, 5)


@pytest.mark.parametrize("setting,reason", [("validity", "VALIDITY_TIME"), ("holding", "QHT")])
def test_a_quota_that_is_not_used_is_reported(world, setting, reason):
    imsi = world.subscribers(1, "one")
    world.core.ocs("balance", imsi, 10, 1000, {"unit": "seconds", "grant": 20, setting: 1})
    steps = paths.work("idle.json")
    with open(steps, "w") as out:
        json.dump([{"command": "CCR-I"}, usage(10, Reporting_Reason=reason)], out)
    world.core.ocs("script", "load", steps)
    world.script("""
listen
session open {imsi}
session use {imsi} 10 3s
session expect {imsi} acknowledged_seconds 3 10
session close {imsi}
""".format(imsi=imsi))
    assert "2 of 2 steps, 0 mismatches" in world.core.ocs("script", "status")
    world.core.ocs("script", "clear")
    assert world.core.debits(imsi)["seconds"] == 3


@pytest.mark.parametrize("fault", ["", "cmd=CCR-U delay=1500 count=3", "cmd=CCR-U drop count=3"])
def test_sessions_use_time_and_units(world, impatient, fault):
    first = world.subscribers(10)
    before = world.core.debits()
    world.core.ocs("gen", 10, first, 10, 100000, {"unit": "seconds", "grant": 1})
    world.core.ocs("gen", 10, first, 20, 100000, {"unit": "units", "grant": 3})
    if fault:
        world.core.ocs("fault", "add", *fault.split())
    summary = world.sessions(first, 10, "--octets", 1000, "--units", 4, "--duration", 2.5,
                             "--batch", 4)
    world.core.ocs("fault", "clear")
    after = world.core.debits()
    for kind, count in (("octets", summary), ("seconds", summary["time"]),
                        ("units", summary["units"])):
        assert count["consumed"] == count["acknowledged"] == after[kind] - before[kind] > 0, kind
        assert count["open"] == 0
    assert summary["time"] == summary["groups"]["10"]["time"]
    assert 10 <= summary["time"]["consumed"] and "time" not in summary["groups"]["20"]
    assert summary["seconds"] > 2  # how long it took


def test_a_script_fails_where_it_should(world):
    imsi = world.subscribers(1, grant=1000)
    done = world.script("listen\nsession open %s\nsession expect %s 10.granted 999\n" % (
        imsi, imsi), code=1)
    assert ":3: 10.granted is '1000', expected '999'" in done.stderr
    assert "listen first" in world.script("session open 1\n", code=1).stderr
    world.core.pcrf("forget", imsi)
    stranger = FIRST % 9999
    done = world.script("listen\nsession open %s\n" % stranger, code=1)
    assert ":2: session open" in done.stderr


def test_quota_that_is_at_its_end_ends_the_session(world):
    first = world.subscribers(3, total=50000, grant=20000)
    before = world.core.debits()["octets"]
    summary = world.sessions(first, 3, "--octets", 100000, "--duration", 2)
    assert summary["terminated"] == 3
    assert world.settled(summary) - before == summary["consumed"]


def test_refused_sessions_are_a_failure(world):
    imsi = FIRST % world.next
    world.next += 1
    world.core.pcrf("assign", imsi, "two")  # and no account
    summary = world.sessions(imsi, 1, "--duration", 0, check=False)
    assert (summary["refused_sessions"], summary["opened"]) == (1, 0)
    eventually(lambda: "0 sessions" in world.core.pcrf("sessions", imsi), 5, "Gx is undone")
