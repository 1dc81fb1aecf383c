"""Would unbound start with this file? Asked of unbound-checkconf before anything runs."""

import re
import shutil
import ssl
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from app.errors import OperatorError

DEADLINE_S = 10.0

_KEPT = (
    # Where the front door, and nobody else, asks, and how.
    "interface", "interface-automatic", "port", "access-control", "do-ip4", "do-udp", "do-tcp", "so-reuseport",
    "tls-additional-port", "proxy-protocol-port", "discard-timeout", "wait-limit", "ip-ratelimit",
    # How supervisord runs it.
    "chroot", "username", "do-daemonize",
    # Who steers it.
    "control-enable", "control-interface",
    # Anchors can only be added to, and unbound itself refuses other ones for the root.
    "val-permissive-mode",
)  # fmt: skip
_KEPT_AND_MORE = "module-config"  # other modules may come before ours
_OTHER_PORTS = ("tls-port", "https-port", "quic-port")  # what listens on one of these speaks nothing else
_NO_SUCH_OPTION = "cannot print option"

_LOG_PREFIX = re.compile(r"^\[\d+\] unbound-checkconf\[\d+:\d+\] (fatal error: |error: )?")


def find_unbound() -> Path:
    """The unbound program; raises OperatorError where it is not installed. Its companions lie beside it."""
    # Debian keeps it in a folder that is not in the PATH of ordinary users.
    found = shutil.which("unbound") or shutil.which("unbound", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise OperatorError("unbound is not installed: apt install unbound")
    return Path(found)


def check(configuration: Path, user: str | None = None) -> None:
    """Let unbound-checkconf read the file, and open the certificates that it names, which unbound-checkconf does not.

    It reads as `user`, who unbound will be: what that user may not read is a fault too. Raises OperatorError with what
    is wrong, or after DEADLINE_S.
    """
    _checkconf(user, configuration)
    ca_bundle = _checkconf(user, "-o", "tls-cert-bundle", configuration)
    try:
        if ca_bundle:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(ca_bundle)
    except OSError as error:  # SSLError is one
        raise OperatorError(
            f"resolver.ca_bundle: {ca_bundle} must hold certificates in PEM: {error.strerror}"
        ) from None


def check_kept(
    written: Callable[[Sequence[Path]], Path], snippets: Sequence[Path], port: int, user: str | None = None
) -> None:
    """Let unbound-checkconf tell whether `snippets` leave alone what the appliance relies on.

    `written` writes the configuration with some of them, at last with all, and returns its path. Raises OperatorError
    with a line for each option that is lost.
    """
    if not snippets:
        return
    path = written(())
    ours = {option: _value(path, option, user) for option in (*_KEPT, _KEPT_AND_MORE, *_OTHER_PORTS)}
    path = written(snippets)
    lost = [option for option in ours if not _keeps(option, ours[option], _value(path, option, user), port)]
    faults = []
    for option in lost:
        alone = (
            snippet
            for snippet in snippets
            if not _keeps(option, ours[option], _value(written([snippet]), option, user), port)
        )
        faults.append(f"{next(alone, snippets[-1])}: sets {option}, which Homedot relies on: remove it there")
    if faults:
        raise OperatorError(faults)


def _keeps(option: str, ours: str | None, theirs: str | None, port: int) -> bool:
    if option in _OTHER_PORTS:
        return theirs != str(port)
    if option == _KEPT_AND_MORE:
        return str(ours) in str(theirs)
    return theirs == ours


def _value(configuration: Path, option: str, user: str | None) -> str | None:
    """None where this unbound has no such option."""
    try:
        return _checkconf(user, "-o", option, configuration)
    except OperatorError as error:
        if _NO_SUCH_OPTION in str(error):
            return None
        raise


def _checkconf(user: str | None, *arguments: str | Path) -> str:
    try:
        result = subprocess.run(  # noqa: S603 - a fixed program and a path of our own
            [find_unbound().with_name("unbound-checkconf"), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DEADLINE_S,
            check=False,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    except subprocess.TimeoutExpired:
        raise OperatorError(f"unbound-checkconf: did not finish within {DEADLINE_S:.0f} s") from None
    if result.returncode != 0:
        said = (_LOG_PREFIX.sub("", line.strip()) for line in result.stderr.splitlines())
        raise OperatorError(f"{arguments[-1]}: unbound refuses it: {'; '.join(said)}")
    return result.stdout.strip()
