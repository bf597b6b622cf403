# SPDX-License-Identifier: BSD-3-Clause
"""fgw/demo with the programs of this build: its call flow, its exit code, what --keep leaves."""
import os
import re

import pytest

from kit import paths
from kit.proc import run

DEMO = os.path.join(paths.ROOT, "fgw", "demo")
pytestmark = pytest.mark.noasan  # freeDiameterd is not built with sanitizers

FLOW = [
    ("agw1", "fgw", "AuthenticationInformation"),
    ("fgw", "hss", "Authentication-Information-Request"),
    ("hss", "fgw", "Authentication-Information-Answer"),
    ("fgw", "agw1", "AuthenticationInformation answer"),
    ("agw1", "fgw", "UpdateLocation"), ("fgw", "hss", "Update-Location-Request"),
    ("hss", "fgw", "Update-Location-Answer"), ("fgw", "agw1", "UpdateLocation answer"),
    ("hss", "fgw", "Cancel-Location-Request"), ("fgw", "agw1", "CancelLocation"),
    ("agw1", "fgw", "CancelLocation answer"), ("fgw", "hss", "Cancel-Location-Answer"),
    ("agw1", "fgw", "PurgeUE"), ("fgw", "hss", "Purge-UE-Request"),
    ("hss", "fgw", "Purge-UE-Answer"), ("fgw", "agw1", "PurgeUE answer"),
]


def demo(*words, env=None, check=True):
    environment = dict(os.environ, LC_ALL="C", TMPDIR=paths.work("demo", "x")[:-2], **(env or {}))
    return run([DEMO, "--no-build", "--build", paths.BUILD, *words], timeout=60, check=check,
               env=environment)


def test_the_call_flow_is_complete_and_in_order():
    text = demo().stdout
    lines = re.findall(r"^ +(\d+\.\d+)  (\w+) +-> (\w+) +(\S+(?: answer)?) ", text, re.M)
    assert [(who, whom, what) for _, who, whom, what in lines] == FLOW, text
    times = [float(at) for at, _, _, _ in lines]
    assert times == sorted(times) and times[-1] < 10000
    assert "all steps succeeded" in text
    assert not os.listdir(paths.work("demo", "x")[:-2]), "something was left behind"


def test_keep_leaves_it_running_and_tells_how_to_look():
    text = demo("--keep").stdout
    pids = re.search(r"end +kill ([\d ]+); rm -r (\S+)", text)
    try:
        command = re.search(r"status +(.*? status)$", text, re.M).group(1)
        assert "hss.epc.mnc001" in run(["sh", "-c", command.replace(" status", " peers")],
                                       cwd=paths.ROOT).stdout
        more = re.search(r"one more +(.*?)\nsubscribers", text, re.S).group(1)
        assert "eutran_vectors" in run(["sh", "-c", more], cwd=paths.ROOT).stdout
    finally:
        run(["sh", "-c", "kill %s; sleep 1; rm -r %s" % pids.groups()])


def test_a_step_that_fails_makes_the_exit_code():
    """A machine without openssl: the certificates cannot be made."""
    folder = os.path.dirname(paths.work("bin", "x"))
    with open(os.path.join(folder, "openssl"), "w") as broken:
        broken.write("#!/bin/sh\nexit 1\n")
    os.chmod(os.path.join(folder, "openssl"), 0o755)
    done = demo(env={"PATH": folder + ":" + os.environ["PATH"]}, check=False)
    assert done.returncode != 0 and "FAILED" in done.stdout
    assert "all steps succeeded" not in done.stdout
