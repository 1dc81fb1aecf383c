"""Everything a device needs to join, as one value. Pure.

The bootstrap writes it to a public file; the setup page and `homedot setup-phone` read it. It holds no secret.
"""

import json
import ssl
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from ipaddress import IPv6Address
from itertools import chain
from typing import Any, cast

from app.config import values
from app.config.values import IPAddress
from app.errors import OperatorError

PROFILE_PATH = "/homedot.mobileconfig"
PROBE_PATH = "/probe"
CHECK_LABEL = "check"
_ADDRESSES = ("addresses", "certified", "relied")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicName:
    """The name that has a certificate which devices trust without being told. `not_after` and what is with it are None
    while it shows the box's own certificate; `root_pem` vouches for it; `faults` say, each with the next step, what
    keeps it from having one, or the next one."""

    name: str
    not_before: datetime | None = None
    not_after: datetime | None = None
    spki_pin: str | None = None
    root_pem: str | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One installation, as a device sees it.

    `addresses` are in order of preference: the first one makes the URLs. `web_port` is None when the setup page is off.
    `dot_port` and `web_port` are those that devices see, which an engine may publish for those in a container.
    `root_pem` and `root_sha256` ("AB:CD:...", of the DER form) are None when the certificate is the user's own.
    `private_root_pem` is then that of an authority of the user's own, if it is one and is known.
    `plain_port` is where plain DNS is answered too, None if nowhere.
    `spki_pin` is the base64 SHA-256 of the leaf's public key (RFC 7858 4.2); from `not_after` (aware, UTC) on, devices
    refuse the certificate, which began at `not_before`, None in notes of earlier versions. `resolver` is "recursive" or
    "forward", and `resolver_reason` says in one line why. Profiles from before the day `moved_on` are out of date; None
    if there are none. `certified` are those addresses that are in the certificate too. `relied` are those that
    profiles out there hang on (`probe_address`), and that are here or may be back soon; `relied_web_port` is the port
    that they ask there, also while the page is off.
    `out_of_reach` are sentences about addresses that devices may not reach, and `resolver_faults` say, each with the
    next step, what keeps names from resolving. `public` is None without a public name. Raises ValueError when there is
    no address or half a root.
    """

    hostname: str
    addresses: tuple[IPAddress, ...]
    dot_port: int
    plain_port: int | None
    web_port: int | None
    root_pem: str | None
    root_sha256: str | None
    spki_pin: str
    not_after: datetime
    resolver: str
    resolver_reason: str
    not_before: datetime | None = None
    moved_on: date | None = None
    out_of_reach: tuple[str, ...] = ()
    private_root_pem: str | None = None
    certified: tuple[IPAddress, ...] = ()
    relied: tuple[IPAddress, ...] = ()
    relied_web_port: int | None = None
    resolver_faults: tuple[str, ...] = ()
    public: PublicName | None = None

    def __post_init__(self) -> None:
        if not self.addresses:
            raise ValueError("addresses is empty")
        if (self.root_pem is None) != (self.root_sha256 is None):
            raise ValueError("root_pem and root_sha256 belong together")

    @property
    def url(self) -> str | None:
        """The setup page, by address because the name is not in any public DNS (RFC 3986 3.2.2); None when off."""
        if self.web_port is None:
            return None
        return f"http://{_host(self.addresses[0])}:{self.web_port}/"

    @property
    def profile_url(self) -> str | None:
        """Where an Apple device gets its profile; None when the setup page is off."""
        return None if self.url is None else self.url.removesuffix("/") + PROFILE_PATH

    @property
    def check_domain(self) -> str:
        """The parent of the self-test's one-time names."""
        return f"{CHECK_LABEL}.{self.hostname}"

    @property
    def probe_urls(self) -> tuple[str, ...]:
        """What answers 200 where this box is and answers, by the first address of each family; none when web is off."""
        if self.web_port is None:
            return ()
        first = {address.version: address for address in reversed(self.addresses)}
        return tuple(f"http://{_host(first[version])}:{self.web_port}{PROBE_PATH}" for version in sorted(first))

    @property
    def root_der(self) -> bytes | None:
        """The root certificate as DER, None with the user's own certificate. Raises ValueError if it is not PEM."""
        return None if self.root_pem is None else ssl.PEM_cert_to_DER_cert(self.root_pem)

    @property
    def root_name(self) -> str | None:
        """The root's common name, by which iOS lists it. Raises ValueError or ssl.SSLError if there is no such name."""
        if self.root_pem is None:
            return None
        # The decoder the interpreter already has: a certificate library would double the start-up time.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.root_pem)
        for certificate in context.get_ca_certs():
            subject = cast(tuple[tuple[tuple[str, str], ...], ...], certificate["subject"])
            for key, value in chain.from_iterable(subject):
                if key == "commonName":
                    return value
        raise ValueError("root_pem is not a certificate authority with a common name")

    def to_json(self) -> str:
        """The content of the public file."""
        texts: dict[str, object] = {name: list(map(str, getattr(self, name))) for name in _ADDRESSES}
        texts["not_after"] = self.not_after.isoformat()
        texts["not_before"] = self.not_before and self.not_before.isoformat()
        texts["moved_on"] = self.moved_on and self.moved_on.isoformat()
        return json.dumps(asdict(self) | texts, indent=2, default=datetime.isoformat) + "\n"


def from_json(text: str) -> Enrolment:
    """Read what `to_json` wrote, also before there were `relied` and what follows it; a later program may say more.

    Raises OperatorError if it is anything else.
    """
    try:
        tree = json.loads(text)
        addresses_of = values.sequence(values.address)
        addresses = addresses_of(tree["addresses"])
        relied = addresses_of(tree["relied"]) if "relied" in tree else addresses and (probe_address(addresses),)
        enrolment = Enrolment(
            hostname=values.hostname(tree["hostname"]),
            addresses=addresses,
            dot_port=values.port(tree["dot_port"]),
            plain_port=_port(tree["plain_port"]),
            web_port=_port(tree["web_port"]),
            root_pem=None if tree["root_pem"] is None else str(tree["root_pem"]),
            root_sha256=None if tree["root_sha256"] is None else str(tree["root_sha256"]),
            spki_pin=str(tree["spki_pin"]),
            not_after=_moment(tree["not_after"]),
            resolver=values.choice("recursive", "forward")(tree["resolver"]),
            resolver_reason=str(tree["resolver_reason"]),
            not_before=_moment(tree["not_before"]) if tree.get("not_before") else None,
            moved_on=None if tree["moved_on"] is None else date.fromisoformat(tree["moved_on"]),
            out_of_reach=tuple(map(str, tree.get("out_of_reach", ()))),
            private_root_pem=tree.get("private_root_pem") and str(tree["private_root_pem"]),
            certified=addresses_of(tree["certified"]),
            relied=relied,
            relied_web_port=_port(tree.get("relied_web_port", tree["web_port"])),
            resolver_faults=tuple(map(str, tree.get("resolver_faults", ()))),
            public=_public(tree.get("public")),
        )
        _ = enrolment.root_der, enrolment.root_name
    except KeyError as error:
        raise OperatorError(_fault(f"{error} is missing")) from None
    except (ValueError, TypeError, OverflowError, RecursionError, ssl.SSLError) as error:
        raise OperatorError(_fault(str(error))) from None
    return enrolment


def probe_address(addresses: Sequence[IPAddress]) -> IPAddress:
    """The one of several that a device fails without: its first probe asks there, and every home has IPv4."""
    return next((address for address in addresses if address.version == 4), addresses[0])


def _port(raw: object) -> int | None:
    return None if raw is None else values.port(raw)


def _public(tree: dict[str, Any] | None) -> PublicName | None:
    if tree is None:
        return None
    begin, end, pin, root = (tree.get(name) for name in ("not_before", "not_after", "spki_pin", "root_pem"))
    return PublicName(
        name=values.hostname(tree["name"]),
        not_before=begin and _moment(begin),
        not_after=end and _moment(end),
        spki_pin=pin and str(pin),
        root_pem=root and str(root),
        faults=tuple(map(str, tree.get("faults", ()))),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _host(address: IPAddress) -> str:
    return f"[{address}]" if isinstance(address, IPv6Address) else str(address)


def _fault(reason: str) -> str:
    return f"enrolment.json: is not what this version writes ({reason}): restart Homedot, which writes it again"
