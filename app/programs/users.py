"""The users of the system that programs of ours run as, each with a group of the same name."""

import os
import pwd

from app.errors import OperatorError

ROOT, DOT, WEB, LISTS, UNBOUND = "root", "homedot-dot", "homedot-web", "homedot-lists", "unbound"
ACME = "homedot-acme"
OF_PROGRAMS = (ROOT, DOT, WEB, LISTS)
"""Those that the programs which read settings run as."""

_REMEDIES = {UNBOUND: "apt install unbound"}


def find(name: str) -> pwd.struct_passwd | None:
    """None when everything runs as one ordinary user. Raises OperatorError for one that is not there."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError:
        remedy = _REMEDIES.get(name, "start with `make run`, which adds it")
        raise OperatorError(f"there is no user {name}: {remedy}") from None


def group_id(name: str) -> int | None:
    """That of the user's group; None and OperatorError as for `find`."""
    user = find(name)
    return None if user is None else user.pw_gid


def become(name: str) -> None:
    """Give up root for good: what this process then reads from strangers leads to no key. Raises OperatorError."""
    user = find(name)
    if user is not None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
