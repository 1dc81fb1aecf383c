"""What is wrong with this box? Checks of the running front door, as a strict client sees it.

Each check opens its own connection under its own deadline, and a check that crashes is a finding like any other.
"""

import ssl
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import dns.edns
import dns.flags
import dns.message
import dns.rcode
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from app.ops import probe
from app.values import IPAddress

# RFC 8914 4: unsupported algorithms, indeterminate, bogus and its kinds: the resolver did get data and refused it.
DNSSEC_EDE = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 25, 27})

SEE_LOG = "see the container's log for what dot says"
CLOCK = "set the clock of this machine right, then restart the container"
RENEW = "restart the container: it makes a new certificate; a certificate of your own you must replace yourself"
# What OpenSSL says (x509_vfy.h) and what helps.
CERTIFICATE_REMEDIES = {
    9: CLOCK,  # not yet valid
    10: RENEW,  # expired
    62: "set HOMEDOT_HOSTNAME to the name in the certificate, or use a certificate for this name",  # name mismatch
}
CHAIN_REMEDY = "tls.certificate must hold the certificate first, then each issuer, without gaps"


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; `remedy` is the next step, empty when nothing is to be done."""

    name: str
    verdict: Verdict
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """The front door to examine. `root_pem` is its authority, None when it has a certificate of the user's own."""

    address: IPAddress
    port: int
    hostname: str
    root_pem: str | None
    timeout_s: float

    def connect(self, context: ssl.SSLContext) -> AbstractContextManager[probe.Connection]:
        return probe.connect(str(self.address), self.port, context, self.hostname, self.timeout_s)

    def certificates(self) -> list[x509.Certificate]:
        """What the server presents, in its order."""
        with self.connect(probe.unverified("dot")) as connection:
            return [x509.load_der_x509_certificate(each) for each in connection.chain()]


Outcome = tuple[Verdict, str, str]


def examine(
    address: IPAddress, port: int, hostname: str, root_pem: str | None, timeout_s: float = 5.0
) -> list[Finding]:
    """Every check's finding, in a fixed order; all run at once, each with a deadline of `timeout_s` seconds."""
    box = Box(address, port, hostname, root_pem, timeout_s)

    def run(check: tuple[str, Callable[[Box], Outcome]]) -> Finding:
        name, ask = check
        try:
            return Finding(name, *ask(box))
        except OSError as error:
            return Finding(name, Verdict.FAIL, *_unreachable(box, error))
        except Exception as error:  # noqa: BLE001 - the fault is the finding, and the other checks must still run
            return Finding(name, Verdict.FAIL, f"the check broke off: {type(error).__name__}: {error}", SEE_LOG)

    with ThreadPoolExecutor(len(CHECKS)) as pool:
        return list(pool.map(run, CHECKS))


def failed(findings: Iterable[Finding]) -> bool:
    """Whether anything is known to be wrong: the exit status."""
    return any(finding.verdict is Verdict.FAIL for finding in findings)


def report(findings: list[Finding]) -> str:
    """A line for each finding, its remedy below it, and a summary."""
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.verdict:<11}  {finding.name:<{width}}  {finding.detail}")
        if finding.remedy:
            lines.append(f"{'':<11}  {'':<{width}}  -> {finding.remedy}")
    verdicts = [finding.verdict for finding in findings]
    lines += ["", ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict)]
    return "\n".join(lines)


def _strict_query(box: Box) -> Outcome:
    """What the strictest client demands: Python 3.13's default context (RFC 5280 profile), and the name."""
    context = ssl.create_default_context(cadata=box.root_pem)
    context.hostname_checks_common_name = False  # RFC 9525 2: only the SAN names a server
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    with box.connect(context) as connection:
        answer = dns.message.from_wire(connection.ask(dns.message.make_query("localhost.", "A").to_wire()))
    if answer.rcode() != dns.rcode.NOERROR:
        return Verdict.FAIL, f"localhost was answered with {dns.rcode.to_text(answer.rcode())}", SEE_LOG
    trust = "its own authority" if box.root_pem else "the system's authorities"
    return Verdict.PASS, f"{box.address} port {box.port} answers as {box.hostname}, trusted through {trust}", ""


def _certificate_chain(box: Box) -> Outcome:
    """Each certificate is issued by the next (RFC 5246 7.4.2; not all clients sort), and the last by the root."""
    chain = box.certificates()
    issuers = chain[1:]
    if box.root_pem:
        issuers.append(x509.load_pem_x509_certificate(box.root_pem.encode()))  # issued itself, where it is sent too
    for certificate, issuer in zip(chain, issuers, strict=False):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            detail = f"{_subject(certificate)} is followed by {_subject(issuer)}, which did not issue it"
            return Verdict.FAIL, detail, CHAIN_REMEDY
    return Verdict.PASS, " < ".join(_subject(certificate) for certificate in chain), ""


def _certificate_names(box: Box) -> Outcome:
    """SAN holds the name, and from our own authority also the address, for clients that know no name (RFC 8310 8)."""
    try:
        names = box.certificates()[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return Verdict.FAIL, "the certificate has no subject alternative name", CERTIFICATE_REMEDIES[62]
    dns_names = [name.lower() for name in names.get_values_for_type(x509.DNSName)]
    addresses = names.get_values_for_type(x509.IPAddress)
    listed = ", ".join([*dns_names, *map(str, addresses)])
    if not {box.hostname, "*." + box.hostname.partition(".")[2]} & set(dns_names):
        return Verdict.FAIL, f"{box.hostname} is missing; the certificate is for {listed}", CERTIFICATE_REMEDIES[62]
    if box.root_pem and box.address not in addresses:
        remedy = "add it to HOMEDOT_ADDRESSES and restart the container"
        return Verdict.FAIL, f"{box.address} is missing; the certificate is for {listed}", remedy
    return Verdict.PASS, listed, ""


def _certificate_dates(box: Box) -> Outcome:
    certificate = box.certificates()[0]
    begin, end, now = certificate.not_valid_before_utc, certificate.not_valid_after_utc, datetime.now(UTC)
    if now < begin:
        return Verdict.FAIL, f"not valid before {begin:%Y-%m-%d}, and this machine says it is {now:%Y-%m-%d}", CLOCK
    if now > end:
        return Verdict.FAIL, f"expired on {end:%Y-%m-%d}, and this machine says it is {now:%Y-%m-%d}", RENEW
    return Verdict.PASS, f"valid until {end:%Y-%m-%d}, {(end - now).days} days", ""


def _alpn_dot(box: Box) -> Outcome:
    with box.connect(probe.unverified("dot")) as connection:
        if connection.alpn == "dot":
            return Verdict.PASS, "a client that offers dot gets dot", ""
    return Verdict.FAIL, "a client that offers dot does not get it", _another_program(box)


def _alpn_none(box: Box) -> Outcome:
    with box.connect(probe.unverified()):
        return Verdict.PASS, "a client that offers nothing, as most phones do, is let in", ""


def _alpn_h2(box: Box) -> Outcome:
    """RFC 7301 3.2: no common protocol is answered with the fatal alert no_application_protocol (120)."""
    try:
        with box.connect(probe.unverified("h2")):
            return Verdict.FAIL, "a client that speaks only HTTP is let in", _another_program(box)
    except ssl.SSLError as error:
        if "no application protocol" in probe.describe(error):
            return Verdict.PASS, "a client that speaks only HTTP is refused with alert 120", ""
        detail = f"a client that speaks only HTTP is refused without alert 120: {probe.describe(error)}"
        return Verdict.FAIL, detail, _another_program(box)


def _dnssec(box: Box) -> Outcome:
    """The root's own keys come back validated: AD (RFC 6840 5.7-5.8)."""
    query = dns.message.make_query(".", "DNSKEY", want_dnssec=True, flags=dns.flags.RD | dns.flags.AD)
    internet = "check this machine's internet connection, and that port 53 or 853 is open outwards"
    with box.connect(probe.unverified("dot")) as connection:
        try:
            answer = dns.message.from_wire(connection.ask(query.to_wire()))
        except TimeoutError:
            return Verdict.CANNOT_TELL, "the internet's root zone was not answered in time", internet
    rcode = dns.rcode.to_text(answer.rcode())
    if answer.rcode() == dns.rcode.NOERROR and answer.flags & dns.flags.AD:
        return Verdict.PASS, "the root zone's keys are answered, validated", ""
    errors = [option for option in answer.options if isinstance(option, dns.edns.EDEOption)]
    reason = "".join(f", {error.to_text()}" for error in errors)
    if answer.rcode() == dns.rcode.NOERROR or any(error.code in DNSSEC_EDE for error in errors):
        remedy = f"{CLOCK}; if it is right, the network alters DNS: set HOMEDOT_RESOLVER__MODE=forward"
        return Verdict.FAIL, f"the root zone's keys are not validated: {rcode}{reason}", remedy
    return Verdict.CANNOT_TELL, f"the internet's root zone is not answered: {rcode}{reason}", internet


CHECKS: tuple[tuple[str, Callable[[Box], Outcome]], ...] = (
    ("strict query", _strict_query),
    ("certificate chain", _certificate_chain),
    ("certificate names", _certificate_names),
    ("certificate dates", _certificate_dates),
    ("ALPN dot", _alpn_dot),
    ("ALPN none", _alpn_none),
    ("ALPN h2", _alpn_h2),
    ("DNSSEC", _dnssec),
)


def _unreachable(box: Box, error: OSError) -> tuple[str, str]:
    where = f"{box.address} port {box.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is refused: {probe.describe(error)}", CERTIFICATE_REMEDIES.get(
            error.verify_code, CHAIN_REMEDY
        )
    if isinstance(error, ssl.SSLError):
        return f"{where}: TLS fails: {probe.describe(error)}", _another_program(box)
    if isinstance(error, TimeoutError):
        return f"{where}: no answer within {box.timeout_s:g} s", SEE_LOG
    return (
        f"{where}: {probe.describe(error)}",
        f"check that the container runs and publishes port {box.port}; {SEE_LOG}",
    )


def _another_program(box: Box) -> str:
    return f"find out which program has port {box.port}: ss -ltnp 'sport = :{box.port}'"


def _subject(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "a certificate without subject"
