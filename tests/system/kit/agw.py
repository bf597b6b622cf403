# SPDX-License-Identifier: BSD-3-Clause
"""An access gateway on Python grpcio, which shares no code with the gateway under test.

Calls over mutual TLS, and the reverse tunnel as magmad does it: a SyncRPC stream whose requests are
complete gRPC bodies.
"""
import concurrent.futures
import queue
import struct
import threading
import time

import grpc

from kit import paths, stubs
from kit.proc import PATIENCE, eventually

PLMN = bytes.fromhex("00f110")  # 001/01 as TS 24.008 codes it
CLOUD = "controller.fgw.test"


class Refusal(Exception):
    """Raised by a handler: the gateway answers this gRPC status."""

    def __init__(self, code, details=""):
        super().__init__(details)
        self.code, self.details = code, details


class Agw:
    def __init__(self, pki, name="agw1", target=None, service="s6a_proxy", options=(),
                 credentials=True):
        self.name = name
        self.target = target or "%s:8443" % paths.FGW_IP
        options = [("grpc.default_authority", "%s-%s" % (service, CLOUD)),
                   ("grpc.ssl_target_name_override", "%s-%s" % (service, CLOUD)),
                   ("grpc.enable_retries", 0), ("grpc.max_reconnect_backoff_ms", 300),
                   ("grpc.initial_reconnect_backoff_ms", 100),
                   ("grpc.use_local_subchannel_pool", 1), *options]
        if credentials:
            trust = grpc.ssl_channel_credentials(
                pki.bytes("ca.pem"), pki.bytes(name + ".key"), pki.bytes(name + ".pem"))
        else:
            trust = grpc.ssl_channel_credentials(pki.bytes("ca.pem"))
        self.channel = grpc.secure_channel(self.target, trust, options)
        self.tunnel = None
        self.methods = {}

    def close(self):
        if self.tunnel:
            self.tunnel.close()
        self.channel.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- calls ----

    def multicallable(self, path, answer):
        if path not in self.methods:
            self.methods[path] = self.channel.unary_unary(
                path, request_serializer=lambda m: m.SerializeToString(),
                response_deserializer=answer.FromString)
        return self.methods[path]

    def call(self, path, request, answer, timeout=PATIENCE, metadata=None):
        return self.multicallable(path, answer)(request, timeout=timeout, metadata=metadata)

    def air(self, imsi, vectors=1, plmn=PLMN, timeout=PATIENCE, **fields):
        request = stubs.s6a.AuthenticationInformationRequest(
            user_name=imsi, visited_plmn=plmn, num_requested_eutran_vectors=vectors, **fields)
        return self.call("/magma.feg.S6aProxy/AuthenticationInformation", request,
                         stubs.s6a.AuthenticationInformationAnswer, timeout)

    def ulr(self, imsi, plmn=PLMN, timeout=PATIENCE, **fields):
        request = stubs.s6a.UpdateLocationRequest(
            user_name=imsi, visited_plmn=plmn, **{"initial_attach": True, **fields})
        return self.call("/magma.feg.S6aProxy/UpdateLocation", request,
                         stubs.s6a.UpdateLocationAnswer, timeout)

    def pur(self, imsi, timeout=PATIENCE, **fields):
        request = stubs.s6a.PurgeUERequest(user_name=imsi, **fields)
        return self.call("/magma.feg.S6aProxy/PurgeUE", request, stubs.s6a.PurgeUEAnswer, timeout)

    def nor(self, imsi, timeout=PATIENCE, **fields):
        request = stubs.s6a_gateway.NotifyRequest(user_name=imsi, **fields)
        return self.call("/fgw.s6a.S6aNotify/Notify", request, stubs.s6a_gateway.NotifyAnswer,
                         timeout)

    def future(self, kind, *args, **more):
        """Starts a call without waiting: the channel's future."""
        method = {"air": self.air, "ulr": self.ulr}[kind]
        plain = self.multicallable

        class Future:  # stands in for a multicallable so that air() and ulr() need no twin
            def __init__(self, callable_):
                self.callable = callable_

            def __call__(self, request, timeout=None, metadata=None):
                return self.callable.future(request, timeout=timeout, metadata=metadata)

        try:
            self.multicallable = lambda path, answer: Future(plain(path, answer))
            return method(*args, **more)
        finally:
            self.multicallable = plain

    def wait_ready(self):
        grpc.channel_ready_future(self.channel).result(PATIENCE)
        return self

    # ---- reverse tunnel ----

    def open_tunnel(self, legacy=False, **handlers):
        """handlers: those that requests find which wait for this tunnel."""
        self.tunnel = Tunnel(self.channel, legacy, handlers)
        return self.tunnel


class Tunnel:
    """handlers: method name -> function(request message) that returns the answer message, raises
    Refusal, or returns None to stay silent. seen: (method, message, authority) of every request."""

    IN = {
        "/magma.feg.S6aGatewayService/CancelLocation":
            (stubs.s6a.CancelLocationRequest, stubs.s6a.CancelLocationAnswer),
        "/magma.feg.S6aGatewayService/Reset": (stubs.s6a.ResetRequest, stubs.s6a.ResetAnswer),
        "/fgw.s6a.S6aSubscriberData/InsertSubscriberData":
            (stubs.s6a_gateway.InsertSubscriberDataRequest,
             stubs.s6a_gateway.InsertSubscriberDataAnswer),
        "/fgw.s6a.S6aSubscriberData/DeleteSubscriberData":
            (stubs.s6a_gateway.DeleteSubscriberDataRequest,
             stubs.s6a_gateway.DeleteSubscriberDataAnswer),
    }

    def __init__(self, channel, legacy=False, handlers=()):
        name = "SyncRPC" if legacy else "EstablishSyncRPCStream"
        self.outgoing = queue.Queue()
        self.handlers, self.seen, self.closed_ids = dict(handlers), [], []
        self.heartbeats = 0
        self.error = None
        self.lock = threading.Lock()
        self.pool = concurrent.futures.ThreadPoolExecutor(32)
        stream = channel.stream_stream(
            "/magma.orc8r.SyncRPCService/" + name,
            request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=stubs.sync_rpc.SyncRPCRequest.FromString)
        self.outgoing.put(stubs.sync_rpc.SyncRPCResponse(heartBeat=True))
        self.stream = stream(iter(self.outgoing.get, None))
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for request in self.stream:
                if request.heartBeat:
                    self.heartbeats += 1
                    self.outgoing.put(stubs.sync_rpc.SyncRPCResponse(heartBeat=True))
                elif request.connClosed:
                    self.closed_ids.append(request.reqId)
                else:
                    self.pool.submit(self._answer, request)
        except grpc.RpcError as error:
            self.error = error

    def _answer(self, request):
        body = request.reqBody
        headers, payload = {"grpc-status": "0"}, b""
        try:
            if body.path not in self.IN:
                raise Refusal(12, "no such method")
            into, out = self.IN[body.path]
            flag, length = struct.unpack(">BI", body.payload[:5])
            assert flag == 0 and length == len(body.payload) - 5, "gRPC framing"
            message = into.FromString(body.payload[5:])
            name = body.path.rsplit("/", 1)[1]
            with self.lock:
                self.seen.append((name, message, body.authority))
            handler = self.handlers.get(name, lambda _: out(error_code=stubs.s6a.SUCCESS))
            answer = handler(message)
            if answer is None:
                return
            data = answer if isinstance(answer, bytes) else answer.SerializeToString()
            payload = struct.pack(">BI", 0, len(data)) + data
        except Refusal as refusal:
            headers = {"grpc-status": str(refusal.code), "grpc-message": refusal.details}
        except Exception as problem:  # a broken handler must not look like a silent gateway
            headers = {"grpc-status": "13", "grpc-message": repr(problem)}
        self.send(request.reqId, status="200", headers=headers, payload=payload)

    def send(self, request_id, **body):
        """A raw answer."""
        self.outgoing.put(stubs.sync_rpc.SyncRPCResponse(
            reqId=request_id, respBody=stubs.sync_rpc.GatewayResponse(**body)))

    def requests(self, name):
        with self.lock:
            return [message for method, message, _ in self.seen if method == name]

    def wait(self, name, count=1, timeout=10):
        """Waits until so many requests of this method came; returns them."""
        return eventually(lambda: len(self.requests(name)) >= count and self.requests(name),
                          timeout, "%d x %s through the tunnel" % (count, name))

    def close(self):
        self.outgoing.put(None)
        self.stream.cancel()
        self.thread.join(5)
        self.pool.shutdown(wait=False)


def code_of(call, *args, **more):
    """Makes a call that must fail; returns (status code, details)."""
    try:
        call(*args, **more)
    except grpc.RpcError as error:
        return error.code(), error.details()
    raise AssertionError("the call succeeded")


def milliseconds(call, *args, **more):
    began = time.monotonic()
    try:
        call(*args, **more)
    except grpc.RpcError:
        pass
    return (time.monotonic() - began) * 1000
