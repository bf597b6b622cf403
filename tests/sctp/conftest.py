# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures of the tests inside user-mode-linux; the kit is that of the system tests."""
import os
import signal
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "system")]

from kit import paths  # noqa: E402
from kit.pki import Pki  # noqa: E402
from kit.proc import Process, eventually  # noqa: E402

import osmo  # noqa: E402
import scene  # noqa: E402
import ue as ues  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--seconds", type=float, default=60, help="of chaos")
    parser.addoption("--seed", type=int, default=1, help="of chance")


@pytest.fixture(scope="module")
def capture():
    """Everything between us and the MSC."""
    osmo.make_network()
    path = paths.work("sgs.pcapng")
    process = Process("dumpcap", ["dumpcap", "-q", "-f", "sctp", "-w", path,
                                  *(x for link in osmo.LINKS for x in ("-i", link))])
    process.wait_line("File:", 15)
    yield path
    process.stop(10, signal.SIGINT)


@pytest.fixture(scope="module")
def core(capture):
    thing = osmo.Core().start()
    yield thing
    thing.stop()


@pytest.fixture(scope="module")
def pki():
    return Pki(paths.work("pki", "x")[:-2])


@pytest.fixture(scope="module")
def fgw(pki, core):
    thing = scene.SgsGateway(pki, [], ip="127.0.0.1").write().start()
    yield thing
    thing.stop()


@pytest.fixture(scope="module")
def agws(pki, fgw):
    both = [ues.Gateway(pki, name) for name in ("agw1", "agw2")]
    scene.open_tunnels(fgw, both)
    yield both
    for agw in both:
        agw.close()


@pytest.fixture(scope="module")
def subscriber(core, agws):
    """Makes a subscriber that the HLR knows, at one of the two access gateways."""
    count = 0

    def make(agw=0, register=True):
        nonlocal count
        count += 1
        one = ues.Ue(agws[agw], "001010000000%03d" % count, "4917000%03d" % count)
        core.add(one.imsi, one.number)
        if register:
            one.register()
        return one

    return make
