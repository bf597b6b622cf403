# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures of the tests of lib/diameter's stack."""
import pytest

from kit import REALM, Peer


@pytest.fixture
def peers():
    """peers(name, **options) starts one; all are stopped at the end."""
    started = []

    def start(name="hss", **options):
        options.setdefault("identity", name + "." + REALM)
        started.append(Peer(**options).start())
        return started[-1]
    yield start
    for p in started:
        p.stop()
