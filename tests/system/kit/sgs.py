# SPDX-License-Identifier: BSD-3-Clause
"""SGs: fgwd with its extension, VLR simulators behind real links, access gateways with UEs.

Each VLR is in a network namespace of its own, joined by two veth pairs, so that SCTP travels as IP
packets over two paths: the kernel's SCTP where there is one, else the userspace one on both sides.
"""
import os
import re
import socket
import shutil
import subprocess
import sys
import tempfile

from kit import paths
from kit.agw import Agw
from kit.gateway import Gateway
from kit.proc import Process, eventually, run

sys.path.append(os.path.join(paths.ROOT, "tests", "sctp"))
import ue  # noqa: E402

MME = "mmec01.mmegi0001.mme.epc.mnc001.mcc001.3gppnetwork.org"
OWN_IPS = ("10.46.1.1", "10.46.2.1")
# A path is given up quickly, an association when its VLR has been silent for several seconds: on a
# busy machine a process may pause for one or two.
NORMAL = dict(agw_timeout='"3s"', reconnect_min='"50ms"', reconnect_max='"200ms"',
              lost_after='"60s"', timers='{ ts6_1 = "4s"; ts12_2 = "3s"; }',
              sctp='{ heartbeat = "300ms"; rto_initial = "100ms"; rto_min = "50ms"; '
                   'rto_max = "300ms"; path_max_retrans = 2; assoc_max_retrans = 40; '
                   'init_attempts = 2; '
                   'queue_max = "64k"; }')


def backend():
    """What the kernel can do."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132).close()
        return "kernel"
    except OSError:
        return "user"


class Space:
    """A network namespace with two links to this one: 10.46.1.0/24, 10.46.2.0/24."""

    count = 0

    def __init__(self):
        Space.count += 1
        self.number = Space.count + 1
        self.ips = tuple("10.46.%d.%d" % (path, self.number) for path in (1, 2))
        self.links = tuple("sgs%d-%d" % (path, self.number) for path in (1, 2))
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "3600"])
        own = os.readlink("/proc/self/ns/net")
        eventually(lambda: self._namespace() != own, 5, "a network namespace")
        for path, link in enumerate(self.links):
            there = link.replace("sgs", "vlr")
            run(["ip", "link", "add", link, "type", "veth", "peer", "name", there])
            run(["ip", "link", "set", there, "netns", str(self.holder.pid)])
            run(["ip", "address", "add", OWN_IPS[path] + "/32", "peer", self.ips[path] + "/32",
                 "dev", link])
            run(["ip", "link", "set", link, "up"])
            run(self.inside("ip", "address", "add", self.ips[path] + "/32", "peer",
                            OWN_IPS[path] + "/32", "dev", there))
            run(self.inside("ip", "link", "set", there, "up"))
        run(self.inside("ip", "link", "set", "lo", "up"))

    def _namespace(self):
        try:
            return os.readlink("/proc/%d/ns/net" % self.holder.pid)
        except OSError:
            return None

    def inside(self, *words):
        return ["nsenter", "--net=/proc/%d/ns/net" % self.holder.pid, *words]

    def path(self, number, up):
        """Takes one of the two paths (0, 1) away, or gives it back."""
        run(["ip", "link", "set", self.links[number], "up" if up else "down"])
        if up:
            run(["ip", "address", "replace", OWN_IPS[number] + "/32", "peer",
                 self.ips[number] + "/32", "dev", self.links[number]])

    def close(self):
        self.holder.kill()
        self.holder.wait(5)


class Vlr:
    """fgw-vlr in a space of its own."""

    def __init__(self, name="vlr", *options):
        self.name = "%s.mnc001.mcc001.3gppnetwork.org" % name
        self.space, self.options = Space(), options
        self.folder = tempfile.mkdtemp(prefix="fgw-vlr-")  # a socket's path has little room
        self.socket = os.path.join(self.folder, "control")
        self.process = None
        self.start()

    def start(self):
        program = os.path.join(paths.BUILD, "fgw", "vlr_sim", "fgw-vlr")
        listen = [word for ip in self.space.ips for word in ("-l", ip)]
        self.process = Process("vlr", self.space.inside(
            program, "-b", backend(), *listen, "-n", self.name, "-N", "Test net", "-s",
            self.socket, "-d", "-t", *self.options))
        eventually(lambda: self.ask("status", check=False)[0] == 0, 10, "fgw-vlr takes commands")
        return self

    def conf(self, **more):
        fields = "".join("%s = %s; " % item for item in more.items())
        return '{ name = "%s"; addresses = [ "%s", "%s" ]; %s}' % (
            self.name, *self.space.ips, fields)

    def ask(self, *words, check=True):
        """A command: (exit code, output)."""
        program = os.path.join(paths.BUILD, "fgw", "vlr_sim", "fgw-vlr")
        done = run([program, "-c", self.socket, *words], check=False)
        assert done.returncode == 0 or not check, (words, done.stdout)
        return done.returncode, done.stdout

    def state(self, imsi):
        """SGs-ASSOCIATED and so on; None: not known."""
        for line in self.ask("subscribers")[1].splitlines():
            if line.startswith(imsi + " "):
                return line.split()[1]
        return None

    def associated(self):
        return int(self.ask("status")[1].split("associated ")[1].split()[0])

    def wait_associated(self, count, timeout=10):
        eventually(lambda: self.associated() >= count, timeout, "%d associated" % count)

    def position(self):
        return self.process.position()

    def wait(self, pattern, timeout=5, since=0):
        """A line of the trace: "<- mme imsi=... MESSAGE; IE: value"."""
        return self.process.wait_line(pattern, timeout, since)

    def expecting(self, message, *words, imsi="", timeout=5):
        """Gives a command and waits for the message that answers it; the line of the trace."""
        since = self.position()
        self.ask(*words)
        return self.wait(r"<- \S+ %s%s.*" % ("imsi=%s " % imsi if imsi else ".*", message), timeout,
                         since).group(0)

    def kill(self):
        self.process.kill()

    def stop(self):
        try:
            if self.process.alive():
                self.process.stop()
        finally:
            self.space.close()
            shutil.rmtree(self.folder, ignore_errors=True)


class SgsGateway(Gateway):
    """fgwd with SGs alone. settings: of the section sgs, over NORMAL."""

    def __init__(self, pki, vlrs, **settings):
        self.vlrs, self.sgs = list(vlrs), dict(NORMAL, **settings)
        super().__init__(pki, [], name="fgw-sgs")

    def configure(self, **changes):
        self.sgs.update(changes)
        fields = "".join("  %s = %s;\n" % item for item in self.sgs.items())
        self.settings["more"] = (
            'sgs = {\n  mme_name = "%s";\n  vlrs = ( %s );\n  local_addresses = [ "%s", "%s" ];\n'
            '  transport = { backend = "%s"; };\n%s};' % (
                MME, ", ".join(v if isinstance(v, str) else v.conf() for v in self.vlrs),
                *OWN_IPS, backend(), fields))
        super().configure()
        self._edit("fgw.conf", re.escape(paths.extension("s6a.fdx")), paths.extension("sgs.fdx"))
        self._edit("gateway.conf", "(?m)^s6a: .*$", "")

    def _edit(self, file, pattern, by):
        path = os.path.join(self.folder, file)
        with open(path) as conf:
            text = conf.read()
        with open(path, "w") as conf:
            conf.write(re.sub(pattern, by, text))

    def start(self, wait_peers=True, timeout=20):
        super().start(wait_peers, timeout)
        return self.wait_ready(timeout) if wait_peers else self

    def messages(self, **labels):
        return self.counter("fgw_sgs_messages_total", **labels)


class SgsAgw(ue.Gateway):
    """An access gateway with UEs, connected to fgwd and with its tunnel open."""

    def __init__(self, pki, fgw, name="agw1"):
        super().__init__(pki, name)
        self.channel.close()
        Agw.__init__(self, pki, name, fgw.target, service="csfb")
        self.fgw = fgw
        self.connect()

    def connect(self):
        """Opens the tunnel, anew if there is one; returns when calls reach us."""
        if self.tunnel:
            self.close_tunnel()
        self.wait_ready()
        self.open_tunnel()
        eventually(self._connected, 10, "fgwd knows that %s is there" % self.name)

    def _connected(self):
        return any(g["id"] == self.name and g["connected"]
                   for g in self.fgw.ctl_json("gateways")["gateways"])

    def resets(self):
        return len(self.tunnel.requests("VLRResetIndication"))


def capture_of(path):
    """What tshark reads in a capture of the gateway: rows of (type, SGs cause, IMSI, comment), and
    the frames it finds fault with."""
    fields = ["sgsap.msg_type", "sgsap.sgs_cause", "e212.imsi", "frame.comment"]
    words = [word for field in fields for word in ("-e", field)]
    out = run(["tshark", "-n", "-r", path, "-Y", "sgsap", "-T", "fields", *words],
              timeout=60).stdout
    rows = [tuple(line.split("\t")) for line in out.splitlines() if "\t" in line]
    bad = run(["tshark", "-n", "-r", path, "-Y", "_ws.malformed || !sgsap"], timeout=60).stdout
    return rows, [line for line in bad.splitlines() if line and "Running as user" not in line]
