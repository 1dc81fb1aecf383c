"""Words on the command line -> the module of their verb -> exit code.

Only that module is imported, so that `homedot healthcheck` costs a tenth of a second on a Raspberry Pi and not the
whole house.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper
from types import ModuleType

from app.errors import OperatorError
from app.programs import handing
from app.programs.output import EXIT_OPERATOR, settle, tell_faults

GROUPS: Mapping[str, Mapping[str, str]] = {
    "How it is": {
        "status": "show on one screen whether it answers, what is blocked, and how long the certificate lasts",
        "doctor": "check this box as a strict client would, and say what to do",
        "why": "say what becomes of a name, and which rule and which list decide",
        "lists": "show the block lists; `lists add`, `remove`, `refresh`, `accept`; `lists check` tries another one",
        "config": "show every setting and where its value comes from",
        "version": "print the version and the commit that it was made from",
    },
    "Blocking": {
        "allow": "never block a name, nor what is below it",
        "deny": "block a name, and what is below it",
        "forget": "neither allow nor deny a name any more",
        "pause": "block nothing for a time, like 10m, for all or with --device for one",
        "resume": "end a pause before its time",
        "undo": "take back the last change, or one of the last ten by its number",
        "changes": "show what was set by these commands and the page, and the last ten changes",
        "token": "show the token for pausing from the setup page; `token new` makes another one",
    },
    "Devices": {
        "setup-phone": "show the QR code and the steps again",
        "snippet": "print ready lines for stubby, unbound, routers and others",
    },
    "Certificates": {
        "ca": "ca new: replace the certificate authority; every device must be set up again",
        "key": "key new: replace the certificate's key; devices that pin it need the new pin",
    },
    "For Docker and scripts": {
        "healthcheck": "ask one question over TLS; exit code 0 if it is answered",
    },
}
"""What people look for first comes first."""

VERBS = {verb: summary for verbs in GROUPS.values() for verb, summary in verbs.items()}
_HELP = ("help", "-h", "--help")
_READS_NO_FILES = {"version", "healthcheck"}
"""They are given the environment: what an operator is writing into a file just now is no reason for them to fail."""
EXIT_UNREAD = 141
"""What a shell shows of a program that SIGPIPE has ended."""


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command. Returns 0; 1 if what it checks is not well; 2 for faults that the operator must mend."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal has every letter
    try:
        try:
            return _run(argv, environment)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # into `head` or `grep -q`, which have read enough
        settle()
        return EXIT_UNREAD


def _run(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    match argv:
        case []:
            print(_help())
            return EXIT_OPERATOR
        case [first] | [first, "help" | "-h" | "--help"] if first in _HELP:
            print(_help())
            return 0
        case ["help", verb]:
            argv = [verb, "--help"]
    verb, module, arguments = parse(argv)
    try:
        given = environment if verb in _READS_NO_FILES else handing.in_force(environment)
        return int(module.run(given, arguments))
    except OperatorError as error:
        tell_faults(error)
        return EXIT_OPERATOR
    except KeyboardInterrupt:
        return 130


def parse(argv: Sequence[str]) -> tuple[str, ModuleType, Namespace]:
    """The verb, its module and what it is given. Raises SystemExit for words that are no command."""
    verb = "version" if argv[0] == "--version" else argv[0]
    if verb in _HELP:
        _parser("help").error("takes one command, like `homedot help doctor`")
    if verb not in VERBS:
        _parser(verb).error(f"there is no command {verb!a}; `homedot help` lists them")
    module = import_module(f"{__package__}.{verb.replace('-', '_')}")
    parser = _parser(verb)
    if hasattr(module, "arguments"):
        module.arguments(parser)
    return verb, module, parser.parse_intermixed_args(argv[1:])  # options may stand anywhere


def _parser(verb: str) -> ArgumentParser:
    return ArgumentParser(prog=f"homedot {verb}", description=VERBS.get(verb))


def _help() -> str:
    width = max(map(len, VERBS))
    lines = ["Homedot: encrypted DNS for a home.", "", "usage: homedot COMMAND"]
    for title, verbs in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {verb:{width}}  {summary}" for verb, summary in verbs.items())]
    return "\n".join((*lines, "", "`homedot help COMMAND` says what a command takes."))
