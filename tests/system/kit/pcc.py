# SPDX-License-Identifier: BSD-3-Clause
"""PCRF and OCS on Erlang/OTP, and sessions whose calls a test can fill to the last field.

Not for what the core answers: tests script that.
"""
import itertools
import socket
import subprocess

from kit import core, paths
from kit.agw import Agw, Tunnel
from kit.erlang import Atom, Time, term
from kit.proc import PATIENCE, eventually
from kit.session import CONTROLLER, TUNNEL, SessionGateway
from kit.session import pb as proto

GX, GY = Atom("gx"), Atom("gy")
INITIAL, UPDATE, TERMINATION, EVENT = 1, 2, 3, 4
Tunnel.IN.update(TUNNEL)


class ErlangPcc(core.ErlangHss):
    """tests/system/erlang/pcc: PCRF and OCS, or one of them. What it answers is scripted."""

    program = "pcc"

    def script(self, app, kind, session, *steps):
        """What the next requests are answered with: one step (a dict) each. session: a name of the
        access gateway's, or None for any; kind: CC-Request-Type, or None."""
        key = (app, Atom("any") if kind is None else kind,
               Atom("any") if session is None else session)
        done = self.command("script " + term((*key, list(steps))))
        assert done.get("ok"), done

    def clear(self):
        """Forgets all scripts."""
        assert self.command("clear")["ok"]

    def stop(self):
        """At once; SIGTERM takes Erlang a second."""
        try:
            with socket.create_connection(("127.0.0.1", self.control), timeout=2) as control:
                control.sendall(b"quit\n")
                self.process.wait(3)
        except (OSError, subprocess.TimeoutExpired):
            pass
        super().stop()

    def requests(self, app=None, kind=None, session=None, since=0):
        """The requests of a session (its access gateway's name) that came until now."""
        match = {k: v for k, v in (("app", app), ("type", kind)) if v is not None}
        return [e for e in self.find("request", since, **match)
                if session is None or e["session"].rsplit(";", 1)[1] == session]

    def wait_request(self, app, kind, session, count=1, timeout=5):
        """The request number `count` of this kind."""
        return eventually(lambda: self.requests(app, kind, session)[count - 1:], timeout,
                          "%s request %s of %s" % (app, kind, session))[0]

    def send(self, app, command, session_id, gateway, **avps):
        """Sends RAR or ASR; the answer event."""
        line = (app, Atom(command), session_id, gateway.identity, gateway.realm, named(avps))
        return self.command("send " + term(line))

    def storm(self, app, command, session_ids, gateway, **avps):
        """The same to many sessions at once; {"2001": how many, ...}."""
        line = (app, Atom(command), list(session_ids), gateway.identity, gateway.realm, named(avps))
        return self.command("storm " + term(line), timeout=120)


def named(avps):
    """Charging_Rule_Install -> Charging-Rule-Install; a leading 3GPP- is not possible this way."""
    return {name.replace("_", "-"): value for name, value in avps.items()}


class Session:
    """A session as an access gateway keeps it: what the core said is sent back with each call."""

    def __init__(self, agw, imsi, number, apn="internet", ipv4="10.0.0.7", owner="agw1"):
        self.agw, self.imsi, self.apn, self.ipv4, self.owner = agw, imsi, apn, ipv4, owner
        self.name = "IMSI%s-%d" % (imsi, number)
        self.number = number
        self.requests = 0  # CC-Request-Number of the last one
        self.tgpp = proto.TgppContext()

    def diameter_id(self, gateway, app):
        """The Session-Id that the core sees."""
        return "%s;%d;%d;%s;%s" % (gateway.identity, self.number, 1 if app == GX else 2, self.owner,
                                   self.name)

    def common(self, context):
        context.sid.id = "IMSI" + self.imsi
        context.apn = self.apn
        context.ue_ipv4 = self.ipv4

    def next(self):
        self.requests += 1
        return self.requests

    # ---- create ----

    def create_request(self):
        request = proto.CreateSessionRequest(session_id=self.name)
        self.common(request.common_context)
        request.requested_units.total = 5000
        request.rat_specific_context.lte_context.spgw_ipv4 = "192.0.2.9"
        return request

    def create(self, request=None, timeout=PATIENCE):
        answer = self.agw.call(CONTROLLER + "CreateSession", request or self.create_request(),
                               proto.CreateSessionResponse, timeout)
        self.tgpp.CopyFrom(answer.tgpp_ctx)
        return answer

    # ---- update ----

    def add_usage(self, request, number, key=7, total=0, **usage):
        """Adds a report to an UpdateSessionRequest; total counts as received by the UE."""
        element = request.updates.add(session_id=self.name, request_number=number)
        self.common(element.common_context)
        element.tgpp_ctx.CopyFrom(self.tgpp)
        element.usage.CopyFrom(proto.CreditUsage(**{
            "charging_key": key, "bytes_rx": total, "type": proto.CreditUsage.QUOTA_EXHAUSTED,
            **usage}))
        return element

    def add_monitor(self, request, number, monitoring_key=b"", tx=0, rx=0, level=0, **more):
        element = request.usage_monitors.add(session_id=self.name, request_number=number,
                                             sid="IMSI" + self.imsi, ue_ipv4=self.ipv4, **more)
        element.tgpp_ctx.CopyFrom(self.tgpp)
        if monitoring_key:
            element.update.CopyFrom(proto.UsageMonitorUpdate(
                monitoring_key=monitoring_key, bytes_tx=tx, bytes_rx=rx, level=level))
        return element

    def send_update(self, request, timeout=PATIENCE):
        answer = self.agw.call(CONTROLLER + "UpdateSession", request, proto.UpdateSessionResponse,
                               timeout)
        for element in [*answer.responses, *answer.usage_monitor_responses]:
            if element.session_id == self.name and element.HasField("tgpp_ctx"):
                self.tgpp.CopyFrom(element.tgpp_ctx)
        return answer

    def update(self, total=0, key=7, timeout=PATIENCE, **usage):
        """One report in one call: the response element."""
        request = proto.UpdateSessionRequest()
        self.add_usage(request, self.next(), key, total, **usage)
        return self.send_update(request, timeout).responses[0]

    # ---- terminate ----

    def terminate_request(self, number=None):
        request = proto.SessionTerminateRequest(
            session_id=self.name, request_number=self.next() if number is None else number)
        self.common(request.common_context)
        request.tgpp_ctx.CopyFrom(self.tgpp)
        return request

    def terminate(self, request=None, timeout=PATIENCE):
        return self.agw.call(CONTROLLER + "TerminateSession", request or self.terminate_request(),
                             proto.SessionTerminateResponse, timeout)


def session_agw(pki, name="agw1"):
    return Agw(pki, name=name, service="session_proxy")


def fnv(text):
    value = 14695981039346656037
    for octet in text.encode():
        value = ((value ^ octet) * 1099511628211) % 2**64
    return value


def charging_id(owner, name):
    """The Charging-Id that the gateway derives for a session (docs/operations.md)."""
    x = (fnv(owner) * 31 + fnv(name)) % 2**64
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9 % 2**64
    x = (x ^ x >> 27) * 0x94d049bb133111eb % 2**64
    return (x ^ x >> 31) % 2**32


# ---- one gateway between them ----

NUMBERS = itertools.count(1)
SETTINGS = """
gx_gy: {
  agw_timeout = "30s";
  gx: { timeout = "5s"; };
  gy: { timeout = "5s"; };
  rules = ( { id = "gold"; rating_group = 30; service_identifier = 300; },
            { id = "web"; rating_group = 31; },
            { id = "free"; online = false; } );
  base_names = ( { name = "bundle"; rules = [ "web", "free" ]; } );
};
"""


class World:
    """PCRF, OCS, fgwd and an access gateway with its tunnel. settings: of the section gx_gy."""

    def __init__(self, pki, settings=SETTINGS):
        self.pcrf = ErlangPcc("--apps", "gx", identity="pcrf.example.org")
        self.ocs = ErlangPcc("--apps", "gy", identity="ocs.example.org", ip=paths.HSS2_IP)
        self.gateway = SessionGateway(pki, [self.pcrf.peer(), self.ocs.peer()], more=settings,
                                      diameter='inbound_deadline = "60s";').start()
        self.wait_open()
        self.agw = session_agw(pki)
        self.tunnel = self.agw.open_tunnel()

    def stop(self):
        self.agw.close()
        self.gateway.stop()
        self.pcrf.stop()
        self.ocs.stop()

    def wait_open(self):
        """Both: the gateway is ready before."""
        self.gateway.wait_open()

    def session(self, **more):
        n = next(NUMBERS)
        return Session(self.agw, "00101%010d" % n, n, **more)

    def errors(self):
        return self.pcrf.find("error") + self.ocs.find("error")

    def opened(self, *definitions, grants=None, **cca):
        """(session, answer) with these rules, by default one of rating group 7. cca: more AVPs of
        the PCRF's answer; grants: the services in the answer of the OCS."""
        session = self.session()
        rules = [install(*(definitions or [rule("video", 7)]))]
        self.pcrf.script(GX, INITIAL, session.name, {
            "avps": {"Charging-Rule-Install": rules, **named(cca)}})
        if grants:
            self.ocs.script(GY, INITIAL, session.name,
                            {"avps": {"Multiple-Services-Credit-Control": grants}})
        return session, session.create()

    def watched(self):
        """For a fixture of each test: at its end the core must have had nothing to refuse."""
        before = len(self.errors())
        self.tunnel.handlers.clear()
        yield self
        for core in (self.pcrf, self.ocs):
            core.clear()
            core.barrier()
        assert not self.errors()[before:], self.errors()[before:]


# ---- values ----

def rule(name, group=None, **more):
    definition = {"Charging-Rule-Name": name, **more}
    if group is not None:
        definition["Rating-Group"] = group
    return definition


def install(*definitions, **more):
    return {"Charging-Rule-Definition": list(definitions), **more}


def monitor(key, level, total=None, **more):
    granted = {"Granted-Service-Unit": [{"CC-Total-Octets": total}]} if total is not None else {}
    return {"Monitoring-Key": key, "Usage-Monitoring-Level": level, **granted, **more}


def full_request(session):
    """CreateSession with every field that is for the core."""
    request = session.create_request()
    common = request.common_context
    common.msisdn, common.ue_ipv6 = b"491710001", "2001:db8:1:2::1"
    request.access_timezone.offset_minutes = 60
    request.requested_units.Clear()
    request.requested_units.tx, request.requested_units.rx = 300, 700
    lte = request.rat_specific_context.lte_context
    lte.imei, lte.plmn_id, lte.imsi_plmn_id = "3534900698733153", "00101", "00102"
    lte.user_location = bytes.fromhex("8200f110000100f11001020304")
    lte.charging_characteristics = "0800"
    lte.qos_info.CopyFrom(proto.QosInformationRequest(
        apn_ambr_dl=100000000, apn_ambr_ul=50000000, priority_level=9, preemption_capability=1,
        preemption_vulnerability=0, qos_class_id=9))
    return request


def told(event, *left_out):
    """The AVPs of a request but those that every request has."""
    return {k: v for k, v in event["avps"].items() if k not in (
        "Session-Id", "Origin-Host", "Origin-Realm", "Destination-Realm", "Destination-Host",
        "Auth-Application-Id", "CC-Request-Type", "CC-Request-Number", *left_out)}


def full_report(when):
    """Everything an access gateway can report besides usage. when: seconds since 1970."""
    report = proto.SessionReport(
        nbifom_support=1, nbifom_mode=0, default_access=5, routing_rules_removed=[b"r0"],
        packet_filter_operation=1, ran_nas_release_causes=[b"\1\2"], user_location_time_unix=when,
        trusted_access=0, origination_unix_ms=1700000000123, maximum_wait_ms=4000)
    report.presence_areas.add(identifier=b"\0\0\1", status=1)
    routing = proto.RoutingFilter(description="permit out ip from 192.0.2.0/24 to any",
                                  direction=2, tos_traffic_class=b"\xb8\xfc")
    report.routing_rules.add(identifier=b"r1", filters=[routing], precedence=3,
                             address="192.0.2.77", ip_can_type=5)
    report.packet_filters.add(identifier=b"\1", precedence=9, direction=3,
                              content="permit out 17 from 192.0.2.5 to any",
                              tos_traffic_class=b"\xb8\xfc")
    report.applications.add(application="app1", instance="i1", flows=[routing])
    report.charging_identifiers.add(value=b"\x0a\x0b\x0c\x0d", rule_ids=["video"])
    return report


def full_policy(when, in_rar=False):
    """AVPs of a CCA (or a RAR): what a PCRF says besides rules, quota and QoS."""
    both = {
        "PRA-Install": {"Presence-Reporting-Area-Information": [{
            "Presence-Reporting-Area-Identifier": b"\0\0\1",
            "Presence-Reporting-Area-Status": 0}]},
        "PRA-Remove": {"Presence-Reporting-Area-Identifier": [b"\0\0\2"]},
        "Conditional-Policy-Information": [{
            "Execution-Time": Time(when),
            "Default-EPS-Bearer-QoS": {"QoS-Class-Identifier": 8,
                                       "Allocation-Retention-Priority": {"Priority-Level": 4}},
            "APN-Aggregate-Max-Bitrate-UL": 1000, "APN-Aggregate-Max-Bitrate-DL": 2000,
            "Extended-APN-AMBR-DL": 5000000}],
        "CSG-Information-Reporting": [0], "Removal-Of-Access": 0, "IP-CAN-Type": 6,
    }
    if in_rar:
        return {**both, "PCSCF-Restoration-Indication": 0}
    return {
        **both, "Bearer-Control-Mode": 2, "NBIFOM-Support": 1, "NBIFOM-Mode": 1,
        "Default-Access": 5, "RAN-Rule-Support": 0,
        "Routing-Rule-Report": [{"Routing-Rule-Identifier": [b"r1"], "PCC-Rule-Status": 1}],
        "Charging-Information": {
            "Primary-Event-Charging-Function-Name": "aaa://ocs.example.org:3868;transport=tcp"},
    }
