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
