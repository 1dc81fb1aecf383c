"""Upkeep's side of the program `certify`: it is started and looked at again, never waited for.

Without the module subprocess, which upkeep can do without for months.
"""

import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.host.wall_clock import since_boot_s

from . import users

DEADLINE_S = 960.0
"""A minute after the child's own."""
_COMMAND = (sys.executable, "-P", "-m", "app.programs", "certify")
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_MOST_OCTETS = 1 << 20
_LAST_OF_EVERYBODY = 2
"""Standard error: what is said there is for the log."""


class Certifying:
    """One child at work on `job`, the members of a NameJob. Raises OperatorError or OSError if it cannot be started."""

    def __init__(self, job: dict[str, Any], command: Sequence[str] = _COMMAND) -> None:
        self._end_s = since_boot_s() + DEADLINE_S
        self._told = os.memfd_create("outcome")
        asked = os.memfd_create("job")  # a pipe may be full, and then we would wait
        try:
            with os.fdopen(asked, "wb", closefd=False) as file:
                file.write(json.dumps(job).encode())
            os.lseek(asked, 0, os.SEEK_SET)
            words = [*_as_its_user(), *command]
            _keep_open_files()
            files = [(os.POSIX_SPAWN_DUP2, asked, 0), (os.POSIX_SPAWN_DUP2, self._told, 1)]
            self._pid = os.posix_spawnp(words[0], words, _ENVIRONMENT, file_actions=files)
        except BaseException:
            os.close(self._told)
            raise
        finally:
            os.close(asked)

    def outcome(self) -> dict[str, Any] | None:
        """The members of a NameOutcome, None while it is at work. Is not asked again afterwards."""
        ended, status = os.waitpid(self._pid, os.WNOHANG)
        if not ended:
            if since_boot_s() < self._end_s:
                return None
            os.kill(self._pid, signal.SIGKILL)
            _, status = os.waitpid(self._pid, 0)
        with os.fdopen(self._told, "rb") as told:
            told.seek(0)
            content = told.read(_MOST_OCTETS)
        try:
            tree = json.loads(content)
        except ValueError:
            tree = None
        if status or not isinstance(tree, dict):
            code = os.waitstatus_to_exitcode(status)
            return {"fault": f"the program that asks for it ended with {code}: see the lines above"}
        return tree


def _keep_open_files() -> None:
    """From any child, whoever opened them."""
    for path in Path("/proc/self/fd").iterdir():
        if (number := int(path.name)) > _LAST_OF_EVERYBODY:
            with suppress(OSError):  # the one that reads this folder
                os.set_inheritable(number, False)


def _as_its_user() -> Sequence[str]:
    """What to put before a command: it ends with us, and has no right that others do not have."""
    user = users.find(users.ACME)
    dies_with_us = ("setpriv", "--pdeathsig", "KILL")
    if user is None:
        return (*dies_with_us, "--")
    who = ("--reuid", user.pw_name, "--regid", user.pw_name, "--clear-groups", "--no-new-privs")
    return (*dies_with_us, *who, "--inh-caps=-all", "--ambient-caps=-all", "--")
