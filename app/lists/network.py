"""Names and connections for downloads: names through our own unbound, since this box may be its own DNS server."""

import socket
import ssl
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from pathlib import Path

import dns.exception
import dns.resolver

from app.config.values import IPAddress
from app.errors import ListError

AtHome = Callable[[str], tuple[str, Sequence[IPAddress]]]
"""Leads from a name to another or itself, with its addresses if it is one at home that unbound does not know."""

_LOOKUP_S = 10.0


class SocketNetwork:
    """The way out. `resolver_port` is unbound's on loopback."""

    def __init__(self, resolver_port: int, at_home: AtHome | None = None, lookup_s: float = _LOOKUP_S) -> None:
        self._at_home = at_home
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers = ["127.0.0.1"]
        self._resolver.port = resolver_port
        self._resolver.lifetime = lookup_s

    def addresses(self, host: str) -> Sequence[IPAddress]:
        """All addresses of `host`, which may be one itself. Raises ListError if there are none."""
        try:
            return [ip_address(host)]
        except ValueError:
            pass
        if self._at_home:
            host, known = self._at_home(host.removesuffix("."))
            if known:
                return known
        found: list[IPAddress] = []
        failure = "it has no address"
        for kind in ("A", "AAAA"):
            try:
                answer = self._resolver.resolve(host, kind, raise_on_no_answer=False, search=False)
                found += [ip_address(record.to_text()) for record in answer.rrset or ()]
            except dns.resolver.NXDOMAIN:
                failure = "there is no such name"
            except dns.exception.DNSException as error:
                failure = f"the resolver does not answer ({type(error).__name__})"
        if not found:
            raise ListError(f"{host}: {failure}")
        return found

    def connect(self, address: IPAddress, port: int, timeout_s: float) -> socket.socket:
        """A TCP connection. Raises OSError."""
        return socket.create_connection((str(address), port), timeout_s)


def trusting(ca_bundle: Path) -> ssl.SSLContext:
    """For servers whose certificates lead to one in `ca_bundle`. Raises ListError if that cannot be read."""
    try:
        return ssl.create_default_context(cafile=str(ca_bundle))
    except OSError as error:
        raise ListError(f"resolver.ca_bundle: {ca_bundle}: {error.strerror}") from error
