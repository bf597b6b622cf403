# SPDX-License-Identifier: BSD-3-Clause
"""The soak of tests/soak/session in short: with a fixed seed, and each trouble at least once."""
import importlib.util
import os

import pytest

from kit import paths

pytestmark = pytest.mark.slow


def module():
    spec = importlib.util.spec_from_file_location(
        "soak_session", os.path.join(paths.ROOT, "tests", "soak", "session.py"))
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_no_usage_is_lost_or_counted_twice(pki):
    sessions, seconds = (100, 10) if paths.ASAN else (300, 18)
    soak = module().Soak(pki, sessions, seconds, pause=1.0, quota_s=1, seed=7)
    try:
        summary = soak.run()
        ok, lines = soak.verdict(summary)
    finally:
        soak.close()
    assert ok, "\n".join(lines)
    assert len(soak.troubles) >= 2 and summary["calls"]["update"]["again"] > 0, lines
