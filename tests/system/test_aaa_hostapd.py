# SPDX-License-Identifier: BSD-3-Clause
"""Wi-Fi with an access point and a terminal that nobody here wrote: wpa_supplicant -> EAPOL over a
veth pair -> hostapd -> fgw-aaa -> fgwd -> sim_hss. hostapd's RADIUS client, its accounting and its
answers to Disconnect-Requests judge ours."""
import os
import socket
import threading

import pytest

from kit import core, nas, paths
from kit.nas import Aaa, Card
from kit.proc import Process, eventually, run
from kit.wifi import Wifi

AP_IP = "10.45.0.7"
IMSI = "001010000000070"

HOSTAPD = """
interface=ap0
driver=wired
ieee8021x=1
use_pae_group_addr=0
own_ip_addr={ip}
nas_identifier=ap.example.org
radius_client_addr={ip}
auth_server_addr={aaa}
auth_server_shared_secret={secret}
acct_server_addr={aaa}
acct_server_shared_secret={secret}
radius_acct_interim_interval=1
radius_das_port=3799
radius_das_client={aaa} {secret}
radius_das_require_event_timestamp=1
radius_das_require_message_authenticator=1
"""

SUPPLICANT = """
ap_scan=0
pcsc_reader=software card
network={{
  key_mgmt=IEEE8021X
  eapol_flags=0
  eap=AKA'
  identity="6{imsi}{realm}"
  pcsc="software card"
}}
"""


def written(name, text, **values):
    path = paths.work("wifi", name)
    with open(path, "w") as conf:
        conf.write(text.format(**values))
    return path


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.SimHss()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def aaa(pki, hss, cleanup):
    cleanup.append(Wifi(pki, [hss.peer(watchdog=6)], swx_section="cache_ttl = 0;").start())
    thing = Aaa(pki).start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def hostapd(aaa, cleanup):
    run(["ip", "link", "add", "ap0", "type", "veth", "peer", "name", "sta0"])
    run(["ip", "link", "set", "ap0", "up"])
    run(["ip", "link", "set", "sta0", "up"])
    thing = Process("hostapd", ["hostapd", "-d", written(
        "hostapd.conf", HOSTAPD, ip=AP_IP, aaa=nas.AAA_IP, secret=nas.SECRET)])
    thing.wait_line("AP-ENABLED", 10)
    cleanup.append(thing)
    return thing


class Supplicant(Process):
    """wpa_supplicant with a card in software in its reader."""

    def __init__(self):
        self.card, self.path = Card(), paths.work("wifi", "card")
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(os.path.dirname(self.path), os.O_RDONLY)
        here = os.getcwd()
        os.fchdir(folder)  # a socket's path has little room
        self.control.bind("card")
        os.chdir(here)
        os.close(folder)
        self.control.listen()
        self.control.settimeout(0.2)
        self.serving = True
        self.thread = threading.Thread(target=nas.serve_card, args=(
            self.card, self.control, lambda: self.serving), daemon=True)
        self.thread.start()
        conf = written("supplicant.conf", SUPPLICANT, imsi=IMSI, realm=nas.REALM)
        library = os.path.join(paths.BUILD, "tests", "agw", "pcsc_card.so")
        super().__init__("supplicant", ["wpa_supplicant", "-i", "sta0", "-D", "wired", "-c", conf],
                         env={"LD_PRELOAD": library, "PCSC_CARD": "card", "PCSC_IMSI": IMSI},
                         cwd=os.path.dirname(self.path))

    def stop(self, *_):
        code = super().stop()
        self.serving = False
        self.thread.join(5)
        self.control.close()
        return code


def records(aaa, status):
    return aaa.rows("SELECT * FROM accounting WHERE status=? ORDER BY time", status)


def test_a_day_of_an_access_point(aaa, hss, hostapd, cleanup):
    supplicant = Supplicant()
    cleanup.append(supplicant)
    supplicant.wait_line("CTRL-EVENT-EAP-SUCCESS", 15)
    assert supplicant.card.seen == ["good"]
    start, = eventually(lambda: records(aaa, 1), 10, "Accounting-Start")
    assert start["imsi"] == IMSI and start["nas_id"] == "ap.example.org"
    assert start["nas"] == AP_IP and start["acct_id"]
    interim = eventually(lambda: records(aaa, 3), 10, "Interim-Update")[0]
    assert interim["imsi"] == IMSI and interim["acct_id"] == start["acct_id"]

    code, text = hss.tool("rtr", IMSI, check=False)
    assert code == 0, text
    eventually(lambda: aaa.counter("aaa_disconnects_total", kind="disconnect", result="ack") == 1,
               10, "hostapd's Disconnect-ACK")
    stop = eventually(lambda: records(aaa, 2), 10, "Accounting-Stop")[0]
    assert stop["imsi"] == IMSI and stop["session"] == start["session"]
    eventually(lambda: not aaa.rows("SELECT * FROM sessions"), 5, "the session is gone")
