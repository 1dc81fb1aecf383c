"""What is wrong with this box? Every check of the running front door, as a strict client sees it, and the report.

Each check opens its own connections under its own deadline, and a check that crashes is a finding like any other.
"""

import json
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from app.doctor import access, certificate_checks, dns_checks, probe, public_check, tls_checks
from app.doctor.target import SEE_LOG, Box, CheckResult, Verdict, fails
from app.text import printable

Check = Callable[[Box], CheckResult]

CHECKS: dict[str, Check] = {
    "strict query": certificate_checks.strict_query,
    "certificate chain": certificate_checks.chain,
    "certificate names": certificate_checks.names,
    "certificate dates": certificate_checks.dates,
    "certificate use": certificate_checks.use,
    "certificate key": certificate_checks.key,
    "public name": public_check.public_name,
    "ALPN dot": tls_checks.alpn_dot,
    "ALPN none": tls_checks.alpn_none,
    "ALPN h2": tls_checks.alpn_h2,
    "TLS 1.1": tls_checks.tls_1_1,
    "no SNI": tls_checks.no_sni,
    "resumption": tls_checks.resumption,
    "padding": dns_checks.padding,
    "keepalive": dns_checks.keepalive,
    "answer order": dns_checks.order,
    "DNSSEC": dns_checks.validated,
    "bogus name": dns_checks.bogus,
    "who may ask": access.who_may_ask,
}
"""In the order of the report."""

AT_ONCE = 8
"""Checks side by side: few enough for a Raspberry Pi, which does all the handshakes on both sides."""

SCHEMA = 1
"""Of the JSON document: goes up when a member goes away or changes its meaning, not when one is added."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check, named as in CHECKS."""

    name: str
    outcome: CheckResult


@dataclass(frozen=True, slots=True)
class Report:
    """What was found about `box`, in the order of CHECKS, at `checked_at` (UTC)."""

    box: Box
    checked_at: datetime
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> bool:
        """Whether anything is known to be wrong: the exit status."""
        return any(finding.outcome.verdict is Verdict.FAIL for finding in self.findings)

    def to_text(self) -> str:
        """Who was examined; a line for each finding, its remedy below it; how many of each verdict."""
        box = self.box
        lines = [f"{box.hostname} at {box.address}, port {box.port}", f"{'SPKI pin':<14}{box.spki_pin}"]
        if box.root_sha256:
            lines.append(f"{'Root SHA-256':<14}{box.root_sha256}")
        lines.append("")
        width = max(map(len, CHECKS))
        for finding in self.findings:
            outcome = finding.outcome
            shown = "FAIL" if outcome.verdict is Verdict.FAIL else outcome.verdict
            # Whoever answers on that port, and whoever made its certificate, may have chosen the words.
            lines.append(f"{shown:<11}  {finding.name:<{width}}  {printable(outcome.detail)}")
            if outcome.remedy:
                lines.append(f"{'':<11}  {'':<{width}}  -> {printable(outcome.remedy)}")
        verdicts = [finding.outcome.verdict for finding in self.findings]
        lines += ["", ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict)]
        return "\n".join(lines)

    def to_json(self) -> str:
        """The same for scripts, one object:

        schema       1, see SCHEMA
        checked_at   RFC 3339, UTC
        hostname, address, port      who was examined
        spki_pin     base64 SHA-256 of the public key (RFC 7858 4.2)
        root_sha256  fingerprint of the root, "AB:CD:..."; null with a certificate of the user's own
        verdict      "fail" if any check failed, else "pass"
        checks       a list of objects, strings all: name, verdict ("pass", "fail", "cannot tell" or "warning"),
                     detail, and remedy, empty when nothing is to be done
        """
        box = self.box
        checks = [
            {
                "name": finding.name,
                "verdict": finding.outcome.verdict,
                "detail": finding.outcome.detail,
                "remedy": finding.outcome.remedy,
            }
            for finding in self.findings
        ]
        document = {
            "schema": SCHEMA,
            "checked_at": self.checked_at.isoformat(timespec="seconds"),
            "hostname": box.hostname,
            "address": str(box.address),
            "port": box.port,
            "spki_pin": box.spki_pin,
            "root_sha256": box.root_sha256,
            "verdict": Verdict.FAIL if self.failed else Verdict.PASS,
            "checks": checks,
        }
        return json.dumps(document, indent=2)


def examine(box: Box, at_once: int = AT_ONCE) -> Report:
    """Run every check, `at_once` of them side by side, each with one connection at a time.

    Done within a second where all is well; where nothing answers, each costs up to `box.timeout_s`.
    """

    def run(name: str) -> Finding:
        try:
            return Finding(name, CHECKS[name](box))
        except OSError as error:
            return Finding(name, _unreachable(box, error))
        except Exception as error:  # noqa: BLE001 - the fault is the finding, and the other checks must still run
            return Finding(name, fails(f"the check broke off: {type(error).__name__}: {error}", SEE_LOG))

    checked_at = datetime.now(UTC)
    with ThreadPoolExecutor(at_once) as pool:
        return Report(box, checked_at, tuple(pool.map(run, CHECKS)))


def _unreachable(box: Box, error: OSError) -> CheckResult:
    where = f"{box.address} port {box.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        remedy = certificate_checks.REFUSALS.get(error.verify_code, certificate_checks.CHAIN)
        return fails(f"the certificate is refused: {probe.describe(error)}", remedy)
    if isinstance(error, ssl.SSLError):
        return fails(f"{where}: TLS fails: {probe.describe(error)}", box.another_program)
    if isinstance(error, TimeoutError):
        return fails(f"{where}: no answer within {box.timeout_s:g} s", SEE_LOG)
    remedy = f"check that the container runs and publishes port {box.port}; {SEE_LOG}"
    return fails(f"{where}: {probe.describe(error)}", remedy)
