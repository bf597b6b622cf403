# SPDX-License-Identifier: BSD-3-Clause
"""fgwd under test: writes its two configuration files, starts it, reads its metrics and its log."""
import json
import os
import signal
import tempfile

from kit import metrics, paths
from kit.proc import Process, eventually, port_open, run

DIAMETER_CONF = """
Identity = "{identity}";
Realm = "{realm}";
Port = 0;
SecPort = 0;
NoRelay;
AppServThreads = 1;
TwTimer = 6;
{extensions}
{peers}
"""

PEER = """ConnectPeer = "{identity}" {{ ConnectTo = "{ip}"; Port = {port}; No_TLS; No_SCTP;
    TwTimer = {watchdog}; TcTimer = 1; }};
"""

GATEWAY_CONF = """
agw: {{
  listen = ( {{ address = "{ip}"; port = {port}; }} );
  tls: {{ certificate = "{pki}/server.pem"; key = "{pki}/server.key"; client_ca = "{pki}/ca.pem";
         crl = "{pki}/revoked.crl"; }};
  {agw}
}};
gateways = ( {gateways} );
storage: {{ directory = "{storage}"; {storage_more} }};
admin: {{ socket = "{socket}"; address = "127.0.0.1"; port = {admin}; }};
log: {{ level = "{level}"; {log} }};
process: {{ loops = 2; shutdown = "10s"; {process} }};
diameter: {{ {diameter} }};
s6a: {{ {s6a} }};
{more}
"""


class Peer:
    """A Diameter peer to connect to. watchdog: Tw in seconds; with less than RFC 3539 allows, a
    peer on a busy machine may be taken for hung."""

    def __init__(self, identity, ip, port=3868, watchdog=6, node=None):
        self.identity, self.ip, self.port, self.watchdog = identity, ip, port, watchdog
        self.node = node  # if it can tell whom it takes for connected

    def conf(self):
        return PEER.format(**vars(self))


class Gateway:
    """settings: text for the sections agw, s6a, diameter; gateways: ids or libconfig groups."""

    def __init__(self, pki, peers, name="fgw", ip=paths.FGW_IP, port=8443, admin=9464,
                 realm="example.org", agw="", s6a="", diameter="", more="", storage_more="",
                 process="", gateways=("agw1", "agw2", "agw3", "revoked", "expired"),
                 level="info", log="", destination_realm="example.org"):
        self.pki, self.peers, self.name = pki, list(peers), name
        self.ip, self.port, self.admin, self.realm = ip, port, admin, realm
        self.identity = "%s.%s" % (name, realm)
        self.settings = dict(agw=agw, s6a=s6a, diameter=diameter, more=more, level=level, log=log,
                             storage_more=storage_more, process=process)
        self.gateways = list(gateways)
        self.destination_realm = destination_realm
        self.folder, self.short = paths.work(name, "x")[:-2], None
        self.process = None
        self.configure()

    @property
    def target(self):
        return "%s:%d" % (self.ip, self.port)

    # ---- configuration ----

    def configure(self, **changes):
        """Writes both files; changes are kept for later calls."""
        for key, value in changes.items():
            if key in self.settings:
                self.settings[key] = value
            else:
                assert hasattr(self, key), key
                setattr(self, key, value)
        os.makedirs(os.path.join(self.folder, "directory"), exist_ok=True)
        groups = ", ".join(g if g.lstrip().startswith("{") else '{ id = "%s"; }' % g
                           for g in self.gateways)
        extensions = ['LoadExtension = "%s" : "%s";' % (
            paths.extension("dict.fdx"), os.path.join(paths.ROOT, "dictionaries")),
            'LoadExtension = "%s";' % paths.extension("s6a.fdx")]
        with open(os.path.join(self.folder, "fgw.conf"), "w") as conf:
            conf.write(DIAMETER_CONF.format(
                identity=self.identity, realm=self.realm, extensions="\n".join(extensions),
                peers="".join(peer.conf() for peer in self.peers)))
        s6a = 'realm = "%s"; %s' % (self.destination_realm, self.settings["s6a"])
        with open(os.path.join(self.folder, "gateway.conf"), "w") as conf:
            conf.write(GATEWAY_CONF.format(
                ip=self.ip, port=self.port, pki=self.pki.folder, gateways=groups,
                storage=os.path.join(self.folder, "directory"), socket=self.socket,
                admin=self.admin, **dict(self.settings, s6a=s6a)))

    @property
    def socket(self):
        path = os.path.join(self.folder, "admin.sock")
        if len(path) < 100:  # sun_path holds 108 bytes
            return path
        if not self.short:
            self.short = tempfile.mkdtemp(prefix="fgw")
        return os.path.join(self.short, "admin.sock")

    def arguments(self):
        return [paths.program("fgwd"), "-c", os.path.join(self.folder, "fgw.conf"),
                "-g", os.path.join(self.folder, "gateway.conf")]

    def check(self):
        """fgwd -t: (exit code, output)"""
        done = run(self.arguments() + ["-t"], check=False)
        return done.returncode, done.stdout

    # ---- life ----

    def start(self, wait_peers=True, timeout=20):
        environment = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99",
                       "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
        self.process = Process(self.name, self.arguments(), env=environment)
        eventually(lambda: self.healthy() or self._died(), timeout, "fgwd answers /healthz")
        port_open(self.ip, self.port)
        if wait_peers and self.peers:
            self.wait_open()
        return self

    def _died(self):
        if not self.process.alive():
            raise AssertionError("fgwd ended with %s:\n%s" % (
                self.process.popen.returncode, self.process.text()[-4000:]))
        return False

    def get(self, path):
        return metrics.get("http://127.0.0.1:%d%s" % (self.admin, path))

    def healthy(self):
        try:
            return self.get("/healthz")[0] == 200
        except OSError:
            return False

    def ready(self):
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def wait_ready(self, timeout=20):
        eventually(lambda: self.ready() or self._died(), timeout, "fgwd answers /readyz")
        return self

    def closed(self):
        """Names of the peers that are not open."""
        return [p["identity"] for p in self.ctl_json("peers")["peers"] if p["state"] != "OPEN"]

    def tunnel_open(self, name):
        return any(g["id"] == name and g["connected"]
                   for g in self.ctl_json("gateways")["gateways"])

    def wait_tunnel(self, name, is_open=True):
        """Until it sees the tunnel of this access gateway, or its end: until then what the core
        sends may go into the old one."""
        eventually(lambda: self.tunnel_open(name) == is_open,
                   what="tunnel of %s is %s" % (name, "open" if is_open else "closed"))

    def wait_open(self):
        """Until every peer is open, on its side as well; ready is said with the first."""
        self.wait_ready()
        eventually(lambda: not self.closed() or self._died(), 60, "all peers are open")
        for peer in self.peers:
            if peer.node:
                peer.node.wait_known(self.identity)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self, timeout=60):
        """Orderly end; sanitizer reports and crashes are failures."""
        if not self.process:
            return
        process, self.process = self.process, None
        code = process.stop(timeout)
        text = process.text()
        assert "ERROR: AddressSanitizer" not in text and "ERROR: LeakSanitizer" not in text, \
            text[text.find("ERROR: "):][:6000]
        assert "runtime error:" not in text, text[text.find("runtime error:") - 200:][:3000]
        assert code == 0, "fgwd ended with %s:\n%s" % (code, text[-4000:])

    def settled(self):
        """Until its directory is on disk: that takes a moment, and longer on a busy disk."""
        eventually(lambda: self.counter("fgw_directory_pending_changes") == 0,
                   what="no change of the directory is pending")

    def kill(self):
        """kill -9, as a power cut would."""
        self.process.kill()
        self.process = None

    # ---- what it says about itself ----

    def metrics(self):
        status, text = self.get("/metrics")
        assert status == 200, text
        return metrics.Metrics(text)

    def counter(self, name, **labels):
        return self.metrics().sum(name, **labels)

    def requests(self, **labels):
        """fgw_requests_total of s6a with these labels."""
        return self.counter("fgw_requests_total", interface="s6a", **labels)

    def wait_counter(self, minimum, name, timeout=5, **labels):
        return eventually(lambda: self.counter(name, **labels) >= minimum, timeout,
                          "%s%s reaches %g" % (name, labels, minimum))

    def wait_log(self, pattern, timeout=5, since=0):
        return self.process.wait_line(pattern, timeout, since)

    def log_position(self):
        return self.process.position()

    def ctl(self, *arguments, check=True):
        """fgwctl: its output."""
        return run([paths.program("fgwctl"), "-s", self.socket, *arguments], check=check).stdout

    def ctl_json(self, *arguments):
        return json.loads(self.ctl("-j", *arguments))
