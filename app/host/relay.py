"""What the supervisor's programs print -> lines with a level. Pure.

Our own programs write each line with its priority before it, `<4>cannot accept: ...` (sd-daemon(3)); unbound has words
for it. A line with neither is an error: it comes from an interpreter that broke, or a command that could not be run.
"""

import logging
import re
from collections.abc import Callable
from typing import final

Tell = Callable[[str, int, str], None]
"""Takes one line of the log: program, level (as `logging` counts them) and text."""

_PRIORITIES = {logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}
_LEVELS = {priority: level for level, priority in _PRIORITIES.items()} | {5: logging.INFO}
_PRIORITY = re.compile(r"<([0-7])>")
_HEAD_OF_UNBOUND = re.compile(r"\[\d+\] unbound\[\d+:[0-9a-f]+\] (?=(\w+))")
_LEVELS_OF_UNBOUND = {"warning": logging.WARNING, "notice": logging.INFO, "info": logging.INFO, "debug": logging.DEBUG}
_NO_NEWS = ("info: start of service ", "info: service stopped ")
_MOST_LINE_OCTETS = 16 * 1024


def priority(level: int) -> str:
    """What a program writes before a line of that level."""
    return f"<{_PRIORITIES.get(level, _PRIORITIES[logging.ERROR])}>"


def prioritized(level: int, text: str) -> str:
    """The lines of `text` as a program writes them."""
    return "".join(f"{priority(level)}{line}\n" for line in text.splitlines())


@final
class Relay:
    """Puts lines together out of what was read, and hands them to `tell`."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._unfinished: dict[tuple[str, str], bytes] = {}

    def read(self, program: str, channel: str, octets: bytes) -> None:
        """`octets` came from that output of `program`."""
        *lines, rest = (self._unfinished.pop((program, channel), b"") + octets).split(b"\n")
        if len(rest) > _MOST_LINE_OCTETS:
            lines.append(rest)
        elif rest:
            self._unfinished[program, channel] = rest
        for line in lines:
            self._hand_on(program, line)

    def end(self, program: str) -> None:
        """What it left unfinished is a line too."""
        for key in [key for key in self._unfinished if key[0] == program]:
            self._hand_on(program, self._unfinished.pop(key))

    def _hand_on(self, program: str, octets: bytes) -> None:
        line = octets.decode(errors="replace").rstrip()
        if program == "unbound":
            head = _HEAD_OF_UNBOUND.match(line)
            level = _LEVELS_OF_UNBOUND.get(head[1], logging.ERROR) if head else logging.ERROR
        else:
            head = _PRIORITY.match(line)
            level = _LEVELS.get(int(head[1]), logging.ERROR) if head else logging.ERROR
        text = line[head.end() :] if head else line
        if text and not text.startswith(_NO_NEWS):
            self._tell(program, level, text)
