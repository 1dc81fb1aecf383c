"""unbound.conf: how the engine behind the front door resolves, validates and caches. Only text is made here.

The text loads with unbound from 1.17.1-2+deb12u3 (bookworm) to 1.26 (trixie). What both do by default is left to them,
unless the appliance's promise hangs on it; docs/decisions/0011-unbound.md says why the rest is as it is.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from app.config.forwarding import Forwarder, Route
from app.networks import INSIDE, LOOPBACK, IPNetwork, within
from app.specialnames import ALWAYS_SPECIAL

ROOT_HINTS = Path("/usr/share/dns/root.hints")  # Debian's dns-root-data
TRUST_ANCHOR = Path("/usr/share/dns/root.key")

QUERIES_AT_ONCE = 450
"""How many queries unbound can work on; beyond it the oldest are dropped. With their sockets they stay below the common
limit of 1024 open files."""
OUTSIDE = "homedot-reach"
"""Below it root servers, or the forwarders, are asked each time. There is no such name; what the root signs of that is
not taken from such a zone."""
_MOST_RTT_MS = {"recursive": 4000, "forward": 12000}

_CONTROL = """\
# Root, who becomes its user for that, has it forget what it found bogus: no option shortens that minute.
remote-control:
  control-enable: yes
  control-interface: "{control}"
  control-use-cert: no

"""

_MEMORY_SHARE = 8
_LEAST_CACHE_BYTES, _MOST_CACHE_BYTES = 4 << 20, 32 << 20

_SERVER = """\
server:
  directory: "{run_dir}"
  # supervisord chooses the user, keeps the process in the foreground and takes its log.
  chroot: ""
  username: ""
  pidfile: ""
  do-daemonize: no
  use-syslog: no
  logfile: ""
  verbosity: {verbosity}  # 0 is errors only; from 2 on it names what is asked

  # Only the front door on this machine asks.
  interface: 127.0.0.1
  port: {port}
  # The supervisor has the port reserved, and leaves it to unbound's user with this option alone.
  so-reuseport: yes
  access-control: 127.0.0.0/8 allow_snoop  # it looks into the cache for what is behind a failure
  hide-identity: yes
  hide-version: yes

  # DNSSEC in every mode; a failure says why (RFC 8914).
  module-config: "validator iterator"
  ede: yes
  harden-dnssec-stripped: yes
  # A board without a clock finds the time here, when every signature seems to be from the future. NTP itself is not
  # authenticated, so a signature on this name would protect nothing.
  domain-insecure: "pool.ntp.org"
  harden-glue: yes
  harden-below-nxdomain: yes
  harden-large-queries: yes

  # Fewer questions leave the house, and they say less (RFC 9156, RFC 8198).
  qname-minimisation: yes
  aggressive-nsec: yes
  prefetch: yes
  prefetch-key: yes

  # When nobody upstream answers, what was true yesterday is better than nothing (RFC 8767 5, with its timers).
  serve-expired: yes
  serve-expired-ttl: 86400
  serve-expired-client-timeout: 1800  # milliseconds
  serve-expired-reply-ttl: 30
  ede-serve-expired: yes

  # A line that was down must not be remembered for the usual quarter of an hour: silent servers are asked again soon,
  # and nothing is waited for much longer than a client waits. Failures themselves are kept for 5 s (RFC 9520 3.2). What
  # a server's silence taught must outlive the tries with it, or they begin anew in the middle: some 14 s. And a server
  # that seems to need max-rtt is not asked at all: three times what its first answer took. A forwarder seems as slow as
  # the names that it looks up for us, and there is nobody else to ask.
  infra-host-ttl: 15
  infra-keep-probing: yes
  infra-cache-max-rtt: {most_rtt_ms}  # milliseconds

  # The front door gets large answers over UDP too: loopback carries 64 KiB in one packet. Towards the internet
  # edns-buffer-size keeps its 1232 octets.
  max-udp-size: 65535
  incoming-num-tcp: 32

  # All questions come from one address, which nobody can forge. The limits per address against forged ones
  # (CVE-2024-33655) would drop every answer that takes longer than 1.9 s, and in the end all.
  discard-timeout: 0
  wait-limit: 0

  # Sized for a home on a Raspberry Pi.
  num-threads: 1
  outgoing-range: 900
  num-queries-per-thread: {queries_at_once}
  rrset-cache-size: {rrset_bytes}
  msg-cache-size: {msg_bytes}
  key-cache-size: {key_bytes}
  neg-cache-size: {neg_bytes}
  cache-max-ttl: 86400
  cache-max-negative-ttl: 3600  # RFC 2308 5 allows three hours
"""

# What never leaves the machine and unbound does not know itself: behind the front door the second line of defence.
_LOCAL_ZONES = [name for each in ALWAYS_SPECIAL if not each.built_into_unbound for name in each.names]


def cache_bytes(memory_bytes: int) -> int:
    """What unbound's caches may hold together on a box with `memory_bytes`."""
    return min(max(memory_bytes // _MEMORY_SHARE, _LEAST_CACHE_BYTES), _MOST_CACHE_BYTES)


def render(
    *,
    port: int,
    mode: str,
    forwarders: Sequence[Forwarder],
    routes: Sequence[Route],
    root_servers: Sequence[str],
    ca_bundle: Path,
    root_hints: Path | None,
    trust_anchor: Path | None,
    followed_anchor: Path | None,
    rebind_protection: bool,
    released: Sequence[str],
    snippets: Sequence[Path],
    health_name: str,
    cache_bytes: int,
    verbosity: int,
    run_dir: Path,
    control: Path | None,
) -> str:
    """The text of unbound.conf for an unbound on 127.0.0.1:`port`.

    `mode` is "recursive" or "forward"; `forwarders` matter to the latter only, addresses of `root_servers` to the
    former. `root_hints` and `trust_anchor` are those of a private root; None means the Internet's, whose keys unbound
    follows in the file `followed_anchor` (None: they stay as they came). With `rebind_protection` no name server of a
    stranger's is looked for at home. Names at and below `released` are asked although they are reserved. `snippets` are
    read last. `health_name` is answered without asking anybody. `cache_bytes` is for all caches together. `verbosity`
    is unbound's own, 0 to 5. `control` is where it hears its own user (None: nowhere).
    """
    private_root = root_hints is not None or trust_anchor is not None
    recursive = mode != "forward"
    asked = [*(() if recursive else forwarders), *(target for route in routes for target in route.forwarders)]
    text = _server(port, control, run_dir, cache_bytes, _MOST_RTT_MS[mode], verbosity=verbosity)
    text += _anchor(trust_anchor, followed_anchor)
    text += _local_zones(routes, released) + f'  domain-insecure: "{OUTSIDE}."\n'
    text += f'  local-zone: "{health_name}." static\n  local-data: "{health_name}. 60 IN A 127.0.0.1"\n'
    # The servers of a private root stand in a private network, and must be found; who forwards looks for none.
    if rebind_protection and recursive and root_hints is None:
        text += _strangers_at_home(asked)
    text += _ways(asked, ca_bundle, private_root=private_root, recursive=recursive)
    if recursive:
        text += f'  root-hints: "{root_hints or ROOT_HINTS}"\n' + _outside_by_root(root_servers)
    else:
        text += _forward_zone(f"{OUTSIDE}.", forwarders, is_kept=False) + _forward_zone(".", forwarders)
    text += "".join(_forward_zone(f"{route.zone}.", route.forwarders) for route in routes)
    return text + "".join(f'\ninclude-toplevel: "{snippet}"\n' for snippet in snippets)


def _server(
    port: int, control: Path | None, run_dir: Path, cache_bytes: int, most_rtt_ms: int, *, verbosity: int
) -> str:
    heard = _CONTROL.format(control=control) if control else ""
    return heard + _SERVER.format(
        run_dir=run_dir,
        port=port,
        most_rtt_ms=most_rtt_ms,
        verbosity=verbosity,
        queries_at_once=QUERIES_AT_ONCE,
        rrset_bytes=cache_bytes // 2,
        msg_bytes=cache_bytes // 4,
        key_bytes=cache_bytes // 8,
        neg_bytes=cache_bytes // 16,
    )


def _anchor(trust_anchor: Path | None, followed_anchor: Path | None) -> str:
    follows = trust_anchor is None and followed_anchor is not None
    option = "auto-trust-anchor-file" if follows else "trust-anchor-file"
    return f'  {option}: "{trust_anchor or followed_anchor or TRUST_ANCHOR}"\n'


def _strangers_at_home(asked: Sequence[Forwarder]) -> str:
    """No name server of a stranger's is looked for in these."""
    return "".join(f"  do-not-query-address: {each}\n" for each in _without(INSIDE, asked))


def _ways(asked: Sequence[Forwarder], ca_bundle: Path, *, private_root: bool, recursive: bool) -> str:
    """What those who are asked need: to be on this machine, to be allowed to prove nothing, and to be verified."""
    text = '  local-zone: "test." nodefault  # a private root decides its own names\n' if private_root else ""
    if private_root or any(within(forwarder.address, LOOPBACK) for forwarder in asked):
        text += "  do-not-query-localhost: no\n"
    if not recursive:
        text += "  val-max-restart: 1  # keys may come unsigned once; a filter proves nothing, however often asked\n"
    if any(forwarder.tls_name for forwarder in asked):
        text += f'  tls-cert-bundle: "{ca_bundle}"\n'
    return text


def _local_zones(routes: Sequence[Route], released: Sequence[str]) -> str:
    text, routed = "", [route.zone for route in routes]
    for zone in _LOCAL_ZONES:
        if zone not in routed and zone not in released:
            # Without a SOA a negative answer cannot be cached (RFC 2308 5).
            text += f'  local-zone: "{zone}." static\n'
            text += f'  local-data: "{zone}. 10800 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 10800"\n'
    text += "".join(f'  local-zone: "{zone}." transparent\n' for zone in released if zone not in routed)
    for zone in routed:
        # Also opens the zone around it that is local by default. The root proves that most such zones do not exist or
        # are not signed as they are here.
        text += f'  local-zone: "{zone}." transparent\n  domain-insecure: "{zone}."\n'
    return text


def _without(networks: Iterable[IPNetwork], forwarders: Iterable[Forwarder]) -> list[IPNetwork]:
    """`networks` but for the addresses of `forwarders`."""
    left = list(networks)
    for forwarder in forwarders:
        one: Any = ip_network(forwarder.address)
        around: list[Any] = [each for each in left if forwarder.address in each]
        left = [each for each in left if each not in around]
        left += [part for each in around for part in each.address_exclude(one)]
    return left


def _outside_by_root(servers: Sequence[str]) -> str:
    asked = "".join(f"  stub-addr: {server}\n" for server in servers)
    return f'\nstub-zone:\n  name: "{OUTSIDE}."\n  stub-no-cache: yes\n{asked}'


def _forward_zone(name: str, forwarders: Sequence[Forwarder], *, is_kept: bool = True) -> str:
    text = f'\nforward-zone:\n  name: "{name}"\n' + ("" if is_kept else "  forward-no-cache: yes\n")
    if any(forwarder.tls_name for forwarder in forwarders):
        text += "  forward-tls-upstream: yes\n"
    for forwarder in forwarders:
        tls_name = f"#{forwarder.tls_name}" if forwarder.tls_name else ""
        text += f"  forward-addr: {forwarder.address}@{forwarder.port}{tls_name}\n"
    return text
