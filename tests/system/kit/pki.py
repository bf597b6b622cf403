# SPDX-License-Identifier: BSD-3-Clause
"""A throw-away public key infrastructure, made with the openssl program.

Names in the folder: NAME.pem, NAME.key; ca.pem (trusted), other-ca.pem (not), revoked.crl.
"""
import os

from kit.proc import run

SERVER_NAMES = ("DNS:fgw.test,DNS:*.fgw.test,DNS:localhost,IP:127.0.0.1,IP:10.45.0.1,IP:10.45.0.5")

CA_CONFIG = """
[ ca ]
default_ca = this
[ this ]
database = index.txt
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
unique_subject = no
[ any ]
commonName = supplied
"""


class Pki:
    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        with open(self.path("ca.cnf"), "w") as config:
            config.write(CA_CONFIG)
        open(self.path("index.txt"), "w").close()
        with open(self.path("serial"), "w") as serial:
            serial.write("1000\n")
        self._authority("ca")
        self._authority("other-ca")
        self.issue("server", cn="fgw.test", san=SERVER_NAMES)
        for name in ("agw1", "agw2", "agw3", "stranger"):
            self.issue(name)
        self.issue("expired", days=-1)
        self.issue("foreign", cn="agw1", authority="other-ca")
        self.issue("revoked")
        self._openssl("ca", "-config", "ca.cnf", "-batch", "-revoke", "revoked.pem")
        self.crl()

    def path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *arguments):
        run(["openssl", *arguments], cwd=self.folder)

    def _key(self, name):
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", name + ".key")

    def _authority(self, name):
        self._key(name)
        self._openssl("req", "-x509", "-new", "-key", name + ".key", "-subj", "/CN=test " + name,
                      "-days", "30", "-out", name + ".pem",
                      "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, cn=None, san=None, authority="ca", days=30):
        """A certificate for a server (san given) or a gateway."""
        self._key(name)
        cn = cn or name
        self._openssl("req", "-new", "-key", name + ".key", "-subj", "/CN=" + cn,
                      "-out", name + ".csr")
        usage = "serverAuth,clientAuth" if san else "clientAuth"
        with open(self.path(name + ".ext"), "w") as extensions:
            extensions.write("basicConstraints=CA:FALSE\nextendedKeyUsage=%s\n"
                             "subjectAltName=%s\n" % (usage, san or "DNS:" + cn))
        self._openssl("x509", "-req", "-in", name + ".csr", "-CA", authority + ".pem",
                      "-CAkey", authority + ".key", "-CAcreateserial", "-days", str(days),
                      "-extfile", name + ".ext", "-out", name + ".pem")

    def crl(self):
        self._openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "revoked.crl")

    def bytes(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()
