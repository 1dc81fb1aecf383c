"""The address ::1, which a container on a network without IPv6 lacks, as does a machine where IPv6 is switched off."""

import os
import socket
import subprocess

_SWITCH_ON = "mount -o remount,bind,rw /proc/sys; echo 0 >/proc/sys/net/ipv6/conf/lo/disable_ipv6"


def ensure_ipv6() -> None:
    """Bring it up if it is not there. Raises RuntimeError where that cannot be done.

    A container's settings are mounted read-only: they can be written in a mount namespace that goes away right after.
    """
    if has_ipv6():
        return
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", _SWITCH_ON], capture_output=True, text=True, timeout=30, check=False
    )
    if not has_ipv6():
        raise RuntimeError(f"the loopback interface has no ::1, and uid {os.geteuid()} cannot change it: {done.stderr}")


def has_ipv6() -> bool:
    """Whether a socket can be bound to it."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
