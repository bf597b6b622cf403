# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark of SWx and S13 itself; started by tests/bench/swx inside its namespace.

Rows, all in one run and taken in turns so that a noisy moment hits every one of them:
  fgw    fgw-agw -> mutual TLS -> fgwd -> TCP -> sim_hss and sim_eir in a stock freeDiameterd
  kept   the same with the gateway's caches on: what does not reach the core at all
  bare   a freeDiameter client as installed -> the same core
  air    AIR of S6a through the same gateway to the same HSS
  echo   fgw-agw -> mutual TLS -> an empty gRPC echo of the same server library
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))

import benchlib  # noqa: E402
import s6a  # noqa: E402
from benchlib import median, say  # noqa: E402
from kit import paths  # noqa: E402
from kit.core import Daemon  # noqa: E402
from kit.pki import Pki  # noqa: E402
from kit.proc import Process, run  # noqa: E402
from kit.wifi import Wifi, s13, swx  # noqa: E402

WINDOWS = [1, 16, 64, 256]
IMEI = "35609204079302"
EIR = """control = "%s"; accept = ["*"]; equipment = ( { imei = "35"; status = "white"; } );
"""


def equipment():
    message = s13.CheckEquipmentRequest(user_name=s6a.FIRST)
    message.terminal_information.imei = IMEI
    return message


# What is asked, and how the installed client asks it.
CALLS = {
    "mar": ("/magma.feg.SwxProxy/Authenticate", lambda: swx.AuthenticationRequest(
        user_name=s6a.FIRST, sip_num_auth_vectors=1)),
    "sar": ("/magma.feg.SwxProxy/Register", lambda: swx.RegistrationRequest(user_name=s6a.FIRST)),
    "ecr": ("/fgw.s13.EquipmentService/CheckEquipment", equipment),
}


def core():
    """HSS and EIR in one stock freeDiameterd, with their subscribers and equipment."""
    hss, eir = paths.work("hss", "sim_hss.conf"), paths.work("hss", "sim_eir.conf")
    with open(hss, "w") as text:
        text.write(s6a.SIM_HSS % (paths.work("hss", "hss.db"), paths.work("hss", "hss.sock"),
                                  s6a.REALM))
    with open(eir, "w") as text:
        text.write(EIR % paths.work("hss", "eir.sock"))
    run([paths.program("fgw-hss"), "-c", hss, "gen", str(s6a.SUBSCRIBERS), "imsi=" + s6a.FIRST,
         "k=465b5ce8b199b49faa5f0a2ee238a6bc", "opc=cd63cb71954a9f4e48a5994e37a02baf"])
    return Daemon("hss", paths.HSS_IP, "NoRelay;\nAppServThreads = 2;\n" + "\n".join(
        'LoadExtension = "%s" : "%s";' % (paths.extension(name), argument) for name, argument in (
            ("dict.fdx", os.path.join(benchlib.ROOT, "dictionaries")), ("sim_hss.fdx", hss),
            ("sim_eir.fdx", eir))))


class Bench(s6a.Bench):
    """As for S6a, with other calls."""

    def __init__(self, quick, rounds):
        self.seconds = 1 if quick else 3
        self.rounds = 1 if quick else rounds
        self.windows = [1, 64] if quick else WINDOWS
        self.rows = {}
        self.pki = Pki(paths.work("pki", "x")[:-2])
        self.hss = core()
        self.gateway = Wifi(self.pki, [self.hss.peer(watchdog=3)], level="warn",
                            swx_section="cache_ttl = 0;", s13_section="cache_ttl = 0;",
                            agw="limits: { max_streams = 20000; };").start()
        self.echo = Process("echo", [os.path.join(benchlib.BUILD, "tests/bench/rpc_echo"),
                                     "--port", "8555", "--tls-dir", self.echo_identity()])
        self.echo.wait_line("^port ")

    def call(self, procedure, window):
        path, make = CALLS[procedure]
        return self.measure(self.gateway.process.pid, [self.hss.process.pid], self.gateway.target,
                            "--method", path, "--raw", make().SerializeToString().hex(),
                            "--in-flight", str(window), "--connections", str(min(4, window)))

    def take(self, key, row):
        assert row["ok"] if "ok" in row else not row.get("failed"), (key, row)
        super().take(key, row)

    def rewind(self):
        """Who has registered whom is kept in the memory of the simulator: it starts anew."""
        self.hss.stop()
        self.hss.start()
        self.gateway.wait_ready()

    def run(self):
        for number in range(self.rounds):
            say("round %d of %d" % (number + 1, self.rounds))
            for window in self.windows:
                for procedure in CALLS:
                    self.take(("fgw", procedure, window), self.call(procedure, window))
                self.take(("air", "air", window), self.fgw("air", window))
                self.gateway.reload_with(swx="", s13="")
                for procedure in ("mar", "ecr"):
                    self.take(("kept", procedure, window), self.call(procedure, window))
                self.gateway.reload_with(swx="cache_ttl = 0;", s13="cache_ttl = 0;")
                self.rewind()
                for procedure in CALLS:
                    self.take(("bare", procedure, window), self.bare(procedure, window))
                self.rewind()
                self.take(("echo", "raw", window), self.echo_row(window))


def report(bench):
    lines = []
    for procedure in CALLS:
        rows = []
        for what, name in (("fgw", "through fgwd"), ("kept", "through fgwd, caches on"),
                           ("bare", "(a) bare freeDiameter client")):
            if (what, procedure, bench.windows[0]) not in bench.rows:
                continue
            for key, unit, form in (("rate", "per second", "%.0f"), ("p50_us", "p50 us", "%.0f"),
                                    ("p99_us", "p99 us", "%.0f"),
                                    ("cpu_us", "its CPU us per request", "%.1f")):
                rows.append(["%s, %s" % (name, unit)] + [
                    s6a.cell(bench, what, procedure, w, key, form) for w in bench.windows])
        rows.append(["**ratio fgwd : (a), per second**"] + [
            "**%.2f**" % (median(bench.rows["fgw", procedure, w], "rate") /
                          median(bench.rows["bare", procedure, w], "rate"))
            for w in bench.windows])
        rows.append(["ratio to AIR of S6a, per second"] + [
            "%.2f" % (median(bench.rows["fgw", procedure, w], "rate") /
                      median(bench.rows["air", "air", w], "rate")) for w in bench.windows])
        header = ["%s, in flight" % procedure.upper()] + [str(w) for w in bench.windows]
        lines += [benchlib.table(header, rows), ""]
    header = ["beside them, in flight"] + [str(w) for w in bench.windows]
    rows = [["AIR of S6a through the same gateway, per second"] +
            [s6a.cell(bench, "air", "air", w, "rate") for w in bench.windows],
            ["its CPU us per request in fgwd"] +
            [s6a.cell(bench, "air", "air", w, "cpu_us", "%.1f") for w in bench.windows],
            ["(b) empty gRPC echo over mTLS, per second"] +
            [s6a.cell(bench, "echo", "raw", w, "rate") for w in bench.windows],
            ["(b) its CPU us per request"] +
            [s6a.cell(bench, "echo", "raw", w, "cpu_us", "%.1f") for w in bench.windows]]
    return "\n".join(lines + [benchlib.table(header, rows)])


def write_docs(bench, text):
    path = os.path.join(benchlib.ROOT, "docs", "performance.md")
    begin, end = "<!-- bench:swx -->", "<!-- /bench:swx -->"
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
        text = report(bench)
        print(text)
        if "--write" in sys.argv:
            write_docs(bench, text)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
