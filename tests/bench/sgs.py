# SPDX-License-Identifier: BSD-3-Clause
"""The SGs benchmark itself; started by tests/bench/sgs inside its namespace.

  paging  VLR -> SCTP -> fgwd -> mutual TLS, tunnel -> access gateway, which asks for service at
          once -> mutual TLS -> fgwd -> SCTP -> VLR; timed by the VLR
  echo    a message of the same size over a bare association of the same SCTP, and one of the size
          of the answer back
  reset   SUBSCRIBERS registered, SGsAP-RESET-INDICATION, until the VLR has all of them again
The VLR is behind a pair of virtual network interfaces. Echo and gateway never run at the same time.
"""
import json
import os
import re
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import benchlib  # noqa: E402
from benchlib import cpu_seconds, median, rss_kb, say  # noqa: E402
from kit import paths  # noqa: E402
from kit.pki import Pki  # noqa: E402
from kit.proc import Process, eventually  # noqa: E402
from kit.sgs import OWN_IPS, SgsGateway, Space, Vlr, backend  # noqa: E402

FIRST, SUBSCRIBERS = "001010000000001", 10000
WINDOWS = [1, 16, 64]
PAGING_BYTES, SERVICE_BYTES = 62, 14
REGISTER_WINDOW = 256
PORT = 29999


def program(name):
    return os.path.join(benchlib.BUILD, "tests", "bench", name)


def tell(vlr, command):
    """A command to the VLR without the cost of a process."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(vlr.socket)
        line.sendall(command.encode() + b"\n")
        text = b""
        while not re.search(rb"^exit \d+\n", text, re.M):
            part = line.recv(65536)
            if not part:
                raise RuntimeError("fgw-vlr hung up: %r" % text)
            text += part
    return text.decode()


def number(text, name):
    return int(re.search(r"\b%s (\d+)" % name, text).group(1))


class Agw:
    """sgs_agw. events: its lines."""

    def __init__(self, gateway, pki):
        self.popen = subprocess.Popen(
            [program("sgs_agw"), gateway.ip, str(gateway.port), pki.folder, "agw1", "fgw.test",
             FIRST, str(SUBSCRIBERS), str(REGISTER_WINDOW)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.event("open")

    def event(self, name):
        line = self.popen.stdout.readline()
        if not line:
            raise RuntimeError("sgs_agw ended")
        event = json.loads(line)
        assert event["event"] == name, event
        return event

    def register(self):
        self.popen.stdin.write("register\n")
        self.popen.stdin.flush()
        return self.event("registered")

    def close(self):
        self.popen.stdin.close()
        self.popen.wait(10)


class Bench:
    def __init__(self, quick, rounds):
        self.messages = 1000 if quick else 10000
        self.rounds = 1 if quick else rounds
        self.rows, self.resets, self.registrations = {}, [], []
        self.pki = Pki(paths.work("pki", "x")[:-2])
        self.space = Space()
        self.vlr = Vlr("vlr")
        self.gateway = SgsGateway(self.pki, [self.vlr], agw_timeout='"5s"', sctp="{ }")
        self.gateway.settings.update(agw="limits: { max_streams = 20000; };", level="warn")
        self.gateway.configure()

    def close(self):
        self.vlr.stop()
        self.space.close()

    def echo(self):
        server = Process("echo", [program("sctp_echo"), "serve", backend(), OWN_IPS[0], str(PORT),
                                  str(SERVICE_BYTES)])
        server.wait_line("^ready")
        try:
            done = subprocess.run(
                self.space.inside(program("sctp_echo"), "ask", backend(), OWN_IPS[0], str(PORT),
                                  str(PAGING_BYTES), str(self.messages), *map(str, WINDOWS)),
                capture_output=True, text=True, timeout=300)
        finally:
            server.kill()
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if len(rows) != len(WINDOWS):
            raise RuntimeError("sctp_echo: %s" % done.stderr)
        for row in rows:
            self.take("echo", row["window"], row)

    def paging(self, window):
        pid = self.gateway.process.pid
        before, began = cpu_seconds(pid), time.monotonic()
        tell(self.vlr, "page-load %d %d" % (self.messages, window))
        eventually(lambda: number(tell(self.vlr, "page-load"), "left") == 0, 300,
                   "paging ends", 0.01)
        seconds = time.monotonic() - began
        time.sleep(0.1)
        said = tell(self.vlr, "paging-times")
        answers = number(said, "answers")
        assert answers == self.messages, said
        self.take("paging", window, {
            "rate": self.messages / seconds, "p50_us": number(said, "p50"),
            "p99_us": number(said, "p99"), "max_us": number(said, "max"),
            "cpu_us": (cpu_seconds(pid) - before) * 1e6 / self.messages, "rss_kb": rss_kb(pid)})

    def associated(self):
        return number(tell(self.vlr, "status"), "associated")

    def reset(self, agw):
        began = time.monotonic()
        tell(self.vlr, "reset")
        assert self.associated() < SUBSCRIBERS
        eventually(lambda: self.associated() == SUBSCRIBERS, 120, "all are registered again", 0.01)
        seconds = time.monotonic() - began
        event = agw.event("registered")
        assert event["n"] == SUBSCRIBERS, event
        self.resets.append({"seconds": seconds, "rate": SUBSCRIBERS / seconds,
                            "refused": event["refused"]})
        say("  reset: %d subscribers recovered in %.3f s" % (SUBSCRIBERS, seconds))

    def through_gateway(self):
        self.gateway.start()
        try:
            agw = Agw(self.gateway, self.pki)
            event = agw.register()
            eventually(lambda: self.associated() == SUBSCRIBERS, 30, "all are associated")
            self.registrations.append({"rate": event["n"] / event["seconds"],
                                       "seconds": event["seconds"], "refused": event["refused"]})
            for window in WINDOWS:
                self.paging(window)
            self.reset(agw)
            agw.close()
        finally:
            self.gateway.stop()

    def take(self, what, window, row):
        self.rows.setdefault((what, window), []).append(row)
        say("  %-6s %3d outstanding: %8.0f /s  p50 %6.0f us  p99 %6.0f us  cpu %5.1f us" % (
            what, window, row["rate"], row["p50_us"], row["p99_us"], row["cpu_us"]))

    def run(self):
        for n in range(self.rounds):
            say("round %d of %d" % (n + 1, self.rounds))
            self.echo()
            self.through_gateway()


def report(bench):
    rows = []
    for what, name in (("paging", "paging, VLR to access gateway and back"),
                       ("echo", "bare SCTP echo")):
        for key, unit, form in (("p50_us", "p50 us", "%.0f"), ("p99_us", "p99 us", "%.0f"),
                                ("rate", "per second", "%.0f"), ("cpu_us", "its CPU us each",
                                                                 "%.1f")):
            rows.append(["%s, %s" % (name, unit)] + [
                form % median(bench.rows[what, w], key) for w in WINDOWS])
    rows.append(["**paging p99 above echo p99, us**"] + [
        "**%+.0f**" % (median(bench.rows["paging", w], "p99_us") -
                       median(bench.rows["echo", w], "p99_us")) for w in WINDOWS])
    lines = [benchlib.table(["outstanding"] + [str(w) for w in WINDOWS], rows), ""]
    lines.append("%d subscribers registered at one access gateway, VLR reset: all registered again "
                 "after %.2f s (%.0f per second; slowest round %.2f s; %d location updates "
                 "refused). The first registration took %.2f s." % (
                     SUBSCRIBERS, median(bench.resets, "seconds"), median(bench.resets, "rate"),
                     max(r["seconds"] for r in bench.resets),
                     sum(r["refused"] for r in bench.resets),
                     median(bench.registrations, "seconds")))
    return "\n".join(lines)


def write_docs(bench, text):
    path = os.path.join(benchlib.ROOT, "docs", "performance.md")
    begin, end = "<!-- bench:sgs -->", "<!-- /bench:sgs -->"
    with open(path) as page:
        old = page.read()
    head, rest = old.split(begin, 1)
    tail = rest.split(end, 1)[1]
    with open(path, "w") as page:
        page.write("%s%s\n%s, SCTP of the %s, %d rounds of %d pagings, medians.\n\n%s\n%s%s" % (
            head, begin, benchlib.machine(),
            "kernel" if backend() == "kernel" else "userspace backend", bench.rounds,
            bench.messages, text, end, tail))


def main():
    benchlib.usual_congestion_control()
    rounds = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 3
    bench = Bench("--quick" in sys.argv, rounds)
    try:
        bench.run()
        text = report(bench)
        print(text)
        if "--write" in sys.argv:
            write_docs(bench, text)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
