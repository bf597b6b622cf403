# SPDX-License-Identifier: BSD-3-Clause
"""Sessions of an access gateway's session manager, and fgwd with Gx and Gy."""
import importlib
import os

from kit import paths, stubs  # noqa: F401  stubs makes the module that is imported next
from kit.agw import Tunnel
from kit.gateway import Gateway
from kit.proc import PATIENCE

pb = importlib.import_module("proto.session_pb2")
CONTROLLER = "/magma.lte.CentralSessionController/"

TUNNEL = {
    "/magma.lte.SessionProxyResponder/PolicyReAuth": (pb.PolicyReAuthRequest,
                                                      pb.PolicyReAuthAnswer),
    "/magma.lte.SessionProxyResponder/ChargingReAuth": (pb.ChargingReAuthRequest,
                                                        pb.ChargingReAuthAnswer),
    "/magma.lte.AbortSessionResponder/AbortSession": (pb.AbortSessionRequest,
                                                      pb.AbortSessionResult),
}


class SessionGateway(Gateway):
    """fgwd with the Gx and Gy extension."""

    def configure(self, **changes):
        super().configure(**changes)
        path = os.path.join(self.folder, "fgw.conf")
        with open(path) as conf:
            text = conf.read()
        line = 'LoadExtension = "%s";\n' % paths.extension("gx_gy.fdx")
        with open(path, "w") as conf:
            conf.write(text.replace("ConnectPeer", line + "ConnectPeer", 1))


def open_tunnel(agw):
    """The reverse tunnel, with the methods of sessions."""
    Tunnel.IN.update(TUNNEL)
    return agw.open_tunnel(
        PolicyReAuth=lambda message: pb.PolicyReAuthAnswer(session_id=message.session_id),
        ChargingReAuth=lambda message: pb.ChargingReAuthAnswer(),
        AbortSession=lambda message: pb.AbortSessionResult())


class Session:
    """One session. Numbers go up by themselves; report=(group, octets[, update type])."""

    def __init__(self, agw, imsi, suffix="100001", apn="internet"):
        self.agw, self.imsi = agw, imsi
        self.id, self.apn = "IMSI%s-%s" % (imsi, suffix), apn
        self.number, self.tgpp, self.opened = 0, None, None

    def _common(self, common):
        common.sid.id = "IMSI" + self.imsi
        common.apn = self.apn
        common.ue_ipv4 = "10.0.0.7"

    def create(self, timeout=PATIENCE):
        request = pb.CreateSessionRequest(session_id=self.id)
        self._common(request.common_context)
        request.rat_specific_context.lte_context.spgw_ipv4 = "192.0.2.9"
        self.opened = self.agw.call(CONTROLLER + "CreateSession", request,
                                    pb.CreateSessionResponse, timeout)
        self.tgpp = self.opened.tgpp_ctx
        return self

    def credit(self, group):
        """The credit of a rating group in the answer to create()."""
        return [c for c in self.opened.credits if c.charging_key == group][0]

    def update(self, *reports, monitors=(), timeout=PATIENCE, number=None, **more):
        """Reports usage; monitors=(key, octets or (seconds,)[, level]). Returns it all."""
        request = pb.UpdateSessionRequest()
        self.number = number or self.number + 1
        for group, octets, *kind in reports:
            update = request.updates.add(session_id=self.id, request_number=self.number)
            self._common(update.common_context)
            update.tgpp_ctx.CopyFrom(self.tgpp)
            update.usage.charging_key = group
            update.usage.type = kind[0] if kind else pb.CreditUsage.QUOTA_EXHAUSTED
            if isinstance(octets, (list, tuple)):  # split at a tariff change
                for after, octets_of in enumerate(octets):
                    update.usage.used.add(tariff_change_usage=after, bytes_rx=octets_of)
            else:
                update.usage.bytes_rx = octets
        for key, octets, *level in monitors:
            usage = request.usage_monitors.add(session_id=self.id, request_number=self.number,
                                               sid="IMSI" + self.imsi, event_trigger=33, **more)
            usage.tgpp_ctx.CopyFrom(self.tgpp)
            usage.update.monitoring_key = key.encode()
            if isinstance(octets, tuple):
                usage.update.seconds, = octets
            else:
                usage.update.bytes_tx = octets
            usage.update.level = level[0] if level else pb.PCC_RULE_LEVEL
        return self.agw.call(CONTROLLER + "UpdateSession", request, pb.UpdateSessionResponse,
                             timeout)

    def report(self, group, octets, *kind, **more):
        """One rating group: its answer."""
        return self.update((group, octets, *kind), **more).responses[0]

    def terminate(self, *reports, monitors=(), timeout=PATIENCE):
        self.number += 1
        request = pb.SessionTerminateRequest(session_id=self.id, request_number=self.number)
        self._common(request.common_context)
        request.tgpp_ctx.CopyFrom(self.tgpp)
        for group, octets in reports:
            request.credit_usages.add(charging_key=group, bytes_rx=octets)
        for key, octets in monitors:
            request.monitor_usages.add(monitoring_key=key.encode(), bytes_tx=octets,
                                       level=pb.PCC_RULE_LEVEL)
        return self.agw.call(CONTROLLER + "TerminateSession", request,
                             pb.SessionTerminateResponse, timeout)
