"""Settings that are fine alone and wrong together. Pure."""

from collections.abc import Iterator
from itertools import combinations

from . import public
from .foreign import why_not
from .settings import Dot, Resolver, Settings

_ENCRYPTED_PORTS = (443, 853)


def contradictions(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    """The names involved, and the fault."""
    tls = settings.tls
    yield from _contradictions_of_ports(settings)
    yield from _contradictions_of_dot(settings.dot)
    if (tls.certificate is None) != (tls.key is None):
        there, missing = ("tls.certificate", "tls.key") if tls.certificate else ("tls.key", "tls.certificate")
        yield (there, missing), f"{missing}: must be set too, because {there} is"
    if tls.root is not None and tls.certificate is None:
        yield ("tls.root", "tls.certificate"), "tls.certificate: must be set too, because tls.root is"
    if tls.certificate is None and (fault := why_not(settings.hostname)) is not None:
        yield ("hostname",), f"hostname: {fault}"
    if settings.hostname in {host.name for host in settings.local}:
        fault = "is the setting hostname, and has the addresses of the setting addresses: remove it here"
        yield ("local", "hostname"), f"local: {settings.hostname}: {fault}"
    discovery = f"_dns.{settings.hostname}"
    if discovery in {host.name for host in settings.local}:
        fault = "would have no effect: it tells devices about this resolver (RFC 9462 5): remove it here"
        yield ("local", "hostname"), f"local: {discovery}: {fault}"
    yield from _contradictions_of_resolver(settings.resolver)
    yield from public.contradictions(settings.public, settings.hostname, {host.name for host in settings.local})


def _contradictions_of_ports(settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
    plain, web, resolver = settings.plain, settings.web, settings.resolver
    taken = {"dot.port": settings.dot.port}
    taken |= {"resolver.port": resolver.port} if resolver.port else {}
    taken |= {"web.port": web.port} if web.enabled else {}
    taken |= {"plain.port": plain.port} if plain.enabled else {}
    for first, second in combinations(sorted(taken), 2):
        if taken[first] == taken[second]:
            yield (first, second), f"{first}: is {taken[first]}, and so is {second}: give each its own port"


def _contradictions_of_dot(dot: Dot) -> Iterator[tuple[tuple[str, ...], str]]:
    if dot.port == 53:
        yield ("dot.port",), "dot.port: must not be 53, which carries plain DNS (RFC 7858 3.1); phones expect 853"
    if dot.connections_per_client > dot.connections:
        share, whole = "dot.connections_per_client", "dot.connections"
        yield (share, whole), f"{share}: must not be more than {whole}, which is {dot.connections}"
    if dot.first_byte_timeout > dot.handshake_timeout:
        first, second = "dot.first_byte_timeout", "dot.handshake_timeout"
        yield (first, second), f"{first}: must not be longer than {second}, which is {dot.handshake_timeout} s"


def _contradictions_of_resolver(resolver: Resolver) -> Iterator[tuple[tuple[str, ...], str]]:
    kinds = {forwarder.tls_name is not None for forwarder in resolver.forward}
    if resolver.mode == "auto" and kinds == {False}:
        fault = "must be tls:// when resolver.mode is auto; to forward unencrypted, set resolver.mode to forward"
        yield ("resolver.forward", "resolver.mode"), f"resolver.forward: {fault}"
    if resolver.port in _ENCRYPTED_PORTS:
        fault = f"must not be {resolver.port}, on which unbound speaks TLS and nothing else; 5335 is a good one"
        yield ("resolver.port",), f"resolver.port: {fault}"
    if resolver.mode == "forward" and not resolver.forward:
        yield ("resolver.forward",), "resolver.forward: must name a forwarder, because resolver.mode is forward"
