# SPDX-License-Identifier: BSD-3-Clause
"""Python values as Erlang terms, to script the programs of tests/system/erlang."""
import calendar
import time


class Atom(str):
    """Written as an atom; a plain str is written as a binary."""


class Time:
    """A value of a Time AVP. unix: seconds since 1970."""

    def __init__(self, unix):
        self.unix = int(unix)

    @property
    def text(self):
        """As the programs print it."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.unix))


def unix(text):
    """Seconds since 1970 of a Time AVP as the programs print it."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def term(value):
    """dict: a map whose keys are atoms; list; tuple; bytes and str: binaries; int; bool."""
    if isinstance(value, Atom):
        return "'%s'" % value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Time):
        t = time.gmtime(value.unix)
        return "{{%d,%d,%d},{%d,%d,%d}}" % t[:6]
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return "<<%s>>" % ",".join(str(b) for b in value)
    if isinstance(value, dict):
        return "#{%s}" % ",".join("'%s'=>%s" % (k, term(v)) for k, v in value.items())
    if isinstance(value, tuple):
        return "{%s}" % ",".join(term(v) for v in value)
    return "[%s]" % ",".join(term(v) for v in value)
