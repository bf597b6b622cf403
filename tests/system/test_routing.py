# SPDX-License-Identifier: BSD-3-Clause
"""Where a request goes (realm, host, IMSI prefix), who may send it (PLMNs, IMSIs of a gateway)."""
import pytest

from kit import core, paths
from kit.agw import PLMN, Agw
from kit.expect import accounted, fails, works
from kit.gateway import Gateway
from kit.proc import eventually

ROAMING = bytes.fromhex("00f120")  # 001/02


@pytest.fixture(scope="module")
def home(cleanup):
    thing = core.ErlangHss("--known", "001")
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def partner(cleanup):
    thing = core.ErlangHss("--known", "26201", identity="hss.partner.example.net",
                           realm="partner.example.net", ip=paths.HSS2_IP)
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def fixed(cleanup):
    thing = core.ErlangHss("--known", "310410", identity="hss7.example.org", ip=paths.RELAY_IP)
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, home, partner, fixed, cleanup):
    thing = Gateway(
        pki, [home.peer(), partner.peer(), fixed.peer()],
        s6a=ROUTES,
        gateways=["agw1", '{ id = "agw2"; plmns = [ "00101" ]; imsi_prefixes = [ "00101" ]; }',
                  '{ id = "agw3"; enabled = false; }'])
    thing.start()
    cleanup.append(thing)
    # ready is said with the first peer; without its own, a request may go to another of its realm
    thing.wait_open()
    return thing


ROUTES = """host = "hss.example.org";
    routes = ( { imsi_prefix = "26201"; realm = "partner.example.net"; },
               { imsi_prefix = "310410"; realm = "example.org"; host = "hss7.example.org"; } );"""


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = Agw(pki)
    cleanup.append(thing)
    return thing


def asked(hss, since, imsi):
    return hss.find("request", since, imsi=imsi)


@pytest.mark.parametrize("imsi,which", [
    ("001010000000001", "home"), ("262010000000001", "partner"), ("310410000000001", "fixed")])
def test_the_imsi_chooses_the_home_network(request, agw, home, partner, fixed, imsi, which):
    all_of_them = {"home": home, "partner": partner, "fixed": fixed}
    since = {name: hss.position() for name, hss in all_of_them.items()}
    assert agw.air(imsi).eutran_vectors
    assert agw.ulr(imsi).apn
    eventually(lambda: len(asked(all_of_them[which], since[which], imsi)) == 2, 5,
               "both requests at " + which)
    for name, hss in all_of_them.items():
        assert name == which or not asked(hss, since[name], imsi), name
    avps = asked(all_of_them[which], since[which], imsi)[0]["avps"]
    assert avps["Destination-Realm"] == (
        "partner.example.net" if which == "partner" else "example.org")


def test_requests_of_each_core_find_their_gateway(pki, gateway, home, partner):
    with Agw(pki) as agw:
        agw.open_tunnel()
        agw.ulr("001010000000002")
        agw.ulr("262010000000002")
        for hss, imsi in ((home, "001010000000002"), (partner, "262010000000002")):
            answer = hss.command("clr %s" % imsi)
            assert answer.get("result") == 2001, answer
        assert {r.user_name for r in agw.tunnel.requests("CancelLocation")} == {
            "001010000000002", "262010000000002"}


def test_a_visited_plmn_that_the_gateway_may_not_serve(pki, gateway, home, agw):
    since = home.position()
    with Agw(pki, "agw2") as limited:
        works(limited, "001010000000003")
        for call in (limited.air, limited.ulr):
            with accounted(gateway, agw, log="(?i)plmn", counter="fgw_admission_denied_total"):
                try:
                    answer = call("001010000000004", plmn=ROAMING)
                    assert answer.error_code >= 4001, answer
                except Exception as error:
                    assert "PERMISSION_DENIED" in str(error.code()), error
    assert not asked(home, since, "001010000000004")


@pytest.mark.parametrize("procedure", ["air", "ulr", "pur", "nor"])
def test_a_subscriber_that_the_gateway_may_not_ask_for(pki, gateway, partner, agw, procedure):
    since = partner.position()
    with Agw(pki, "agw2") as limited:
        with accounted(gateway, agw, counter="fgw_admission_denied_total"):
            try:
                answer = getattr(limited, procedure)("262010000000005")
                assert answer.error_code >= 4001, answer
            except Exception as error:
                assert "PERMISSION_DENIED" in str(error.code()), error
    assert not asked(partner, since, "262010000000005")


def test_a_gateway_that_is_switched_off(pki, gateway, agw):
    with Agw(pki, "agw3") as off:
        with accounted(gateway, agw, log="agw3", counter="fgw_admission_denied_total"):
            fails("PERMISSION_DENIED", off.air, "001010000000001")


def test_lists_change_with_a_reload(pki, gateway, agw):
    gateway.configure(gateways=["agw1", "agw3", '{ id = "agw2"; plmns = [ "00102" ]; }'])
    gateway.reload()
    with Agw(pki, "agw2") as limited, Agw(pki, "agw3") as on:
        eventually(lambda: attempt(limited, ROAMING) and not attempt(limited, PLMN), 5,
                   "the new list is in force")
        eventually(lambda: attempt(on, PLMN), 5, "agw3 is admitted")
    works(agw)


def attempt(agw, plmn):
    try:
        return agw.air("001010000000006", plmn=plmn, timeout=3).eutran_vectors
    except Exception:
        return False
