# SPDX-License-Identifier: BSD-3-Clause
"""A PCRF and two OCS that are silent, late or wrong to the byte as a test asks (peer.py), with a
gateway and an access gateway before them."""
import itertools

import peer as scripted
from kit import paths
from kit.gateway import Peer
from kit.pcc import INITIAL, Session, session_agw
from kit.session import SessionGateway
from peer import avp, avp3

GX, GY = 16777238, 4
CCR, RAR, ASR = 272, 258, 274
TX = 1  # seconds that the gateway waits for an answer where none comes; elsewhere it is patient
TX_OF_TWO = 4  # the same where one OCS is silent and the other one is to answer in time
HANDLING = {"terminate": 0, "continue": 1, "retry-and-terminate": 2}
NUMBERS = itertools.count(1)


def settings(handling="terminate", failover=False, alternate=True, tx=20, gx=20, agw=20):
    return """gx_gy: {
  agw_timeout = "%ds";
  gx: { timeout = "%ds"; };
  gy: { timeout = "%ds"; host = "ocs1.example.org"; %s
        failure_handling = "%s"; session_failover = %s; };
};""" % (agw, gx, tx, 'alternate = "ocs2.example.org";' if alternate else "", handling,
         "true" if failover else "false")


class Server(scripted.Peer):
    """PCRF or OCS. plan: (CC-Request-Type, how) in force, how one of

        a number                the Result-Code; 3xxx with the E bit
        "silent", "close"
        "twice"                 the answer comes two times
        a function              of the request and the good answer: what is sent, or None
    """

    def __init__(self, name, ip, app):
        super().__init__(host=ip, port=3868, identity=name + ".example.org",
                         apps=((10415 if app == GX else 0, app),), case=Server.serve)
        self.application = app
        self.plan, self.extra = {}, {}
        self.granted, self.open, self.most_open = {}, 0, 0

    def reset(self):
        self.plan, self.extra = {}, {}

    def ccr(self, kind=None, session=None):
        return [m for m in self.received("272R") if kind in (None, m.number(416)) and
                (session is None or m.get(263).decode().endswith(session.name))]

    def good(self, request, result=2001):
        kind = request.number(416)
        body = b""
        if self.application == GX and kind == INITIAL:
            body = avp3(1001, avp3(1003, avp3(1005, "video") + avp(432, 7)))
        for data in [d for c, _, _, d in request.avps if c == 456]:
            group = [d for c, _, _, d in scripted.split(data) if c == 432][0]
            body += avp(456, avp(431, avp(421, (1000).to_bytes(8, "big"))) + avp(432, group) +
                        avp(268, 2001))
        return scripted.answer(request, avp(263, request.get(263)) + avp(268, result) +
                               scripted.origin(self) + avp(258, self.application) +
                               avp(416, kind) + avp(415, request.number(415)) + body +
                               self.extra.get(kind, b""))

    @staticmethod
    def serve(self, conn, request):
        how = self.plan.get(request.number(416), 2001)
        if callable(how):
            return how(request, self.good(request))
        if how == "silent":
            return None
        if how == "close":
            conn.close()
            return None
        if how == "twice":
            return self.good(request) * 2
        if 3000 <= how < 4000:
            return scripted.answer(request, avp(263, request.get(263)) + scripted.origin(self) +
                                   avp(268, how), flags=scripted.PROXIABLE | scripted.ERROR)
        return self.good(request, how)


class World:
    def __init__(self, pki):
        self.pcrf = Server("pcrf", paths.HSS_IP, GX).start()
        self.ocs1 = Server("ocs1", paths.HSS2_IP, GY).start()
        self.ocs2 = Server("ocs2", paths.RELAY_IP, GY).start()
        self.servers = (self.pcrf, self.ocs1, self.ocs2)
        self.gateway = SessionGateway(
            pki, [Peer(s.identity, s.host) for s in self.servers], more=settings(),
            diameter='inbound_deadline = "60s";').start()
        self.agw = session_agw(pki)
        self.tunnel = self.agw.open_tunnel()
        self.set_to, self.asked_for = settings(), ((), {})

    def stop(self):
        self.agw.close()
        try:
            self.gateway.stop()
        finally:
            for server in self.servers:
                server.stop()

    def configure(self, *arguments, **more):
        """Arguments as of settings()."""
        self.asked_for = arguments, more
        text = settings(*arguments, **more)
        if text != self.set_to:
            self.gateway.configure(more=text)
            self.gateway.ctl("reload")
            self.set_to = text

    def impatient(self, tx=TX, gx=20):
        """From now on an OCS or an access gateway is silent; with gx, the PCRF."""
        arguments, more = self.asked_for
        self.configure(*arguments, **dict(more, tx=tx, gx=gx, agw=tx))

    def patient(self):
        """From now on all answer."""
        arguments, more = self.asked_for
        self.configure(*arguments, **dict(more, tx=20, gx=20, agw=20))

    def wait_open(self):
        self.gateway.wait_open()

    def session(self, **more):
        n = next(NUMBERS)
        return Session(self.agw, "00101%010d" % n, n, **more)

    def opened(self, handling=None, failover=None):
        """A session whose OCS said how failures are to be handled."""
        extra = b"" if handling is None else avp(427, HANDLING[handling])
        self.ocs1.extra[INITIAL] = extra + (b"" if failover is None else avp(418, int(failover)))
        session = self.session()
        session.create()
        return session

    def head(self, server, session_id):
        """How a request of the core begins."""
        return (avp(263, session_id) + scripted.origin(server) + avp(283, "example.org") +
                avp(293, self.gateway.identity) + avp(258, server.application))

    def send(self, server, command, session_id, more=b""):
        return server.send(command, self.head(server, session_id) + more, app=server.application)

    def session_id(self, session, app):
        return session.diameter_id(self.gateway, "gx" if app == GX else "gy")

    def post(self, server, command, session_id, more=b""):
        """send() without waiting: what server.wait() needs."""
        return server.post(command, self.head(server, session_id) + more, app=server.application)

    def watched(self):
        """For a fixture of each test: whatever was, the next session is served."""
        self.wait_open()
        yield self
        for server in self.servers:
            server.reset()
        self.tunnel.handlers.clear()
        self.configure()
        self.wait_open()
        session = self.session()
        session.create()
        assert session.update(1).success
        session.terminate()
