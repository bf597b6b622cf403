# SPDX-License-Identifier: BSD-3-Clause
"""fgw/demo with the programs of this build: its call flow, its exit code, what --keep leaves."""
import os
import re
import shutil
import signal

import pytest

from kit import paths
from kit.proc import eventually, run

DEMO = os.path.join(paths.ROOT, "fgw", "demo")
pytestmark = pytest.mark.noasan  # freeDiameterd is not built with sanitizers


def session(method, *core):
    flow = [("agw1", "fgw", method)]
    for who in core:
        flow += [("fgw", who, "Credit-Control-Request"), (who, "fgw", "Credit-Control-Answer")]
    return flow + [("fgw", "agw1", method + " answer")]


def re_auth(who, method):
    return [(who, "fgw", "Re-Auth-Request"), ("fgw", "agw1", method),
            ("agw1", "fgw", method + " answer"), ("fgw", who, "Re-Auth-Answer")]


def parties(flow):
    """What each party sees, without what may cross on its way."""
    return {who: [line for line in flow if who in line[:2] and line[2] != "Re-Auth-Answer"]
            for who in ("agw1", "hss", "pcrf", "ocs")}


FLOW = [
    ("agw1", "fgw", "AuthenticationInformation"),
    ("fgw", "hss", "Authentication-Information-Request"),
    ("hss", "fgw", "Authentication-Information-Answer"),
    ("fgw", "agw1", "AuthenticationInformation answer"),
    ("agw1", "fgw", "UpdateLocation"), ("fgw", "hss", "Update-Location-Request"),
    ("hss", "fgw", "Update-Location-Answer"), ("fgw", "agw1", "UpdateLocation answer"),
    *session("CreateSession", "pcrf", "ocs"), *session("UpdateSession", "ocs"),
    *re_auth("pcrf", "PolicyReAuth"), *session("UpdateSession", "ocs"),
    *session("UpdateSession", "ocs"), *re_auth("ocs", "ChargingReAuth"),
    *session("UpdateSession", "ocs"), *session("TerminateSession", "pcrf", "ocs"),
    ("hss", "fgw", "Cancel-Location-Request"), ("fgw", "agw1", "CancelLocation"),
    ("agw1", "fgw", "CancelLocation answer"), ("fgw", "hss", "Cancel-Location-Answer"),
    ("agw1", "fgw", "PurgeUE"), ("fgw", "hss", "Purge-UE-Request"),
    ("hss", "fgw", "Purge-UE-Answer"), ("fgw", "agw1", "PurgeUE answer"),
]


def paged():
    return [("vlr", "fgw", "PAGING-REQUEST"), ("fgw", "agw1", "PagingReq"),
            ("agw1", "fgw", "ServiceReq"), ("fgw", "vlr", "SERVICE-REQUEST")]


SMS_UP = [("agw1", "fgw", "Uplink"), ("fgw", "vlr", "UPLINK-UNITDATA")]
SMS_DOWN = [("vlr", "fgw", "DOWNLINK-UNITDATA"), ("fgw", "agw1", "Downlink")]
RELEASE = [("vlr", "fgw", "RELEASE-REQUEST"), ("fgw", "agw1", "ReleaseReq")]
TELEPHONY = [
    ("agw1", "fgw", "LocationUpdateReq"), ("fgw", "vlr", "LOCATION-UPDATE-REQUEST"),
    ("vlr", "fgw", "LOCATION-UPDATE-ACCEPT"), ("fgw", "agw1", "LocationUpdateAcc"),
    ("vlr", "fgw", "MM-INFORMATION-REQUEST"), ("fgw", "agw1", "MMInformationReq"),
    ("agw1", "fgw", "TMSIReallocationComp"), ("fgw", "vlr", "TMSI-REALLOCATION-COMPLETE"),
    *paged(), *paged(), *SMS_DOWN, *SMS_UP, *SMS_UP, *SMS_DOWN, *RELEASE,
    *SMS_UP, *SMS_DOWN, *SMS_DOWN, *SMS_UP, *RELEASE,
    ("agw1", "fgw", "IMSIDetachInd"), ("fgw", "vlr", "IMSI-DETACH-INDICATION"),
    ("vlr", "fgw", "IMSI-DETACH-ACK"), ("fgw", "agw1", "IMSIDetachAc"),
]


def demo(*words, env=None, check=True):
    environment = dict(os.environ, LC_ALL="C", TMPDIR=paths.work("demo", "x")[:-2], **(env or {}))
    return run([DEMO, "--no-build", "--build", paths.BUILD, *words], check=check, env=environment)


def test_the_call_flow_is_complete_and_in_order():
    text, telephony = demo().stdout.split("\ntelephony")
    lines = re.findall(r"^ +(\d+\.\d+)  (\w+) +-> (\w+) +(\S+(?: answer)?) ", text, re.M)
    flow = [(who, whom, what) for _, who, whom, what in lines]
    assert sorted(flow) == sorted(FLOW) and parties(flow) == parties(FLOW), text
    times = [float(at) for at, _, _, _ in lines]
    assert times == sorted(times) and times[-1] < 60000
    assert "all steps succeeded" in telephony
    assert "group 20: 500 kB, the last; then redirect" in text
    calls_and_texts(telephony)
    assert not os.listdir(paths.work("demo", "x")[:-2]), "something was left behind"


def calls_and_texts(text):
    """Attach, a call, a text each way, and over which SCTP."""
    lines = re.findall(r"^ +\d+\.\d+  (\w+) +-> (\w+) +(\S+) (.*)$", text, re.M)
    flow = [(who, whom, what) for who, whom, what, _ in lines]
    assert sorted(flow) == sorted(TELEPHONY), text
    ours, wanted = ([line for line in some if "agw1" in line and line[2] != "MMInformationReq"]
                    for some in (flow, TELEPHONY))
    assert ours == wanted, text
    assert re.search(r"SCTP (of the kernel|in userspace, over (IP|UDP))", text)
    details = [detail.strip() for *_, detail in lines]
    for detail in ("call from 491721234567", "text from 491720000009: Meet at nine?",
                   "text to 12345: hello", 'network "Demo net"'):
        assert detail in details, details


def test_keep_leaves_it_running_and_tells_how_to_look():
    text = demo("--keep").stdout
    pids = re.search(r"end +kill ([\d ]+); rm -r (\S+)", text)
    try:
        command = re.search(r"status +(.*? status)$", text, re.M).group(1)
        assert "core.epc.mnc001" in run(["sh", "-c", command.replace(" status", " peers")],
                                       cwd=paths.ROOT).stdout
        for name, shows in (("policies", "film-hd"), ("balances", "used=1400000 ")):
            command = re.search(r"%s +(.*)$" % name, text, re.M).group(1)
            assert shows in run(["sh", "-c", command], cwd=paths.ROOT).stdout
        more = re.search(r"one more +(.*?)\nsubscribers", text, re.S).group(1)
        assert "eutran_vectors" in run(["sh", "-c", more], cwd=paths.ROOT).stdout
    finally:
        for pid in pids.group(1).split():
            os.kill(int(pid), signal.SIGTERM)
        eventually(lambda: not [pid for pid in pids.group(1).split() if runs(pid)], 60, "all end")
        shutil.rmtree(pids.group(2))


def runs(pid):
    """Whether there is such a process that has not ended; who takes in orphans may not ask."""
    try:
        with open("/proc/%s/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_step_that_fails_makes_the_exit_code():
    """A machine without openssl: the certificates cannot be made."""
    folder = os.path.dirname(paths.work("bin", "x"))
    with open(os.path.join(folder, "openssl"), "w") as broken:
        broken.write("#!/bin/sh\nexit 1\n")
    os.chmod(os.path.join(folder, "openssl"), 0o755)
    done = demo(env={"PATH": folder + ":" + os.environ["PATH"]}, check=False)
    assert done.returncode != 0 and "FAILED" in done.stdout
    assert "all steps succeeded" not in done.stdout


def test_a_step_of_the_subscriber_that_fails_makes_the_exit_code():
    """An OCS tool that does not top up: the redirection never ends."""
    folder = paths.work("broken", "extensions", "sim_ocs", "fgw-ocs")[:-len("/sim_ocs/fgw-ocs")]
    for name in os.listdir(os.path.join(paths.BUILD, "extensions")):
        if name != "sim_ocs":
            os.symlink(os.path.join(paths.BUILD, "extensions", name), os.path.join(folder, name))
    os.symlink(os.path.join(paths.BUILD, "fgw"), os.path.join(folder, "..", "fgw"))
    tool = os.path.join(folder, "sim_ocs", "fgw-ocs")
    with open(tool, "w") as broken:
        broken.write('#!/bin/sh\n[ "$3" = topup ] && exit 1\nexec %s "$@"\n' %
                     paths.program("fgw-ocs"))
    os.chmod(tool, 0o755)
    done = demo("--build", os.path.dirname(folder), check=False)
    assert done.returncode != 0 and "a step failed" in done.stdout, done.stdout
    assert "group 20: nothing" in done.stdout and "TerminateSession" not in done.stdout
