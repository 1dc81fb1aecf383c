"""How the doctor's tests ask it about a server of their own."""

from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from app.doctor.certificate_checks import spki_pin
from app.doctor.examination import examine
from app.doctor.report import CHECKS, Report
from app.doctor.target import Box, CheckResult, Verdict
from tests.fakes.dot_server import IDLE_TIMEOUT_S, DotServer
from tests.fakes.pki import Authority

NAME = "dns.home.arpa"


def box(port: int, authority: Authority | None, **more: Any) -> Box:
    """The box on this port, as devices were shown it; `authority` None when its certificate is the user's own."""
    root = authority.root.certificate if authority else None
    return Box(
        address=ip_address("127.0.0.1"),
        port=port,
        root_pem=authority.root.pem.decode() if authority else None,
        root_sha256=root.fingerprint(SHA256()).hex(":").upper() if root else None,
        **{"hostname": NAME, "spki_pin": "", "idle_timeout_s": IDLE_TIMEOUT_S, **more},
    )


def examined(server: DotServer, authority: Authority | None, **more: Any) -> Report:
    """The report on `server`, whose pin devices were shown."""
    pin = spki_pin(x509.load_pem_x509_certificate(server.chain.read_bytes()))
    return examine(box(server.port, authority, **{"spki_pin": pin, **more}))


def faults(server: DotServer, authority: Authority | None, **more: Any) -> dict[str, CheckResult]:
    """What is wrong, and what cannot be told; what was not tried because of that is left out."""
    found = {finding.name: finding.outcome for finding in examined(server, authority, **more).findings}
    assert list(found) == list(CHECKS)
    fine = {Verdict.PASS, Verdict.NOT_TRIED}
    assert all(bool(outcome.remedy) is (outcome.verdict not in fine) for outcome in found.values())
    return {name: outcome for name, outcome in found.items() if outcome.verdict not in fine}
