# SPDX-License-Identifier: BSD-3-Clause
"""The gateway's own rules (gx_gy.rules_file) against PCRF and OCS on Erlang/OTP: what they come to
in sessions, and the file changing, breaking and going away while sessions are opened."""
import os
import re

import pytest

from kit import paths
from kit.pcc import GX, GY, INITIAL, World, install
from kit.proc import eventually

FILE = paths.work("rules", "rules.conf")
SETTINGS = """
gx_gy: {
  gx: { timeout = "20s"; };
  gy: { timeout = "20s"; };
  rules = ( { id = "web"; rating_group = 31; }, { id = "portal"; rating_group = 32; } );
  base_names = ( { name = "bundle"; rules = [ "web" ]; } );
  rules_file = "%s";
  rules_check = "50ms";
};
""" % FILE
RULES = """
rules = (
  { id = "video"; omnipresent = true; rating_group = 40; service_identifier = 400; precedence = 20;
    flows = [ "permit out 6 from 192.0.2.0/24 80,443 to assigned" ]; monitoring_key = "mk";
    qci = 5; priority_level = 3; max_bw_dl = 2000000; redirect = "http://portal.example.org/"; },
  { id = "dns"; omnipresent = true; online = false; },
  { id = "gold"; rating_group = 41; },
  { id = "silver"; rating_group = 42; flows = [ "permit out ip from any to assigned" ]; },
  { id = "web"; rating_group = 43; }
);
base_names = ( { name = "metals"; rules = [ "gold", "silver" ]; },
               { name = "always"; rules = [ "gold" ]; omnipresent = true; } );
"""


def replace(text):
    """As editors and tools do it."""
    with open(FILE + ".new", "w") as out:
        out.write(text)
    os.rename(FILE + ".new", FILE)


def write_into(text):
    """As cp and "cat >" do it, in pieces."""
    with open(FILE, "r+") as out:
        out.truncate()
        for at in range(0, len(text), 40):
            out.write(text[at:at + 40])
            out.flush()


def one(name, **more):
    return 'rules = ( { id = "%s"; omnipresent = true; %s } );\n' % (
        name, "".join("%s = %s; " % item for item in more.items()))


@pytest.fixture(scope="module")
def shared(pki, cleanup):
    replace(RULES)
    thing = World(pki, SETTINGS)
    cleanup.append(thing)
    return thing


@pytest.fixture
def world(shared):
    yield from shared.watched()


def opened(world, **install_avps):
    session = world.session()
    if install_avps:
        world.pcrf.script(GX, INITIAL, session.name, {"avps": {"Charging-Rule-Install": [
            {k.replace("_", "-"): v for k, v in install_avps.items()}]}})
    return session, session.create()


def names(answer):
    return ({r.rule_id for r in answer.static_rules},
            {r.policy_rule.id for r in answer.dynamic_rules})


def asked(world, session):
    """Rating groups that the OCS was asked for."""
    return {s["Rating-Group"] for s in world.ocs.requests(GY, INITIAL, session.name)[0]["avps"][
        "Multiple-Services-Credit-Control"]}


def comes(world, name):
    """Sessions have this rule now."""
    eventually(lambda: name in set.union(*names(opened(world)[1])), 10, "rule %s" % name)


# ---- what rules come to ----

def test_rules_of_every_session(world):
    session, answer = opened(world)
    assert names(answer) == ({"dns", "gold"}, {"video"})
    video = answer.dynamic_rules[0].policy_rule
    assert (video.priority, video.rating_group, video.service_identifier.value,
            video.monitoring_key) == (20, 40, 400, b"mk")
    assert [f.match.tcp_src for f in video.flow_list] == [80, 443]
    assert (video.qos.qci, video.qos.arp.priority_level, video.qos.max_req_bw_dl) == (5, 3, 2000000)
    assert video.redirect.server_address == "http://portal.example.org/"
    assert asked(world, session) == {40, 41}  # dns is not charged online


def test_rules_that_the_pcrf_names(world):
    """silver has flows: the access gateway is given all of it; web is the file's, not the
    configuration's; portal is the configuration's."""
    session, answer = opened(world, Charging_Rule_Name=["silver", "web", "portal", "unknown"])
    static, dynamic = names(answer)
    assert static == {"dns", "gold", "web", "portal", "unknown"}
    assert dynamic == {"video", "silver"}
    assert asked(world, session) == {40, 41, 42, 43, 32}


def test_groups_of_rules_that_the_pcrf_names(world):
    session, answer = opened(world, Charging_Rule_Base_Name=["metals", "bundle", "nobody"])
    assert names(answer) == ({"dns", "gold", "web"}, {"video", "silver"})
    assert asked(world, session) == {40, 41, 42, 43}
    assert [(list(r.base_names), r.failure_code) for r in answer.failed_rules] == [(["nobody"], 1)]


# ---- the file changes ----

@pytest.mark.parametrize("write", [replace, write_into])
def test_a_changed_file_counts_for_the_next_session(world, write):
    for n in range(3):
        name = "%s-%d" % (write.__name__, n)
        before = world.gateway.counter("fgw_rules_file_reads_total", result="success")
        write(one(name, rating_group=50 + n))
        comes(world, name)
        session, answer = opened(world)
        assert names(answer) == ({name}, set()) and asked(world, session) == {50 + n}
        assert world.gateway.counter("fgw_rules_file_reads_total", result="success") > before
    assert "rules: 1 and 0 base names of " + FILE in world.gateway.ctl("status")


BROKEN = [
    ("syntax", 'rules = ( { id = "x" '),
    ("colour", 'rules = ( { id = "x"; colour = 3; } );'),
    ("twice", 'rules = ( { id = "x"; }, { id = "x"; } );'),
    ("IPFilterRule", 'rules = ( { id = "x"; flows = [ "permit sideways" ]; } );'),
    ("priority_level", 'rules = ( { id = "x"; priority_level = 16; } );'),
    ("no rule is called nobody", 'base_names = ( { name = "b"; rules = [ "nobody" ]; } );'),
    ("rulse", "rulse = ();"),
]


@pytest.mark.parametrize("said,text", BROKEN)
def test_a_broken_file_changes_nothing(world, said, text):
    replace(one("whole"))
    comes(world, "whole")
    failed = world.gateway.counter("fgw_rules_file_reads_total", result="failed")
    position = world.gateway.log_position()
    replace(text)
    line = world.gateway.wait_log(r"rules\.conf:.*the rules before stay in force", 10, position)
    assert re.search(r"rules\.conf:\d+: .*%s" % said, line.group()), line
    world.gateway.wait_counter(failed + 1, "fgw_rules_file_reads_total", 10, result="failed")
    assert names(opened(world)[1])[0] == {"whole"}
    assert said in world.gateway.ctl("status")
    replace(one("mended"))
    comes(world, "mended")
    assert "not in force" not in world.gateway.ctl("status")


def test_a_file_that_goes_away_changes_nothing(world):
    replace(one("kept"))
    comes(world, "kept")
    position = world.gateway.log_position()
    os.unlink(FILE)
    world.gateway.wait_log("the rules before stay in force", 10, position)
    assert names(opened(world)[1])[0] == {"kept"}
    replace(one("back"))
    comes(world, "back")


# ---- reload and start ----

def test_a_reload_reads_it_and_can_take_it_away(world):
    replace(one("before"))
    comes(world, "before")
    success = world.gateway.counter("fgw_rules_file_reads_total", result="success")
    world.gateway.reload()  # whether it has changed or not
    world.gateway.wait_counter(success + 1, "fgw_rules_file_reads_total", 10, result="success")
    assert names(opened(world)[1])[0] == {"before"}
    world.gateway.configure(more=SETTINGS.replace("rules_file", "// "))
    world.gateway.reload()
    eventually(lambda: not set.union(*names(opened(world)[1])), 10, "no rules of our own")
    world.gateway.configure(more=SETTINGS)
    world.gateway.reload()
    comes(world, "before")


def test_a_reload_with_a_broken_file_is_refused(world):
    replace(one("stays"))
    comes(world, "stays")
    replace("rules = 1;")
    told = world.gateway.ctl("reload", check=False)
    assert "rules.conf:1" in told, told
    assert names(opened(world)[1])[0] == {"stays"}
    replace(one("stays"))


def test_a_start_with_a_broken_file_is_refused(world):
    replace("rules = ( { id = 5; } );")
    code, said = world.gateway.check()
    assert code != 0 and re.search(r"rules\.conf:\d+", said), said
    os.unlink(FILE)
    code, said = world.gateway.check()
    assert code != 0 and "rules.conf" in said, said
    replace(one("good"))
    assert world.gateway.check()[0] == 0


def test_the_example_of_the_manual(world):
    with open(os.path.join(paths.ROOT, "docs", "operations.md")) as manual:
        example = re.search(r"```\n(rules = \(.*?)```", manual.read(), re.S).group(1)
    replace(example)
    comes(world, "dns")
    session, answer = opened(world, Charging_Rule_Base_Name=["bundle"])
    assert names(answer) == ({"dns", "voice"}, {"video"}) and asked(world, session) == {10, 20}
    assert len(answer.dynamic_rules[0].policy_rule.flow_list) == 6  # 2 ports and 4


def test_sessions_are_opened_while_it_changes(world):
    """Each session has one rule: that of one file or the other, never none or both."""
    replace(one("even", rating_group=60))
    comes(world, "even")
    for n in range(40):
        replace(one("odd" if n % 2 else "even", rating_group=60))
        static, _ = names(opened(world)[1])
        assert static in ({"even"}, {"odd"}), static
