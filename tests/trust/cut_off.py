"""Run `ensure_own` in children that are killed (SIGKILL) just before their 1st, 2nd, 3rd ... change on the disk.

python -m tests.trust.cut_off FOLDER     FOLDER/first/N, FOLDER/renewal/N: what each child left behind
"""

import os
import shutil
import signal
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from itertools import count
from pathlib import Path

from app.trust.store import ensure_own
from app.values import IPAddress
from tests.trust.minting import NOW

HOSTNAME = "dns.home.arpa"
OLD: Sequence[IPAddress] = (ip_address("192.168.1.10"),)
NEW: Sequence[IPAddress] = (ip_address("192.168.1.20"),)
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.chown"}


def kill_before(number: int) -> None:
    """Make this process kill itself before its change number `number`, counted from 1."""
    seen = count(1)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        opens_for_writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_WRONLY
        if (event in CHANGES or opens_for_writing) and next(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def survives(folder: Path, addresses: Sequence[IPAddress], number: int) -> bool:
    child = os.fork()
    if child == 0:
        kill_before(number)
        ensure_own(folder, HOSTNAME, addresses, NOW)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit(f"the child failed by itself at {number}")
    return os.WIFEXITED(status)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    ensure_own(target / "before", HOSTNAME, OLD, NOW)
    for step in count(1):
        (target / "first" / str(step)).mkdir(parents=True)
        if survives(target / "first" / str(step), OLD, step):
            break
    for step in count(1):
        shutil.copytree(target / "before", target / "renewal" / str(step))
        if survives(target / "renewal" / str(step), NEW, step):
            break
