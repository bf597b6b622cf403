# SPDX-License-Identifier: BSD-3-Clause
"""A subscriber's card: MILENAGE (TS 35.206) and the derivation of KASME (TS 33.401 A.2), with AES
from the openssl program. It checks what the network sends as a card would. Not for load."""
import hashlib
import hmac
import subprocess

ROTATE = {1: 8, 2: 0, 3: 4, 4: 8, 5: 12}  # bytes; r1..r5 of TS 35.206 4.1
CONSTANT = {1: 0, 2: 1, 3: 2, 4: 4, 5: 8}


def xor(*values):
    out = bytes(len(values[0]))
    for value in values:
        out = bytes(a ^ b for a, b in zip(out, value))
    return out


class Usim:
    def __init__(self, k, opc, amf="8000"):
        self.k, self.opc, self.amf = k, bytes.fromhex(opc), bytes.fromhex(amf)

    def aes(self, block):
        return subprocess.run(["openssl", "enc", "-aes-128-ecb", "-K", self.k, "-nopad"],
                              input=block, stdout=subprocess.PIPE, check=True, timeout=10).stdout

    def block(self, number, rand, data=None):
        """OUT1..OUT5: data is SQN || AMF || SQN || AMF for OUT1."""
        temp = self.aes(xor(rand, self.opc))
        base = xor(data, self.opc) if number == 1 else xor(temp, self.opc)
        turn = ROTATE[number]
        base = base[turn:] + base[:turn]
        mixed = xor(base, bytes(15) + bytes([CONSTANT[number]]))
        if number == 1:
            mixed = xor(mixed, temp)
        return xor(self.aes(mixed), self.opc)

    def mac(self, rand, sqn, amf):
        """(MAC-A, MAC-S)"""
        out = self.block(1, rand, (sqn + amf) * 2)
        return out[:8], out[8:]

    def authenticate(self, vector, plmn):
        """Checks AUTN, XRES and KASME of a vector; returns SQN as a number."""
        out2 = self.block(2, vector.rand)
        hidden, amf, mac = vector.autn[:6], vector.autn[6:8], vector.autn[8:]
        sqn = xor(hidden, out2[:6])
        assert self.mac(vector.rand, sqn, amf)[0] == mac, "MAC failure: not our network"
        assert vector.xres == out2[8:], "RES is not what the network expects"
        assert amf[0] & 0x80, "the separation bit is not set (TS 33.401 6.1.1)"
        ck, ik = self.block(3, vector.rand), self.block(4, vector.rand)
        derivation = b"\x10" + plmn + b"\0\3" + hidden + b"\0\6"
        assert vector.kasme == hmac.new(ck + ik, derivation, hashlib.sha256).digest(), "KASME"
        return int.from_bytes(sqn, "big")

    def resync(self, rand, sqn):
        """RAND and AUTS: the card's own sequence number is sqn (TS 33.102 6.3.3)."""
        sqn = sqn.to_bytes(6, "big")
        hidden = xor(sqn, self.block(5, rand)[:6])
        return rand + hidden + self.mac(rand, sqn, b"\0\0")[1]
