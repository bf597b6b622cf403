#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The PCRF simulator in Debian's freeDiameterd.

usage: live_test.py BUILD_DIR SOURCE_DIR [TEST ...]
"""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "sim_ocs"))
from credit_live import (DEFINITION, GX, INSTALL, IMSI, MONITORING, MONITORING_KEY,  # noqa: E402
                         NAME, OCTETS, REMOVE, USED, Daemon, children, p, u64)

FLOW_INFORMATION, FLOW, DIRECTION, PRECEDENCE = 1058, 507, 1080, 1010
QOS, QCI, ARP, TRIGGER, AMBR_UL = 1016, 1028, 1034, 1006, 1041
RULE = """{"Rating-Group": 10, "Precedence": 100, "Flow-Information": [
  {"Flow-Description": "permit out ip from any to assigned", "Flow-Direction": "DOWNLINK"},
  {"Flow-Description": "permit out 6 from 10.0.0.0/8 80,443 to any 1000-2000",
   "Flow-Direction": "UPLINK"}],
  "QoS-Information": {"QoS-Class-Identifier": "QCI_9", "Allocation-Retention-Priority":
   {"Priority-Level": 8, "Pre-emption-Capability": 1}},
  "Redirect-Information": {"Redirect-Support": "REDIRECTION_ENABLED",
   "Redirect-Address-Type": "URL",
   "Redirect-Server-Address": "http://portal/"}, "Monitoring-Key": "mk1"}"""
POLICY = """{"rules": ["web"], "predefined": ["p1"], "base": ["b1"], "triggers": ["RAT_CHANGE"],
  "revalidation": 3600, "monitors": [{"key": "mk1", "grant": 500, "total": 600, "then": "slow"}],
  "avps": {"QoS-Information": {"APN-Aggregate-Max-Bitrate-UL": 1000000,
                               "APN-Aggregate-Max-Bitrate-DL": 2000000}}}"""

daemon = Daemon("pcrf")


def tool(*words, code=0):
    got, out = daemon.tool("pcrf", *words)
    assert got == code, out
    return out


def setUpModule():
    tool("rule", "web", RULE)
    tool("policy", "gold", POLICY)
    tool("policy", "slow", '{"predefined": ["p9"]}')
    tool("assign", IMSI, "gold", "internet")
    daemon.start()


def tearDownModule():
    daemon.stop()


def v(message, code):
    return message.get(code, p.VENDOR_3GPP)


class Pcrf(unittest.TestCase):
    def ccr(self, kind, number, more=b"", **options):
        return daemon.ccr(GX, "gw.example;1;7", kind, number, p.avp(30, "internet") + more,
                          **options)

    def check_definition(self, install):
        rule = children(install[DEFINITION][0])
        self.assertEqual((rule[NAME], rule[PRECEDENCE]), ([b"web"], [p.u32(100)]))
        self.assertEqual(len(rule[FLOW_INFORMATION]), 2)
        flow = children(rule[FLOW_INFORMATION][1])
        self.assertEqual(flow[FLOW], [b"permit out 6 from 10.0.0.0/8 80,443 to any 1000-2000"])
        self.assertEqual(flow[DIRECTION], [p.u32(2)])
        qos = children(rule[QOS][0])
        self.assertEqual(qos[QCI], [p.u32(9)])
        self.assertEqual(children(qos[ARP][0])[1046], [p.u32(8)])
        self.assertEqual(rule[MONITORING_KEY], [b"mk1"])

    def test_session(self):
        """rules, usage, a change by RAR, the end"""
        cca = self.ccr(1, 0)
        self.assertEqual(cca.result, 2001)
        install = children(v(cca, INSTALL))
        self.assertEqual((install[NAME], install[1004]), ([b"p1"], [b"b1"]))
        self.check_definition(install)
        self.assertEqual(children(v(cca, QOS))[AMBR_UL], [p.u32(1000000)])
        triggers = [d for c, _, _, d in cca.avps if c == TRIGGER]
        self.assertEqual(triggers, [p.u32(2), p.u32(33)])
        self.assertIsNotNone(v(cca, 1042))
        monitoring = children(v(cca, MONITORING))
        self.assertEqual(monitoring[MONITORING_KEY], [b"mk1"])
        self.assertEqual(children(monitoring[431][0])[OCTETS], [u64(500)])

        used = p.avp3(TRIGGER, 33) + p.avp3(MONITORING, p.avp3(MONITORING_KEY, "mk1") + p.avp(
            USED, p.avp(OCTETS, u64(500))))
        self.assertEqual(children(children(v(self.ccr(2, 1, used), MONITORING))[431][0])[OCTETS],
                         [u64(100)])

        tool("policy", "gold", '{"predefined": ["p1", "p2"]}')
        self.assertIn("2001", tool("push", IMSI))
        rar = daemon.gateway.received("258R")[-1]
        self.assertEqual(children(v(rar, INSTALL)), {NAME: [b"p2"]})
        self.assertEqual(children(v(rar, REMOVE)), {NAME: [b"web"], 1004: [b"b1"]})
        self.assertIn("nothing to change", tool("push", IMSI))

        release = '{"Session-Release-Cause": "UE_SUBSCRIPTION_REASON"}'
        self.assertIn("2001", tool("rar", IMSI, release))
        self.assertIsNotNone(v(daemon.gateway.received("258R")[-1], 1045))
        self.assertEqual(self.ccr(3, 2).result, 2001)
        self.assertIn("0 sessions", tool("sessions", IMSI))

    def test_unknown_subscriber(self):
        body_apn = p.avp(30, "elsewhere")
        cca = daemon.ccr(GX, "gw.example;1;8", 1, 0, body_apn)
        self.assertEqual(cca.result, 5030)

    def test_report_in_raa(self):
        """a rule that the gateway reports as failed in the RAA is noted"""
        daemon.ccr(GX, "gw.example;1;10", 1, 0, p.avp(30, "internet"))
        daemon.more = p.avp3(1018, p.avp3(NAME, "broken") + p.avp3(1019, 1) + p.avp3(1031, 1))
        tool("rar", "gw.example;1;10",
             '{"Charging-Rule-Install": {"Charging-Rule-Name": "broken"}}')
        daemon.more = b""
        tool("forget", "gw.example;1;10")
        reports = tool("show", "reports")
        self.assertIn('"rule":"broken","status":"INACTIVE","code":"UNKNOWN_RULE_NAME"', reports)

    def test_fault(self):
        tool("fault", "add", "cmd=CCR-I", "exp=5144", "count=1")
        self.assertEqual(daemon.ccr(GX, "gw.example;1;9", 1, 0).result, 5144)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
