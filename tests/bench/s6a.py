# SPDX-License-Identifier: BSD-3-Clause
"""The S6a benchmark itself; started by tests/bench/s6a inside its namespace.

Rows, all in one run and taken in turns so that a noisy moment hits every one of them:
  fgw   fgw-agw -> mutual TLS -> fgwd -> TCP -> HSS (sim_hss in a stock freeDiameterd)
  bare  a freeDiameter client as installed (Debian's dictionaries, default hooks) -> the same HSS,
        which is scheduled as batch in either row
  echo  fgw-agw -> mutual TLS -> an empty gRPC echo of the same server library
  tcp   a raw TCP ping-pong of the sizes of AIR and AIA
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import benchlib  # noqa: E402
from benchlib import cpu_seconds, median, rss_kb, run_json, say  # noqa: E402
from kit import paths  # noqa: E402
from kit.core import Daemon  # noqa: E402
from kit.gateway import Gateway  # noqa: E402
from kit.pki import Pki  # noqa: E402
from kit.proc import Process, eventually, run  # noqa: E402

FIRST, SUBSCRIBERS = "001010000000001", 1000
WINDOWS = [1, 16, 64, 256, 1024]
HALF_LOAD_TURNS = 5
AIR_BYTES, AIA_BYTES = 248, 300
# What an S6a client needs of the packaged dictionaries (Service-Selection is in dict_mip6a).
DICTIONARIES = ("dict_nasreq", "dict_dcca", "dict_dcca_3gpp", "dict_rfc5777", "dict_mip6a")
REALM = "example.org"


SIM_HSS = """database = "%s"; control = "%s"; accept = ["*.%s"];
"""


def sim_hss():
    """sim_hss in a stock freeDiameterd, with its subscribers."""
    conf = paths.work("hss", "sim_hss.conf")
    with open(conf, "w") as text:
        text.write(SIM_HSS % (paths.work("hss", "hss.db"), paths.work("hss", "hss.sock"), REALM))
    run([paths.program("fgw-hss"), "-c", conf, "gen", str(SUBSCRIBERS), "imsi=" + FIRST,
         "k=465b5ce8b199b49faa5f0a2ee238a6bc", "opc=cd63cb71954a9f4e48a5994e37a02baf"])
    return Daemon("hss", paths.HSS_IP, "NoRelay;\nAppServThreads = 2;\n" + "\n".join(
        'LoadExtension = "%s" : "%s";' % (paths.extension(name), argument) for name, argument in (
            ("dict.fdx", os.path.join(benchlib.ROOT, "dictionaries")), ("sim_hss.fdx", conf))))


class Bench:
    def __init__(self, quick, rounds=3):
        self.seconds = 1 if quick else 3
        self.rounds = 1 if quick else rounds
        self.windows = [1, 64] if quick else WINDOWS
        self.rows = {}
        self.pki = Pki(paths.work("pki", "x")[:-2])
        self.hss = benchlib.as_batch(sim_hss)
        # The gateway's own bounds as shipped, but for the streams one connection may carry.
        self.gateway = Gateway(self.pki, [self.hss.peer(watchdog=3)], level="warn",
                               agw="limits: { max_streams = 20000; };").start()
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
        self.hss.stop()

    def load(self, target, *options):
        """One run of fgw-agw load."""
        arguments = [paths.program("fgw-agw"), "--connect", target,
                     "--ca", self.pki.path("ca.pem"), "--cert", self.pki.path("agw1.pem"),
                     "--key", self.pki.path("agw1.key"), "--server-name", "fgw.test",
                     "--json", "load", "--subscribers", str(SUBSCRIBERS), "--first-imsi", FIRST,
                     *options]
        return run_json(arguments, self.seconds * 10 + 60)[-1]

    def measure(self, process, others, target, *options):
        """load with the CPU and memory of the serving process."""
        pids = [process] + others
        before = [cpu_seconds(pid) for pid in pids]
        result = self.load(target, "--duration", str(self.seconds), *options)
        spent = [cpu_seconds(pid) - b for pid, b in zip(pids, before)]
        good = max(1, result["ok"])
        return {"rate": result["rate"], "p50_us": result["p50_ms"] * 1000,
                "p99_us": result["p99_ms"] * 1000, "cpu_us": spent[0] * 1e6 / good,
                "hss_us": spent[1] * 1e6 / good if others else 0,
                "client_us": result["client_cpu_us"], "rss_kb": rss_kb(process),
                "ok": result["ok"], "answered": result["answered"], "sent": result["sent"]}

    def fgw(self, procedure, window):
        return self.measure(self.gateway.process.pid, [self.hss.process.pid], self.gateway.target,
                            "--procedure", procedure, "--in-flight", str(window),
                            "--connections", str(min(4, window)))

    def echo_row(self, window):
        return self.measure(self.echo.pid, [], "127.0.0.1:8555", "--method", "/bench.Echo/Unary",
                            "--raw", "0a0f" + FIRST.encode().hex() + "120300f1101801",
                            "--in-flight", str(window), "--connections", str(min(4, window)))

    def tcp(self, window):
        return run_json([os.path.join(benchlib.BUILD, "tests/bench/tcp_pingpong"), str(AIR_BYTES),
                         str(AIA_BYTES), str(self.seconds), str(window)], 60)[-1]

    def bare(self, procedure, window, rate=0):
        """The installed client, one run."""
        out = paths.work("bare.json")
        options = ("procedure=%s;realm=%s;windows=%d;seconds=%d;first=%s;subscribers=%d;rate=%g;"
                   "out=%s" % (procedure, REALM, window, self.seconds, FIRST, SUBSCRIBERS, rate,
                               out))
        extensions = "".join('LoadExtension = "/usr/lib/freeDiameter/%s.fdx";\n' % name
                             for name in DICTIONARIES)
        client = Daemon("bare", paths.FGW2_IP, extensions + (
            'LoadExtension = "%s" : "%s";\nConnectPeer = "%s" { ConnectTo = "%s"; Port = %d; '
            "No_TLS; TcTimer = 1; };" % (
                os.path.join(benchlib.BUILD, "tests/bench/bare_client.fdx"), options,
                self.hss.identity, self.hss.ip, self.hss.port)))
        try:
            eventually(lambda: os.path.exists(out) and os.path.getsize(out) or
                       not client.process.alive(), self.seconds + 30, "the bare client ends")
        finally:
            client.stop()
        return run_json(["cat", out], 5)[-1]

    def take(self, key, row):
        self.rows.setdefault(key, []).append(row)
        say("  %-4s %-4s %5s in flight: %8.0f /s  p50 %7.0f us  p99 %7.0f us  cpu %5.1f us" % (
            key[0], key[1], key[2], row["rate"], row["p50_us"], row["p99_us"], row["cpu_us"]))

    def run(self):
        for number in range(self.rounds):
            say("round %d of %d" % (number + 1, self.rounds))
            for window in self.windows:
                for procedure in ("air", "ulr"):
                    self.take(("fgw", procedure, window), self.fgw(procedure, window))
                    self.take(("bare", procedure, window), self.bare(procedure, window))
                self.take(("echo", "raw", window), self.echo_row(window))
                self.take(("tcp", "raw", window), self.tcp(window))

    # ---- single questions ----

    def half_load(self):
        """p99 added by the gateway at half of its own best rate: through it, and bare."""
        best = max(median(self.rows["fgw", "air", w], "rate") for w in self.windows)
        rate = best / 2
        through, bare = [], []
        for _ in range(HALF_LOAD_TURNS):
            through.append(self.measure(self.gateway.process.pid, [self.hss.process.pid],
                                        self.gateway.target, "--procedure", "air", "--rate",
                                        "%.0f" % rate, "--in-flight", "1024"))
            bare.append(self.bare("air", 1024, rate))
        return rate, median(through, "p99_us"), median(bare, "p99_us")

    def overload(self):
        """50,000 outstanding offered, and what the gateway does right after."""
        offered = self.load(self.gateway.target, "--procedure", "air", "--in-flight", "50000",
                            "--connections", "4", "--duration", str(2 * self.seconds))
        after = self.fgw("air", 64)
        return offered, after


def cell(bench, what, procedure, window, key, form="%.0f"):
    rows = bench.rows.get((what, procedure, window))
    return form % median(rows, key) if rows else ""


def report(bench, half, over):
    lines = []
    for procedure in ("air", "ulr"):
        header = ["%s, in flight" % procedure.upper()] + [str(w) for w in bench.windows]
        rows = []
        for what, name in (("fgw", "through fgwd"), ("bare", "(a) bare freeDiameter client")):
            for key, unit, form in (("rate", "per second", "%.0f"), ("p50_us", "p50 us", "%.0f"),
                                    ("p99_us", "p99 us", "%.0f"),
                                    ("cpu_us", "its CPU us per request", "%.1f")):
                rows.append(["%s, %s" % (name, unit)] + [
                    cell(bench, what, procedure, w, key, form) for w in bench.windows])
        rows.append(["HSS, CPU us per request"] + [
            cell(bench, "fgw", procedure, w, "hss_us", "%.1f") for w in bench.windows])
        rows.append(["fgwd, resident MiB"] + [
            "%.1f" % (median(bench.rows["fgw", procedure, w], "rss_kb") / 1024)
            for w in bench.windows])
        rows.append(["**ratio fgwd : (a), per second**"] + [
            "**%.2f**" % (median(bench.rows["fgw", procedure, w], "rate") /
                          median(bench.rows["bare", procedure, w], "rate"))
            for w in bench.windows])
        lines += [benchlib.table(header, rows), ""]
    header = ["floor, in flight"] + [str(w) for w in bench.windows]
    rows = [["(b) empty gRPC echo over mTLS, per second"] +
            [cell(bench, "echo", "raw", w, "rate") for w in bench.windows],
            ["(b) its CPU us per request"] +
            [cell(bench, "echo", "raw", w, "cpu_us", "%.1f") for w in bench.windows],
            ["(c) raw TCP ping-pong, per second"] +
            [cell(bench, "tcp", "raw", w, "rate") for w in bench.windows],
            ["(c) its CPU us per request, one side"] +
            [cell(bench, "tcp", "raw", w, "cpu_us", "%.1f") for w in bench.windows]]
    lines += [benchlib.table(header, rows), ""]
    rate, through, bare = half
    lines.append("At half of the best rate (%.0f AIR/s offered): p99 %.2f ms through the gateway, "
                 "%.2f ms bare: %+.2f ms." % (rate, through / 1000, bare / 1000,
                                              (through - bare) / 1000))
    offered, after = over
    lines.append("50,000 outstanding offered: %d sent, %d answered (%d good at %.0f/s, the others "
                 "refused at the door: %s); directly afterwards %.0f/s at 64 in flight." % (
                     offered["sent"], offered["answered"], offered["ok"], offered["rate"],
                     ", ".join("%s %d" % item for item in sorted(offered["status"].items())),
                     after["rate"]))
    return "\n".join(lines)


def write_docs(bench, text):
    docs = os.path.join(benchlib.ROOT, "docs")
    for procedure in ("air", "ulr"):
        series = [(name, [median(bench.rows[what, kind, w], "rate") for w in bench.windows])
                  for what, kind, name in (
                      ("fgw", procedure, "through fgwd (mTLS)"),
                      ("bare", procedure, "(a) bare client"),
                      ("echo", "raw", "(b) gRPC echo"), ("tcp", "raw", "(c) TCP ping-pong"))]
        benchlib.chart(os.path.join(docs, "performance-s6a-%s.svg" % procedure),
                       "S6a %s transactions per second" % procedure.upper(),
                       "requests in flight", "per second", bench.windows, series)
    path = os.path.join(docs, "performance.md")
    begin, end = "<!-- bench:s6a -->", "<!-- /bench:s6a -->"
    with open(path) as page:
        old = page.read()
    head, rest = old.split(begin, 1)
    tail = rest.split(end, 1)[1]
    with open(path, "w") as page:
        page.write("%s%s\n%s, %d rounds of %d s, medians.\n\n%s\n%s%s" % (
            head, begin, benchlib.machine(), bench.rounds, bench.seconds, text, end, tail))


def main():
    benchlib.usual_congestion_control()
    rounds = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 3
    bench = Bench("--quick" in sys.argv, rounds)
    try:
        bench.run()
        text = report(bench, bench.half_load(), bench.overload())
        print(text)
        if "--write" in sys.argv:
            write_docs(bench, text)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
