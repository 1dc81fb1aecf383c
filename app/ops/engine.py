"""unbound.conf: how the engine behind the front door resolves, validates and caches.

`render` is pure. Its text loads with unbound from 1.17.1-2+deb12u3 (bookworm) to 1.26 (trixie). What both do by default
is left to them, unless the appliance's promise hangs on it.
"""

import re
import shutil
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path

from app.errors import OperatorError
from app.values import Forwarder

ROOT_HINTS = Path("/usr/share/dns/root.hints")  # Debian's dns-root-data
TRUST_ANCHOR = Path("/usr/share/dns/root.key")
CHECK_DEADLINE_S = 10.0

_LOG_PREFIX = re.compile(r"^\[\d+\] unbound-checkconf\[\d+:\d+\] ")

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
  verbosity: 0  # errors only

  # Only the front door on this machine asks.
  interface: 127.0.0.1
  port: {port}
  access-control: 127.0.0.0/8 allow
  hide-identity: yes
  hide-version: yes

  # DNSSEC in every mode; a failure says why (RFC 8914).
  module-config: "validator iterator"
  trust-anchor-file: "{trust_anchor}"
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

  # The front door gets large answers over UDP too: loopback carries 64 KiB in one packet. Towards the internet
  # edns-buffer-size keeps its 1232 octets.
  max-udp-size: 65535
  incoming-num-tcp: 32

  # All questions come from one address, which nobody can forge. The limits per address against forged ones
  # (CVE-2024-33655) would drop every answer that takes longer than 1.9 s, and in the end all.
  discard-timeout: 0
  wait-limit: 0

  # Sized for a home on a Raspberry Pi. Sockets stay below the common limit of 1024 open files.
  num-threads: 1
  outgoing-range: 900
  num-queries-per-thread: 450
  msg-cache-size: 8m
  rrset-cache-size: 16m
  cache-max-ttl: 86400
"""

# Names that never leave the machine and that unbound 1.17 sends upstream (RFC 6762 22.1, RFC 9462 6.4, RFC 9665).
_LOCAL_ZONES = ("local.", "resolver.arpa.", "service.arpa.")


def render(
    *,
    port: int,
    mode: str,
    forwarders: Sequence[Forwarder],
    ca_bundle: Path,
    root_hints: Path | None,
    trust_anchor: Path | None,
    run_dir: Path,
) -> str:
    """The text of unbound.conf for an unbound on 127.0.0.1:`port`.

    `mode` is "recursive" or "forward"; `forwarders` and `ca_bundle` matter to the latter only. `root_hints` and
    `trust_anchor` are those of a private root; None means the Internet's. Raises OperatorError for forwarders that
    are partly encrypted.
    """
    private_root = root_hints is not None or trust_anchor is not None
    forward = mode == "forward"
    text = _SERVER.format(run_dir=run_dir, port=port, trust_anchor=trust_anchor or TRUST_ANCHOR)
    for zone in _LOCAL_ZONES:
        # Without a SOA a negative answer cannot be cached (RFC 2308 5).
        text += f'  local-zone: "{zone}" static\n'
        text += f'  local-data: "{zone} 10800 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 10800"\n'
    if private_root:
        text += '  local-zone: "test." nodefault  # a private root decides its own names\n'
    if private_root or (forward and any(forwarder.address.is_loopback for forwarder in forwarders)):
        text += "  do-not-query-localhost: no\n"
    if forward:
        return text + _forward_zone(forwarders, ca_bundle)
    return text + f'  root-hints: "{root_hints or ROOT_HINTS}"\n'


def _forward_zone(forwarders: Sequence[Forwarder], ca_bundle: Path) -> str:
    encrypted = {forwarder.tls_name is not None for forwarder in forwarders}
    if len(encrypted) > 1:
        raise OperatorError(
            "resolver.forward: must be all tls:// or all plain, because one plain forwarder would see what the"
            " others encrypt: remove one kind"
        )
    text = f'  tls-cert-bundle: "{ca_bundle}"\n' if True in encrypted else ""
    text += '\nforward-zone:\n  name: "."\n'
    if True in encrypted:
        text += "  forward-tls-upstream: yes\n"
    for forwarder in forwarders:
        name = f"#{forwarder.tls_name}" if forwarder.tls_name else ""
        text += f"  forward-addr: {forwarder.address}@{forwarder.port}{name}\n"
    return text


def find_unbound() -> Path:
    """The unbound program; raises OperatorError where it is not installed. Its companions lie beside it."""
    # Debian keeps it in a folder that is not in the PATH of ordinary users.
    found = shutil.which("unbound") or shutil.which("unbound", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise OperatorError("unbound is not installed: apt install unbound")
    return Path(found)


def check(configuration: Path) -> None:
    """Let unbound-checkconf read the file, and open the certificates that it names, which unbound-checkconf does not.

    Raises OperatorError with what is wrong, or after CHECK_DEADLINE_S.
    """
    _checkconf(configuration)
    ca_bundle = _checkconf("-o", "tls-cert-bundle", configuration)
    try:
        if ca_bundle:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca_bundle)
    except OSError as error:  # SSLError is one
        raise OperatorError(
            f"resolver.ca_bundle: {ca_bundle} must hold certificates in PEM: {error.strerror}"
        ) from None


def _checkconf(*arguments: str | Path) -> str:
    try:
        result = subprocess.run(  # noqa: S603 - a fixed program and a path of our own
            [find_unbound().with_name("unbound-checkconf"), *arguments],
            capture_output=True,
            text=True,
            timeout=CHECK_DEADLINE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OperatorError(f"unbound-checkconf: did not finish within {CHECK_DEADLINE_S:.0f} s") from None
    if result.returncode != 0:
        said = (_LOG_PREFIX.sub("", line.strip()) for line in result.stderr.splitlines())
        raise OperatorError(f"{arguments[-1]}: unbound refuses it: {'; '.join(said)}")
    return result.stdout.strip()
