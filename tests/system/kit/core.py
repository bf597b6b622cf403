# SPDX-License-Identifier: BSD-3-Clause
"""Core networks: Erlang/OTP HSS, sim_hss in a stock freeDiameterd, stock freeDiameterd as relay."""
import json
import os
import socket
import subprocess
import threading
import time

from kit import paths
from kit.gateway import Peer
from kit.proc import PATIENCE, Process, eventually, port_open, run

K, OPC = "465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf"


class ErlangHss:
    """tests/system/erlang/hss. events: the JSON lines it printed, as far as they have been read:
    they come through a pipe and may be behind what a peer was told. find() and position() wait for
    what was printed until then."""

    program = "hss"

    def __init__(self, *options, ip=paths.HSS_IP, identity="hss.example.org", realm="example.org",
                 port=3868, start=True):
        self.ip, self.identity, self.realm, self.port = ip, identity, realm, port
        self.options = list(options)
        self.events, self.process = [], None
        if start:
            self.start()

    def start(self):
        script = os.path.join(paths.ROOT, "tests", "system", "erlang", self.program)
        before = len(self.events)
        errors = open(paths.work("%s.err" % self.identity), "ab")
        self.process = subprocess.Popen(
            [script, "--host", self.ip, "--port", str(self.port), "--identity", self.identity,
             "--realm", self.realm, "--control", "0", *self.options], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True)
        self.log = open(paths.work("%s.events" % self.identity), "a")
        self.control = None
        self.reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self.reader.start()
        self.control = self.wait_event("ready", timeout=120, since=before)["control"]
        return self

    def _read(self, process):
        for line in process.stdout:
            self.log.write(line)
            self.log.flush()
            if line.startswith("{"):
                self.events.append(json.loads(line))

    def peer(self, **more):
        return Peer(self.identity, self.ip, self.port, node=self, **more)

    def wait_known(self, identity):
        """Until this peer's requests are not lost any more: OTP drops those that come before it has
        noted the connection."""
        eventually(lambda: not self.process or self.process.poll() is not None or
                   identity in self.peers(), what="%s knows %s" % (self.identity, identity))

    def _have(self, kind, since=0, **match):
        return [e for e in self.events[since:] if e["event"] == kind and
                all(e.get(k) == v for k, v in match.items())]

    def find(self, kind, since=0, **match):
        """The events of this kind until now."""
        self.barrier()
        return self._have(kind, since, **match)

    def wait_event(self, kind, timeout=10, since=0, **match):
        return eventually(lambda: self._have(kind, since, **match), timeout,
                          "%s event %s %s" % (self.program, kind, match))[-1]

    def position(self):
        """For "since": what comes from now on."""
        self.barrier()
        return len(self.events)

    def barrier(self):
        """What it printed until now is in events."""
        if self.process.poll() is not None:
            self.reader.join(PATIENCE)
            return
        before = len(self.events)
        self.command("peers")
        eventually(lambda: [e for e in self.events[before:] if "peers" in e], what="its answer")

    def peers(self):
        """Names of those that are connected."""
        return self.command("peers")["peers"]

    def command(self, line, timeout=60):
        """The answer event of one command."""
        with socket.create_connection(("127.0.0.1", self.control), timeout=timeout) as control:
            control.sendall(line.encode() + b"\n")
            return json.loads(control.makefile().readline())

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()


DAEMON = """
Identity = "{identity}";
Realm = "{realm}";
Port = {port};
SecPort = 0;
No_SCTP;
No_IPv6;
ListenOn = "{ip}";
TwTimer = 6;
{lines}
"""


class Daemon:
    """A stock freeDiameterd with the given configuration lines."""

    def __init__(self, name, ip, lines, realm="example.org", port=3868, env=None):
        self.ip, self.port, self.realm = ip, port, realm
        self.identity = "%s.%s" % (name, realm)
        self.conf = paths.work(name, "freediameter.conf")
        with open(self.conf, "w") as conf:
            conf.write(DAEMON.format(identity=self.identity, realm=realm, ip=ip, port=port,
                                     lines=lines))
        self.name, self.env = name, env
        self.start()

    def start(self):
        self.process = Process(self.name, ["freeDiameterd", "-c", self.conf], env=self.env)
        port_open(self.ip, self.port, 20)

    def peer(self, **more):
        return Peer(self.identity, self.ip, self.port, **more)

    def kill(self):
        self.process.kill()

    def stop(self):
        if not self.process.alive():
            return
        try:
            self.process.stop(20 if self.env else 60)
        except AssertionError:
            # With a preloaded sanitizer libc can hang at the very end (freelocale), after ours.
            if not self.env or "LD_PRELOAD" not in self.env:
                raise


SIM_CONF = """
database = "{folder}/hss.db";
control = "{folder}/hss.sock";
accept = ["*"];
push_timeout = "20s";
{more}
"""


class SimHss(Daemon):
    """sim_hss.fdx in the installed freeDiameterd; subscribers 001010000000001 to ...100."""

    def __init__(self, name="hss", ip=paths.HSS_IP, realm="example.org", more="", extensions=(),
                 hss=True):
        folder = os.path.dirname(paths.work(name, "x"))
        self.sim_conf = os.path.join(folder, "sim_hss.conf")
        with open(self.sim_conf, "w") as conf:
            conf.write(SIM_CONF.format(folder=folder, more=more))
        self.tool("gen", "100", "imsi=001010000000001", "k=" + K, "opc=" + OPC)
        lines = ['NoRelay;', 'AppServThreads = 2;', 'LoadExtension = "%s" : "%s";' % (
            paths.extension("dict.fdx"), os.path.join(paths.ROOT, "dictionaries")), *extensions]
        if hss:
            lines.append('LoadExtension = "%s" : "%s";' % (
                paths.extension("sim_hss.fdx"), self.sim_conf))
        super().__init__(name, ip, "\n".join(lines), realm, env=sanitizer_environment())

    def tool(self, *words, check=True):
        """fgw-hss: (exit code, output)"""
        done = run([paths.program("fgw-hss"), "-c", self.sim_conf, *words], check=check)
        return done.returncode, done.stdout


SIM_SESSION_CONF = """
database = "{folder}/{kind}.db";
control = "{folder}/{kind}.sock";
accept = ["*"];
push_timeout = "20s";
log = "{log}";
{more}
"""


class SimCore(SimHss):
    """sim_hss, sim_pcrf and sim_ocs (kinds) in one installed freeDiameterd: one peer for all.
    pcrf(...) and ocs(...) are the command line tools; they raise unless the exit code is as told.
    """

    def __init__(self, name="core", ip=paths.HSS_IP, realm="example.org", more="", log="debug",
                 kinds=("hss", "pcrf", "ocs")):
        folder = os.path.dirname(paths.work(name, "x"))
        self.confs, lines = {}, []
        for kind in [kind for kind in kinds if kind != "hss"]:
            path = self.confs[kind] = os.path.join(folder, "sim_%s.conf" % kind)
            with open(path, "w") as conf:
                conf.write(SIM_SESSION_CONF.format(folder=folder, kind=kind, more=more,
                                                  log=log))
            lines.append('LoadExtension = "%s" : "%s";' % (
                paths.extension("sim_%s.fdx" % kind), path))
        super().__init__(name, ip, realm, extensions=lines, hss="hss" in kinds)

    def _tool(self, kind, words, code):
        words = [json.dumps(w) if isinstance(w, dict) else str(w) for w in words]
        done = run([paths.program("fgw-" + kind), "-c", self.confs[kind], *words], check=False)
        assert done.returncode == code, "fgw-%s %s: exit code %d\n%s" % (
            kind, " ".join(words), done.returncode, done.stdout)
        return done.stdout

    def pcrf(self, *words, code=0):
        return self._tool("pcrf", words, code)

    def ocs(self, *words, code=0):
        return self._tool("ocs", words, code)

    def balance(self, imsi, group):
        """total, used, reserved of a balance."""
        for line in self.ocs("show", imsi).splitlines():
            fields = dict(word.split("=", 1) for word in line.split()[1:] if "=" in word)
            if fields.get("group") == str(group):
                return tuple(int(fields[key]) for key in ("total", "used", "reserved"))
        raise AssertionError("no balance %s %s" % (imsi, group))

    def debits(self, *who):
        """What was debited, summed: a dict of numbers."""
        last = self.ocs("debits", *who).strip().splitlines()[-1]
        assert last.startswith("sum "), last
        return {key: int(value) for key, value in (w.split("=") for w in last.split()[1:])}


def sanitizer_environment():
    """freeDiameterd has no sanitizers: their run-time must be loaded before the extensions."""
    if not paths.ASAN:
        return None
    library = run(["gcc", "-print-file-name=libasan.so"]).stdout.strip()
    # Every extension defines fd_ext_depends: no violation of the one definition rule that matters.
    return {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0"}


def relay(to, name="dra", ip=paths.RELAY_IP, clients=("fgw.example.org",)):
    """A relay agent before the core: the installed freeDiameterd, nothing of ours."""
    lines = ['LoadExtension = "/usr/lib/freeDiameter/acl_wl.fdx" : "%s";' % _white_list(clients)]
    for peer in to:
        lines.append('ConnectPeer = "%s" { ConnectTo = "%s"; Port = %d; No_TLS; TcTimer = 1; };' % (
            peer.identity, peer.ip, peer.port))
    return Daemon(name, ip, "\n".join(lines))


def _white_list(clients):
    path = paths.work("clients.acl")
    with open(path, "w") as acl:
        for client in clients:
            acl.write("ALLOW_IPSEC %s\n" % client)
    return path
