"""What is wrong with this box? Every check there is, and the report of what they found, for people and for scripts."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from app.doctor import access, causes, certificate_checks, dns_checks, public_check, tls_checks
from app.doctor.causes import ADDRESS, CLOCK, FRONT_DOOR, INTERNET
from app.doctor.target import Box, CheckResult, Verdict
from app.text import printable


class Check(NamedTuple):
    """`needs` are checks before this one without whose success it says nothing. Where `explained_by` has found a fault,
    a fault of this one is no other. `is_conformance`: it is for who knows the standards."""

    run: Callable[[Box], CheckResult]
    needs: Sequence[str] = ()
    explained_by: str = ""
    is_conformance: bool = True


_CERTIFICATE = ("certificate chain", "certificate names", "certificate dates", "certificate use")

CHECKS: Mapping[str, Check] = {
    FRONT_DOOR: Check(causes.front_door, is_conformance=False),
    ADDRESS: Check(causes.address, is_conformance=False),
    CLOCK: Check(causes.clock, is_conformance=False),
    INTERNET: Check(causes.internet, (ADDRESS, CLOCK), is_conformance=False),
    "block lists": Check(causes.block_lists, explained_by=INTERNET, is_conformance=False),
    "who may ask": Check(access.who_may_ask, is_conformance=False),
    "certificate chain": Check(certificate_checks.chain, (ADDRESS,)),
    "certificate names": Check(certificate_checks.names, (ADDRESS,)),
    "certificate dates": Check(certificate_checks.dates, (ADDRESS, CLOCK)),
    "certificate use": Check(certificate_checks.use, (ADDRESS,)),
    "certificate key": Check(certificate_checks.key, (ADDRESS,)),
    "public name": Check(public_check.public_name, (ADDRESS, CLOCK), is_conformance=False),
    "strict query": Check(certificate_checks.strict_query, (ADDRESS, CLOCK, *_CERTIFICATE)),
    "ALPN dot": Check(tls_checks.alpn_dot, (ADDRESS,)),
    "ALPN none": Check(tls_checks.alpn_none, (ADDRESS,)),
    "ALPN h2": Check(tls_checks.alpn_h2, (ADDRESS,)),
    "TLS 1.1": Check(tls_checks.tls_1_1, (ADDRESS,)),
    "no SNI": Check(tls_checks.no_sni, (ADDRESS,)),
    "resumption": Check(tls_checks.resumption, (ADDRESS,)),
    "padding": Check(dns_checks.padding, (ADDRESS,)),
    "keepalive": Check(dns_checks.keepalive, (ADDRESS,)),
    "DNSSEC": Check(dns_checks.validated, (INTERNET,)),
    "bogus name": Check(dns_checks.bogus, ("DNSSEC",)),
    "answer order": Check(dns_checks.order, (INTERNET,)),
}
"""In the order of the report: what others need comes before them."""

SCHEMA = 2
"""Of the JSON document: goes up when a member goes away or changes its meaning, not when one is added."""

_HEADINGS = {
    0: "Nothing is wrong.",
    1: "There is something to do.",
    2: "Whether all is well cannot be told.",
}


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
    def exit_code(self) -> int:
        """0: well; 1: there is something to do; 2: that cannot be told."""
        verdicts = {finding.outcome.verdict for finding in self.findings}
        if verdicts & {Verdict.FAIL, Verdict.WARNING}:
            return 1
        return 2 if Verdict.CANNOT_TELL in verdicts else 0

    @property
    def causes(self) -> tuple[Finding, ...]:
        """What somebody must look at: faults first, then what should not be so, then what cannot be told."""
        order = (Verdict.FAIL, Verdict.WARNING, Verdict.CANNOT_TELL)
        return tuple(each for verdict in order for each in self.findings if each.outcome.verdict is verdict)

    def hanging_on(self, name: str) -> tuple[str, ...]:
        """The checks that were not tried because of the fault that the check of this name has found."""
        return tuple(each.name for each in self.findings if each.outcome.because == name)

    def to_text(self, *, all_checks: bool = False) -> str:
        """What to do, one cause after the other; then the other checks, folded unless `all_checks`."""
        lines = [f"{self.box.hostname} at {self.box.address}, port {self.box.port}", "", _HEADINGS[self.exit_code]]
        for number, finding in enumerate(self.causes, 1):
            lines += ["", *self._told(number, finding)]
        rows = [finding for finding in self.findings if all_checks or not finding.outcome.remedy]
        return "\n".join([*lines, "", *(self._rows(rows) if all_checks else self._folded(rows))])

    def _told(self, number: int, finding: Finding) -> list[str]:
        # Whoever answers on that port, and whoever made its certificate, may have chosen the words.
        said, remedy = printable(finding.outcome.detail), printable(finding.outcome.remedy)
        doubt = "It cannot be told: " if finding.outcome.verdict is Verdict.CANNOT_TELL else ""
        lines = [f"{number}. {doubt}{said}", f"   What to do: {remedy}"]
        hanging = len(self.hanging_on(finding.name))
        need, were = ("needs", "was") if hanging == 1 else ("need", "were")
        return [*lines, f"   {_checks(hanging)} that {need} this {were} not tried."] if hanging else lines

    def _folded(self, rows: Sequence[Finding]) -> list[str]:
        passed = sum(finding.outcome.verdict is Verdict.PASS for finding in rows)
        return [f"{_checks(passed)} passed; homedot doctor --all shows every one."]

    def _rows(self, rows: Sequence[Finding]) -> list[str]:
        box, width = self.box, max(map(len, CHECKS))
        lines = [f"{'SPKI pin':<14}{box.spki_pin}"]
        if box.root_sha256:
            lines.append(f"{'Root SHA-256':<14}{box.root_sha256}")
        lines.append("")
        for finding in rows:
            verdict = finding.outcome.verdict
            shown = "FAIL" if verdict is Verdict.FAIL else verdict
            lines.append(f"{shown:<11}  {finding.name:<{width}}  {printable(finding.outcome.detail)}")
        verdicts = [finding.outcome.verdict for finding in self.findings]
        return [*lines, "", ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict)]

    def to_json(self) -> str:
        """The same for scripts, one object:

        schema       2, see SCHEMA
        checked_at   RFC 3339, UTC
        hostname, address, port      who was examined
        spki_pin     base64 SHA-256 of the public key (RFC 7858 4.2)
        root_sha256  fingerprint of the root, "AB:CD:..."; null with a certificate of the user's own
        verdict      "pass", "fail" (there is something to do) or "cannot tell"
        exit_code    of the command: 0, 1 or 2
        says         the verdict in a sentence
        causes       a list of objects, what matters most first: check, verdict, detail, remedy, and not_tried, a list
                     of the checks that need this
        checks       a list of objects, strings all: name, verdict ("pass", "fail", "cannot tell", "warning" or "not
                     tried"), detail, remedy, empty when nothing is to be done, and because, the check whose fault is
                     the reason why this one was not tried, mostly empty
        """
        box = self.box
        document = {
            "schema": SCHEMA,
            "checked_at": self.checked_at.isoformat(timespec="seconds"),
            "hostname": box.hostname,
            "address": str(box.address),
            "port": box.port,
            "spki_pin": box.spki_pin,
            "root_sha256": box.root_sha256,
            "verdict": (Verdict.PASS, Verdict.FAIL, Verdict.CANNOT_TELL)[self.exit_code],
            "exit_code": self.exit_code,
            "says": _HEADINGS[self.exit_code],
            "causes": [
                {
                    "check": finding.name,
                    "verdict": finding.outcome.verdict,
                    "detail": finding.outcome.detail,
                    "remedy": finding.outcome.remedy,
                    "not_tried": self.hanging_on(finding.name),
                }
                for finding in self.causes
            ],
            "checks": [
                {
                    "name": finding.name,
                    "verdict": finding.outcome.verdict,
                    "detail": finding.outcome.detail,
                    "remedy": finding.outcome.remedy,
                    "because": finding.outcome.because,
                }
                for finding in self.findings
            ],
        }
        return json.dumps(document, indent=2)


def _checks(number: int) -> str:
    return f"{number} check{'' if number == 1 else 's'}"
