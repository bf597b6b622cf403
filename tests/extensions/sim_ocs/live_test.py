#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The OCS simulator in Debian's freeDiameterd, beside PCRF and HSS simulators of the same daemon.

usage: live_test.py BUILD_DIR SOURCE_DIR [TEST ...]
"""
import json
import sys
import unittest

from credit_live import (ASR, FINAL, GRANTED, GROUP, GY, IMSI, MSCC, OCTETS, RAR, REQUESTED, USED,
                         VALIDITY, Daemon, children, p, u64)

daemon = Daemon("ocs", "pcrf", "hss")


def setUpModule():
    code, out = daemon.tool("ocs", "balance", IMSI, "10", "1000000",
                            '{"grant": 400, "validity": 60}')
    assert code == 0, out  # before the daemon runs: straight into the database
    daemon.start()


def tearDownModule():
    daemon.stop()


def ask(group, used=None):
    return p.avp(MSCC, (p.avp(USED, p.avp(OCTETS, u64(used))) if used is not None else b"") +
                 p.avp(REQUESTED) + p.avp(GROUP, group))


class Ocs(unittest.TestCase):
    count = 0

    def setUp(self):
        Ocs.count += 1
        self.session = "gw.example;2;%d" % Ocs.count

    def ccr(self, kind, number, more=b"", **options):
        return daemon.ccr(GY, self.session, kind, number, more, **options)

    def tool(self, *words, code=0):
        got, out = daemon.tool("ocs", *words)
        self.assertEqual(got, code, out)
        return out

    def debited(self):
        last = self.tool("debits").splitlines()[-1]
        return int(last.split("octets=")[1].split()[0])

    def test_session(self):
        """quota, use, the same request again, end: what is debited is what was used, once"""
        before = self.debited()
        cca = self.ccr(1, 0, ask(10))
        self.assertEqual(cca.result, 2001)
        self.assertEqual(cca.get(p.ORIGIN_HOST), b"core.example")
        self.assertEqual((cca.number(416), cca.number(415)), (1, 0))
        mscc = children(cca.get(MSCC))
        self.assertEqual(children(mscc[GRANTED][0])[OCTETS], [u64(400)])
        self.assertEqual(mscc[VALIDITY], [p.u32(60)])
        self.assertNotIn(FINAL, mscc)
        for flags in (p.REQUEST | p.PROXIABLE, p.REQUEST | p.PROXIABLE | p.RETRANSMIT):
            self.assertEqual(self.ccr(2, 1, ask(10, 400), flags=flags).result, 2001)
        self.assertEqual(self.ccr(3, 2, ask(10, 17)).result, 2001)
        self.assertEqual(self.debited() - before, 417)
        self.assertEqual(self.ccr(2, 3, ask(10, 1)).result, 5002)

    def test_unknown_group(self):
        cca = self.ccr(1, 0, ask(99))
        self.assertEqual(cca.result, 2001)
        self.assertEqual(children(cca.get(MSCC))[p.RESULT], [p.u32(5031)])

    def test_rar_and_asr(self):
        self.ccr(1, 0, ask(10))
        self.assertIn("2001", self.tool("rar", self.session, "rg=10"))
        rar = daemon.gateway.received("258R")[-1]
        self.assertEqual((rar.code, rar.number(GROUP), rar.number(285)), (RAR, 10, 0))
        self.assertEqual(rar.get(p.SESSION_ID), self.session.encode())
        self.assertEqual(rar.get(p.DEST_HOST), b"gw.example")
        self.assertIn("2001", self.tool("asr", self.session))
        self.assertEqual(daemon.gateway.received("274R")[-1].code, ASR)
        # given the gateway does not know the session, then it is forgotten here, too
        daemon.code = 5002
        self.tool("rar", self.session, code=1)
        daemon.code = 2001
        self.assertIn("no open session", self.tool("rar", self.session, code=1))

    def test_faults(self):
        self.tool("fault", "add", "cmd=CCR-I", "result=4010", "count=1")
        self.assertEqual(self.ccr(1, 0, ask(10)).result, 4010)
        self.tool("fault", "add", "cmd=CCR-I", "drop", "count=1")
        self.assertIsNone(self.ccr(1, 0, ask(10), timeout=0.5))
        self.tool("fault", "add", "cmd=CCR-I", "result=3004", "count=1")
        cca = self.ccr(1, 0, ask(10))
        self.assertEqual((cca.result, cca.flags & p.ERROR), (3004, p.ERROR))
        self.assertEqual(self.ccr(1, 0, ask(10)).result, 2001)

    def test_script(self):
        """expected requests: the answer is scripted, a difference is told with its path"""
        path = daemon.dir + "/script.json"
        with open(path, "w", encoding="utf-8") as out:
            json.dump([
                {"command": "CCR-I", "request": {"Multiple-Services-Credit-Control":
                                                 {"Rating-Group": 10}},
                 "answer": {"Result-Code": 5012, "Error-Message": "as you like it"},
                 "instead": True},
                {"command": "CCR-I", "request": {"Multiple-Services-Credit-Control":
                                                 {"Rating-Group": 11}}},
            ], out)
        self.tool("script", "load", path)
        cca = self.ccr(1, 0, ask(10))
        self.assertEqual((cca.result, cca.get(281)), (5012, b"as you like it"))
        self.assertEqual(self.ccr(1, 0, ask(10)).result, 2001)
        self.assertIn("step 2 CCR-I: Multiple-Services-Credit-Control.Rating-Group: expected 11,"
                      " got 10", self.tool("script", "status", code=1))
        self.tool("script", "clear")
        self.tool("script", "status")

    def test_killed(self):
        """kill -9 between two requests loses no debit and counts none twice"""
        before = self.debited()
        self.ccr(1, 0, ask(10))
        self.assertEqual(self.ccr(2, 1, ask(10, 400)).result, 2001)
        daemon.kill()
        self.assertTrue(daemon.closed())
        daemon.start()
        self.assertEqual(self.ccr(2, 1, ask(10, 400), flags=0xd0).result, 2001)
        self.assertEqual(self.ccr(3, 2, ask(10, 5)).result, 2001)
        self.assertEqual(self.debited() - before, 405)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
