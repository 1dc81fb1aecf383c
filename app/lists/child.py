"""A job in a child: what downloads, parses and compiles has limits, and gives its memory back when it is done."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, cast

from app.errors import ListBusyError, ListError, ListSizeError
from app.text import printable

from .contract import Job, Outcome

DEADLINE_S = 600.0
"""The download's own deadline, and as much again for a slow machine to compile it, and those before it."""

MOST_MEMORY_OCTETS = 384 * 1024 * 1024
"""Address space, for more than ten million names; a million need a fifth of it."""

MOST_CPU_S = 240
"""Of one processor, some eight times what ten million names take on a fast one. What takes longer is made to do so."""

_FIRST_VICTIM = "1000"
"""As oom_score_adj (proc_pid_oom_score_adj(5)): when memory is short, a list is late and nobody else dies."""

_LEAST_PRIORITY = 10
_MOST_ERROR_CHARACTERS = 300
"""A server has a say in what an error tells, like the name of a host that it leads to; a pipe holds some 60 000."""


class Child:
    """One that is at work on a job. SIGCHLD says that `outcome` is worth a look."""

    def __init__(self, command: Sequence[str], job: Job, deadline_s: float, kept: Sequence[int] = ()) -> None:
        """Start `command`, which calls `do` and keeps the descriptors `kept`. Raises ListError if that cannot be."""
        self._deadline_s = deadline_s
        self._end_s = monotonic() + deadline_s
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=kept
            )
        except OSError as error:
            raise ListError(f"the program that compiles it cannot be started: {error.strerror}") from error
        # Job and outcome are short: no pipe fills up. If it is gone already, `outcome` tells how.
        with suppress(BrokenPipeError), cast(BinaryIO, self._process.stdin) as stdin:
            stdin.write(json.dumps(asdict(job)).encode())

    def outcome(self) -> Outcome | None:
        """What was done, None while it is at work. Raises ListError if it failed or took too long: it is gone then."""
        if self._process.poll() is None:
            if monotonic() < self._end_s:
                return None
            self.end()
            raise ListError(f"took longer than {self._deadline_s:.0f} s to refresh")
        with cast(BinaryIO, self._process.stdout) as stdout:
            if self._process.returncode:
                raise ListError(_ending(self._process.returncode))
            told = json.loads(stdout.read())
        if "error" in told:
            raise _error(**told)
        values: dict[str, Any] = {name: tuple(it) if isinstance(it, list) else it for name, it in told.items()}
        return Outcome(**values)

    def wait(self) -> Outcome:
        """What was done, as soon as it is. Raises ListError as `outcome` does."""
        while (outcome := self.outcome()) is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(max(self._end_s - monotonic(), 0))
        return outcome

    def end(self) -> None:
        """Kill it. It is gone afterwards; its list stays as it was."""
        self._process.kill()
        self._process.wait()
        cast(BinaryIO, self._process.stdout).close()


def do(work: Callable[[Job], Outcome]) -> None:
    """In the child: take the job from stdin, do it with limits, tell its outcome on stdout."""
    limit_ourselves()
    try:
        told: dict[str, object] = asdict(work(Job(**json.load(sys.stdin))))
    except ListError as error:
        later_s = error.retry_after_s if isinstance(error, ListBusyError) else 0.0
        is_for_size = isinstance(error, ListSizeError)
        told = _failure(printable(str(error), _MOST_ERROR_CHARACTERS), is_for_size=is_for_size, later_s=later_s)
    except MemoryError:
        told = _failure(f"does not fit into {MOST_MEMORY_OCTETS >> 20} MB while it is compiled")
    json.dump(told, sys.stdout)


def _failure(error: str, *, is_for_size: bool = False, later_s: float = 0.0) -> dict[str, object]:
    return {"error": error, "is_for_size": is_for_size, "later_s": later_s}


def _error(error: str, *, is_for_size: bool, later_s: float) -> ListError:
    """What `_failure` tells of."""
    if is_for_size:
        return ListSizeError(error)
    return ListBusyError(error, later_s) if later_s else ListError(error)


def limit_ourselves() -> None:
    """Little memory and time, little priority, no core file, signals as usual; first to go when memory is short."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    with suppress(OSError):  # without /proc
        Path("/proc/self/oom_score_adj").write_text(_FIRST_VICTIM)
    _limit(resource.RLIMIT_CPU, MOST_CPU_S, MOST_CPU_S + 1)  # SIGXCPU first, which tells us why
    _limit(resource.RLIMIT_AS, MOST_MEMORY_OCTETS, MOST_MEMORY_OCTETS)
    _limit(resource.RLIMIT_CORE, 0, 0)
    os.nice(_LEAST_PRIORITY)


def _limit(kind: int, soft: int, hard: int) -> None:
    """To these, or to what the operator has set, if that is less: nobody may raise it."""
    _, most = resource.getrlimit(kind)
    least = hard if most == resource.RLIM_INFINITY else min(hard, most)
    resource.setrlimit(kind, (min(soft, least), least))


def _ending(returncode: int) -> str:
    if returncode == -signal.SIGXCPU:
        return f"takes more than {MOST_CPU_S} s of processor time to read and compile"
    if returncode == -signal.SIGKILL:
        return "the program that compiles it was killed: is the machine out of memory?"
    return f"the program that compiles it ended with {returncode}: see its lines above"
