# SPDX-License-Identifier: BSD-3-Clause
"""Reads .dia dictionaries as text, for checks that OTP's compiler does not make.

Not for: compiling (dia_build.erl) and not for the gateway (lib/diameter).
"""
import os
import re
from collections import namedtuple

Avp = namedtuple("Avp", "name code type flags vendor line")
Member = namedtuple("Member", "name low high fixed")
BASE = "diameter_gen_base_rfc6733"


class Dictionary:
    """One file. avps, groups, messages, enums by name; inherits: [(file, [names] or [])]."""

    def __init__(self, path):
        self.path, self.name, self.id, self.vendor = path, None, None, 0
        self.avps, self.groups, self.messages, self.enums = {}, {}, {}, {}
        self.inherits, self.defines = [], []
        section = args = body = None
        with open(path, encoding="ascii") as file:
            lines = file.read().split("\n")
        for number, raw in enumerate(lines, 1):
            line = raw.split(";", 1)[0].strip()
            if not line:
                continue
            if line.startswith("@"):
                section, *args = line.split()
                self._section(section, args)
            elif section == "@inherits":
                self.inherits[-1][1].extend(line.split())
            elif section == "@avp_types":
                name, code, kind, flags = line.split()
                vendor = self.vendor if "V" in flags else 0
                self._once(name, self.avps, number)
                self.avps[name] = Avp(name, int(code), kind, flags, vendor, number)
            elif section == "@avp_vendor_id":
                raise ValueError(f"{path}:{number}: OTP forgets @avp_vendor_id when it inherits")
            elif section == "@enum":
                name, value = line.split()
                self.enums[args[0]].append((name, int(value)))
            elif section in ("@grouped", "@messages"):
                body = self._abnf(section, line, body, number)

    def _section(self, section, args):
        if section == "@name":
            self.name = args[0]
        elif section == "@id":
            self.id = int(args[0])
        elif section == "@vendor":
            self.vendor = int(args[0])
        elif section == "@inherits":
            self.inherits.append((args[0], args[1:]))
        elif section == "@enum":
            self.enums[args[0]] = []

    def _once(self, name, table, number):
        if name in table:
            raise ValueError(f"{self.path}:{number}: {name} twice")

    def _abnf(self, section, line, body, number):
        head = re.match(r"(\S+) *::= *< *(AVP|Diameter) Header: *(\d+)(.*)>$", line)
        if head:
            table = self.groups if section == "@grouped" else self.messages
            self._once(head[1], table, number)
            table[head[1]] = (int(head[3]), head[4], [], number)
            return table[head[1]][2]
        member = re.match(r"(\d*)(\*?)(\d*) *([<{\[]) *(\S+) *[>}\]]$", line)
        if not member:
            raise ValueError(f"{self.path}:{number}: not an ABNF line: {line}")
        low, star, high, bracket, name = member.groups()
        needed = bracket != "["
        body.append(Member(name, int(low) if low else (1 if needed and not star else 0),
                           (int(high) if high else None) if star else int(low or 1),
                           bracket == "<"))
        return body


class Folder:
    """All dictionaries of a folder; resolves @inherits as OTP does, one level deep."""

    def __init__(self, path):
        self.files = {}
        for entry in sorted(os.listdir(path)):
            if entry.endswith(".dia"):
                self.files[entry[:-4]] = Dictionary(os.path.join(path, entry))

    def visible(self, dictionary):
        """({AVP name: Avp}, {group name: members}) that a dictionary may use, without the base."""
        avps, groups = dict(dictionary.avps), dict(dictionary.groups)
        for parent, names in dictionary.inherits:
            if parent == BASE:
                continue
            other = self.files[parent]
            for name in names or other.avps:
                avps[name] = other.avps[name]
                if name in other.groups:
                    groups[name] = other.groups[name]
        return avps, groups
