# SPDX-License-Identifier: BSD-3-Clause
"""fgwd between access gateways and osmo-msc, and what several tests do with them."""
import collections
import concurrent.futures
import os
import time

import grpc

from kit import paths
from kit.gateway import Gateway
from kit.proc import eventually

import osmo

MME_NAME = "mmec01.mmegi0001.mme.epc.mnc001.mcc001.3gppnetwork.org"
SGS = """
sgs: {{
  mme_name = "{mme}";
  vlrs = ( {{ name = "{vlr}"; addresses = [ "{msc[0]}", "{msc[1]}" ]; }} );
  local_addresses = [ "{fgw[0]}", "{fgw[1]}" ];
  transport: {{ backend = "kernel"; }};
  sctp: {{ heartbeat = "500ms"; rto_initial = "500ms"; rto_max = "1s"; path_max_retrans = 2;
          assoc_max_retrans = 4; }};
  reconnect_min = "200ms"; reconnect_max = "500ms";
  agw_timeout = "4s"; reset_retry = "500ms";
  capture: {{ file = "{capture}"; files = 9; }};
  reset_on_start = "{reset}";
}};
"""


class SgsGateway(Gateway):
    tally = collections.Counter()

    def configure(self, **changes):
        super().configure(**changes)
        with open(os.path.join(self.folder, "fgw.conf"), "a") as conf:
            conf.write('LoadExtension = "%s";\n' % paths.extension("sgs.fdx"))

    def write(self, reset="lost"):
        self.configure(more=SGS.format(
            mme=MME_NAME, vlr=osmo.VLR_NAME, msc=osmo.MSC_IPS, fgw=osmo.FGW_IPS, reset=reset,
            capture=paths.work("gateway.pcapng")))
        return self

    def start(self, **more):
        super().start(**more)
        eventually(self.vlr_up, 10, "an association with the MSC")
        return self

    def count_up(self):
        """Into tally, which outlives the process: how many messages of which type it counted."""
        for name, labels, value in self.metrics().samples:
            if name == "fgw_sgs_messages_total":
                self.tally[labels["direction"], labels["message"]] += int(value)

    def messages(self, message, direction, **labels):
        return self.counter("fgw_sgs_messages_total", message=message, direction=direction,
                            **labels)

    def vlr_up(self):
        return self.counter("fgw_sgs_vlr_up") == 1


def open_tunnels(fgw, agws):
    for agw in agws:
        agw.wait_ready()
        agw.open_tunnel()
        connected(fgw, agw.name)


def connected(fgw, name, there=True):
    def look():
        listed = fgw.ctl_json("gateways")
        listed = listed["gateways"] if isinstance(listed, dict) else listed
        return there == any(g["id"] == name and g["connected"] for g in listed)

    eventually(look, 10, "%s %s a tunnel" % (name, "has" if there else "has lost"))


def registers_again(one, timeout=40):
    """osmo-msc knows which MME an association is only from a name in a message, and takes no second
    association of an MME before it has noticed the end of the first; then it answers STATUS."""
    deadline = time.monotonic() + timeout
    while True:
        at = one.position()
        try:
            return one.register(3)
        except (AssertionError, grpc.RpcError):
            seen = [name for name, _ in one.seen[at:]]
            assert time.monotonic() < deadline, "not registered again; last: %s" % seen


def together(do, several):
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(do, several))
