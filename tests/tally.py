# SPDX-License-Identifier: BSD-3-Clause
"""Counts the results in JUnit files for tests/run. Not for running anything.

tally.py ctest FILE      three numbers: passed failed skipped (cmocka cases one by one)
tally.py pytest FILE     three numbers: passed failed skipped
tally.py failures FILE   names of failed and skipped cases with their reason
tally.py details NAME FILE   of each failed case what it said and the end of the logs, some lines
"""
import os
import re
import sys
import xml.etree.ElementTree as xml

CMOCKA = {word: re.compile(r"\[\s*%s\s*\] (\d+) test\(s\)" % word)
          for word in ("PASSED", "FAILED", "SKIPPED")}


LINES, CASES = 45, 12  # of each failed case; failed cases
SAME = 5  # cases with the same reason


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None \
            or case.get("status") == "fail":
        return "failed"
    if case.find("skipped") is not None or case.get("status") in ("disabled", "notrun"):
        return "skipped"
    return "passed"


def cmocka(case):
    text = case.findtext("system-out") or ""
    return [sum(int(n) for n in CMOCKA[word].findall(text))
            for word in ("PASSED", "FAILED", "SKIPPED")]


def ctest(cases):
    total = [0, 0, 0]
    for case in cases:
        inner = cmocka(case)
        result = outcome(case)
        if sum(inner) == 0:  # not cmocka, or it died before its summary
            inner = [int(result == "passed"), int(result == "failed"), int(result == "skipped")]
        elif result == "failed" and inner[1] == 0:  # a leak report or a crash after the cases
            inner[1] = 1
        total = [a + b for a, b in zip(total, inner)]
    return total


def pytest(cases):
    results = [outcome(case) for case in cases]
    return [results.count(word) for word in ("passed", "failed", "skipped")]


def failures(cases):
    same = {}
    for case in cases:
        result = outcome(case)
        if result == "passed":
            continue
        node = case.find("failure")
        node = case.find("error") if node is None else node
        node = case.find("skipped") if node is None else node
        why = (node.get("message") or "") if node is not None else ""
        why = why.strip().splitlines()[0][:160] if why.strip() else ""
        same[result, why] = same.get((result, why), 0) + 1
        if why and same[result, why] > SAME:
            continue
        print("   %-8s %s  %s" % (result.upper(), case.get("name"), why))
        if result == "failed" and case.find("system-out") is not None and sum(cmocka(case)):
            for line in (case.findtext("system-out") or "").splitlines():
                if "[  FAILED  ]" in line or "ERROR" in line:
                    print("            " + line.strip()[:160])
    for (result, why), count in same.items():
        if why and count > SAME:
            print("   %-8s %d more  %s" % (result.upper(), count - SAME, why))




def last(text, lines=LINES):
    kept = [line.rstrip()[:200] for line in text.splitlines() if line.strip()]
    return (["..."] if len(kept) > lines else []) + kept[-lines:]


def told(case):
    """What a failed case said: lines of the assertion, and what else there is."""
    node = case.find("failure")
    node = case.find("error") if node is None else node
    text = (node.text or "") if node is not None else ""
    output = case.findtext("system-out") or ""
    marked = [line for line in (text or output).splitlines()
              if line.startswith((">", "E ", "[  ERROR", "[   LINE", "FAILED", "FAIL:"))]
    where = text.strip().splitlines()[-1:]
    marked = marked[:8] + marked[8:][-16:]  # what was asserted, and the end of what it says
    return last("\n".join(marked + where), 27), last(output)


def details(name, path):
    folder = os.path.dirname(path)
    try:
        failed = [c for c in xml.parse(path).getroot().iter("testcase") if outcome(c) == "failed"]
    except (OSError, xml.ParseError):
        failed = None
    if failed is None:  # killed by its time limit: how far it got
        print("\n-- %s: no result" % name)
        log = os.path.join(folder, "pytest.log")
        if os.path.exists(log):
            with open(log, errors="replace") as file:
                print("\n".join(last(file.read())))
        return 0
    reasons = set()
    for case in failed:
        reason, logs = told(case)
        if "\n".join(reason) not in reasons and len(reasons) < CASES:
            reasons.add("\n".join(reason))
            print("\n-- %s: %s" % (name, case.get("name")))
            print("\n".join(reason + logs))
    if len(failed) > len(reasons):
        print("\n-- %s: %d more that failed" % (name, len(failed) - len(reasons)))
    return 0


def main():
    what, path = sys.argv[1], sys.argv[2]
    if what == "details":
        return details(path, sys.argv[3])
    try:
        cases = list(xml.parse(path).getroot().iter("testcase"))
    except (OSError, xml.ParseError) as problem:
        if what == "failures":
            print("   FAILED   no result file %s" % path)
            return 0
        print("tally: %s" % problem, file=sys.stderr)
        return 1
    if what == "failures":
        failures(cases)
    else:
        total = {"ctest": ctest, "pytest": pytest}[what](cases)
        if sum(total) == 0 and what == "ctest":
            total[1] = 1  # a build without a single case is a failure, not a success
        print(*total)
    return 0


sys.exit(main())
