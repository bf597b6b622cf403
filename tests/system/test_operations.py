# SPDX-License-Identifier: BSD-3-Clause
"""The operator's side: configuration check, health, metrics, log, reload, drain, fgwctl."""
import concurrent.futures
import json
import os
import re
import signal
import time

import grpc
import pytest

from kit import core, paths, stubs
from kit.agw import Agw, code_of
from kit.expect import GOOD, works
from kit.gateway import Gateway, Peer
from kit.proc import PATIENCE, eventually

SLOW = "001010000009251"  # AIR is answered after 2 s


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.ErlangHss()
    cleanup.append(thing)
    return thing


@pytest.fixture
def gateway(pki, hss):
    thing = Gateway(pki, [hss.peer()]).start()
    yield thing
    thing.stop()


@pytest.fixture
def agw(pki, gateway):
    with Agw(pki) as thing:
        yield thing


# ---- configuration check ----

def test_a_good_configuration(pki, hss):
    code, text = Gateway(pki, [hss.peer()], name="checked").check()
    assert code == 0, text


@pytest.mark.parametrize("section,text,expected", [
    ("agw", 'limits: { max_streams = "many"; };', "max_streams"),
    ("agw", "limits: { max_streams = 0; };", "max_streams"),
    ("agw", 'plmns = [ "1" ];', "plmns"),
    ("s6a", 'no_such_setting = 1;', "no_such_setting"),
    ("s6a", 'timeout = "soon";', "timeout"),
    ("more", "no_such_section: { a = 1; };", "no_such_section"),
    ("more", "s13: { ;", "syntax"),
    ("level", "loud", "level"),
])
def test_a_mistake_is_named_with_file_and_line(pki, hss, section, text, expected):
    gateway = Gateway(pki, [hss.peer()], name="wrong", **{section: text})
    code, said = gateway.check()
    assert code != 0
    assert re.search(r"gateway\.conf:\d+", said) and expected in said.lower(), said


def test_a_missing_certificate_is_named(pki, hss):
    gateway = Gateway(pki, [hss.peer()], name="wrong")
    conf = gateway.folder + "/gateway.conf"
    with open(conf) as file:
        text = file.read().replace("server.pem", "none.pem")
    with open(conf, "w") as file:
        file.write(text)
    code, said = gateway.check()
    assert code != 0 and "none.pem" in said, said


def test_a_mistake_in_the_diameter_configuration(pki, hss):
    gateway = Gateway(pki, [hss.peer()], name="wrong")
    with open(gateway.folder + "/fgw.conf", "a") as conf:
        conf.write("ConnectPear = 1;\n")
    code, said = gateway.check()
    assert code != 0 and "fgw.conf" in said, said


# ---- health and metrics ----

def test_health_and_metrics(gateway, agw):
    for path in ("/healthz", "/readyz", "/metrics"):
        assert gateway.get(path)[0] == 200, path
    assert gateway.get("/nothing")[0] == 404
    works(agw)
    gateway.wait_counter(1, "fgw_requests_total", interface="s6a", procedure="AIR")
    metrics = gateway.metrics()
    assert metrics.sum("fgw_requests_total", interface="s6a", procedure="AIR") == 1
    assert metrics.sum("fgw_latency_seconds_count", interface="s6a", procedure="AIR") == 1
    assert not [s for s in metrics.samples if GOOD in str(s)], "an IMSI in a label"


def test_readiness_of_each_interface(gateway):
    status, text = gateway.get("/readyz")
    assert status == 200 and json.loads(text)["interfaces"] == [
        {"name": "s6a", "ready": True, "why": ""}]


def test_not_ready_without_a_peer(pki):
    gateway = Gateway(pki, [Peer("none.example.org", "10.45.0.9")]).start(wait_peers=False)
    try:
        assert gateway.get("/healthz")[0] == 200
        status, text = gateway.get("/readyz")
        assert status == 503 and text.strip()
    finally:
        gateway.stop()


def test_fgwctl(gateway, agw):
    works(agw)
    assert gateway.identity in gateway.ctl("status")
    assert "hss.example.org" in gateway.ctl("peers")
    assert "agw1" in gateway.ctl("gateways")
    assert "fgw_requests_total" in gateway.ctl("counters", "s6a")
    assert "agw1" in gateway.ctl("directory", GOOD) or "not" in gateway.ctl("directory", GOOD)
    assert "s6a" in gateway.ctl("log")


def test_log_levels_change_while_running(gateway, agw):
    gateway.ctl("log", "error")
    position = gateway.log_position()
    works(agw)
    assert GOOD not in gateway.process.text(position)
    gateway.ctl("log", "debug")
    works(agw)
    gateway.wait_log(GOOD, since=position)


def test_one_subscriber_can_be_followed(gateway, agw):
    gateway.ctl("log", "error")
    gateway.ctl("follow", "001010000000888")
    position = gateway.log_position()
    works(agw, "001010000000889")
    works(agw, "001010000000888")
    gateway.wait_log("001010000000888", since=position)
    assert "001010000000889" not in gateway.process.text(position)


def test_keys_and_vectors_are_never_logged(gateway, agw):
    gateway.ctl("log", "debug")
    answer = agw.air(GOOD)
    agw.ulr(GOOD)
    time.sleep(0.3)
    text = gateway.process.text().lower()
    for secret in (answer.eutran_vectors[0].kasme, answer.eutran_vectors[0].xres):
        assert secret.hex() not in text


def test_masked_subscribers(pki, hss):
    gateway = Gateway(pki, [hss.peer()], level="debug", log="mask_imsi = true;").start()
    try:
        with Agw(pki) as agw:
            works(agw)
            agw.ulr(GOOD)
        gateway.wait_log("00101")
        time.sleep(0.3)
        assert GOOD not in gateway.process.text()
    finally:
        gateway.stop()


@pytest.mark.parametrize("process,policy", [
    ("", os.SCHED_BATCH),
    ('scheduling = "normal";', os.SCHED_OTHER),
])
def test_scheduling_of_every_thread(pki, hss, process, policy):
    gateway = Gateway(pki, [hss.peer()], process=process).start()
    try:
        threads = os.listdir(f"/proc/{gateway.process.pid}/task")
        assert {os.sched_getscheduler(int(thread)) for thread in threads} == {policy}
    finally:
        gateway.stop()


# ---- reload and stop ----

def test_a_reload_drops_no_call(gateway, agw):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        slow = [pool.submit(agw.air, "00101%06d9251" % n) for n in range(8)]
        time.sleep(0.3)
        for _ in range(5):
            gateway.reload()
            time.sleep(0.1)
            works(agw)
        assert all(one.result(PATIENCE).eutran_vectors for one in slow)


def test_a_reload_with_a_mistake_changes_nothing(gateway, agw):
    position = gateway.log_position()
    gateway.configure(s6a="no_such_setting = 1;")
    gateway.reload()
    gateway.wait_log("no_such_setting", since=position)
    works(agw)


def test_a_reload_says_what_needs_a_restart(gateway, agw):
    position = gateway.log_position()
    gateway.configure(agw="limits: { max_streams = 77; };")
    gateway.reload()
    gateway.wait_log("(?i)restart", since=position)
    works(agw)


def test_a_peer_added_by_reload_is_used(gateway, agw):
    other = core.ErlangHss(identity="hss9.example.org", ip=paths.HSS2_IP)
    try:
        gateway.configure(peers=gateway.peers + [other.peer()])
        gateway.reload()
        eventually(lambda: other.find("up"), 15, "the new peer is connected")
        # a subscriber no HSS is remembered for
        eventually(lambda: (agw.air("001010000004711"), other.find("request"))[1], 10, "and used")
    finally:
        other.stop()


def test_a_peer_removed_by_reload_gets_no_more_traffic(gateway, agw, hss):
    other = core.ErlangHss(identity="hss9.example.org", ip=paths.HSS2_IP)
    try:
        gateway.configure(peers=gateway.peers + [other.peer()])
        gateway.reload()
        eventually(lambda: other.find("up"), 15, "the new peer is connected")
        gateway.configure(peers=gateway.peers[:1])
        gateway.reload()
        eventually(lambda: other.find("down"), 15, "the peer is let go")
        position = other.position()
        for _ in range(20):
            works(agw)
        assert not other.find("request", position)
    finally:
        other.stop()


def test_sigterm_lets_calls_finish(pki, hss):
    gateway = Gateway(pki, [hss.peer()]).start()
    agw = Agw(pki)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        since = hss.position()
        slow = [pool.submit(agw.air, "00101%06d9251" % n) for n in range(8)]
        eventually(lambda: len(hss.find("request", since)) == 8, what="all are at the HSS")
        gateway.process.send_signal(signal.SIGTERM)
        eventually(lambda: refused(pki), what="new calls are refused")
        assert all(one.result(PATIENCE).eutran_vectors for one in slow)
    gateway.stop()
    agw.close()
    eventually(lambda: hss.find("down", since), what="the peer is told (DPR)")


def refused(pki):
    with Agw(pki) as late:
        try:
            return not late.air(GOOD, timeout=2)
        except grpc.RpcError:
            return True


def test_a_second_instance_is_refused_with_a_reason(pki, hss, gateway):
    other = Gateway(pki, [hss.peer()])
    from kit.proc import Process
    process = Process("second", other.arguments())
    assert process.wait(20) != 0
    assert re.search(r"(?i)in use|already|address", process.text()), process.text()


# ---- gateways that lose their admission ----

def admitted(agw):
    try:
        return bool(agw.air(GOOD).eutran_vectors)
    except grpc.RpcError:
        return False


@pytest.mark.parametrize("change", ["removed", "locked out"])
def test_a_gateway_that_is_refused_by_a_reload_loses_its_connection(pki, gateway, agw, change):
    left = ["agw2", "agw3", "revoked", "expired"]
    with Agw(pki, "agw2") as stays:
        works(agw)
        works(stays, "001010000000002")
        tunnel, other = agw.open_tunnel(), stays.open_tunnel()
        eventually(lambda: sum(one["connected"] for one in gateway.ctl_json("gateways")["gateways"])
                   == 2, 5, "two tunnels")
        gateway.configure(gateways=left if change == "removed" else
                          ['{ id = "agw1"; enabled = false; }'] + left)
        gateway.reload()
        eventually(lambda: tunnel.error, 5, "the tunnel ends")
        assert tunnel.error.code() in (grpc.StatusCode.PERMISSION_DENIED,
                                       grpc.StatusCode.UNAVAILABLE)
        eventually(lambda: gateway.counter("fgw_rpc_connection_ends_total",
                                           reason="no_longer_admitted") == 1, 5, "one was closed")
        # the connection that was closed may still take a call, which gets no answer of anybody
        code = eventually(lambda: next((one for one in [code_of(agw.air, GOOD)[0]]
                                        if one != grpc.StatusCode.UNAVAILABLE), None), 5, "refused")
        assert code == grpc.StatusCode.PERMISSION_DENIED
        works(stays, "001010000000002")
        assert other.error is None
        gateway.configure(gateways=["agw1"] + left)
        gateway.reload()
        eventually(lambda: admitted(agw), 5, "and is good again")


# ---- greetings and health over gRPC ----

def test_hello_echoes_and_carries_times(agw):
    request = stubs.hello.HelloRequest(greeting="good day")
    request.agw_to_feg_relay_timestamp.seconds = 12345
    reply = agw.call("/magma.feg.Hello/SayHello", request, stubs.hello.HelloReply)
    assert reply.greeting == "good day"
    assert reply.timestamps.agw_to_feg_relay_timestamp.seconds == 12345
    assert abs(reply.timestamps.feg_timestamp.seconds - time.time()) < 60


@pytest.mark.parametrize("asked,got", [(5, 5), (14, 14), (16, 16), (17, 2), (4000000000, 2)])
def test_hello_answers_with_the_status_asked_for(agw, asked, got):
    request = stubs.hello.HelloRequest(greeting="a reason", grpc_err_code=asked)
    with pytest.raises(grpc.RpcError) as failed:
        agw.call("/magma.feg.Hello/SayHello", request, stubs.hello.HelloReply)
    assert failed.value.code().value[0] == got and failed.value.details() == "a reason"


def test_hello_refuses_what_is_no_greeting(agw):
    for body in (b"\x0a\xff", b"\x0a\x81\x20" + b"x" * 4097):
        call = agw.channel.unary_unary("/magma.feg.Hello/SayHello")
        with pytest.raises(grpc.RpcError) as failed:
            call(body, timeout=30)
        assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_grpc_health(agw):
    check = agw.channel.unary_unary("/grpc.health.v1.Health/Check")
    assert check(b"", timeout=30) == b"\x08\x01"  # SERVING
