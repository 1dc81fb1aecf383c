"""How a device leaves again, one sentence or two for each kind. Pure.

Sources: Apple's iPhone User Guide and Mac User Guide (what a configuration profile brought goes with it); Android's
settings of Private DNS; Microsoft's reference of netsh dnsclient, netsh interface and certutil; resolved.conf(5),
update-ca-certificates(8), nm-settings-nmcli(5); OpenWrt's documentation of uci.
"""

from .enrolment import Enrolment
from .snippets import ROOT_FILE

_BY_FILE = {
    "systemd-resolved": ("/etc/systemd/resolved.conf.d/homedot.conf", "systemd-resolved"),
    "unbound": ("/etc/unbound/unbound.conf.d/homedot.conf", "unbound"),
    "dhcp": ("/etc/dnsmasq.d/homedot-dhcp.conf", "dnsmasq"),
    "dnr": ("/etc/dnsmasq.d/homedot-dnr.conf", "dnsmasq"),
}
_BY_LEASE = ("dhcp", "dnr")


def leaving(enrolment: Enrolment) -> dict[str, str]:
    """By the `kind` of a Guide or of a Snippet; with ` > ` on the way through settings, and `commands`, like a Step."""
    root = ""
    if enrolment.root_pem is not None:
        root = f" Then remove `{ROOT_FILE}` and run `update-ca-certificates --fresh`."
    found = {kind: f"Remove `{file}` and run `systemctl restart {unit}`." for kind, (file, unit) in _BY_FILE.items()}
    for kind in _BY_LEASE:
        found[kind] += " Another router: give it back the DNS servers it had. Devices follow when they reconnect."
    for kind in ("systemd-resolved", "unbound"):
        found[kind] += root
    return found | {
        "iphone": "Settings > General > VPN & Device Management: choose Homedot and remove it."
        + (" The root goes with it." if root else ""),
        "mac": _mac(enrolment),
        "android": _android(enrolment),
        "windows": _windows(enrolment),
        "linux": found["systemd-resolved"],
        "networkmanager": _network_manager() + root,
        "stubby": f"Put back the `/etc/stubby/stubby.yml` that you had, and run `systemctl restart stubby`.{root}",
        "kdig": f"kdig changes nothing.{root}",
        "openwrt": _openwrt(),
    }


def _mac(enrolment: Enrolment) -> str:
    remove = "System Settings > General > Device Management: select Homedot, then click the minus sign."
    if enrolment.root_pem is None:
        return remove
    return f"{remove} Should Keychain Access > System still list {enrolment.root_name}, delete it there."


def _android(enrolment: Enrolment) -> str:
    if enrolment.root_pem is None:
        return "Settings > Network & internet > Private DNS: Automatic."
    return "Give the router back the DNS servers it had. Devices follow when they reconnect."


def _windows(enrolment: Enrolment) -> str:
    families = {address.version: "ipv4" if address.version == 4 else "ipv6" for address in enrolment.addresses}
    lines = [f'netsh interface {family} set dnsservers name="Ethernet" source=dhcp' for family in families.values()]
    lines += [f"netsh dns delete encryption server={address}" for address in enrolment.addresses]
    lines.append("netsh dns delete global dot")
    if enrolment.root_pem is not None:
        lines.append(f'certutil -delstore Root "{enrolment.root_name}"')
    return f"In a Terminal as administrator: {', '.join(f'`{line}`' for line in lines)}."


def _network_manager() -> str:
    change = "nmcli connection modify 'Wired connection 1' connection.dns-over-tls default"
    families = " ".join(f"{family}.ignore-auto-dns no {family}.dns ''" for family in ("ipv4", "ipv6"))
    return f"Run `{change} {families}` and `nmcli connection up 'Wired connection 1'`."


def _openwrt() -> str:
    lines = (
        "uci -q delete dhcp.@dnsmasq[0].server",
        "uci -q delete dhcp.@dnsmasq[0].noresolv",
        "uci commit dhcp",
        "/etc/init.d/dnsmasq restart",
        "opkg remove stubby",
    )
    return f"Run {', '.join(f'`{line}`' for line in lines)}."
