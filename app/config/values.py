"""Text -> typed value. Pure, but for how many cores there are, and for the two that look at a file.

Each parser takes what the environment (always text) or YAML (text, number, boolean or list) gives. It returns the
value, or raises ValueError with the end of a sentence that begins with the setting's name: "must be 1..65535".
"""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TypeVar, final
from urllib.parse import SplitResult, urlsplit

from app import dnsname, networks

IPAddress = networks.IPAddress
IPNetwork = networks.IPNetwork
T = TypeVar("T")

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DOMAIN_LABEL = re.compile(r"[a-z0-9_-]{1,63}")


def hostname(raw: object) -> str:
    """A host name of two labels or more, lower case, no trailing dot, no wildcard (RFC 1123 2.1, RFC 9525 6.3)."""
    name = str(raw).strip().lower().removesuffix(".")
    labels = name.split(".")
    if len(labels) < 2:
        raise ValueError("must have two labels or more, like dns.home.arpa: strict clients refuse a single label")
    if "*" in name:
        raise ValueError("must be one name: a wildcard is not a host name")
    if not name.isascii():
        raise ValueError(f"must be in ASCII, as certificates have it{_as_a_labels(name)}")
    if len(name) > dnsname.MOST_TEXT_OCTETS or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("must be a host name of letters, digits and hyphens, like dns.home.arpa")
    if labels[-1].isdigit():
        raise ValueError("must be a name, not an address: addresses go into the setting addresses")
    return name


def _as_a_labels(name: str) -> str:
    try:
        return f": write {dnsname.to_ascii(name)}"
    except UnicodeError:
        return ""


def address(raw: object) -> IPAddress:
    """An IPv4 or IPv6 address that a device could reach: not 0.0.0.0, not multicast."""
    try:
        value = ip_address(str(raw).strip())
    except ValueError:
        raise ValueError("must be IP addresses, like 192.168.1.10 or fd00::10") from None
    value = getattr(value, "ipv4_mapped", None) or value  # it is the same, and the only form that anybody asks at
    if networks.within(networks.meant(value), networks.SILENT) or getattr(value, "scope_id", None):
        raise ValueError("must be addresses that a device can reach, like 192.168.1.10")
    return value


def network(raw: object) -> IPNetwork:
    """`192.168.0.0/16`, `fd00::/8`; a bare address is a network of one."""
    try:
        return ip_network(str(raw).strip())
    except ValueError as error:
        hint = f": {error}" if "host bits" in str(error) else ", like 192.168.0.0/16"
        raise ValueError(f"must be networks{hint}") from None


def list_source(raw: object) -> str:
    """`https://example.com/list.txt`, or the absolute path of a file, which may come and go while we run."""
    text = str(raw).strip()
    if text.startswith("/") and text.isprintable():
        return str(Path(text))
    parts = _web_address(text)
    if parts is None:
        raise ValueError("must be addresses or absolute paths, like https://example.com/list.txt, /config/blocked.txt")
    if "@" in parts.netloc:
        raise ValueError("must not carry a user name or password: download such a list to a file and name that")
    # A password with a slash, as in https://user:12/34@example.com or https://user:/34@example.com, or only looks so.
    if "@" in text and (parts.port or parts.netloc.endswith(":")):
        raise ValueError("must not have @ behind a port, which looks like a password: write %40 for it")
    return text.partition("#")[0]


def _web_address(text: str) -> SplitResult | None:
    """Its parts, None if it is none: of http or https, with a host, in characters that need no escape."""
    if not text.isascii() or not text.isprintable() or " " in text:
        return None
    try:
        parts = urlsplit(text)
        return parts if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 else None
    except ValueError:
        return None


def domain(raw: object) -> str:
    """A name of any number of labels, lower case, no trailing dot; of other scripts its A-labels."""
    text = str(raw).strip()
    if text.startswith(("*", ".")):
        like = text.lstrip("*.") or "example.com"
        raise ValueError(f"must be names without *. before them, like {like}: all names below are meant too")
    try:
        # What is longer than any name as text is longer as A-labels too, and is not worth the time.
        name = dnsname.to_ascii(text).removesuffix(".") if len(text) <= dnsname.MOST_TEXT_OCTETS + 1 else ""
    except UnicodeError:
        name = ""
    if len(name) > dnsname.MOST_TEXT_OCTETS or not all(_DOMAIN_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("must be names, like ads.example.com")
    return name


def domain_or_ending(raw: object) -> str:
    """Like `domain`, or one with a star for the beginning of its first label: `*-probe.example.com`."""
    text = str(raw).strip()
    if not text.startswith("*") or text.startswith("*."):
        return domain(text)
    return "*" + domain(text[1:])


def network_or_blocked(raw: object) -> IPNetwork | str:
    """Whose questions, or which: networks, and the word blocked."""
    try:
        if str(raw).strip().lower() == "blocked":
            return "blocked"
        return network(raw)
    except ValueError as error:
        raise ValueError(f"{error}; or the word blocked") from None


def integer(low: int, high: int, unit: str = "") -> Callable[[object], int]:
    """A parser of whole numbers low..high; `unit` is named in the error."""

    def parse(raw: object) -> int:
        problem = f"must be {low}..{high}{' ' + unit if unit else ''}"
        if isinstance(raw, bool):
            raise ValueError(problem)
        try:
            value = int(str(raw).strip())
        except ValueError:
            raise ValueError(problem) from None
        if not low <= value <= high:
            raise ValueError(problem)
        return value

    return parse


port = integer(1, 65535)


def seconds(most: int) -> Callable[[object], int]:
    """A parser of whole seconds, 1 to `most`."""
    return integer(1, most, "s")


def integer_or_cores(low: int, high: int) -> Callable[[object], int]:
    """A parser of whole numbers low..high and the word auto, which is the number of cores that we may use."""

    def parse(raw: object) -> int:
        if str(raw).strip().lower() == "auto":
            return min(max(len(os.sched_getaffinity(0)), low), high)
        try:
            return integer(low, high)(raw)
        except ValueError:
            raise ValueError(f"must be {low}..{high} or auto") from None

    return parse


def boolean(raw: object) -> bool:
    """true or false; also yes, no, on, off, 1, 0."""
    text = str(raw).strip().lower()
    if text in {"true", "yes", "on", "1"}:
        return True
    if text in {"false", "no", "off", "0"}:
        return False
    raise ValueError("must be true or false")


@final
@dataclass(frozen=True, slots=True)
class OneOf:
    """A parser of one word out of `allowed`."""

    allowed: tuple[str, ...]

    def __call__(self, raw: object) -> str:
        text = str(raw).strip().lower()
        if text not in self.allowed:
            raise ValueError(f"must be {', '.join(self.allowed[:-1])} or {self.allowed[-1]}")
        return text


def choice(*allowed: str) -> OneOf:
    return OneOf(allowed)


def items(raw: object) -> list[object]:
    """The items of a YAML list, or of text with commas or line ends between them."""
    return list(raw) if isinstance(raw, list) else [part for part in re.split("[,\n]", str(raw)) if part.strip()]


def sequence(item: Callable[[object], T]) -> Callable[[object], tuple[T, ...]]:
    """A parser of lists: a YAML list, or text as `items` takes it, `[]` for none. Duplicates are dropped, order is
    kept."""

    def parse(raw: object) -> tuple[T, ...]:
        return tuple(dict.fromkeys(item(part) for part in (() if raw == "[]" else items(raw))))

    return parse


def path(raw: object) -> Path:
    """An absolute path; a relative one is taken from the current folder."""
    if not isinstance(raw, str) or not raw.isprintable() or '"' in raw:
        raise ValueError("must be a path, without quotes and line ends")
    return Path(raw).absolute()
