# SPDX-License-Identifier: BSD-3-Clause
"""fgw-agw against a federation gateway made of Python grpcio: calls, tunnel, scripts, load."""
import concurrent.futures
import json
import os
import queue
import re
import struct
import threading
import time

import grpc
import pytest

from kit import paths, stubs
from kit.proc import Process, eventually, run

IMSI = "001010000000001"


class Core(grpc.GenericRpcHandler):
    """Answers like a gateway whose HSS knows every IMSI that begins with 00101."""

    def __init__(self):
        self.down = queue.Queue()   # SyncRPCRequest to push down the newest stream
        self.up = queue.Queue()     # SyncRPCResponse that came
        self.requests = []
        self.lock = threading.Lock()

    def service(self, details):
        simple = {
            "/magma.feg.S6aProxy/AuthenticationInformation":
                (self.air, stubs.s6a.AuthenticationInformationRequest),
            "/magma.feg.S6aProxy/UpdateLocation": (self.ulr, stubs.s6a.UpdateLocationRequest),
            "/magma.feg.S6aProxy/PurgeUE": (self.pur, stubs.s6a.PurgeUERequest),
        }
        if details.method in simple:
            function, kind = simple[details.method]
            return grpc.unary_unary_rpc_method_handler(
                function, kind.FromString, lambda m: m.SerializeToString())
        if details.method.startswith("/magma.orc8r.SyncRPCService/"):
            return grpc.stream_stream_rpc_method_handler(
                self.tunnel, stubs.sync_rpc.SyncRPCResponse.FromString,
                lambda m: m.SerializeToString())
        return None

    def seen(self, request):
        with self.lock:
            self.requests.append(request)

    def air(self, request, context):
        self.seen(request)
        if not request.user_name.startswith("00101"):
            return stubs.s6a.AuthenticationInformationAnswer(error_code=5001)
        if request.user_name.endswith("9999"):
            context.abort(grpc.StatusCode.UNAVAILABLE, "no peer")
        vector = stubs.s6a.AuthenticationInformationAnswer.EUTRANVector(
            rand=bytes(16), xres=bytes(8), autn=bytes(16), kasme=bytes(range(32)))
        return stubs.s6a.AuthenticationInformationAnswer(
            eutran_vectors=[vector] * request.num_requested_eutran_vectors)

    def ulr(self, request, context):
        self.seen(request)
        apn = stubs.s6a.UpdateLocationAnswer.APNConfiguration(context_id=1,
                                                              service_selection="internet")
        return stubs.s6a.UpdateLocationAnswer(default_context_id=1, apn=[apn])

    def pur(self, request, context):
        self.seen(request)
        return stubs.s6a.PurgeUEAnswer()

    def tunnel(self, requests, context):
        older, mine = self.down, queue.Queue()
        self.down = mine  # an older stream must not take what is pushed now ...
        while not older.empty():
            mine.put(older.get())  # ... nor what was pushed before this one had begun
        threading.Thread(target=self._collect, args=(requests,), daemon=True).start()
        while context.is_active():
            try:
                message = mine.get(timeout=0.1)
            except queue.Empty:
                continue
            if not context.is_active():
                self.down.put(message)
                return
            yield message

    def _collect(self, requests):
        try:
            for message in requests:
                self.up.put(message)
        except Exception:
            pass  # the client has gone

    def push(self, number, method, message):
        data = message.SerializeToString()
        self.down.put(stubs.sync_rpc.SyncRPCRequest(
            reqId=number, reqBody=stubs.sync_rpc.GatewayRequest(
                gwId="agw1", authority="s6a_async_service", path=method,
                payload=struct.pack(">BI", 0, len(data)) + data)))

    def answer(self, timeout=60):
        """The next answer of the gateway: (GatewayResponse, message bytes)."""
        deadline = time.monotonic() + timeout
        while True:
            up = self.up.get(timeout=max(0.01, deadline - time.monotonic()))
            if not up.heartBeat:
                return up.respBody, up.respBody.payload[5:]


@pytest.fixture(scope="module")
def core(pki, cleanup):
    handler = Core()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), [handler])
    trust = grpc.ssl_server_credentials(
        [(pki.bytes("server.key"), pki.bytes("server.pem"))], pki.bytes("ca.pem"), True)
    handler.port = server.add_secure_port("127.0.0.1:0", trust)
    assert handler.port
    server.start()
    yield handler
    server.stop(None)


def arguments(core, pki, *words):
    return [paths.program("fgw-agw"), "--connect", "127.0.0.1:%d" % core.port,
            "--tls-dir", pki.folder, "--gateway", "agw1", *words]


def tool(core, pki, *words, check=True):
    return run(arguments(core, pki, *words), check=check)


# ---- calls ----

def test_air(core, pki):
    done = tool(core, pki, "air", IMSI, "--vectors", "2")
    assert "AuthenticationInformation: OK" in done.stdout
    assert done.stdout.count("kasme: " + bytes(range(32)).hex()) == 2
    request = core.requests[-1]
    assert (request.user_name, request.visited_plmn) == (IMSI, b"\0\xf1\x10")


def test_resync_and_plmn(core, pki):
    tool(core, pki, "air", IMSI, "--plmn", "310410", "--resync", "ab" * 30)
    request = core.requests[-1]
    assert request.visited_plmn.hex() == "130014" and request.resync_info == b"\xab" * 30


def test_ulr_with_any_field(core, pki):
    done = tool(core, pki, "ulr", IMSI, "feature_list_id_2.nr_as_secondary_rat=true",
                "terminal_information.imei=35349006987331", "initial_attach=false")
    assert "service_selection: internet" in done.stdout
    request = core.requests[-1]
    assert request.feature_list_id_2.nr_as_secondary_rat and not request.initial_attach
    assert request.terminal_information.imei == "35349006987331"


def test_generic_call_and_json(core, pki):
    done = tool(core, pki, "--json", "call", "S6aProxy/PurgeUE", "user_name=" + IMSI)
    event = json.loads(done.stdout)
    assert (event["event"], event["method"], event["status"]) == ("answer", "PurgeUE", "OK")
    assert event["elapsed_us"] > 0


@pytest.mark.parametrize("words,code,text", [
    (["air", "262010000000001"], 1, "USER_UNKNOWN"),
    (["air", "001010000009999"], 1, "UNAVAILABLE, no peer"),
    (["call", "Hello/SayHello"], 1, "UNIMPLEMENTED"),
    (["air"], 2, "needs an IMSI"),
    (["air", IMSI, "no_such=1"], 2, "no_such"),
    (["air", IMSI, "--plmn", "1"], 2, "PLMN"),
    (["dance"], 2, "usage"),
    (["--no-such-option"], 2, "no-such-option"),
])
def test_failures_have_an_exit_code_and_a_reason(core, pki, words, code, text):
    done = tool(core, pki, *words, check=False)
    assert done.returncode == code and text in done.stdout


def test_methods_lists_what_can_be_called(core, pki):
    out = tool(core, pki, "methods").stdout
    assert "/magma.feg.S6aProxy/UpdateLocation" in out and "visited_plmn" in out


def test_nobody_listens(pki):
    done = run([paths.program("fgw-agw"), "--connect", "127.0.0.1:1", "--cleartext",
                "--timeout", "1500", "air", IMSI], check=False)
    assert done.returncode == 1 and re.search("UNAVAILABLE|DEADLINE", done.stdout)


def test_a_server_of_another_authority_is_not_trusted(core, pki):
    done = tool(core, pki, "--ca", pki.path("other-ca.pem"), "--timeout", "2000", "air", IMSI,
                check=False)
    assert done.returncode == 1 and "OK" not in done.stdout


def test_a_server_with_another_name_is_not_trusted(core, pki):
    done = tool(core, pki, "--server-name", "elsewhere.test", "--timeout", "2000", "air", IMSI,
                check=False)
    assert done.returncode == 1 and "OK" not in done.stdout


# ---- tunnel ----

CANCEL = "/magma.feg.S6aGatewayService/CancelLocation"


def cancel(number=1):
    return stubs.s6a.CancelLocationRequest(user_name=IMSI, cancellation_type=2), number


def test_listen_prints_and_answers(core, pki):
    listener = Process("listen", arguments(core, pki, "listen", "--count", "1"))
    listener.wait_line("tunnel open")
    core.push(7, CANCEL, cancel()[0])
    body, payload = core.answer()
    assert body.status == "200" and body.headers["grpc-status"] == "0"
    assert stubs.s6a.CancelLocationAnswer.FromString(payload).error_code == 2001
    assert listener.wait() == 0
    assert "SUBSCRIPTION_WITHDRAWAL" in listener.text() and IMSI in listener.text()


@pytest.mark.parametrize("reply,status,code", [
    ("CancelLocation,error_code=5001", "0", 5001),
    ("CancelLocation,status=UNAVAILABLE,message=asleep", "14", None),
    (",delay=300", "0", 2001)])
def test_replies_can_be_chosen(core, pki, reply, status, code):
    listener = Process("listen", arguments(core, pki, "listen", "--count", "1", "--reply", reply))
    listener.wait_line("tunnel open")
    core.push(8, CANCEL, cancel()[0])
    body, payload = core.answer()
    assert body.headers["grpc-status"] == status
    if code:
        assert stubs.s6a.CancelLocationAnswer.FromString(payload).error_code == code
    else:
        assert body.headers["grpc-message"] == "asleep"
    listener.stop()


def test_a_method_it_does_not_have_is_unimplemented(core, pki):
    listener = Process("listen", arguments(core, pki, "listen"))
    listener.wait_line("tunnel open")
    core.push(9, "/no.such.Service/Method", cancel()[0])
    assert core.answer()[0].headers["grpc-status"] == "12"
    assert listener.stop() == 0


# ---- scripts ----

SCRIPT = """
# a subscriber's life
air {imsi} vectors=1
expect status OK
expect eutran_vectors.# 1
expect eutran_vectors[0].kasme.# 32
expect eutran_vectors[0].rand *
expect utran_vectors -
expect error_code 0
ulr {imsi}
expect apn[0].service_selection internet
listen
reply CancelLocation error_code=2001
run touch {work}/go
await CancelLocation 30
expect user_name {imsi}
expect cancellation_type 2
expect cancellation_type SUBSCRIPTION_WITHDRAWAL
none CancelLocation 0.2
call S6aProxy/PurgeUE user_name={imsi}
expect status OK
"""


def test_a_script_from_beginning_to_end(core, pki):
    path, go = paths.work("life.agw"), paths.work("go")
    with open(path, "w") as file:
        file.write(SCRIPT.format(imsi=IMSI, work=paths.WORK))
    process = Process("script", arguments(core, pki, "script", path))
    eventually(lambda: os.path.exists(go), what="the script listens")
    core.push(10, CANCEL, cancel()[0])
    assert process.wait(20) == 0, process.text()


@pytest.mark.parametrize("line,said", [
    ("expect status OK", "no message"), ("air x y", "field=value"),
    ("air %s\nexpect status UNAVAILABLE" % IMSI, "expected 'UNAVAILABLE'"),
    ("air %s\nexpect no_such 1" % IMSI, "no field"), ("await X", "after listen"),
    ("run false", "exit code 1"), ("jump", "unknown command"),
    ("listen\nawait CancelLocation 0.2", "no CancelLocation came")])
def test_a_script_stops_at_the_line_that_fails(core, pki, line, said):
    path = paths.work("wrong.agw")
    with open(path, "w") as file:
        file.write(line + "\n")
    done = tool(core, pki, "script", path, check=False)
    assert done.returncode == 1
    assert said in done.stdout and "wrong.agw:%d:" % (line.count("\n") + 1) in done.stdout


# ---- load ----

def test_load_counts_what_came_back(core, pki):
    done = tool(core, pki, "--json", "load", "--count", "500", "--in-flight", "16",
                "--connections", "2", "--subscribers", "50", "--procedure", "attach")
    report = json.loads(done.stdout)
    assert report["ok"] == report["answered"] == report["sent"] and report["sent"] >= 500
    assert report["status"] == {"OK": report["sent"]} and report["p99_ms"] >= report["p50_ms"] > 0
    asked = {r.user_name for r in core.requests[-400:]}
    assert len(asked) == 50 and IMSI in asked


def test_load_keeps_to_its_rate(core, pki):
    report = json.loads(tool(core, pki, "--json", "load", "--rate", "200", "--duration", "5",
                             "--in-flight", "1000").stdout)
    assert 300 <= report["sent"] <= 1050 and report["ok"] == report["sent"]


def test_load_tells_failures_apart(core, pki):
    done = tool(core, pki, "--json", "load", "--count", "40", "--first-imsi", "262010000000001",
                check=False)
    report = json.loads(done.stdout)
    assert done.returncode == 1 and report["ok"] == 0 and report["error_codes"] == {"5001": 40}
