"""Programs that verify a server's certificate, each asked in the same way: content, or what it says instead.

All connect to 127.0.0.1, and check the chain against one root and against a name or an address that is given.
"""

import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from .conftest import strict_context

CONTENT = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A server on 127.0.0.1, the root (PEM) to trust, and the name or address that its certificate must carry."""

    port: int
    root: Path
    name: str

    @property
    def address(self) -> x509.IPAddress | None:
        """The name as an address, if it is one."""
        try:
            return x509.IPAddress(ip_address(self.name))
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Verifier:
    """`ask` returns CONTENT or the reason; `mismatch` and `outside` are its words for a name that is not in the
    certificate, and for a certificate outside of its issuer's name constraints.
    """

    ask: Callable[[Target], str]
    mismatch: str
    outside: str


def openssl(target: Target) -> str:
    """OpenSSL with -x509_strict."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{target.port}", "-CAfile", str(target.root), "-brief"]
    command += ["-x509_strict", "-verify_return_error"]
    command += ["-verify_ip"] if target.address else ["-servername", target.name, "-verify_hostname"]
    return _run([*command, target.name], "Verification: OK")


def gnutls(target: Target) -> str:
    """GnuTLS as its own client uses it."""
    command = ["gnutls-cli", "127.0.0.1", "-p", str(target.port), f"--x509cafile={target.root}", "--alpn=dot"]
    return _run([*command, f"--verify-hostname={target.name}"], "The certificate is trusted")


def kdig(target: Target) -> str:
    """GnuTLS as kdig uses it."""
    command = ["kdig", "@127.0.0.1", "-p", str(target.port), "+retry=0", "+timeout=9", f"+tls-ca={target.root}", "-d"]
    return _run([*command, f"+tls-hostname={target.name}", "signed.test", "A"], "status: NOERROR")


def python(target: Target) -> str:
    """Python's own client as it is from 3.13 on, whichever version runs this."""
    try:
        with (
            socket.create_connection(("127.0.0.1", target.port), timeout=30) as plain,
            strict_context(target.root).wrap_socket(plain, server_hostname=target.name),
        ):
            return CONTENT
    except ssl.SSLCertVerificationError as error:
        return error.verify_message


def node(target: Target) -> str:
    """Node's tls.connect, which sends no server name that is an address (RFC 6066 3)."""
    script = """
        const [port, root, name, servername] = process.argv.slice(1);
        const tls = require("node:tls"), ca = require("node:fs").readFileSync(root);
        const checkServerIdentity = (_, certificate) => tls.checkServerIdentity(name, certificate);
        const socket = tls.connect({host: "127.0.0.1", port: Number(port), ca, servername, checkServerIdentity});
        socket.once("secureConnect", () => { console.log("verified"); socket.destroy(); });
        socket.once("error", (error) => { console.log(error.code, error.message); process.exitCode = 1; });
    """
    server_name = "" if target.address else target.name
    return _run(["node", "-e", script, str(target.port), str(target.root), target.name, server_name], "verified")


def nss(target: Target) -> str:
    """NSS, the library of Firefox, with the root in a database of its own.

    Newer versions look for another way to the root once a name is outside of the constraints, and say there is none.
    """
    with tempfile.TemporaryDirectory() as folder:
        for command in (["-N", "--empty-password"], ["-A", "-n", "root", "-t", "C,,", "-a", "-i", str(target.root)]):
            subprocess.run(["certutil", *command, "-d", f"sql:{folder}"], check=True, capture_output=True, timeout=60)
        command = ["tstclnt", "-h", "127.0.0.1", "-p", str(target.port), "-a", target.name, "-d", f"sql:{folder}", "-Q"]
        return _run(command, "issuer  DN")


def pyca(target: Target) -> str:
    """The verifier of the cryptography library, which knows the rules of the web's authorities."""
    shown = ["openssl", "s_client", "-connect", f"127.0.0.1:{target.port}", "-showcerts"]
    done = subprocess.run(shown, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=60)
    leaf, *others = x509.load_pem_x509_certificates(done.stdout)
    policy = PolicyBuilder().store(Store(x509.load_pem_x509_certificates(target.root.read_bytes())))
    try:
        policy.build_server_verifier(target.address or x509.DNSName(target.name)).verify(leaf, others)
    except VerificationError as error:
        return str(error)
    return CONTENT


VERIFIERS = {
    "openssl": Verifier(openssl, "(hostname|IP address) mismatch", "permitted subtree violation"),
    "gnutls": Verifier(gnutls, "name in the certificate does not match", "violates the signer's constraints"),
    "kdig": Verifier(kdig, "name in the certificate does not match", "violates the signer's constraints"),
    "python": Verifier(python, "certificate is not valid for", "permitted subtree violation"),
    "node": Verifier(node, "ERR_TLS_CERT_ALTNAME_INVALID", "permitted subtree violation"),
    "nss": Verifier(nss, "SSL_ERROR_BAD_CERT_DOMAIN", "SEC_ERROR_(CERT_NOT_IN_NAME_SPACE|UNKNOWN_ISSUER)"),
    "pyca": Verifier(pyca, "leaf certificate has no matching subjectAltName", "no permitted name constraints matched"),
}


def _run(command: list[str], sign: str) -> str:
    """CONTENT if the program ends with 0 and shows the sign that it verified; else all that it printed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    shown = done.stdout + done.stderr
    return CONTENT if done.returncode == 0 and sign in shown else f"{shown}\nended with {done.returncode}"
