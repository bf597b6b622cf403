# SPDX-License-Identifier: BSD-3-Clause
"""Captures what is on the wire and lets tshark, whose dissector nobody here wrote, judge it."""
import collections
import json
import signal
import socket
import struct

from kit import paths
from kit.proc import Process, eventually, run

WARNING = 0x600000  # severities of Wireshark's expert information: warning, error is above
COMMANDS = {257: "CE", 280: "DW", 282: "DP", 316: "UL", 317: "CL", 318: "AI", 319: "ID",
            320: "DS", 321: "PU", 322: "RS", 323: "NO", 301: "SA", 303: "MA", 304: "RT",
            305: "PP", 324: "EC", 272: "CC", 258: "RA", 274: "AS"}

Message = collections.namedtuple("Message", "frame name request flags experts layer")


class Capture:
    """Records the Diameter ports of the namespace from construction to stop()."""

    counter = 0

    def __init__(self, *ports):
        Capture.counter += 1
        self.ports = ports or (3868,)
        self.path = paths.work("%02d-diameter.pcapng" % Capture.counter)
        expression = " or ".join("tcp port %d" % port for port in self.ports)
        self.process = Process("tshark", ["tshark", "-n", "-i", "lo", "-f", expression,
                                          "-w", self.path, "-a", "duration:900"])
        self.process.wait_line("Capture started", 15)

    def wait(self, octets, what):
        """Until these are in the file."""
        def look():
            with open(self.path, "rb") as file:
                return octets in file.read()

        eventually(look, what=what + " in the capture")

    def stop(self):
        with socket.socket() as marker:  # when it is in the file, so is what was sent before it
            marker.bind(("127.0.0.1", 0))
            marker.connect_ex(("127.0.0.1", self.ports[0]))
            self.wait(struct.pack(">HH", marker.getsockname()[1], self.ports[0]), "the marker")
        self.process.stop(number=signal.SIGINT)
        return self

    def decode(self):
        """Every Diameter message, with what tshark has to say against it."""
        decode_as = []
        for port in self.ports:
            decode_as += ["-d", "tcp.port==%d,diameter" % port]
        out = run(["tshark", "-n", "-r", self.path, *decode_as, "-Y", "diameter", "-T", "json",
                   "--no-duplicate-keys"], timeout=60).stdout
        start = out.find("[\n")
        messages = []
        for packet in json.loads(out[start:]) if start >= 0 else []:
            frame = packet["_source"]["layers"]
            layers = frame["diameter"]
            number = frame["frame"]["frame.number"]
            for layer in layers if isinstance(layers, list) else [layers]:
                flags = int(layer["diameter.flags"], 16)
                code = int(layer["diameter.cmd.code"])
                request = bool(flags & 0x80)
                name = COMMANDS.get(code, str(code)) + ("R" if request else "A")
                messages.append(Message(number, name, request, flags, list(experts(layer)), layer))
            if "_ws.malformed" in frame:
                messages.append(Message(number, "malformed", False, 0, ["malformed"], frame))
        return messages


def experts(node):
    """Warnings and errors of the expert system anywhere below a node."""
    if isinstance(node, dict):
        severity = node.get("_ws.expert.severity")
        if severity is not None and int(severity) >= WARNING:
            yield node.get("_ws.expert.message", "?")
        for key, value in node.items():
            if key.startswith("_ws.malformed"):
                yield "malformed"
            yield from experts(value)
    elif isinstance(node, list):
        for value in node:
            yield from experts(value)


def assert_clean(messages, expected=()):
    """No message may draw a warning, and each of the expected names must be there."""
    problems = ["frame %s %s: %s" % (m.frame, m.name, "; ".join(m.experts))
                for m in messages if m.experts]
    assert not problems, "\n".join(problems)
    names = {message.name for message in messages}
    missing = set(expected) - names
    assert not missing, "not captured: %s (captured: %s)" % (missing, sorted(names))


def judged(message):
    """What tshark says about one message, given as bytes."""
    text, capture = paths.work("one.txt"), Capture.__new__(Capture)
    capture.ports, capture.path = (3868,), paths.work("one.pcapng")
    with open(text, "w") as file:
        for at in range(0, len(message), 16):
            file.write("%06x %s\n" % (at, message[at:at + 16].hex(" ")))
    run(["text2pcap", "-q", "-T", "40000,3868", text, capture.path])
    return capture.decode()


def find(node, name):
    """All values of a field anywhere below a node of tshark's JSON."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == name:
                yield from value if isinstance(value, list) else [value]
            else:
                yield from find(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from find(value, name)
