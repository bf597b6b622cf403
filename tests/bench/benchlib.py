# SPDX-License-Identifier: BSD-3-Clause
"""What every benchmark needs: CPU and memory of a process, medians, a table and a chart."""
import json
import math
import os
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("FGW_BUILD", os.path.join(ROOT, "build", "release"))
TICK = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, file=sys.stderr, flush=True)


def cpu_seconds(pid):
    """User and system time of all threads of a process."""
    with open("/proc/%d/stat" % pid) as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def rss_kb(pid):
    with open("/proc/%d/status" % pid) as status:
        for line in status:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    return 0


def run_json(arguments, timeout):
    """The JSON objects a program printed, one per line."""
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=timeout)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not rows:
        raise RuntimeError("%s printed no result (exit %d): %s" % (
            arguments[0], done.returncode, (done.stdout + done.stderr)[-800:]))
    return rows


def median(rows, key):
    return statistics.median(row[key] for row in rows)


CONGESTION = "/proc/sys/net/ipv4/tcp_congestion_control"


def usual_congestion_control():
    """Debian's default in this network namespace, for everybody; where a namespace may not choose
    it, Reno, which is the same where nothing gets lost. Others are made for real paths: BBR paces
    even the loopback, and every ten seconds lets four packets through for 200 ms."""
    for name in ("cubic", "reno"):
        try:
            with open(CONGESTION, "w") as setting:
                setting.write(name)
            return
        except OSError as error:
            say("congestion control %s: %s" % (name, error))


def as_batch(start):
    """Starts a process scheduled as fgwd is (SCHED_BATCH): where all share the processors, one that
    pushes the others aside whenever it wakes would be measured as their latency."""
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        return start()
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def machine():
    """One line about what this was measured on."""
    with open(CONGESTION) as setting:
        congestion = setting.read().strip()
    model = "unknown processor"
    with open("/proc/cpuinfo") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return "%d cores, %s, Linux %s, TCP %s" % (os.cpu_count(), model, os.uname().release,
                                               congestion)


def table(header, rows):
    out = ["| " + " | ".join(header) + " |",
           "|" + "|".join(" ---: " if i else " --- " for i in range(len(header))) + "|"]
    out += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(out)


COLOURS = ["#1b6ca8", "#d1495b", "#66a182", "#8d6a9f", "#edae49"]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 84, 200, 46, 56


def _text(x, y, text, anchor="middle", more=""):
    return '<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>' % (x, y, anchor, more, text)


def _axes(title, x_label, y_label, xs, px, py, decades):
    out = [_text(LEFT, 24, title, "start", ' font-size="15" font-weight="bold"'),
           _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_label),
           _text(18, HEIGHT / 2, y_label, more=' transform="rotate(-90 18 %d)"' % (HEIGHT / 2))]
    for decade in decades:
        y = py(10 ** decade)
        out.append('<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#dddddd"/>' % (
            LEFT, y, WIDTH - RIGHT, y))
        out.append(_text(LEFT - 8, y + 4, "{:,}".format(10 ** decade), "end"))
    return out + [_text(px(i), HEIGHT - BOTTOM + 20, x) for i, x in enumerate(xs)]


def chart(path, title, x_label, y_label, xs, series):
    """Lines over a logarithmic y axis, as SVG. series: (name, one y or None for each of xs)"""
    ys = [y for _, values in series for y in values if y]
    low = math.floor(math.log10(min(ys)))
    high = max(math.ceil(math.log10(max(ys))), low + 1)

    def px(i):
        return LEFT + (WIDTH - LEFT - RIGHT) * i / max(1, len(xs) - 1)

    def py(y):
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (math.log10(y) - low) / (high - low))

    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
           'font-family="sans-serif" font-size="12">' % (WIDTH, HEIGHT, WIDTH, HEIGHT),
           '<rect width="%d" height="%d" fill="#ffffff"/>' % (WIDTH, HEIGHT)]
    out += _axes(title, x_label, y_label, xs, px, py, range(low, high + 1))
    for n, (name, values) in enumerate(series):
        colour = COLOURS[n % len(COLOURS)]
        points = [(px(i), py(y)) for i, y in enumerate(values) if y]
        out.append('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/>' % (
            colour, " ".join("%.1f,%.1f" % point for point in points)))
        out += ['<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>' % (x, y, colour)
                for x, y in points]
        out.append('<rect x="%d" y="%d" width="12" height="12" fill="%s"/>' % (
            WIDTH - RIGHT + 16, TOP + 22 * n, colour))
        out.append(_text(WIDTH - RIGHT + 34, TOP + 22 * n + 10, name, "start"))
    with open(path, "w") as svg:
        svg.write("\n".join(out + ["</svg>"]) + "\n")
