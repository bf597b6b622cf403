# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of lib/diameter's stack share: dia-probe, connected to scripted peers
(tests/system/peer.py).
Run by ctest; by hand:

    DIA_BUILD=build/dev /usr/bin/python3 -m pytest tests/lib/diameter/stack
"""
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tests", "system"))

import peer as wire  # noqa: E402, F401: for the tests
from peer import Peer  # noqa: E402, F401

BUILD = os.path.abspath(os.environ.get("DIA_BUILD", os.path.join(ROOT, "build", "dev")))
PROBE = os.environ.get("DIA_PROBE", os.path.join(BUILD, "tests", "lib", "diameter", "dia-probe"))
DICT = os.environ.get("DIA_DICT", os.path.join(BUILD, "extensions", "dict.fdx"))
SLOW = int(os.environ.get("DIA_SLOW", "1"))  # sanitizers: everything takes longer
PATIENCE = 60  # seconds; what has to happen may take this long on a busy machine
FGW, REALM = "fgw.example.org", "example.org"

CONF = """
Identity = "%s";
Realm = "%s";
Port = 0; SecPort = 0; No_SCTP; No_IPv6; NoRelay;
AppServThreads = 1;
LoadExtension = "%s" : "%s";
""" % (FGW, REALM, DICT, os.path.join(ROOT, "dictionaries"))


def connect(peer, **more):
    options = {"TcTimer": 1, "TwTimer": 6, **more}
    return 'ConnectPeer = "%s" { ConnectTo = "%s"; Port = %d; No_TLS; %s };\n' % (
        peer.identity, peer.host, peer.port, " ".join("%s = %s;" % o for o in options.items()))


class Probe:
    """dia-probe connected to peers (all of them open when the constructor returns)."""

    def __init__(self, peers, *args, conf=None, wait=True, leaks=True, **options):
        self.folder = tempfile.mkdtemp(prefix="dia-probe-")
        self.path = os.path.join(self.folder, "fgw.conf")
        self.write(conf or "".join(connect(p, **options) for p in peers))
        self.log = open(os.path.join(self.folder, "log"), "w+")
        env = {"TSAN_OPTIONS": "suppressions=" + os.path.join(HERE, "tsan.supp"), **os.environ}
        if not leaks:
            env["ASAN_OPTIONS"] = "detect_leaks=0"
        self.process = subprocess.Popen(
            [PROBE, self.path, *map(str, args)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.log, text=True, bufsize=1, env=env)
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self.answer()["started"] == "OK"
        if wait:
            for p in peers:
                self.until_open(p.identity)

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def write(self, lines):
        with open(self.path, "w") as conf:
            conf.write(CONF + lines)

    def answer(self, timeout=2 * PATIENCE):
        try:
            line = self.lines.get(timeout=timeout * SLOW)
        except queue.Empty:
            raise AssertionError("dia-probe does not answer; log:\n" + self.text()) from None
        if line is None:
            raise AssertionError("dia-probe ended (%s); log:\n%s" % (
                self.process.wait(), self.text()))
        return json.loads(line)

    def text(self):
        with open(self.log.name) as log:
            return log.read()[-6000:]

    def __call__(self, line, timeout=2 * PATIENCE):
        self.process.stdin.write(line + "\n")
        return self.answer(timeout)

    def send(self, n=1, window=1, timeout=1000, options="", wait=60):
        """For requests that are not to be answered: what becomes of them within their timeout."""
        return self("send %d %d %d %s" % (n, window, timeout * SLOW, options), wait)["outcomes"]

    def serves(self, n=1, window=1, options=""):
        """All are answered with success; how long that takes is the machine's affair."""
        got = self.send(n, window, PATIENCE * 1000, options, 3 * PATIENCE)
        assert got == {"2001": n}, "%s; log:\n%s" % (got, self.text())

    def peer(self, identity):
        return [p for p in self("peers") if p["identity"] == identity][0]

    def until_open(self, identity):
        return self.until(lambda: self.peer(identity)["state"] == "OPEN", identity + " open")

    @staticmethod
    def until(check, what=""):
        end = time.monotonic() + PATIENCE * SLOW
        while True:
            value = check()
            if value:
                return value
            assert time.monotonic() < end, "never: " + (what() if callable(what) else what)
            time.sleep(0.05)

    def event(self, name):
        return self("metrics")["dia_events_total{event='%s'}" % name]

    def stop(self, grace=200):
        """Ends it in order; returns how long dia_stack_stop took, in milliseconds."""
        self.process.stdin.write("quit %d\n" % grace)
        took = self.answer()["stopped_ms"]
        assert self.process.wait(PATIENCE) == 0, self.text()
        self.log.close()
        return took

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        elif self.process.poll() is None:
            self.process.kill()
            self.process.wait()


LOST = ("DIA_PEER_LOST", "DIA_NO_PEER", "TIMEOUT")  # the connection went, or the answer never came
