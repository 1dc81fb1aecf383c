"""The settings, as one immutable tree.

The dataclasses below are all there is: a leaf carries its parser and its sentence of documentation, so the table of
docs/settings.md, the environment names and the error messages cannot drift apart. `dot.port` in YAML is
HOMEDOT_DOT__PORT in the environment.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from app.networks import HOME

from . import forwarding, presence, values
from .hosts import Host, hosts, own
from .providers import LETS_ENCRYPT, PROVIDERS, https_address, server, word
from .receiver import Receiver, receiver
from .secret import Secret, secret
from .setting import setting
from .sources import list_source

PREFIX = "HOMEDOT_"

HOME_NETWORKS = ", ".join(map(str, HOME))
"""Private, link-local, shared and loopback addresses: a box that ends up on the internet answers nobody there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    port: int = setting(853, values.port, "TCP port of DNS over TLS. Phones expect 853 and cannot be told another.")
    public_port: int | None = setting(
        None, values.port, "Port on which devices reach it, where an engine publishes another. Default: `dot.port`."
    )
    allow_from: tuple[values.IPNetwork, ...] = setting(
        HOME_NETWORKS, values.sequence(values.network), "Clients that may connect, and see the page. Others are closed."
    )
    connections: int = setting(
        1024,
        values.integer(1, 100_000),
        "Connections in all, some 30 kB each. When full, the longest inactive leaves.",
    )
    connections_per_client: int = setting(
        64,
        values.integer(1, 100_000),
        "Connections of one address. A phone holds one or two, a household dozens.",
    )
    queries_per_connection: int = setting(
        100,
        values.integer(1, 10_000),
        "Unfinished queries of one connection. Beyond it reading waits, nothing is lost.",
    )
    queries: int = setting(
        4096, values.integer(1, 60_000), "Unfinished queries in all, each some kB. Beyond it the answer is SERVFAIL."
    )
    first_byte_timeout: int = setting(5, values.seconds(600), "Seconds from accepting to the client's first octet.")
    handshake_timeout: int = setting(10, values.seconds(600), "Seconds for the TLS handshake, enough for a bad link.")
    message_timeout: int = setting(10, values.seconds(600), "Seconds from a message's first octet to its last.")
    idle_timeout: int = setting(
        120, values.seconds(3600), "Seconds without a query until closing. Shrinks as connections fill up."
    )
    write_timeout: int = setting(10, values.seconds(600), "Seconds for a client that does not read its answers.")
    workers: int = setting(
        1, values.integer_or_cores(1, 64), "Processes that share the port; `auto` is one for each core."
    )
    log_queries: bool = setting(False, values.boolean, "The same as `log.queries`, under its former name.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    enabled: bool = setting(
        False, values.boolean, "Serve plain DNS too (UDP and TCP), for devices without DNS over TLS."
    )
    port: int = setting(53, values.port, "Port of plain DNS.")
    allow_from: tuple[values.IPNetwork, ...] = setting(
        HOME_NETWORKS, values.sequence(values.network), "Clients that are answered; others get nothing."
    )
    queries_per_second: int | None = setting(
        None,
        values.integer(1, 100_000),
        "UDP queries of one address a second and worker. Default: 20 of an internet address, any number at home.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    enabled: bool = setting(True, values.boolean, "Serve the setup page and the Apple profile. DNS works without it.")
    port: int = setting(8853, values.port, "TCP port of the setup page (HTTP).")
    public_port: int | None = setting(
        None,
        values.port,
        "Port on which devices reach the page, where an engine publishes another. Default: `web.port`.",
    )
    names: tuple[str, ...] = setting(
        "", values.sequence(values.domain), "More names under which the page opens, like `raspberrypi.fritz.box`."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    certificate: Path | None = setting(
        None,
        values.path,
        "Your own certificate chain (PEM). Without it Homedot makes its own authority.",
        presence.is_file,
    )
    key: Path | None = setting(
        None, values.path, "The private key of `tls.certificate` (PEM, not encrypted).", presence.is_file
    )
    root: Path | None = setting(
        None,
        values.path,
        "The root (PEM) that devices were given, where a private authority of yours signed it.",
        presence.is_file,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Public:
    name: str | None = setting(
        None,
        values.hostname,
        "A public name of this box, for which it gets a certificate that every device trusts: docs/public-name.md.",
    )
    provider: str | None = setting(
        None,
        values.choice(*PROVIDERS),
        f"Who serves `public.name` in public DNS: {', '.join(f'`{each}`' for each in PROVIDERS)}.",
    )
    token: Secret | None = setting(
        None, secret, "What the provider knows you by. Better in a file that HOMEDOT_PUBLIC__TOKEN_FILE names."
    )
    terms: bool = setting(
        False, values.boolean, "You agree to the terms of the certificate authority. Without it nothing is asked of it."
    )
    records: bool = setting(
        True, values.boolean, "Keep the addresses of `public.name` in public DNS those of this box in your network."
    )
    server: str | None = setting(
        None, server, "Where the provider is asked: an address (`rfc2136`), or a URL. Default: the provider's own."
    )
    hook: Path | None = setting(
        None, values.path, "The program that sets records, where `public.provider` is `hook`.", presence.is_file
    )
    directory: str = setting(LETS_ENCRYPT, https_address, "The certificate authority, by its ACME directory.")
    ca_bundle: Path | None = setting(
        None,
        values.path,
        "Roots that `public.directory` and its certificates are checked against (PEM). Default: `resolver.ca_bundle`.",
        presence.is_file,
    )
    profile: str | None = setting(
        None, word, "The kind of certificate, such as `shortlived`. Default: the authority's own choice."
    )
    eab_id: str | None = setting(None, word, "The account at an authority that asks for one (EAB).")
    eab_key: Secret | None = setting(
        None, secret, "The key of `public.eab_id`. Better in a file that HOMEDOT_PUBLIC__EAB_KEY_FILE names."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    mode: str = setting(
        "auto",
        values.choice("auto", "recursive", "forward"),
        "`recursive` asks from the root down, `forward` asks `resolver.forward`, `auto` recurses where it can.",
    )
    forward: tuple[forwarding.Forwarder, ...] = setting(
        "tls://9.9.9.9#dns.quad9.net, tls://149.112.112.112#dns.quad9.net",
        forwarding.forwarders,
        "Forwarders: `tls://ADDRESS#NAME` (encrypted, name checked) or `ADDRESS` (plain). Unused when recursive.",
    )
    routes: tuple[forwarding.Route, ...] = setting(
        "",
        forwarding.routes,
        "Domains with resolvers of their own: `fritz.box=192.168.1.1`, and `178.168.192.in-addr.arpa=192.168.1.1` for"
        " the names of addresses. In YAML `fritz.box: 192.168.1.1`. Not checked with DNSSEC.",
    )
    rebind_protection: bool = setting(
        True,
        values.boolean,
        "Take addresses of private networks out of answers from the internet, those of HTTPS records too.",
    )
    rebind_exceptions: tuple[str, ...] = setting(
        "plex.direct",
        values.sequence(values.domain),
        "Domains that may point into your network; those of `resolver.routes` may anyway.",
    )
    ca_bundle: Path = setting(
        "/etc/ssl/certs/ca-certificates.crt",
        values.path,
        "Certificates that `tls://` forwarders and servers of block lists are checked against (PEM).",
    )
    root_hints: Path | None = setting(
        None, values.path, "Root servers of a private root (zone file).", presence.is_file
    )
    trust_anchor: Path | None = setting(
        None, values.path, "DNSSEC trust anchor of a private root (DS or DNSKEY).", presence.is_file
    )
    snippets: Path | None = setting(
        None,
        values.path,
        "For experts: a folder with `*.conf` for unbound, read after Homedot's own.",
        presence.is_folder,
    )
    port: int | None = setting(
        None, values.port, "Loopback port on which unbound answers the front door. Default: a free one at each start."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    enabled: bool = setting(True, values.boolean, "Block the names on the lists: ads, trackers, malware.")
    lists: tuple[str, ...] = setting(
        "wildcard:https://raw.githubusercontent.com/hagezi/dns-blocklists/main/wildcard/pro-onlydomains.txt",
        values.sequence(list_source),
        "Block lists: addresses, or absolute paths of files, in any of the formats in docs/blocking.md.",
    )
    allow_lists: tuple[str, ...] = setting(
        "",
        values.sequence(list_source),
        "Lists whose names are allowed, whatever `blocking.lists` say: addresses and files of the same formats.",
    )
    refresh: int = setting(24, values.integer(1, 720, "h"), "Hours between two looks at each list's address.")
    mode: str = setting(
        "null",
        values.choice("null", "nxdomain", "nodata", "refused"),
        "Answer for blocked names: `null` is the address 0.0.0.0 or ::, `nxdomain` no such name, `nodata` no address.",
    )
    allow: tuple[str, ...] = setting(
        "", values.sequence(values.domain), "Names that are never blocked, each with everything below it."
    )
    never_block: tuple[str, ...] = setting(
        "",
        values.sequence(values.domain_or_ending),
        "More names like the built-in ones by which devices test their network; `*-end.example.com` is possible.",
    )
    deny: tuple[str, ...] = setting(
        "", values.sequence(values.domain), "Names that are blocked too, each with everything below it."
    )

    @property
    def sources(self) -> tuple[str, ...]:
        """Of all lists, those that block and those that allow."""
        return tuple(dict.fromkeys((*self.lists, *self.allow_lists)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    ddr: bool = setting(
        True,
        values.boolean,
        "With `plain.enabled`: tell devices that ask plainly that they can ask over TLS (DDR, RFC 9462).",
    )
    firefox_canary: bool = setting(
        True, values.boolean, "Keep Firefox from choosing a DNS of its own: `use-application-dns.net` does not exist."
    )
    refuse_private_relay: bool = setting(
        False, values.boolean, "Tell Apple devices that there is no iCloud Private Relay here: `mask.icloud.com`."
    )
    released: tuple[str, ...] = setting(
        "",
        values.sequence(own),
        "Reserved names, such as `test`, that are asked upstream all the same. What has a route needs none of this.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    connections: bool = setting(
        True, values.boolean, "Log when a connection opens and when it closes, at most 100 lines a minute."
    )
    level: str = setting(
        "info",
        values.choice("error", "warning", "info", "debug"),
        "What is worth a line: `error` needs you, `warning` may, `info` is news, `debug` is all, with the names asked.",
    )
    format: str = setting(
        "text",
        values.choice("text", "json"),
        "`text` for people, `json` for collectors of logs: one object a line. Times are UTC in both.",
    )

    queries: bool = setting(
        False, values.boolean, "Log every answer with the name that was asked, and by whom. Off: nobody's business."
    )
    queries_of: tuple[values.IPNetwork | str, ...] = setting(
        "",
        values.sequence(values.network_or_blocked),
        "With `log.queries`: only those of these clients, as `192.168.1.23, 192.168.2.0/24`; with the word `blocked`"
        " only what was blocked. Default: all.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    url: Receiver | None = setting(
        None, receiver, "Who is told when the state changes for minutes: an ntfy topic, a webhook. Default: nobody."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    hostname: str = setting("dns.home.arpa", values.hostname, "The name in the certificate, which devices verify.")
    addresses: tuple[values.IPAddress, ...] = setting(
        "", values.sequence(values.address), "LAN addresses of this box. Default: found on the host."
    )
    data_dir: Path = setting(
        "/data", values.path, "The volume: the authority and its certificates, block lists. Back it up."
    )
    run_dir: Path = setting("/run/homedot", values.path, "Sockets and generated files; remade at every start.")
    dot: Dot = Dot()
    plain: Plain = Plain()
    web: Web = Web()
    tls: Tls = Tls()
    public: Public = Public()
    resolver: Resolver = Resolver()
    blocking: Blocking = Blocking()
    local: tuple[Host, ...] = setting(
        "", hosts, "Names at home: `nas.home.arpa=192.168.1.5 fd00::5, tv.home.arpa=CNAME nas.home.arpa`."
    )
    special: Special = Special()
    log: Log = Log()
    notify: Notify = Notify()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One setting as a user sees it: `name` in YAML, `variable` in the environment."""

    name: str
    default: object
    doc: str
    parse: Callable[[object], object]
    look: Callable[[Any], None] | None

    @property
    def is_secret(self) -> bool:
        """Whether nobody is shown its value, and only root has it."""
        return self.parse in {secret, receiver}

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper().replace(".", "__")


def leaves(branch: type = Settings, prefix: str = "") -> Iterator[Leaf]:
    """Every setting, in the order of the tree."""
    for item in fields(branch):
        if is_dataclass(item.default):
            yield from leaves(type(item.default), f"{prefix}{item.name}.")
        else:
            yield Leaf(prefix + item.name, *(item.metadata[each] for each in ("default", "doc", "parse", "look")))
