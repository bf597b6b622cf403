# SPDX-License-Identifier: BSD-3-Clause
"""Where things are. tests/system/isolated sets the environment; defaults serve a run by hand."""
import os

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PRESET = os.environ.get("FGW_PRESET", "dev")
BUILD = os.environ.get("FGW_BUILD", os.path.join(ROOT, "build", PRESET))
WORK = os.environ.get("FGW_WORK", os.path.join(ROOT, "tests", "out", "by-hand"))
ASAN = PRESET in ("asan", "tsan")
# The address of each party in the namespace (tests/system/addresses).
FGW_IP = "10.45.0.1"
HSS_IP = "10.45.0.2"
HSS2_IP = "10.45.0.3"
RELAY_IP = "10.45.0.4"
FGW2_IP = "10.45.0.5"


def program(name):
    """A program of this build, wherever the build put it."""
    for folder in ("fgw", "fgw/agw_client", "extensions/sim_hss", "extensions/sim_pcrf",
                   "extensions/sim_ocs", "bin", "."):
        path = os.path.join(BUILD, folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise FileNotFoundError("%s is not in %s" % (name, BUILD))


def extension(name):
    return os.path.join(BUILD, "extensions", name)


def work(*parts):
    """A path in this run's folder; its folder is made."""
    path = os.path.join(WORK, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path
