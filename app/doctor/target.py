"""What the doctor examines, and what a check of it can find."""

import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum

from cryptography import x509

from app.config.values import IPAddress
from app.doctor import probe

SEE_LOG = "see the container's log for what dot says"
BOGUS_NAME = "dnssec-failed.org"
"""A public name whose signatures are wrong on purpose."""


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    CANNOT_TELL = "cannot tell"
    WARNING = "warning"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found; `remedy` is the next step, empty when nothing is to be done. A setting in it stands between
    backticks. `because` names the check whose fault is the reason why this one was not tried, if one is."""

    verdict: Verdict
    detail: str
    remedy: str = ""
    because: str = ""


def passes(detail: str) -> CheckResult:
    return CheckResult(Verdict.PASS, detail)


def fails(detail: str, remedy: str) -> CheckResult:
    return CheckResult(Verdict.FAIL, detail, remedy)


def warns(detail: str, remedy: str) -> CheckResult:
    """It works as it is set, and should not be set so."""
    return CheckResult(Verdict.WARNING, detail, remedy)


def cannot_tell(detail: str, remedy: str) -> CheckResult:
    return CheckResult(Verdict.CANNOT_TELL, detail, remedy)


def not_tried(detail: str, because: str = "") -> CheckResult:
    """Not a fault: it says nothing, for want of something to try it with, or for the fault that `because` has found."""
    return CheckResult(Verdict.NOT_TRIED, detail, because=because)


@dataclass(frozen=True, slots=True)
class LookUp:
    """What became of a name that nobody had asked before: `is_reached` says whether somebody outside answered for it,
    None if that cannot be told; `says` in words what was answered, and `remedy` what helps if nobody did."""

    is_reached: bool | None
    says: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSide:
    """A public name, and the pin and root of its certificate, None while it has none; `faults` say why."""

    name: str
    spki_pin: str | None = None
    root_pem: str | None = None
    faults: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The front door to examine.

    `root_pem` and `root_sha256` are its authority's, None when it has a certificate of the user's own;
    `private_root_pem` is then that which devices were given, None where a public authority signed it. `spki_pin` is
    the one that devices were shown. `idle_timeout_s` is the longest that an idle connection lives. `bogus_name` has
    wrong signatures; `slow_name` takes long to answer, None for a name that nobody can have in a cache. `exposed` says
    what lets strangers ask, `blind` what makes them look like somebody of the house. `resolver_faults` say what is
    known to keep names from resolving. `public` is None without a public name.

    The rest is what this machine knows by itself. `front_door_fault` says why the program does not tell how it is,
    empty if it does. `look_up` has it look up a name; None: ask as devices do. `clock_fault` says why the clock cannot
    be right. `lists` are sentences about block lists that are missing, `late_lists` about old ones,
    `awaited_lists` about those that are being downloaded for the first time. `holders` have the
    port, as far as this machine knows.
    """

    address: IPAddress
    port: int
    hostname: str
    root_pem: str | None
    spki_pin: str
    idle_timeout_s: int
    root_sha256: str | None = None
    private_root_pem: str | None = None
    bogus_name: str = BOGUS_NAME
    slow_name: str | None = None
    exposed: Sequence[str] = ()
    blind: Sequence[str] = ()
    resolver_faults: Sequence[str] = ()
    front_door_fault: str = ""
    look_up: Callable[[str], LookUp] | None = None
    clock_fault: str = ""
    lists: Sequence[str] = ()
    late_lists: Sequence[str] = ()
    awaited_lists: Sequence[str] = ()
    holders: Sequence[str] = ()
    public: PublicSide | None = None
    timeout_s: float = 5.0

    def connect(
        self, context: ssl.SSLContext, session: ssl.SSLSession | None = None, *, sni: bool = True, name: str = ""
    ) -> AbstractContextManager[probe.ProbeConnection]:
        """One connection under one deadline, to the hostname or `name`; `sni` False names no server. Raises OSError."""
        asked = (name or self.hostname) if sni else None
        return probe.connect(str(self.address), self.port, context, asked, self.timeout_s, session=session)

    def certificates(self) -> list[x509.Certificate]:
        """What the server presents, in its order. Raises OSError."""
        with self.connect(probe.unverified("dot")) as connection:
            return [x509.load_der_x509_certificate(each) for each in connection.chain()]

    @property
    def another_program(self) -> str:
        """The next step when what answers cannot be this version of Homedot."""
        return f"find out which program has port {self.port}: ss -ltnp 'sport = :{self.port}'"
