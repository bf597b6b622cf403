# SPDX-License-Identifier: BSD-3-Clause
"""Who may connect: certificates, names, revocation, TLS versions, trusted proxies."""
import re
import socket
import ssl

import grpc
import pytest

from kit import core, paths, stubs
from kit.agw import PLMN, Agw, code_of
from kit.expect import GOOD, fails, works
from kit.gateway import Gateway
from kit.proc import eventually

REFUSED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED)


@pytest.fixture(scope="module")
def hss(cleanup):
    thing = core.ErlangHss()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def gateway(pki, hss, cleanup):
    thing = Gateway(pki, [hss.peer()]).start()
    cleanup.append(thing)
    return thing


@pytest.fixture(scope="module")
def agw(pki, gateway, cleanup):
    thing = Agw(pki)
    cleanup.append(thing)
    return thing


def moved(gateway, before):
    """Some counter of refused connections or calls goes up."""
    old = {(n, tuple(sorted(l.items()))): v for n, l, v in before.samples}
    return eventually(
        lambda: [n for n, l, v in gateway.metrics().samples if
                 re.search("tls|refused|denied|rejected|handshake", n) and
                 v > old.get((n, tuple(sorted(l.items()))), 0)], 5, "a counter tells of it")


@pytest.mark.parametrize("name", ["expired", "foreign", "revoked"])
def test_a_certificate_that_does_not_hold(pki, gateway, agw, name):
    before, position = gateway.metrics(), gateway.log_position()
    with Agw(pki, name) as wrong:
        code, details = code_of(wrong.air, GOOD)
        assert code in REFUSED, details
    moved(gateway, before)
    gateway.wait_log(r"(?i)tls|certificate|handshake", since=position)
    works(agw)


def test_no_certificate(pki, gateway, agw):
    before, position = gateway.metrics(), gateway.log_position()
    with Agw(pki, credentials=False) as nobody:
        code, details = code_of(nobody.air, GOOD)
        assert code in REFUSED, details
    moved(gateway, before)
    gateway.wait_log(r"(?i)tls|certificate|handshake", since=position)
    works(agw)


def test_a_good_certificate_of_a_gateway_that_is_not_listed(pki, gateway, agw):
    position = gateway.log_position()
    before = gateway.metrics()
    with Agw(pki, "stranger") as stranger:
        details = fails("PERMISSION_DENIED", stranger.air, GOOD)
        assert "stranger" in details or details
    moved(gateway, before)
    gateway.wait_log("stranger", since=position)
    works(agw)


def test_plain_text_on_a_tls_port(gateway, agw):
    with grpc.insecure_channel(gateway.target) as channel:
        call = channel.unary_unary("/magma.feg.S6aProxy/PurgeUE")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", timeout=3)
        assert caught.value.code() in REFUSED + (grpc.StatusCode.DEADLINE_EXCEEDED,)
    works(agw)


def context(pki, name="agw1", version=None, alpn=("h2",)):
    made = ssl.create_default_context(cafile=pki.path("ca.pem"))
    made.load_cert_chain(pki.path(name + ".pem"), pki.path(name + ".key"))
    if alpn:
        made.set_alpn_protocols(list(alpn))
    if version:
        made.minimum_version = made.maximum_version = version
    return made


def connect(gateway, made):
    plain = socket.create_connection((gateway.ip, gateway.port), 30)
    return made.wrap_socket(plain, server_hostname="fgw.test")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_versions_that_are_offered(pki, gateway, version):
    with connect(gateway, context(pki, version=version)) as tls:
        assert tls.selected_alpn_protocol() == "h2"


def test_tls_1_1_is_refused(pki, gateway, agw):
    made = context(pki)
    made.set_ciphers("ALL:@SECLEVEL=0")
    made.minimum_version = made.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        connect(gateway, made)
    works(agw)


@pytest.mark.parametrize("alpn", [(), ("http/1.1",)])
def test_without_http2_in_alpn_nothing_is_served(pki, gateway, agw, alpn):
    try:
        with connect(gateway, context(pki, alpn=alpn)) as tls:
            tls.settimeout(30)
            tls.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            data = tls.recv(4096)
            assert b"200" not in data
    except (ssl.SSLError, ConnectionError):
        pass
    works(agw)


def test_a_new_certificate_is_used_after_a_reload(pki, gateway, agw):
    def fingerprint():
        with connect(gateway, context(pki)) as tls:
            return tls.getpeercert(binary_form=True)

    before = fingerprint()
    saved = pki.bytes("server.pem"), pki.bytes("server.key")
    pki.issue("server", cn="fgw.test",
              san="DNS:fgw.test,DNS:*.fgw.test,IP:%s" % paths.FGW_IP)
    try:
        gateway.reload()
        eventually(lambda: fingerprint() != before, 5, "the new certificate is shown")
        works(agw)  # its connection is still the old one
        with Agw(pki) as other:
            works(other)
    finally:
        for name, data in zip(("server.pem", "server.key"), saved):
            with open(pki.path(name), "wb") as file:
                file.write(data)
        gateway.reload()


def test_a_broken_certificate_at_reload_leaves_the_old_one(pki, gateway, agw):
    saved = pki.bytes("server.pem")
    position = gateway.log_position()
    with open(pki.path("server.pem"), "w") as file:
        file.write("nonsense")
    try:
        gateway.reload()
        gateway.wait_log(r"(?i)certificate|server\.pem", since=position)
        with Agw(pki) as other:
            works(other)
    finally:
        with open(pki.path("server.pem"), "wb") as file:
            file.write(saved)
        gateway.reload()


def test_a_gateway_revoked_while_running(pki, gateway, agw):
    pki.issue("late")
    gateway.configure(gateways=gateway.gateways + ["late"])
    gateway.reload()

    def admitted():
        with Agw(pki, "late") as late:
            try:
                return late.air(GOOD, timeout=3).eutran_vectors
            except grpc.RpcError:
                return False

    eventually(admitted, 5, "late is admitted")
    pki._openssl("ca", "-config", "ca.cnf", "-batch", "-revoke", "late.pem")
    pki.crl()
    gateway.reload()
    eventually(lambda: not admitted(), 8, "late is refused")
    works(agw)


# ---- behind a proxy that terminates TLS ----

TRUSTED, UNTRUSTED = "10.45.0.5", "10.45.0.6"


@pytest.fixture(scope="module")
def proxied(pki, hss, cleanup):
    """Listens in clear text on both addresses. What this host sends to one of its own addresses has
    that address as its source, so that calls to each come from it."""
    thing = Gateway(pki, [hss.peer()], name="fgw2", ip=TRUSTED, admin=9465, agw="""
        allow_cleartext_anywhere = true; trusted_proxies = [ "10.45.0.5/32" ];""")
    conf = thing.folder + "/gateway.conf"
    with open(conf) as file:
        text = file.read()
    for ip in (TRUSTED, UNTRUSTED):
        text = text.replace("listen = (", 'listen = ( { address = "%s"; port = 8080; '
                            "cleartext = true; front_proxy = true; }," % ip)
    with open(conf, "w") as file:
        file.write(text)
    thing.start()
    cleanup.append(thing)
    return thing


def through_proxy(ip, name):
    """A call as the proxy at this address passes it on."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(ip + ":8080", options=options) as channel:
        call = channel.unary_unary(
            "/magma.feg.S6aProxy/AuthenticationInformation",
            request_serializer=lambda m: m.SerializeToString(),
            response_deserializer=stubs.s6a.AuthenticationInformationAnswer.FromString)
        request = stubs.s6a.AuthenticationInformationRequest(
            user_name=GOOD, visited_plmn=PLMN, num_requested_eutran_vectors=1)
        metadata = [("x-magma-client-cert-cn", name)] if name else []
        return call(request, timeout=30, metadata=metadata)


def test_a_trusted_proxy_names_the_gateway(proxied):
    assert through_proxy(TRUSTED, "agw1").eutran_vectors
    fails("PERMISSION_DENIED", through_proxy, TRUSTED, "stranger")
    fails("UNAUTHENTICATED", through_proxy, TRUSTED, None)


def test_a_proxy_that_is_not_trusted_names_nobody(proxied):
    fails("UNAUTHENTICATED", through_proxy, UNTRUSTED, "agw1")
    assert through_proxy(TRUSTED, "agw1").eutran_vectors


def test_the_name_is_not_believed_on_a_tls_listener(pki, gateway):
    with Agw(pki, "stranger") as stranger:
        request = stubs.s6a.PurgeUERequest(user_name=GOOD)
        fails("PERMISSION_DENIED", stranger.call, "/magma.feg.S6aProxy/PurgeUE", request,
              stubs.s6a.PurgeUEAnswer, metadata=[("x-magma-client-cert-cn", "agw1")])
