# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures of the system tests. Run through tests/run, or one file by hand:

    FGW_BUILD_ROOT=build tests/system/isolated dev tests/system/test_s6a_up.py
"""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from kit import paths  # noqa: E402
from kit.pki import Pki  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes longer than a few seconds")
    config.addinivalue_line("markers", "noasan: not meaningful or too slow with sanitizers")


def tails(since, lines=30):
    """The ends of the logs that were written to since then, those of the gateway first."""
    found = []
    for folder, _, names in os.walk(paths.WORK):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith((".log", ".err", ".events")) and name != "pytest.log" \
                    and os.path.getmtime(path) >= since and os.path.getsize(path):
                found.append(("fgw" not in name, -os.path.getmtime(path), path))
    for _, _, path in sorted(found)[:4]:
        with open(path, errors="replace") as log:
            end = [line.rstrip()[:200] for line in log.readlines()[-lines:]]
        yield os.path.basename(path), "\n".join(end)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure takes the ends of the logs with it: into pytest.log and the JUnit file."""
    report = (yield).get_result()
    if report.failed:
        item.tails = [("Captured stdout of " + name, "-- %s\n%s\n" % (name, text))
                      for name, text in tails(call.start - 5)]
        report.sections.extend(item.tails)
    elif report.when == "teardown":  # from there the JUnit file has its output
        report.sections.extend(getattr(item, "tails", []))


@pytest.fixture(scope="session")
def pki():
    return Pki(paths.work("pki", "x")[:-2])


@pytest.fixture(scope="module")
def cleanup():
    """What is appended is stopped at the end of the file, last first; the first failure counts."""
    things = []
    yield things
    problems = []
    for thing in reversed(things):
        try:
            thing.stop() if hasattr(thing, "stop") else thing.close()
        except Exception as problem:  # the others must still be stopped
            problems.append(problem)
    if problems:
        raise problems[0]
