# SPDX-License-Identifier: BSD-3-Clause
"""The session benchmark itself; started by tests/bench/session inside its namespace.

Rows, all in one run and taken in turns so that a noisy moment hits every one of them:
  fgw   fgw-agw -> mutual TLS -> fgwd -> TCP -> PCRF and OCS (sim_pcrf, sim_ocs, each in a stock
        freeDiameterd). CreateSession is two Diameter transactions one after the other (CCR-I on Gx,
        then on Gy), UpdateSession one (CCR-U on Gy), TerminateSession two at a time (CCR-T on both)
  bare  a freeDiameter client as installed (Debian's dictionaries, default hooks) -> the same OCS:
        CCR-U of open sessions
  echo  fgw-agw -> mutual TLS -> an empty gRPC echo of the same server library, with the bytes of an
        UpdateSession
Then many sessions are opened and stay: what one costs fgwd in memory.
"""
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import benchlib  # noqa: E402
from benchlib import cpu_seconds, median, rss_kb, run_json, say  # noqa: E402
from kit import paths  # noqa: E402
from kit.core import Daemon, SimCore  # noqa: E402
from kit.pki import Pki  # noqa: E402
from kit.proc import Process, eventually  # noqa: E402
from kit.session import SessionGateway, pb  # noqa: E402

FIRST = "001010000000001"
WINDOWS = [1, 16, 64, 256]
KINDS = ("create", "update", "terminate")
FLOW = {"Flow-Description": "permit out ip from any to assigned", "Flow-Direction": "DOWNLINK"}
DICTIONARIES = ("dict_nasreq", "dict_dcca", "dict_dcca_3gpp")
REALM = "example.org"


def update_bytes():
    """An UpdateSession as fgw-agw sends it, for the echo."""
    request = pb.UpdateSessionRequest()
    update = request.updates.add(session_id="IMSI%s-95236582000000" % FIRST, request_number=7)
    update.usage.charging_key, update.usage.bytes_rx = 10, 1000000
    update.usage.type = pb.CreditUsage.QUOTA_EXHAUSTED
    update.common_context.sid.id = "IMSI" + FIRST
    update.common_context.apn, update.common_context.ue_ipv4 = "internet", "10.0.0.1"
    update.tgpp_ctx.gx_dest_host, update.tgpp_ctx.gy_dest_host = "pcrf." + REALM, "ocs." + REALM
    return request.SerializeToString().hex()


class Bench:
    def __init__(self, quick, rounds=3, many=100000):
        self.seconds = 1 if quick else 3
        self.rounds = 1 if quick else rounds
        self.windows = [1, 64] if quick else WINDOWS
        self.sessions = 1000 if quick else 4000
        self.many = many
        self.rows = {}
        self.pki = Pki(paths.work("pki", "x")[:-2])
        self.pcrf = SimCore("pcrf", paths.HSS_IP, kinds=("pcrf",), log="error")
        self.ocs = SimCore("ocs", paths.HSS2_IP, kinds=("ocs",), log="error")
        self.pcrf.pcrf("rule", "web", {"Rating-Group": 10, "Flow-Information": FLOW})
        self.pcrf.pcrf("policy", "default", {"rules": ["web"]})
        self.ocs.ocs("gen", max(self.many, self.sessions), FIRST, 10, 10 ** 15, {"grant": 1000000})
        self.gateway = SessionGateway(self.pki, [self.pcrf.peer(watchdog=3),
                                                 self.ocs.peer(watchdog=3)], level="warn",
                                      agw="limits: { max_streams = 20000; };",
                                      more="gx_gy = { };").start()
        self.echo = Process("echo", [os.path.join(benchlib.BUILD, "tests/bench/rpc_echo"),
                                     "--port", "8555", "--tls-dir", self.echo_identity()])
        self.echo.wait_line("^port ")

    def echo_identity(self):
        """The gateway's own keys under the names the echo server reads."""
        for name, file in (("server.crt", "server.pem"), ("server.key", "server.key"),
                           ("ca.crt", "ca.pem")):
            os.symlink(self.pki.path(file), paths.work("echo", name))
        return paths.work("echo", "x")[:-2]

    def close(self):
        self.echo.stop()
        self.gateway.stop()
        self.pcrf.stop()
        self.ocs.stop()

    def client(self, target, *words):
        return [paths.program("fgw-agw"), "--connect", target, "--ca", self.pki.path("ca.pem"),
                "--cert", self.pki.path("agw1.pem"), "--key", self.pki.path("agw1.key"),
                "--server-name", "fgw.test", "--json", *[str(word) for word in words]]

    # ---- rows ----

    def pids(self):
        return [self.gateway.process.pid, self.pcrf.process.pid, self.ocs.process.pid]

    def follow(self, client, look, limit):
        """Calls look(phase) as the client's phases begin; returns its summary."""
        seen, deadline = 0, time.monotonic() + limit
        while True:
            lines = [json.loads(x) for x in client.text().splitlines() if x.endswith("}")]
            for line in lines[seen:]:
                if line["event"] == "phase":
                    look(line["phase"])
                elif line["event"] == "summary":
                    client.wait(20)
                    return line
            seen = len(lines)
            if not client.alive() or time.monotonic() > deadline:
                raise RuntimeError("fgw-agw session: " + client.text()[-800:])
            time.sleep(0.003)

    def fgw(self, window):
        """One run of fgw-agw session: a row for each procedure."""
        spent = []
        client = Process("agw", self.client(
            self.gateway.target, "session", "--first-imsi", FIRST, "--subscribers", self.sessions,
            "--duration", self.seconds, "--in-flight", window, "--connections", min(4, window)))
        summary = self.follow(
            client, lambda phase: spent.append([cpu_seconds(pid) for pid in self.pids()]), 300)
        if summary["consumed"] != summary["acknowledged"]:
            raise RuntimeError("octets are missing: %s" % summary)
        rss = rss_kb(self.gateway.process.pid)
        for number, kind in enumerate(KINDS):
            calls = summary["calls"][kind]
            good = max(1, calls["answered"] - calls["failed"])
            cpu = [(after - before) * 1e6 / good
                   for before, after in zip(spent[number], spent[number + 1])]
            self.take(("fgw", kind, window), {
                "rate": calls["rate"], "p50_us": calls["p50_ms"] * 1000,
                "p99_us": calls["p99_ms"] * 1000, "cpu_us": cpu[0], "core_us": cpu[1] + cpu[2],
                "rss_kb": rss, "failed": calls["failed"]})

    def echo_row(self, window):
        before = cpu_seconds(self.echo.pid)
        result = run_json(self.client(
            "127.0.0.1:8555", "load", "--method", "/bench.Echo/Unary", "--raw", update_bytes(),
            "--duration", self.seconds, "--in-flight", window, "--connections", min(4, window)),
            60)[-1]
        cpu = (cpu_seconds(self.echo.pid) - before) * 1e6 / max(1, result["ok"])
        self.take(("echo", "raw", window), {
            "rate": result["rate"], "p50_us": result["p50_ms"] * 1000,
            "p99_us": result["p99_ms"] * 1000, "cpu_us": cpu})

    def bare(self, window, tries=3):
        """The installed client, one run."""
        out = paths.work("bare.json")
        if os.path.exists(out):
            os.unlink(out)
        options = "procedure=ccu;realm=%s;windows=%d;seconds=%d;first=%s;subscribers=%d;out=%s" % (
            REALM, window, self.seconds, FIRST, max(self.many, self.sessions), out)
        extensions = "".join('LoadExtension = "/usr/lib/freeDiameter/%s.fdx";\n' % name
                             for name in DICTIONARIES)
        client = Daemon("bare", paths.FGW2_IP, extensions + (
            'LoadExtension = "%s" : "%s";\nConnectPeer = "%s" { ConnectTo = "%s"; Port = %d; '
            "No_TLS; TcTimer = 1; };" % (
                os.path.join(benchlib.BUILD, "tests/bench/bare_client.fdx"), options,
                self.ocs.identity, self.ocs.ip, self.ocs.port)))
        before = cpu_seconds(self.ocs.process.pid)
        try:
            eventually(lambda: os.path.exists(out) and os.path.getsize(out) or
                       not client.process.alive(), self.seconds + 30, "the bare client ends")
        finally:
            client.stop()
        row = run_json(["cat", out], 5)[-1]
        row["core_us"] = (cpu_seconds(self.ocs.process.pid) - before) * 1e6 / max(1, row["done"])
        if row["failed"]:  # a figure of refusals would flatter it
            say("  bare update: %d of %d failed, again" % (row["failed"], row["done"]))
            if tries > 1:
                return self.bare(window, tries - 1)
            raise RuntimeError("the bare client's requests fail")
        self.take(("bare", "update", window), row)

    def take(self, key, row):
        self.rows.setdefault(key, []).append(row)
        say("  %-4s %-9s %5s in flight: %8.0f /s  p50 %7.0f us  p99 %7.0f us  cpu %5.1f us%s" % (
            key[0], key[1], key[2], row["rate"], row["p50_us"], row["p99_us"], row["cpu_us"],
            "  core %5.1f us" % row["core_us"] if "core_us" in row else ""))

    def run(self):
        for number in range(self.rounds):
            say("round %d of %d" % (number + 1, self.rounds))
            for window in self.windows:
                self.fgw(window)
                self.bare(window)
                self.echo_row(window)

    # ---- memory ----

    def open_sessions(self, n):
        """fgwd's resident KiB while n sessions are open, and how long opening took."""
        sizes = {}
        client = Process("agw", self.client(
            self.gateway.target, "session", "--first-imsi", FIRST, "--subscribers", n,
            "--duration", 0.3, "--octets", 1, "--in-flight", 64, "--connections", 4))
        began = time.monotonic()
        summary = self.follow(client, lambda phase: sizes.setdefault(
            phase, (rss_kb(self.gateway.process.pid), time.monotonic() - began)), 600)
        if summary["opened"] != n or summary["terminated"] != n:
            raise RuntimeError("not all sessions came and went: %s" % summary)
        return {"before": sizes["opening"][0], "open": sizes["using"][0],
                "after": sizes["ended"][0], "seconds": sizes["using"][1]}

    def memory(self):
        self.open_sessions(min(5000, self.many))  # what any load leaves behind is there then
        row = self.open_sessions(self.many)
        row["each"] = (row["open"] - row["before"]) * 1024 / self.many
        say("  %d sessions open: %.1f MiB, before %.1f MiB: %.1f bytes each" % (
            self.many, row["open"] / 1024, row["before"] / 1024, row["each"]))
        return row


def cell(bench, what, kind, window, key, form="%.0f"):
    rows = bench.rows.get((what, kind, window))
    return form % median(rows, key) if rows else ""


def block(bench, what, kind, name, cpu):
    return [["%s, %s" % (name, unit)] + [cell(bench, what, kind, w, key, form)
                                         for w in bench.windows]
            for key, unit, form in (("rate", "per second", "%.0f"), ("p50_us", "p50 us", "%.0f"),
                                    ("p99_us", "p99 us", "%.0f"), ("cpu_us", cpu, "%.1f"))]


def report(bench, memory):
    header = ["in flight"] + [str(w) for w in bench.windows]
    rows = []
    for kind, name in zip(KINDS, ("CreateSession", "UpdateSession", "TerminateSession")):
        rows += block(bench, "fgw", kind, name, "fgwd's CPU us per call")
        rows.append(["%s, PCRF's and OCS's CPU us per call" % name] + [
            cell(bench, "fgw", kind, w, "core_us", "%.1f") for w in bench.windows])
    rows += block(bench, "bare", "update", "(a) bare freeDiameter client, CCR-U",
                  "its CPU us per request")
    rows += block(bench, "echo", "raw", "(b) empty gRPC echo over mTLS", "its CPU us per call")
    rows.append(["**ratio UpdateSession : (a), per second**"] + [
        "**%.2f**" % (median(bench.rows["fgw", "update", w], "rate") /
                      median(bench.rows["bare", "update", w], "rate")) for w in bench.windows])
    lines = [benchlib.table(header, rows), ""]
    lines.append(
        "%d sessions open at a time (opened at %.0f per second): fgwd resident %.1f MiB before, "
        "%.1f MiB while they are open, %.1f MiB when they have ended: **%.1f bytes per open "
        "session**." % (bench.many, bench.many / memory["seconds"], memory["before"] / 1024,
                        memory["open"] / 1024, memory["after"] / 1024, memory["each"]))
    return "\n".join(lines)


def write_docs(bench, text):
    docs = os.path.join(benchlib.ROOT, "docs")
    series = [(name, [median(bench.rows[what, kind, w], "rate") for w in bench.windows])
              for what, kind, name in (
                  ("fgw", "create", "CreateSession"), ("fgw", "update", "UpdateSession"),
                  ("fgw", "terminate", "TerminateSession"), ("bare", "update", "(a) bare CCR-U"),
                  ("echo", "raw", "(b) gRPC echo"))]
    benchlib.chart(os.path.join(docs, "performance-session.svg"), "Session calls per second",
                   "calls in flight", "per second", bench.windows, series)
    path = os.path.join(docs, "performance.md")
    begin, end = "<!-- bench:session -->", "<!-- /bench:session -->"
    with open(path) as page:
        old = page.read()
    head, rest = old.split(begin, 1)
    tail = rest.split(end, 1)[1]
    with open(path, "w") as page:
        page.write("%s%s\n%s, %d rounds of %d s, medians.\n\n%s\n%s%s" % (
            head, begin, benchlib.machine(), bench.rounds, bench.seconds, text, end, tail))


def number_after(option, default):
    return int(sys.argv[sys.argv.index(option) + 1]) if option in sys.argv else default


def main():
    benchlib.usual_congestion_control()
    quick = "--quick" in sys.argv
    bench = Bench(quick, number_after("--rounds", 3),
                  number_after("--sessions", 5000 if quick else 100000))
    try:
        bench.run()
        text = report(bench, bench.memory())
        print(text)
        if "--write" in sys.argv:
            write_docs(bench, text)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
