"""Ready lines for other programs: what to put where, so that they ask this box and verify it. Pure.

Each text is a whole file or script of its program; what a person must know stands in it as comments.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from . import dnr
from .enrolment import Enrolment

DOT_PORT = 853  # RFC 7858 3.1; phones cannot be told another
ROOT_FILE = "/usr/local/share/ca-certificates/homedot.crt"  # where update-ca-certificates(8) looks
SYSTEM_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_RA_LIFETIME_S = 1800  # as router lifetimes are by default (RFC 4861 6.2.1)
_STUBBY_OF_OPENWRT = "127.0.0.1#5453"


@dataclass(frozen=True, slots=True)
class Snippet:
    """`kind` is its word on the command line. `notes` come first, as comments led by `comment`."""

    kind: str
    title: str
    notes: tuple[str, ...]
    lines: tuple[str, ...]
    comment: str = "#"

    @property
    def text(self) -> str:
        """The whole, with a newline at the end."""
        return "".join(f"{line}\n" for line in (*(f"{self.comment} {note}" for note in self.notes), *self.lines))


def snippets(enrolment: Enrolment) -> tuple[Snippet, ...]:
    """All kinds, those for single computers first."""
    return (
        _systemd_resolved(enrolment),
        _network_manager(enrolment),
        _stubby(enrolment),
        _unbound(enrolment),
        _kdig(enrolment),
        _windows(enrolment),
        _openwrt(enrolment),
        _dhcp(enrolment),
        _dnr(enrolment),
    )


def root_source(enrolment: Enrolment) -> str:
    """Where the root certificate is to be had."""
    return "ca/root.pem from the data volume" if enrolment.url is None else f"{enrolment.url}ca.pem"


def resolved_lines(enrolment: Enrolment) -> tuple[str, ...]:
    """The section [Resolve] of resolved.conf(5); `~.` sends every name here, past what DHCP gave the link."""
    servers = " ".join(f"{_with_port(enrolment, address)}#{enrolment.hostname}" for address in enrolment.addresses)
    return ("[Resolve]", f"DNS={servers}", "DNSOverTLS=yes", "Domains=~.")


def kdig_lines(enrolment: Enrolment) -> tuple[str, ...]:
    port = "" if enrolment.dot_port == DOT_PORT else f" -p {enrolment.dot_port}"
    roots = "  +tls-ca" if enrolment.root_pem is None else f"  +tls-ca={ROOT_FILE} \\\n "
    command = f"kdig @{enrolment.addresses[0]}{port} example.com +dnssec \\\n{roots} +tls-hostname={enrolment.hostname}"
    return tuple(command.splitlines())


def _systemd_resolved(enrolment: Enrolment) -> Snippet:
    notes = (
        *_trust(enrolment, " and run: update-ca-certificates"),
        "Save this as /etc/systemd/resolved.conf.d/homedot.conf and run: systemctl restart systemd-resolved",
    )
    return Snippet("systemd-resolved", "Linux with systemd-resolved", notes, resolved_lines(enrolment))


def _network_manager(enrolment: Enrolment) -> Snippet:
    kind, title = "networkmanager", "Linux with NetworkManager, for one network"
    if enrolment.dot_port != DOT_PORT:
        fault = f"NetworkManager always uses port {DOT_PORT}, and this box answers on {enrolment.dot_port}."
        return Snippet(kind, title, (fault, "Use `homedot snippet systemd-resolved`."), ())
    notes = (
        *_trust(enrolment, " and run: update-ca-certificates"),
        "It needs systemd-resolved as well. List the connections with: nmcli connection show",
    )
    four, six = (",".join(f"{each}#{enrolment.hostname}" for each in family) for family in _split(enrolment))
    lines = (
        "connection='Wired connection 1'",
        'nmcli connection modify "$connection" connection.dns-over-tls yes \\',
        f"  ipv4.ignore-auto-dns yes ipv4.dns '{four}' \\",
        f"  ipv6.ignore-auto-dns yes ipv6.dns '{six}'",
        'nmcli connection up "$connection"',
    )
    return Snippet(kind, title, notes, lines)


def _stubby(enrolment: Enrolment) -> Snippet:
    lines = [
        "resolution_type: GETDNS_RESOLUTION_STUB",
        "dns_transport_list:",
        "  - GETDNS_TRANSPORT_TLS",
        "tls_authentication: GETDNS_AUTHENTICATION_REQUIRED",
        "tls_query_padding_blocksize: 128",
        f'tls_ca_file: "{ROOT_FILE if enrolment.root_pem else SYSTEM_BUNDLE}"',
        "idle_timeout: 30000",
        "listen_addresses:",
        "  - 127.0.0.1",
        "upstream_recursive_servers:",
    ]
    for address in enrolment.addresses:
        lines += [
            f"  - address_data: {address}",  # not in quotes: stubby 0.3 does not read them
            f"    tls_port: {enrolment.dot_port}",
            f'    tls_auth_name: "{enrolment.hostname}"',
        ]
    notes = (*_trust(enrolment), "Save this as /etc/stubby/stubby.yml and run: systemctl restart stubby")
    return Snippet("stubby", "stubby", notes, tuple(lines))


def _unbound(enrolment: Enrolment) -> Snippet:
    forwards = [
        f"    forward-addr: {address}@{enrolment.dot_port}#{enrolment.hostname}" for address in enrolment.addresses
    ]
    notes = (
        *_trust(enrolment),
        "Save this as /etc/unbound/unbound.conf.d/homedot.conf and run: systemctl restart unbound",
    )
    lines = (
        "server:",
        f'    tls-cert-bundle: "{ROOT_FILE if enrolment.root_pem else SYSTEM_BUNDLE}"',
        "forward-zone:",
        '    name: "."',
        "    forward-tls-upstream: yes",
        *forwards,
    )
    return Snippet("unbound", "unbound, forwarding to this box", notes, lines)


def _kdig(enrolment: Enrolment) -> Snippet:
    look = "The answer must say NOERROR, with the flag ad (validated by DNSSEC). Debian: apt install knot-dnsutils"
    return Snippet("kdig", "kdig, to check it", (*_trust(enrolment), look), kdig_lines(enrolment))


def _windows(enrolment: Enrolment) -> Snippet:
    trust = [f"Save {root_source(enrolment)} as ca.pem first.", *_fingerprint(enrolment)] if enrolment.root_pem else []
    lines = ["certutil -addstore -f Root ca.pem"] if enrolment.root_pem else []
    lines.append("netsh dns add global dot=yes")
    host = f"{enrolment.hostname}:{enrolment.dot_port}"
    lines += [
        f"netsh dns add encryption server={address} dothost={host} autoupgrade=yes udpfallback=no"
        for address in enrolment.addresses
    ]
    for family, addresses in zip(("ipv4", "ipv6"), _split(enrolment), strict=True):
        if addresses:
            lines.append(f'netsh interface {family} set dnsservers name="Ethernet" static {addresses[0]} primary')
    notes = (
        "For a command prompt of an administrator. A Windows that does not know `dothost` cannot do DNS over TLS.",
        *trust,
        "Put the name of the network interface in place of Ethernet: netsh interface show interface",
    )
    return Snippet("windows", "Windows 11", notes, (*lines, "ipconfig /flushdns"), "rem")


def _openwrt(enrolment: Enrolment) -> Snippet:
    lines = ["while uci -q delete stubby.@resolver[0]; do :; done"]
    for address in enrolment.addresses:
        lines += [
            "uci add stubby resolver",
            f"uci set stubby.@resolver[-1].address='{address}'",
            f"uci set stubby.@resolver[-1].tls_port='{enrolment.dot_port}'",
            f"uci set stubby.@resolver[-1].tls_auth_name='{enrolment.hostname}'",
        ]
        if enrolment.root_pem:
            lines.append(f"uci add_list stubby.@resolver[-1].spki='sha256/{enrolment.spki_pin}'")
    lines += [
        "uci commit stubby",
        "uci -q delete dhcp.@dnsmasq[0].server",
        f"uci add_list dhcp.@dnsmasq[0].server='{_STUBBY_OF_OPENWRT}'",
        "uci set dhcp.@dnsmasq[0].noresolv='1'",
        "uci commit dhcp",
        "/etc/init.d/stubby restart",
        "/etc/init.d/dnsmasq restart",
    ]
    trust = (
        ("The pin of its key takes the place of ca.pem: no root needs to be installed.",) if enrolment.root_pem else ()
    )
    notes = ("For a shell on the router, after: opkg update && opkg install stubby", *trust)
    return Snippet("openwrt", "OpenWrt, the whole home through its stubby", notes, tuple(lines))


def _dhcp(enrolment: Enrolment) -> Snippet:
    four, six = _split(enrolment)
    notes = [
        "Devices learn the address only and ask it in plain DNS: set plain.enabled to true.",
        "Android upgrades to DNS over TLS by itself, without checking the certificate.",
    ]
    lines = []
    if four:
        notes.append(f"DHCPv4 option 6 as hex: {b''.join(address.packed for address in four).hex()}")
        lines.append(f"dhcp-option=option:dns-server,{','.join(map(str, four))}")
    if six:
        notes.append(f"DHCPv6 option 23 as hex: {b''.join(address.packed for address in six).hex()}")
        lines.append(f"dhcp-option=option6:dns-server,{','.join(f'[{address}]' for address in six)}")
    notes.append("The lines are for dnsmasq: save them as /etc/dnsmasq.d/homedot-dhcp.conf")
    return Snippet("dhcp", "Any router: this box as the DNS server of the home", tuple(notes), tuple(lines))


def _dnr(enrolment: Enrolment) -> Snippet:
    name, port = enrolment.hostname, enrolment.dot_port
    four, six = _split(enrolment)
    notes = ["Discovery of Network-designated Resolvers (RFC 9463), for devices that know it: DNS over TLS by name."]
    if enrolment.root_pem:
        notes += [f"Devices verify that name, so each must trust the root: {root_source(enrolment)}"]
        notes += _fingerprint(enrolment)
    lines = []
    if four:
        data = dnr.dhcpv4(name, four, port)
        notes.append(f"DHCPv4 option {dnr.DHCPV4_OPTION} as hex: {data.hex()}")
        lines.append(f"dhcp-option={dnr.DHCPV4_OPTION},{data.hex(':')}")
    if six:
        data = dnr.dhcpv6(name, six, port)
        notes.append(f"DHCPv6 option {dnr.DHCPV6_OPTION} as hex: {data.hex()}")
        lines.append(f"dhcp-option=option6:{dnr.DHCPV6_OPTION},{data.hex(':')}")
        advertised = dnr.router_advertisement(name, six, port, _RA_LIFETIME_S)
        notes.append(f"Router advertisement, the whole option (dnsmasq cannot send it): {advertised.hex()}")
    notes.append("The lines are for dnsmasq: save them as /etc/dnsmasq.d/homedot-dnr.conf")
    return Snippet("dnr", "Routers that announce encrypted DNS", tuple(notes), tuple(lines))


def _split(enrolment: Enrolment) -> tuple[tuple[IPv4Address, ...], tuple[IPv6Address, ...]]:
    four = tuple(address for address in enrolment.addresses if isinstance(address, IPv4Address))
    return four, tuple(address for address in enrolment.addresses if isinstance(address, IPv6Address))


def _with_port(enrolment: Enrolment, address: IPv4Address | IPv6Address) -> str:
    if enrolment.dot_port == DOT_PORT:
        return str(address)
    host = f"[{address}]" if isinstance(address, IPv6Address) else str(address)
    return f"{host}:{enrolment.dot_port}"


def _trust(enrolment: Enrolment, then: str = "") -> tuple[str, ...]:
    """The step before the others; none with a user's certificate."""
    if enrolment.root_pem is None:
        return ()
    return (f"Save {root_source(enrolment)} as {ROOT_FILE}{then}", *_fingerprint(enrolment))


def _fingerprint(enrolment: Enrolment) -> tuple[str, ...]:
    return (f"Its SHA-256 fingerprint: {enrolment.root_sha256}",)
