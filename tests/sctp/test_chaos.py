# SPDX-License-Identifier: BSD-3-Clause
"""Whatever happens, all ends well: UEs do at random what UEs do while paths, VLR, access gateways
and the gateway itself fail at random; then everything is repaired. Runs in user-mode-linux, on
demand: tests/sctp/run chaos.
"""
import collections
import os
import random
import signal
import threading
import time

import grpc
import pytest

from kit import paths
from kit.proc import eventually

import osmo
import scene
import sgs_wire
import sms
import ue as ues

SUBSCRIBERS, THREADS = 40, 4
LEGITIMATE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.FAILED_PRECONDITION}


class Crowd:
    """UEs that do not wait for anything, until stopped."""

    def __init__(self, ues_, seed):
        self.ues, self.tally, self.stopped = ues_, collections.Counter(), threading.Event()
        self.threads = [
            threading.Thread(target=self.live, args=(seed * THREADS + i, ues_[i::THREADS]))
            for i in range(THREADS)]
        for thread in self.threads:
            thread.start()

    def live(self, seed, mine):
        chance = random.Random(seed)
        while not self.stopped.wait(chance.uniform(0, 0.05)):
            try:
                self.act(chance, chance.choice(mine))
                self.tally["taken"] += 1
            except grpc.RpcError as error:
                self.tally[error.code()] += 1

    def act(self, chance, one):
        number = chance.choice(self.ues).number
        what = chance.choices(["update", "sms", "imsi", "eps", "activity", "service", "tmsi"],
                              [4, 4, 1, 1, 2, 2, 2])[0]
        if what == "update":
            one.update()
        elif what == "sms":
            one.uplink(sms.cp_data(chance.randint(0, 6), sms.rp_data(
                chance.randint(0, 255), sms.submit(number, "chaos"))))
        elif what == "imsi":
            one.send("IMSIDetachInd",
                     imsi_detach_from_non_eps_service_type=bytes([chance.randint(1, 3)]))
        elif what == "eps":
            one.send("EPSDetachInd",
                     imsi_detach_from_eps_service_type=bytes([chance.randint(1, 3)]))
        elif what == "activity":
            one.send("UEActivityInd")
        elif what == "service":
            one.send("ServiceReq", service_indicator=ues.SERVICE_SMS)
        else:
            one.send("TMSIReallocationComp")

    def stop(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join(20)


class Fate:
    def __init__(self, core, fgw, agws, seed):
        self.core, self.fgw, self.agws = core, fgw, agws
        self.chance, self.broken, self.tally = random.Random(seed), set(), collections.Counter()

    def revive(self):
        """osmo-msc ends itself now and then at what it is sent here; that is not what is tested."""
        if not self.core.msc.alive():
            self.tally["the MSC died"] += 1
            self.core.msc.end()
            self.core.msc.start()

    def repair(self):
        for path in self.broken:
            osmo.cut(path, False)
        self.broken.clear()
        self.revive()

    def strike(self):
        what = self.chance.choice(["cut", "cut", "repair", "crash", "restart", "gateway", "tunnel"])
        self.tally[what] += 1
        self.revive()
        if what == "cut":
            path = self.chance.choice([0, 1])
            if path not in self.broken:
                self.broken.add(path)
                osmo.cut(path)
        elif what == "repair":
            self.repair()
        elif what in ("crash", "restart"):
            self.core.msc.end(signal.SIGKILL if what == "crash" else signal.SIGTERM)
            self.core.msc.start()
        elif what == "gateway":
            self.repair()
            self.fgw.kill()
            self.fgw.start()
            for agw in self.agws:
                agw.close_tunnel()
            scene.open_tunnels(self.fgw, self.agws)
        else:
            agw = self.chance.choice(self.agws)
            agw.close_tunnel()
            scene.connected(self.fgw, agw.name, False)
            agw.open_tunnel()


@pytest.fixture(scope="module")
def everybody(subscriber):
    several = [subscriber(n % 2, register=False) for n in range(SUBSCRIBERS)]
    scene.together(ues.Ue.register, several)
    return several


def test_all_recover_from_chaos(pytestconfig, core, fgw, agws, everybody):
    seed = pytestconfig.getoption("seed")
    crowd, fate = Crowd(everybody, seed), Fate(core, fgw, agws, seed)
    deadline = time.monotonic() + pytestconfig.getoption("seconds")
    try:
        while time.monotonic() < deadline:
            time.sleep(fate.chance.uniform(0.3, 2))
            fate.strike()
    finally:
        crowd.stop()
    print("UEs:", dict(crowd.tally), "fate:", dict(fate.tally))
    fate.repair()
    time.sleep(2)  # messages that are still on their way
    core.msc.end()  # once more, without the short messages of that time: its queue may stall
    os.remove(paths.work("core", "sms.db"))
    core.msc.start()
    eventually(fgw.vlr_up, 20, "an association with the MSC")
    assert crowd.tally["taken"] and set(crowd.tally) - {"taken"} <= LEGITIMATE
    for agw in agws:
        scene.connected(fgw, agw.name)
    for one in everybody:
        one.problem = None  # that it had in chaos
    scene.together(scene.registers_again, everybody)
    assert all(core.state(one.imsi) == "SGs-ASSOCIATED" for one in everybody)
    for one in everybody[:4]:
        core.send_sms(everybody[5].number, one.imsi, "it is over, " + one.number)
    for one in everybody[:4]:
        one.wait_text("it is over, " + one.number, 40)


def test_nothing_on_the_wire_was_wrong(capture, fgw, everybody):
    fgw.stop()
    time.sleep(1)
    found = sgs_wire.on_the_wire(sgs_wire.packets(paths.work("sgs.pcapng"), "sgsap"), osmo.FGW_IPS)
    assert found["sent", "LOCATION-UPDATE-REQUEST"] > SUBSCRIBERS
