# SPDX-License-Identifier: BSD-3-Clause
"""Everything around fgwd for SWx and S13: a gateway with these interfaces, access gateways that
call them, HSS and EIR on Erlang/OTP, sim_eir; and what card and EAP server make of a vector."""
import hashlib
import hmac
import importlib
import os
import socket

from kit import core, paths
from kit.agw import Agw, Tunnel
from kit.gateway import Gateway
from kit.proc import PATIENCE
from kit.usim import Usim, xor

swx = importlib.import_module("proto.swx_pb2")
swx_gateway = importlib.import_module("proto.swx_gateway_pb2")
s13 = importlib.import_module("proto.s13_pb2")

Tunnel.IN.update({
    "/magma.feg.SwxGatewayService/TerminateRegistration":
        (swx.RegistrationTerminationRequest, swx.RegistrationAnswer),
    "/fgw.swx.SwxUserData/PushProfile":
        (swx_gateway.PushProfileRequest, swx_gateway.PushProfileAnswer)})
AKA, PRIME = swx.EAP_AKA, swx.EAP_AKA_PRIME
EIR_IP = paths.HSS2_IP


class Wifi(Gateway):
    """fgwd with the interfaces swx and s13 beside s6a."""

    def __init__(self, *arguments, swx_section="", s13_section="", **more):
        self.sections = dict(swx=swx_section, s13=s13_section)
        super().__init__(*arguments, more=self._more(), **more)

    def _more(self):
        return " ".join("%s: { %s };" % item for item in self.sections.items())

    def configure(self, **changes):
        super().configure(**changes)
        with open(os.path.join(self.folder, "fgw.conf"), "a") as conf:
            for name in ("swx.fdx", "s13.fdx"):
                conf.write('LoadExtension = "%s";\n' % paths.extension(name))

    def reload_with(self, **sections):
        """New text of the sections swx and s13, in force when this returns."""
        self.sections.update(sections)
        self.configure(more=self._more())
        self.ctl("reload")


class ErlangSwx(core.ErlangHss):
    """tests/system/erlang/swx: HSS of SWx and EIR."""

    program = "swx"


class SimEir(core.Daemon):
    def __init__(self, name="eir", ip=EIR_IP):
        folder = os.path.dirname(paths.work(name, "x"))
        self.socket = os.path.join(folder, "eir.sock")
        conf = os.path.join(folder, "sim_eir.conf")
        with open(conf, "w") as out:
            out.write('control = "%s"; accept = ["*"]; equipment = (\n'
                      '{ imei = "35609204"; status = "white"; },\n'
                      '{ imei = "35609204079301"; status = "black"; } );\n' % self.socket)
        lines = ['NoRelay;', 'LoadExtension = "%s" : "%s";' % (
            paths.extension("dict.fdx"), os.path.join(paths.ROOT, "dictionaries")),
            'LoadExtension = "%s" : "%s";' % (paths.extension("sim_eir.fdx"), conf)]
        super().__init__(name, ip, "\n".join(lines), env=core.sanitizer_environment())

    def tell(self, line):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.socket)
            control.sendall(line.encode() + b"\n")
            text = control.makefile().read()
        assert text.rstrip().endswith("exit 0"), text
        return text


class WifiAgw(Agw):
    def open_tunnel(self, legacy=False, **handlers):
        return super().open_tunnel(legacy, **dict(TERMINATIONS, **handlers))

    def authenticate(self, user, vectors=1, scheme=AKA, timeout=PATIENCE, **fields):
        request = swx.AuthenticationRequest(user_name=user, sip_num_auth_vectors=vectors,
                                            authentication_scheme=scheme, **fields)
        return self.call("/magma.feg.SwxProxy/Authenticate", request, swx.AuthenticationAnswer,
                         timeout)

    def register(self, user, how="Register", session="radius-1", timeout=PATIENCE):
        return self.call("/magma.feg.SwxProxy/" + how,
                         swx.RegistrationRequest(user_name=user, session_id=session),
                         swx.RegistrationAnswer, timeout)

    def assign(self, user, kind, timeout=PATIENCE, **fields):
        return self.call("/fgw.swx.SwxAssignment/Assign",
                         swx_gateway.AssignRequest(user_name=user, type=kind, **fields),
                         swx_gateway.AssignAnswer, timeout)

    def check(self, imei, user="", timeout=PATIENCE, **terminal):
        request = s13.CheckEquipmentRequest(user_name=user)
        request.terminal_information.imei = imei
        for name, value in terminal.items():
            setattr(request.terminal_information, name, value)
        return self.call("/fgw.s13.EquipmentService/CheckEquipment", request,
                         s13.CheckEquipmentAnswer, timeout)


TERMINATIONS = {"TerminateRegistration": lambda _: swx.RegistrationAnswer()}


def answer_terminations(agw):
    """Again, after a test has asked for something else."""
    agw.tunnel.handlers.update(TERMINATIONS)


def open_vector(vector, prime=False, anid=b"WLAN"):
    """Checks a vector as card and server do; returns SQN."""
    card = Usim(core.K, core.OPC)
    rand, autn = vector.rand_autn[:16], vector.rand_autn[16:]
    assert len(vector.rand_autn) == 32 and vector.authentication_scheme == (PRIME if prime else AKA)
    out2 = card.block(2, rand)
    hidden, amf, mac = autn[:6], autn[6:8], autn[8:]
    sqn = xor(hidden, out2[:6])
    assert card.mac(rand, sqn, amf)[0] == mac, "MAC failure: not our network"
    assert vector.xres == out2[8:]
    assert bool(amf[0] & 0x80) == prime, "separation bit (TS 33.402 6.2)"
    ck, ik = card.block(3, rand), card.block(4, rand)
    if prime:  # TS 33.402 A.2
        text = b"\x20" + anid + len(anid).to_bytes(2, "big") + hidden + b"\0\6"
        keys = hmac.new(ck + ik, text, hashlib.sha256).digest()
        ck, ik = keys[:16], keys[16:]
    assert (vector.confidentiality_key, vector.integrity_key) == (ck, ik)
    return int.from_bytes(sqn, "big")
