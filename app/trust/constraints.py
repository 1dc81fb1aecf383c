"""What an authority of ours may certify: the names of a home, and nothing else on the web. Pure.

Name constraints as in RFC 5280 4.2.1.10: a DNS name covers itself and all names below it, an address is a network.
Verifiers refuse a leaf with any name outside of them, so `outside` asks the same question before one is issued.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from cryptography import x509

from app import dnsname
from app.config.values import IPAddress
from app.networks import HOME, within

HOME_DOMAIN = "home.arpa"  # RFC 8375
LOOPBACK: tuple[IPAddress, ...] = (ip_address("127.0.0.1"), ip_address("::1"))

NEW_AUTHORITY = "`homedot ca new` makes a new authority, and every device must then be set up again"


@dataclass(frozen=True, slots=True)
class Names:
    """What devices call this box: what its certificate is for."""

    hostname: str
    addresses: tuple[IPAddress, ...]


def certified(names: Names) -> list[x509.GeneralName]:
    """The names in a leaf: the hostname, each address once, 127.0.0.1 and ::1."""
    return [x509.DNSName(names.hostname), *(x509.IPAddress(address) for address in _with_loopback(names.addresses))]


def permitted(names: Names) -> x509.NameConstraints:
    """home.arpa and the ranges of homes, and whatever of `names` is outside of them."""
    domains = [HOME_DOMAIN] if _is_below(names.hostname, [HOME_DOMAIN]) else [HOME_DOMAIN, names.hostname]
    public = [ip_network(address) for address in _with_loopback(names.addresses) if not within(address, HOME)]
    subtrees: list[x509.GeneralName] = [x509.DNSName(domain) for domain in domains]
    subtrees += [x509.IPAddress(network) for network in (*HOME, *public)]
    return x509.NameConstraints(permitted_subtrees=subtrees, excluded_subtrees=None)


def outside(intermediate: x509.Certificate, names: Names) -> Iterator[str]:
    """One fault, with the next step, for each name that a leaf of `intermediate` may not carry."""
    subtrees = intermediate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    domains = [subtree.value for subtree in subtrees if isinstance(subtree, x509.DNSName)]
    networks = [subtree.value for subtree in subtrees if isinstance(subtree.value, IPv4Network | IPv6Network)]
    if not _is_below(names.hostname, domains):
        yield (
            f"hostname: this authority may certify names in {' and '.join(domains)} only, not {names.hostname}: "
            f"change the setting back; {NEW_AUTHORITY}"
        )
    for address in _with_loopback(names.addresses):
        if not within(address, networks):
            yield (
                f"addresses: this authority was made without the public address {address}: "
                f"leave it out of the setting; {NEW_AUTHORITY}"
            )


def _with_loopback(addresses: Sequence[IPAddress]) -> list[IPAddress]:
    # A link-local address may carry a zone ("fe80::1%eth0"), which a certificate cannot hold.
    return list(dict.fromkeys(ip_address(address.packed) for address in (*addresses, *LOOPBACK)))


def _is_below(hostname: str, domains: Sequence[str]) -> bool:
    return any(dnsname.is_at_or_below(hostname, domain) for domain in domains)
