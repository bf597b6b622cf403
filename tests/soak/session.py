# SPDX-License-Identifier: BSD-3-Clause
"""The soak itself: started by tests/soak/session, and in short by tests/system/test_soak.py.

Parties: fgw-agw with its session model, fgwd, a PCRF and an OCS, each a stock freeDiameterd of its
own. Every few moments one of these happens:
  fgwd      kill -9, started again after up to a second
  ocs       kill -9 of the OCS, started again after up to two seconds
  reset     TCP connections of one link (access gateway, PCRF, OCS) are reset
  silence   the PCRF's or OCS's address goes away for a while, connections stay
  late      the OCS debits, but answers after the gateway's patience
  lost      the OCS does not see some requests
"""
import argparse
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "system"))

from kit import paths  # noqa: E402
from kit.core import SimCore  # noqa: E402
from kit.pki import Pki  # noqa: E402
from kit.proc import Process, eventually, run  # noqa: E402
from kit.session import SessionGateway  # noqa: E402

FIRST = "001010010000000"
FLOW = {"Flow-Description": "permit out ip from any to assigned", "Flow-Direction": "DOWNLINK"}
SETTINGS = """
gx_gy: { gx: { timeout = "1s"; }; gy: { timeout = "1s"; failed_update = "report-again"; }; };
"""
# Every session has the first two groups; one in ten all of them, with quotas of other kinds.
GROUPS = {10: ("web", "octets"), 20: ("video", "octets"), 30: ("call", "seconds"),
          40: ("message", "units")}
KINDS = {"seconds": "time", "units": "units"}  # as the summary calls them
LINKS = {"agw": "sport = :8443", "pcrf": "dst %s" % paths.HSS_IP, "ocs": "dst %s" % paths.HSS2_IP}


class Soak:
    """sessions; seconds of trouble; pause: between two troubles on average; quota_s: how long a
    quota lasts."""

    def __init__(self, pki, sessions=10000, seconds=600, pause=4.0, quota_s=20, seed=None,
                 say=None):
        self.pki, self.sessions, self.seconds = pki, sessions, seconds
        self.pause, self.quota_s = pause, quota_s
        self.seed = int(time.time()) if seed is None else seed
        self.random = random.Random(self.seed)
        self.say = say or (lambda text: None)
        self.troubles, self.deck = {}, []
        self.pcrf = SimCore("pcrf", paths.HSS_IP, kinds=("pcrf",), log="warn")
        self.ocs = SimCore("ocs", paths.HSS2_IP, kinds=("ocs",), log="warn")
        self.provision()
        peers = [self.pcrf.peer(watchdog=1), self.ocs.peer(watchdog=1)]
        self.gateway = SessionGateway(pki, peers, level="warn", more=SETTINGS).start()
        self.client = None

    def provision(self):
        for group, (name, _) in GROUPS.items():
            self.pcrf.pcrf("rule", name, {"Rating-Group": group, "Precedence": group,
                                          "Flow-Information": FLOW, "Monitoring-Key": "mk-" + name})
        grant = 10000 * self.quota_s
        monitors = [{"key": "mk-web", "grant": 2 * grant + 7}]
        self.pcrf.pcrf("policy", "two", {"rules": ["web", "video"], "monitors": monitors})
        self.pcrf.pcrf("policy", "all", {"rules": [name for name, _ in GROUPS.values()],
                                         "monitors": monitors})
        self.pcrf.pcrf("gen", self.sessions, FIRST, "two")
        some = max(1, self.sessions // 10)
        self.pcrf.pcrf("gen", some, FIRST, "all")
        for group in (30, 40):
            self.ocs.ocs("gen", some, FIRST, group, 10 ** 9,
                         {"unit": GROUPS[group][1], "grant": self.quota_s + group // 40})
        bands = min(10, self.sessions)  # quotas of several sizes: not all are used up at once
        for band in range(bands):
            first = int(FIRST) + band * self.sessions // bands
            count = int(FIRST) + (band + 1) * self.sessions // bands - first
            for group in (10, 20):
                self.ocs.ocs("gen", count, "%015d" % first, group, 10 ** 15,
                             {"grant": grant + grant * band // 10 + group})

    # ---- troubles ----

    def fgwd(self):
        assert self.gateway.process.alive(), "fgwd ended by itself: " + self.log()
        self.gateway.kill()
        time.sleep(self.random.uniform(0, 1))
        self.gateway.start(wait_peers=False)

    def log(self):
        return self.gateway.process.text()[-3000:]

    def kill_ocs(self):
        self.ocs.kill()
        time.sleep(self.random.uniform(0, 2))
        self.ocs.start()

    def reset(self):
        link = self.random.choice(sorted(LINKS))
        run(["ss", "-K", "-t", LINKS[link]], check=False)

    def silence(self):
        ip = self.random.choice([paths.HSS_IP, paths.HSS2_IP])
        run(["ip", "address", "del", ip + "/32", "dev", "core0"])
        time.sleep(self.random.uniform(0.5, 3))
        run(["ip", "address", "add", ip + "/32", "dev", "core0"])

    def late(self):
        run([paths.program("fgw-ocs"), "-c", self.ocs.confs["ocs"], "fault", "add",
             "cmd=CCR-" + self.random.choice("IUT"), "delay=1300",
             "count=%d" % self.random.randint(1, 200)], check=False)

    def lost(self):
        run([paths.program("fgw-ocs"), "-c", self.ocs.confs["ocs"], "fault", "add",
             "cmd=CCR-" + self.random.choice("IUT"), self.random.choice(["drop", "disconnect"]),
             "count=%d" % self.random.randint(1, 50)], check=False)

    def trouble(self):
        if not self.deck:  # shuffled: each happens, in any order
            self.deck = [("fgwd", self.fgwd), ("ocs", self.kill_ocs), ("reset", self.reset),
                         ("silence", self.silence), ("late", self.late), ("lost", self.lost),
                         ("fgwd", self.fgwd), ("ocs", self.kill_ocs), ("reset", self.reset)]
            self.random.shuffle(self.deck)
        name, act = self.deck.pop()
        self.troubles[name] = self.troubles.get(name, 0) + 1
        self.say("%6.1f s  %s" % (time.monotonic() - self.began, name))
        act()

    # ---- the run ----

    def phase(self, name):
        return '"phase":"%s"' % name in self.client.text()

    def start_client(self):
        self.client = Process("agw", [
            paths.program("fgw-agw"), "--connect", self.gateway.target, "--tls-dir",
            self.pki.folder, "--gateway", "agw1", "--server-name", "fgw.test", "--json",
            "--timeout", "5000", "session", "--first-imsi", FIRST, "--subscribers",
            str(self.sessions), "--octets", "10000", "--duration", str(self.seconds), "--batch",
            "8", "--in-flight", "128", "--drain", "60"])

    def run(self):
        """The summary of the access gateway."""
        self.began = time.monotonic()
        # opening, use, what is owed at the end
        limit = self.began + self.seconds + 240
        self.start_client()
        last = None
        while not self.phase("ended") and self.client.alive():
            assert time.monotonic() < limit, self.client.text()[-2000:]
            time.sleep(self.random.uniform(0.2, 2 * self.pause - 0.2))
            if last is None and self.phase("ending"):
                last = time.monotonic() + 3 * self.pause  # also sessions that end have troubles
            if last is None or time.monotonic() < last:
                self.trouble()
        eventually(lambda: not self.client.alive(), 90, "fgw-agw ends")
        lines = [json.loads(x) for x in self.client.text().splitlines() if '"summary"' in x]
        assert lines, self.client.text()[-2000:]
        return lines[-1]

    def usage(self, key):
        rows = [json.loads(x.split(" ", 1)[1])
                for x in self.pcrf.pcrf("show", "usage").splitlines()]
        return sum(row["used"] for row in rows if row["key"] == key)

    def debited(self, group, kind):
        return sum(int(x.split(kind + "=")[1].split()[0])
                   for x in self.ocs.ocs("debits").splitlines() if "group=%d " % group in x)

    def verdict(self, summary):
        """(ok, lines to print)"""
        calls = summary["calls"]
        total = self.ocs.debits()
        lines = ["%d sessions, %.0f s, seed %d; troubles: %s" % (
            self.sessions, summary["seconds"], self.seed,
            ", ".join("%s %d" % item for item in sorted(self.troubles.items()))),
            "calls: %d create, %d update, %d terminate; failed %d, sent again %d" % (
                calls["create"]["sent"], calls["update"]["sent"], calls["terminate"]["sent"],
                sum(c["failed"] for c in calls.values()), sum(c["again"] for c in calls.values()))]
        ok = summary["opened"] == summary["terminated"] == self.sessions and not any(
            count["open"] for count in (summary, summary["time"], summary["units"]))
        rows = []
        for group, (_, kind) in GROUPS.items():
            counts = summary["groups"][str(group)]
            rows.append(("group %d, %s" % (group, kind), counts if kind == "octets" else
                         counts[KINDS[kind]], self.debited(group, kind)))
        rows.append(("all octets", summary, total["octets"]))
        rows.append(("monitor mk-web", summary["monitors"]["mk-web"], self.usage("mk-web")))
        lines.append("%-16s %16s %16s %16s" % ("", "consumed", "acknowledged", "core has"))
        for name, counts, has in rows:
            same = counts["consumed"] == counts["acknowledged"] == has
            ok = ok and same and has > 0
            lines.append("%-16s %16d %16d %16d  %s" % (
                name, counts["consumed"], counts["acknowledged"], has, "equal" if same
                else "NOT EQUAL"))
        lines.append("%d of %d sessions opened, %d terminated, %d octets open" % (
            summary["opened"], self.sessions, summary["terminated"], summary["open"]))
        return ok, lines

    def close(self):
        if self.client and self.client.alive():
            self.client.kill()
        self.gateway.stop()
        self.pcrf.stop()
        self.ocs.stop()


def main():
    options = argparse.ArgumentParser(description="Soak of sessions; see tests/soak/session.")
    options.add_argument("--sessions", type=int, default=10000)
    options.add_argument("--seconds", type=float, default=600)
    options.add_argument("--seed", type=int)
    options = options.parse_args()
    soak = Soak(Pki(paths.work("pki", "x")[:-2]), options.sessions, options.seconds,
                seed=options.seed, say=lambda text: print(text, file=sys.stderr, flush=True))
    try:
        ok, lines = soak.verdict(soak.run())
    finally:
        soak.close()
    print("\n".join(lines))
    print("equal: nothing was lost or counted twice" if ok else "FAILED")
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
