"""A program of the operator's own that sets records, for providers that are not here.

    HOOK set-text NAME VALUE        have a TXT record, besides others there
    HOOK remove-text NAME VALUE     take it away again
    HOOK set-addresses NAME A...    have these A and AAAA records, and no others

It has the token on its standard input, and a minute; exit code 0 says that it is done.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO, cast, final

from app.errors import PublicNameError

from .api import said

DEADLINE_S = 60.0
_MOST_OCTETS = 4096
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


@final
class Hook:
    holds_one = False
    keeps_addresses = True

    def __init__(self, path: str, name: str, token: str | None = None, deadline_s: float = DEADLINE_S) -> None:
        self._path = path
        self._name = name
        self._token = token
        self._deadline_s = deadline_s

    def check(self) -> None:
        if not os.access(self._path, os.X_OK):
            told = f"{self._path}: cannot be run by user homedot-acme: make it, and the folders above it, open to all"
            raise PublicNameError(f"{told}: chmod a+rx", is_of_settings=True)

    def set_text(self, name: str, value: str) -> None:
        self._run("set-text", name, value)

    def remove_text(self, name: str, value: str) -> None:
        self._run("remove-text", name, value)

    def set_addresses(self, addresses: Sequence[str]) -> None:
        self._run("set-addresses", self._name, *addresses)

    def _run(self, *words: str) -> None:
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own program
                [self._path, *words],
                bufsize=0,
                env=_ENVIRONMENT,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            told = f"{self._path}: cannot be run: {error.strerror}: it must begin with #! or be a program"
            raise PublicNameError(told, is_of_settings=True) from None
        ended = threading.Event()
        timer = threading.Timer(self._deadline_s, _end, (process.pid, ended))
        timer.start()
        with process:
            with suppress(BrokenPipeError), cast(BinaryIO, process.stdin) as stdin:
                stdin.write((self._token or "").encode())
            complaint = _first_octets(cast(BinaryIO, process.stderr))
            cast(BinaryIO, process.stderr).close()  # it may print on, and dies of it
            process.wait()
        timer.cancel()
        if ended.is_set():
            raise PublicNameError(f"{self._path} {words[0]} was not done within {self._deadline_s:.0f} s: look at it")
        if process.returncode:
            words_said = said(complaint.decode(errors="replace").strip()) or "it printed no reason"
            told = f"{self._path} {words[0]} failed with {process.returncode}: {words_said}"
            raise PublicNameError(told)


def _first_octets(stream: BinaryIO) -> bytes:
    read = b""
    while len(read) < _MOST_OCTETS and (piece := stream.read(_MOST_OCTETS - len(read))):
        read += piece
    return read


def _end(pid: int, ended: threading.Event) -> None:
    """It and all that it started."""
    ended.set()
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
