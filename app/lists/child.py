"""Work in a child: what downloads, parses and compiles has limits, and gives its memory back when it is done."""

import os
import resource
import signal
import subprocess
from collections.abc import Sequence
from time import monotonic
from typing import BinaryIO, cast

from app.errors import ListError

DEADLINE_S = 600.0
"""The download's own deadline, and as much again for a slow machine to compile."""

MOST_MEMORY_OCTETS = 768 * 1024 * 1024
"""Address space, for some three million names; a million need a third of it."""

_ENDINGS = {signal.SIGTERM, signal.SIGINT}
_LEAST_PRIORITY = 10


def ask(command: Sequence[str], question: bytes, deadline_s: float, kept: Sequence[int] = ()) -> bytes:
    """Run `command`, write `question` to it and return what it prints: both short, so that no pipe fills up.

    It keeps the descriptors `kept`. SIGCHLD, SIGTERM and SIGINT must be blocked. Raises ListError if it fails or takes
    too long, and SystemExit when we are told to end; it is gone in every case.
    """
    end_s = monotonic() + deadline_s
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=kept
    ) as child:
        try:
            stdin, stdout = cast(BinaryIO, child.stdin), cast(BinaryIO, child.stdout)
            stdin.write(question)
            stdin.close()
            while child.poll() is None:
                told = signal.sigtimedwait({signal.SIGCHLD, *_ENDINGS}, max(end_s - monotonic(), 0.0))
                if told is None:
                    raise ListError(f"took longer than {deadline_s:.0f} s to refresh")
                if told.si_signo in _ENDINGS:
                    raise SystemExit(0)
            if child.returncode:
                raise ListError(_ending(child.returncode))
            return stdout.read()
        except BrokenPipeError:
            raise ListError("the program that compiles it ended at once: see its lines above") from None
        finally:
            child.kill()


def limit_ourselves() -> None:
    """For the child: little memory, little priority, no core file, signals as usual."""
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_OCTETS, MOST_MEMORY_OCTETS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_LEAST_PRIORITY)


def _ending(returncode: int) -> str:
    if returncode == -signal.SIGKILL:
        return "the program that compiles it was killed: is the machine out of memory?"
    return f"the program that compiles it ended with {returncode}: see its lines above"
