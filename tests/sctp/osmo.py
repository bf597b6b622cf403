# SPDX-License-Identifier: BSD-3-Clause
"""Debian's osmo-stp, osmo-hlr and osmo-msc, in a network namespace of their own, and the ways to
make them do something: VTY and SMPP. What they do wrong is worked around here and in the test.
"""
import contextlib
import ctypes
import os
import re
import signal
import socket
import struct

from kit import paths
from kit.proc import Process, eventually, run

SPACE = "core"
VLR_NAME = "vlr.mnc001.mcc001.3gppnetwork.org"
FGW_IPS = ("10.46.1.1", "10.46.2.1")
MSC_IPS = ("10.46.1.2", "10.46.2.2")
LINKS = ("path1", "path2")  # our ends; theirs are core1, core2
SGS_PORT = 29118

STP_CONF = """
log stderr
 logging level set-all notice
cs7 instance 0
 xua rkm routing-key-allocation dynamic-permitted
 listen m3ua 2905
  accept-asp-connections dynamic-permitted
"""
HLR_CONF = """
log stderr
 logging filter all 1
 logging level set-all notice
hlr
 gsup
  bind ip 127.0.0.1
"""
# local-ip 0.0.0.0: one address is all that can be configured, and SCTP then has all of them.
# sgs X4: how long a UE that was paged for a call may take to appear on the radio (there is none)
MSC_CONF = """
log stderr
 logging filter all 1
 logging color 0
 logging timestamp 1
 logging level set-all notice
 logging level sgs debug
 logging level vlr info
network
 network country code 001
 mobile network code 01
 encryption a5 0
 mm info 1
msc
 timer sgs X4 4
 assign-tmsi
 sms-database {folder}/sms.db
 mgw remote-ip 127.0.0.1
hlr
 remote-ip 127.0.0.1
sgs
 local-ip 0.0.0.0
 local-port 29118
 vlr-name {vlr}
smpp
 local-tcp-port 2775
 policy accept-all
 no smpp-first
"""


def make_network():
    """Two paths between our namespace and that of the core network."""
    run(["ip", "netns", "add", SPACE])
    inside = ["ip", "-n", SPACE]
    run([*inside, "link", "set", "lo", "up"])
    for link, ours, theirs in zip(LINKS, FGW_IPS, MSC_IPS):
        other = link.replace("path", "core")
        run(["ip", "link", "add", link, "type", "veth", "peer", "name", other, "netns", SPACE])
        run(["ip", "address", "add", ours + "/24", "dev", link])
        run(["ip", "link", "set", link, "up"])
        run([*inside, "address", "add", theirs + "/24", "dev", other])
        run([*inside, "link", "set", other, "up"])
    # What a core network's administrator sets for signalling.
    for name, value in (("hb_interval", 1000), ("rto_initial", 500), ("rto_min", 200),
                        ("rto_max", 1000), ("path_max_retrans", 2), ("association_max_retrans", 5)):
        run(["ip", "netns", "exec", SPACE, "sh", "-c",
             "echo %d >/proc/sys/net/sctp/%s" % (value, name)])


def cut(path, broken=True):
    """Loses everything on a path, in both directions; its interfaces do not notice."""
    ours, theirs = LINKS[path], LINKS[path].replace("path", "core")
    for tool, link in (["tc"], ours), (["tc", "-n", SPACE], theirs):
        if broken:
            run([*tool, "qdisc", "add", "dev", link, "root", "netem", "loss", "100%"])
        else:
            run([*tool, "qdisc", "del", "dev", link, "root"])


@contextlib.contextmanager
def namespace(name):
    """Sockets made within belong to the namespace, and stay there."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open("/run/netns/" + name) as away:
        assert libc.setns(away.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert libc.setns(home.fileno(), 0) == 0, os.strerror(ctypes.get_errno())


def connect(port, process=None, timeout=10):
    """A TCP connection to a port of the core network's loopback, where a process listens."""
    def attempt():
        assert not process or process.alive(), process.text()[-2000:]
        with namespace(SPACE):
            connection = socket.socket()
        connection.settimeout(10)
        try:
            connection.connect(("127.0.0.1", port))
            return connection
        except OSError:
            connection.close()
            return None

    return eventually(attempt, timeout, "the core network's port %d accepts" % port)


class Vty:
    """The console of an Osmocom program."""

    PROMPT = re.compile(rb"(?:^|\n)\r?Osmo\w+(\([-\w]+\))?[>#] $")

    def __init__(self, port, process):
        self.socket = connect(port, process)
        self.read()
        self.command("enable")

    def read(self):
        data = b""
        while True:
            data = re.sub(rb"\xff[\xfb-\xfe].|\x00", b"", data)  # what telnet negotiates
            if self.PROMPT.search(data):
                return data.decode("utf-8", "replace").replace("\r", "")
            more = self.socket.recv(65536)
            assert more, "the console was closed: %r" % data
            data += more

    def command(self, line):
        """What it prints."""
        self.socket.sendall(line.encode() + b"\r\n")
        return "\n".join(self.read().split("\n")[1:-1])

    def close(self):
        self.socket.close()


class Program:
    """One of the three."""

    def __init__(self, name, vty, conf, *options):
        self.name, self.vty_port, self.options = name, vty, options
        self.conf = paths.work("core", name + ".cfg")
        with open(self.conf, "w") as file:
            file.write(conf)
        self.process = self.console = None
        self.others = []  # consoles

    def start(self):
        self.process = Process(self.name, ["ip", "netns", "exec", SPACE, self.name, "-c", self.conf,
                                           *self.options])
        self.console = Vty(self.vty_port, self.process)
        return self

    def alive(self):
        return self.process is not None and self.process.alive()

    def send_signal(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGKILL):
        """Ends it the hard way, or as its operator would (SIGTERM)."""
        if self.alive():
            self.send_signal(number)
            self.process.wait(10)
        for console in [self.console, *self.others]:
            if console:
                console.close()
        self.others.clear()
        self.process = self.console = None


class Core:
    def __init__(self):
        folder = os.path.dirname(paths.work("core", "x"))
        self.stp = Program("osmo-stp", 4239, STP_CONF)
        self.hlr = Program("osmo-hlr", 4258, HLR_CONF, "-l", os.path.join(folder, "hlr.db"))
        self.msc = Program("osmo-msc", 4254, MSC_CONF.format(folder=folder, vlr=VLR_NAME))

    def start(self):
        for program in (self.stp, self.hlr, self.msc):
            program.start()
        return self

    def stop(self):
        """It must have lived until now: a core network that crashed proves nothing."""
        died = [p.name for p in (self.msc, self.hlr, self.stp) if p.process and not p.alive()]
        for program in (self.msc, self.hlr, self.stp):
            program.end()
        assert not died, "died on its own: %s" % died

    def add(self, imsi, number):
        self.hlr.console.command("subscriber imsi %s create" % imsi)
        self.hlr.console.command("subscriber imsi %s update msisdn %s" % (imsi, number))

    def subscriber(self, imsi):
        """What the VLR says of a subscriber; empty if it does not know it."""
        text = self.msc.console.command("show subscriber imsi %s" % imsi)
        return "" if "No subscriber found" in text else text

    def state(self, imsi):
        """Of the SGs association, or None."""
        found = re.search(r"SGs-state: *(\S+)", self.subscriber(imsi))
        return found and found.group(1)

    def send_sms(self, sender, imsi, text):
        """From one number of the HLR to a subscriber."""
        answer = self.msc.console.command(
            "subscriber imsi %s sms sender msisdn %s send %s" % (imsi, sender, text))
        assert "%" not in answer, answer

    def call(self, imsi):
        """Pages a subscriber for a call. The console may be told its end at any later time, so it
        is one of its own, and lives as long as the MSC."""
        console = Vty(self.msc.vty_port, self.msc.process)
        self.msc.others.append(console)
        console.socket.sendall(b"subscriber imsi %s silent-call start any signalling\r\n"
                               % imsi.encode())


class Smpp:
    """A short message entity (SMPP 3.4) at the MSC."""

    BIND_TRANSCEIVER, SUBMIT_SM, ENQUIRE_LINK, DELIVER_SM = 9, 4, 0x15, 5

    def __init__(self):
        self.socket, self.sequence = connect(2775), 0
        self.request(self.BIND_TRANSCEIVER,
                     b"test\0secret\0\0" + bytes([0x34, 0, 0]) + b"\0")

    def read(self):
        def take(count):
            data = b""
            while len(data) < count:
                more = self.socket.recv(count - len(data))
                assert more, "the MSC closed the SMPP connection"
                data += more
            return data

        length, command, status, sequence = struct.unpack(">IIII", take(16))
        return command, status, sequence, take(length - 16)

    def request(self, command, body):
        self.sequence += 1
        self.socket.sendall(struct.pack(">IIII", 16 + len(body), command, 0, self.sequence) + body)
        while True:
            answer, status, sequence, _ = self.read()
            if answer == command | 1 << 31 and sequence == self.sequence:
                assert status == 0, "SMPP status %#x" % status
                return
            if not answer >> 31:  # it asks whether we live
                self.socket.sendall(struct.pack(">IIII", 16, answer | 1 << 31, 0, sequence))

    def submit(self, sender, number, data, esm_class=0, coding=0):
        body = b"\0" + b"\0\0" + sender.encode() + b"\0" + b"\0\0" + number.encode() + b"\0"
        body += bytes([esm_class, 0, 0]) + b"\0\0" + bytes([0, 0, coding, 0, len(data)]) + data
        self.request(self.SUBMIT_SM, body)

    def close(self):
        self.socket.close()
