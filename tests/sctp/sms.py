# SPDX-License-Identifier: BSD-3-Clause
"""Short messages as a UE sees them in NAS containers: CP and RP (TS 24.011), TPDU (TS 23.040).

Not a whole implementation: the 7-bit default alphabet without escapes, one part, no reports.
"""
import collections

SMS = 9  # protocol discriminator
CP_DATA, CP_ACK, CP_ERROR = 1, 4, 16
RP_DATA_UP, RP_DATA_DOWN, RP_ACK_UP, RP_ACK_DOWN, RP_ERROR_DOWN = 0, 1, 2, 3, 5
UDH = 0x40  # in the first octet of a TPDU: user data begins with a header

Cp = collections.namedtuple("Cp", "transaction type rp")  # transaction: as in the first octet
Rp = collections.namedtuple("Rp", "type reference tpdu")
Deliver = collections.namedtuple("Deliver", "sender text header")


def bcd(digits):
    padded = digits + "f" * (len(digits) % 2)
    return bytes(int(padded[i + 1] + padded[i], 16) for i in range(0, len(padded), 2))


def digits(octets, count):
    return "".join("%x%x" % (o & 15, o >> 4) for o in octets)[:count]


def pack(text):
    """Septets into octets."""
    bits = sum(ord(c) << (7 * i) for i, c in enumerate(text))
    return bits.to_bytes((7 * len(text) + 7) // 8, "little")


def unpack(octets, count, skip=0):
    """skip: septets that a header takes."""
    bits = int.from_bytes(octets, "little")
    return "".join(chr(bits >> (7 * i) & 0x7f) for i in range(skip, count))


def submit(number, text, reference=1):
    """SMS-SUBMIT to a number."""
    return bytes([0x01, reference, len(number), 0x81]) + bcd(number) + bytes(
        [0, 0, len(text)]) + pack(text)


def deliver(tpdu):
    """Reads an SMS-DELIVER."""
    assert tpdu[0] & 3 == 0, "not an SMS-DELIVER: " + tpdu.hex()
    count, at = tpdu[1], 3 + (tpdu[1] + 1) // 2
    sender = digits(tpdu[3:at], count)
    coding, length, data = tpdu[at + 1], tpdu[at + 9], tpdu[at + 10:]
    header = data[:data[0] + 1] if tpdu[0] & UDH else b""
    if coding & 0x0c == 0x04:  # 8-bit data
        return Deliver(sender, data[len(header):length].decode("latin-1"), header)
    assert coding & 0x0c == 0, "coding %02x" % coding
    return Deliver(sender, unpack(data, length, (len(header) * 8 + 6) // 7), header)


def cp_data(transaction, rp):
    return bytes([transaction << 4 | SMS, CP_DATA, len(rp)]) + rp


def cp_ack(transaction):
    return bytes([transaction << 4 | SMS, CP_ACK])


def rp_data(reference, tpdu, center="4900"):
    address = bytes([0x81]) + bcd(center)
    return bytes([RP_DATA_UP, reference, 0, len(address)]) + address + bytes([len(tpdu)]) + tpdu


def rp_ack(reference):
    return bytes([RP_ACK_UP, reference])


def read_cp(container):
    assert container[0] & 15 == SMS, "not SMS: " + container.hex()
    kind = container[1]
    rp = container[3:] if kind == CP_DATA else b""
    assert kind != CP_DATA or container[2] == len(rp), "CP-DATA is cut: " + container.hex()
    return Cp(container[0] >> 4, kind, rp)


def read_rp(octets):
    kind, reference = octets[0] & 7, octets[1]
    if kind != RP_DATA_DOWN:
        return Rp(kind, reference, b"")
    at = 2
    for _ in ("originator", "destination"):
        at += 1 + octets[at]
    assert octets[at] == len(octets) - at - 1, "RP-DATA is cut: " + octets.hex()
    return Rp(kind, reference, octets[at + 1:])
