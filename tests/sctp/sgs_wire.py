# SPDX-License-Identifier: BSD-3-Clause
"""What tshark, whose dissector nobody here wrote, says of captured SGsAP messages. Not for SCTP's
own affairs, beyond counting a repeated chunk once.
"""
import collections
import json
import struct

from kit.proc import run
from kit.wire import experts

NAMES = {
    0x01: "PAGING-REQUEST", 0x02: "PAGING-REJECT", 0x06: "SERVICE-REQUEST",
    0x07: "DOWNLINK-UNITDATA", 0x08: "UPLINK-UNITDATA", 0x09: "LOCATION-UPDATE-REQUEST",
    0x0a: "LOCATION-UPDATE-ACCEPT", 0x0b: "LOCATION-UPDATE-REJECT",
    0x0c: "TMSI-REALLOCATION-COMPLETE", 0x0d: "ALERT-REQUEST", 0x0e: "ALERT-ACK",
    0x0f: "ALERT-REJECT", 0x10: "UE-ACTIVITY-INDICATION", 0x11: "EPS-DETACH-INDICATION",
    0x12: "EPS-DETACH-ACK", 0x13: "IMSI-DETACH-INDICATION", 0x14: "IMSI-DETACH-ACK",
    0x15: "RESET-INDICATION", 0x16: "RESET-ACK", 0x17: "SERVICE-ABORT-REQUEST",
    0x18: "MO-CSFB-INDICATION", 0x1a: "MM-INFORMATION-REQUEST", 0x1b: "RELEASE-REQUEST",
    0x1d: "STATUS", 0x1f: "UE-UNREACHABLE",
}
EITHER = {"RESET-INDICATION", "RESET-ACK", "STATUS"}
FROM_VLR = {"PAGING-REQUEST", "DOWNLINK-UNITDATA", "LOCATION-UPDATE-ACCEPT",
            "LOCATION-UPDATE-REJECT", "ALERT-REQUEST", "EPS-DETACH-ACK", "IMSI-DETACH-ACK",
            "SERVICE-ABORT-REQUEST", "MM-INFORMATION-REQUEST", "RELEASE-REQUEST"}
# (direction, name) of all there are
ALL = {(direction, name) for name in NAMES.values() for direction in
       (("sent", "received") if name in EITHER else
        ("received",) if name in FROM_VLR else ("sent",))}


def packets(path, what="frame"):
    """The layers of each packet that the display filter takes."""
    out = run(["tshark", "-n", "-r", path, "-Y", what, "-T", "json", "--no-duplicate-keys"],
              timeout=120).stdout
    return [packet["_source"]["layers"] for packet in json.loads(out[out.find("["):])]


def all_of(thing):
    return thing if isinstance(thing, list) else [thing]


def against(frame, layer):
    """What tshark has against a message: warnings, errors, malformed parts."""
    return list(experts(layer)) + [key for key in frame if key.startswith("_ws.")]


def check(frame, layer):
    """The name of a message that nothing is said against."""
    name = NAMES[int(layer["sgsap.msg_type"], 0)]
    problems = against(frame, layer)
    assert not problems, "frame %s, %s: %s" % (frame["frame"]["frame.number"], name, problems)
    return name


def chunks(frame, kind):
    """The chunks of a packet whose description begins so. With several messages in a packet tshark
    makes a list of its SCTP, the header in the first place."""
    return [chunk for part in all_of(frame["sctp"]) for key in part if key.startswith(kind)
            for chunk in all_of(part[key])]


def on_the_wire(frames, own):
    """How many messages (direction, name); what SCTP sent again counts once. own: our addresses
    (None: all are sent)."""
    found, seen = collections.Counter(), set()
    for frame in frames:
        direction = "sent" if not own or frame["ip"]["ip.src"] in own else "received"
        # tshark does not look into what it knows was sent before
        data = [c for c in chunks(frame, "DATA chunk") if "retransmission" not in str(c)]
        messages = all_of(frame["sgsap"])
        assert len(data) == len(messages), frame["frame"]["frame.number"]
        for chunk, message in zip(data, messages):
            name = check(frame, message)
            place = all_of(frame["sctp"])[0]["sctp.verification_tag"], chunk["sctp.data_tsn"]
            if place not in seen:
                seen.add(place)
                found[direction, name] += 1
    return found


def exported(path):
    """The same of a capture that the gateway wrote itself."""
    found = collections.Counter()
    for frame in packets(path):
        flags = frame["frame"]["frame.packet_flags_tree"]["frame.packet_flags_direction"]
        direction = {1: "received", 2: "sent"}[int(flags, 0)]
        found[direction, check(frame, frame["sgsap"])] += 1
    return found


def write(path, packets):
    """A capture of SCTP packets, each with these messages (octets)."""
    tsn = 0
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 248))
        for messages in packets:
            packet = struct.pack(">HHII", 29118, 29118, 1, 0)
            for message in messages:
                tsn += 1
                packet += struct.pack(">BBHIHHI", 0, 3, 16 + len(message), tsn, 0, tsn, 0)
                packet += message + bytes(-len(message) % 4)
            file.write(struct.pack("<IIII", tsn, 0, len(packet), len(packet)) + packet)
