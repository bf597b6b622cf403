# SPDX-License-Identifier: BSD-3-Clause
"""The gateway as an extension of the installed freeDiameterd: same interfaces, same calls."""
import os

import pytest

from kit import core, paths
from kit.agw import Agw
from kit.expect import GOOD, works
from kit.gateway import Gateway
from kit.proc import Process

pytestmark = pytest.mark.noasan  # the host is not built with sanitizers


class HostedGateway(Gateway):
    """The kit's gateway with freeDiameterd in the place of fgwd."""

    def configure(self, **changes):
        super().configure(**changes)
        with open(os.path.join(self.folder, "fgw.conf"), "a") as conf:
            conf.write('LoadExtension = "%s" : "%s";\n' % (
                paths.extension("gateway.fdx"), os.path.join(self.folder, "gateway.conf")))

    def arguments(self):
        return ["freeDiameterd", "-c", os.path.join(self.folder, "fgw.conf")]


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.ErlangHss()
    cleanup.append(thing)
    return thing


def test_both_directions_and_an_orderly_end(pki, hss):
    gateway = HostedGateway(pki, [hss.peer()], name="hosted").start()
    try:
        with Agw(pki) as agw:
            works(agw)
            agw.open_tunnel()
            assert agw.ulr(GOOD).apn
            assert hss.command("clr %s" % GOOD).get("result") == 2001
            assert len(agw.tunnel.requests("CancelLocation")) == 1
            assert gateway.identity in gateway.ctl("status")
            gateway.configure(gateways=["agw1", "agw2"])
            assert "gateways: changed" in gateway.ctl("reload")
            works(agw)
    finally:
        gateway.stop()


def test_a_mistake_keeps_the_host_from_starting(pki, hss):
    gateway = HostedGateway(pki, [hss.peer()], name="hosted", more="no_such_section: { };")
    process = Process("hosted", gateway.arguments())
    assert process.wait(20) != 0
    assert "no_such_section" in process.text()
