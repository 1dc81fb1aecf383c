"""Where a server is, and who serves a zone: asked of our own unbound, so that the box may be its own resolver."""

import socket
from collections.abc import Sequence
from ipaddress import ip_address

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype
import dns.rrset

from app.errors import PublicNameError

_TIMEOUT_S = 10.0
_LOOPBACK = "127.0.0.1"
_MOST_ALIASES = 8


class OwnUnbound:
    """Asks unbound, which answers at `port` of loopback."""

    def __init__(self, port: int) -> None:
        self._port = port

    def addresses(self, host: str) -> Sequence[str]:
        """IPv4 first. What unbound does not know the system may, like a name of a container. Raises
        PublicNameError if nobody does."""
        try:
            return (str(ip_address(host)),)
        except ValueError:
            pass
        found = [*self.records(host, "A"), *self.records(host, "AAAA")]
        try:
            return found or list(dict.fromkeys(str(each[4][0]) for each in socket.getaddrinfo(host, 443)))
        except OSError:
            told = f"{host} cannot be found in DNS; it is tried again: look whether this box has a connection"
            raise PublicNameError(told) from None

    def records(self, name: str, kind: str) -> list[str]:
        """The texts of the records of that name, also by aliases; none if there are none or nobody answers."""
        answer = self._ask(name, kind)
        wanted = dns.rdatatype.from_text(kind)
        return [record.to_text() for rrset in answer if rrset.rdtype == wanted for record in rrset]

    def target(self, name: str) -> str:
        """The name that the aliases of `name` lead to: itself if there are none."""
        for _ in range(_MOST_ALIASES):
            aliases = self.records(name, "CNAME")
            if not aliases:
                break
            name = aliases[0].rstrip(".")
        return name

    def servers(self, name: str) -> list[str]:
        """The addresses of those who serve the zone that `name` is in; none if that cannot be found out."""
        zone = name
        while zone:
            hosts = self.records(zone, "NS")
            if hosts:
                return [address for host in hosts for address in self.records(host, "A")]
            zone = zone.partition(".")[2]
        return []

    def _ask(self, name: str, kind: str) -> list[dns.rrset.RRset]:
        try:
            query = dns.message.make_query(name, kind)
            answer, _ = dns.query.udp_with_fallback(query, _LOOPBACK, _TIMEOUT_S, self._port)
        except (dns.exception.DNSException, OSError):
            return []
        return answer.answer
