"""What may this container do? Root in a container has only the capabilities that it was given (capabilities(7))."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from app.errors import OperatorError

_EFFECTIVE = re.compile(r"^CapEff:\s+([0-9a-f]+)$", re.MULTILINE)
_NEEDED = {
    0: ("CHOWN", "the key is handed to the one program that needs it"),
    5: ("KILL", "the supervisor stops programs of other users"),
    6: ("SETGID", "each program runs with a group of its own"),
    7: ("SETUID", "each program runs as a user of its own"),
}
"""Numbers of linux/capability.h."""
_NET_BIND_SERVICE = 10


def require(ports: Sequence[int], proc: Path = Path("/proc")) -> None:
    """Raises OperatorError that names what is missing to run as root and to bind `ports`.

    An ordinary user needs none of it: then everything runs as that user.
    """
    if os.geteuid() != 0 or (has := _effective(proc)) is None:
        return
    needed = dict(_NEEDED)
    if min(ports) < _first_unprivileged(proc):
        needed[_NET_BIND_SERVICE] = ("NET_BIND_SERVICE", f"port {min(ports)}")
    lacking = [(name, why) for number, (name, why) in needed.items() if not has >> number & 1]
    if lacking:
        raise OperatorError(
            f"the container lacks the {'capabilities' if len(lacking) > 1 else 'capability'} "
            f"{', '.join(name for name, _ in lacking)} ({'; '.join(why for _, why in lacking)}): "
            f"add `cap_add: [{', '.join(name for name, _ in lacking)}]`, or start it as an ordinary user with `user:`"
        )


def _effective(proc: Path) -> int | None:
    try:
        found = _EFFECTIVE.search((proc / "self/status").read_text())
    except OSError:
        return None
    return int(found[1], 16) if found else None


def _first_unprivileged(proc: Path) -> int:
    try:
        return int((proc / "sys/net/ipv4/ip_unprivileged_port_start").read_text())
    except (OSError, ValueError):
        return 1024
