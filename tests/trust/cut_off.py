"""A process that is killed (SIGKILL) just before its 1st, 2nd, 3rd ... step on the disk.

A step is whatever changes a folder, opens a file for writing, writes half of a file, or waits for the disk.
"""

import os
import signal
import sys
from collections.abc import Callable
from ipaddress import ip_address
from itertools import count
from typing import Any

from app.config.values import IPAddress

HOSTNAME = "dns.home.arpa"
OLD: tuple[IPAddress, ...] = (ip_address("192.168.1.10"),)
NEW: tuple[IPAddress, ...] = (ip_address("192.168.1.20"),)

_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.chown"}
_WAITS = ("fsync", "fchmod", "fchown")


def survives(job: Callable[[], object], number: int) -> bool:
    """Run `job` in a child that kills itself before its step `number`, counted from 1. False if it was killed.

    Raises RuntimeError if it failed by itself. For a process without threads.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _kill_before(number)
            job()
            status = 0
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the child failed by itself at {number}, with {status}")
    return status == 0


def _kill_before(number: int) -> None:
    seen = count(1)

    def step() -> None:
        if next(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        opens_for_writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_WRONLY
        if event in _CHANGES or opens_for_writing:
            step()

    def stepping(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            step()
            return original(*arguments)

        return call

    def opening(descriptor: int, mode: str, *rest: Any, **named: Any) -> Any:
        file = fdopen(descriptor, mode, *rest, **named)
        return _Torn(file, step) if "w" in mode else file

    fdopen = os.fdopen
    for name in _WAITS:  # the interpreter reports these to no audit hook
        setattr(os, name, stepping(getattr(os, name)))
    vars(os)["fdopen"] = opening
    sys.addaudithook(watch)


class _Torn:
    """A file whose content arrives in two halves, and `step` comes between them."""

    def __init__(self, file: Any, step: Callable[[], None]) -> None:
        self._file = file
        self._step = step

    def write(self, content: bytes) -> None:
        half = len(content) // 2
        self._file.write(content[:half])
        self._file.flush()
        self._step()
        self._file.write(content[half:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> "_Torn":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
