"""Would unbound start with this file? Asked of unbound-checkconf before anything runs."""

import re
import shutil
import ssl
import subprocess
from pathlib import Path

from app.errors import OperatorError

DEADLINE_S = 10.0

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
