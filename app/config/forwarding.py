"""Whom unbound asks: text -> forwarders and routes. Pure.

Parsers like those of `values`: they return the value, or raise ValueError with the end of a sentence that begins with
the setting's name.
"""

from dataclasses import dataclass

from . import values
from .hosts import own


@dataclass(frozen=True, slots=True)
class Forwarder:
    """An upstream resolver. With `tls_name` it is asked over TLS and must present a certificate for that name."""

    address: values.IPAddress
    port: int
    tls_name: str | None = None

    def __str__(self) -> str:
        target = f"{self.address}@{self.port}"
        return f"tls://{target}#{self.tls_name}" if self.tls_name else target


@dataclass(frozen=True, slots=True)
class Route:
    """Everything at and below `zone` (no trailing dot) is asked of `forwarders`, whatever the others ask."""

    zone: str
    forwarders: tuple[Forwarder, ...]

    def __str__(self) -> str:
        return f"{self.zone}={', '.join(map(str, self.forwarders))}"


def forwarder(raw: object) -> Forwarder:
    """`9.9.9.9`, `9.9.9.9@5353`, `[2620:fe::fe]@53`, `tls://9.9.9.9#dns.quad9.net`, `tls://9.9.9.9@853#dns.quad9.net`."""
    text = str(raw).strip()
    plain = text.removeprefix("tls://")
    encrypted = plain != text
    if "://" in plain:
        raise ValueError(f"knows tls:// and plain addresses only, not {plain.split('://')[0]}://")
    target, _, name = plain.partition("#")
    host, _, port_text = target.partition("@")
    try:
        host_address = values.address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError("must be like 9.9.9.9 or tls://9.9.9.9#dns.quad9.net") from None
    if encrypted and not name:
        raise ValueError(
            f"needs the name in the forwarder's certificate: {text}#name, like tls://9.9.9.9#dns.quad9.net"
        )
    if name and not encrypted:
        raise ValueError(f"has a certificate name but no TLS: write tls://{text}")
    number = values.port(port_text) if port_text else (853 if encrypted else 53)
    return Forwarder(host_address, number, values.hostname(name) if encrypted else None)


def forwarders(raw: object) -> tuple[Forwarder, ...]:
    """One or more of `forwarder`, all encrypted or all plain."""
    found = values.sequence(forwarder)(raw)
    if len({forwarder.tls_name is None for forwarder in found}) > 1:
        raise ValueError("must be all tls:// or all plain: one plain forwarder would see what the others encrypt")
    return found


def routes(raw: object) -> tuple[Route, ...]:
    """A YAML mapping of zones to forwarders, or `fritz.box=192.168.1.1, 192.168.1.2, lan=192.168.1.1`.

    In the text an item without a zone is one more forwarder of the zone before it.
    """
    found: dict[str, Route] = {}
    for name, targets in raw.items() if isinstance(raw, dict) else _named_targets(raw):
        route = Route(own(name), forwarders(targets))
        if not route.forwarders:
            raise ValueError(f"must name a forwarder for {route.zone}, like {route.zone}: 192.168.1.1")
        if route.zone in found:
            raise ValueError(f"names {route.zone} twice: give it all its forwarders at once")
        found[route.zone] = route
    return tuple(found.values())


def _named_targets(raw: object) -> list[tuple[str, list[str]]]:
    pairs: list[tuple[str, list[str]]] = []
    for item in values.items(raw):
        name, named, target = str(item).rpartition("=")
        if named:
            pairs.append((name, []))
        elif not pairs and target.strip():
            raise ValueError("must be like fritz.box=192.168.1.1")
        if target.strip():
            pairs[-1][1].append(target)
    return pairs
