"""Words on the command line -> the function that does it -> exit code.

Every function imports the rooms it needs when it runs, so that `homedot healthcheck` costs a tenth of a second on a
Raspberry Pi and not the whole house.
"""

import sys
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING

from app.config.load import Loaded, load
from app.config.values import hostname
from app.errors import OperatorError
from app.programs.output import settle
from app.revision import told

if TYPE_CHECKING:
    import argparse

EXIT_OPERATOR = 2
EXIT_UNREAD = 141
"""What a shell shows of a program that SIGPIPE has ended."""


def main(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command. Returns 0; 1 if what it checks is not well; 2 for faults that the operator must mend."""
    try:
        try:
            return _run(argv, environment)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # into `head` or `grep -q`, which have read enough
        settle()
        return EXIT_UNREAD


def _run(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    arguments = _of_a_program(argv) or _parser().parse_args(argv, SimpleNamespace())
    if arguments.run is _version:
        _version()
        return 0
    try:
        loaded = load(environment)
        return int(arguments.run(loaded, arguments) or 0)
    except OperatorError as error:
        _tell(error)
        return EXIT_OPERATOR
    except KeyboardInterrupt:
        return 130


def _tell(error: OperatorError) -> None:
    count = len(error.faults)
    print(f"homedot: {count} thing{'s' if count > 1 else ''} to mend:", file=sys.stderr)
    for fault in error.faults:
        print(f"  {fault}", file=sys.stderr)


def _bootstrap(loaded: Loaded, _: SimpleNamespace) -> None:
    from app.programs.bootstrap import bootstrap

    bootstrap(loaded.settings)


def _supervise(loaded: Loaded, arguments: SimpleNamespace) -> int:
    from app.programs.programs import supervise

    return supervise(loaded.settings, arguments.configuration)


def _dot(loaded: Loaded, _: SimpleNamespace) -> None:
    from app.programs.programs import dot

    dot(loaded.settings)


def _web(loaded: Loaded, _: SimpleNamespace) -> None:
    from app.programs.programs import web

    web(loaded.settings)


def _upkeep(loaded: Loaded, _: SimpleNamespace) -> None:
    from app.programs.programs import upkeep

    upkeep(loaded.settings)


def _lists(loaded: Loaded, arguments: SimpleNamespace) -> None:
    from app.programs.lists import lists

    lists(loaded.settings, arguments.action, arguments.which)


def _why(loaded: Loaded, arguments: SimpleNamespace) -> None:
    from app.programs.reasons import why

    why(loaded.settings, arguments.name, arguments.type)


def _pause(loaded: Loaded, arguments: SimpleNamespace) -> None:
    from .pause import duration_s, pause

    try:
        seconds = duration_s(arguments.time)
    except ValueError as error:
        raise OperatorError(f"pause: {error} (got {arguments.time!r})") from None
    pause(loaded.settings, seconds)


def _resume(loaded: Loaded, _: SimpleNamespace) -> None:
    from .pause import resume

    resume(loaded.settings)


def _token(loaded: Loaded, arguments: SimpleNamespace) -> None:
    from app.programs.pause_token import renew, show

    (renew if arguments.action == "new" else show)(loaded.settings)


def _setup_phone(loaded: Loaded, _: SimpleNamespace) -> None:
    from .inspect import setup_phone

    setup_phone(loaded.settings)


def _snippet(loaded: Loaded, arguments: SimpleNamespace) -> None:
    from .inspect import snippet

    snippet(loaded.settings, arguments.kind)


def _config(loaded: Loaded, _: SimpleNamespace) -> None:
    from .inspect import config

    config(loaded)


def _healthcheck(loaded: Loaded, _: SimpleNamespace) -> int:
    from .inspect import healthcheck

    return healthcheck(loaded.settings)


def _doctor(loaded: Loaded, arguments: SimpleNamespace) -> int:
    from .inspect import doctor

    return doctor(loaded.settings, arguments.bogus_name, arguments.slow_name, arguments.json)


def _ca(loaded: Loaded, arguments: SimpleNamespace) -> int:
    from .ca import ca_new

    return ca_new(loaded.settings, arguments.yes)


def _key(loaded: Loaded, arguments: SimpleNamespace) -> int:
    from .ca import key_new

    return key_new(loaded.settings, arguments.yes)


def _version() -> None:
    print(told())


_COMMANDS = {
    "bootstrap": (_bootstrap, "check the settings, make what is missing, say how a phone joins"),
    "supervise": (_supervise, "run everything until stopped"),
    "dot": (_dot, "run the DNS-over-TLS server"),
    "web": (_web, "run the setup page"),
    "upkeep": (_upkeep, "renew certificates; started by supervisord"),
    "lists": (_lists, "show the block lists; `lists refresh` looks for new ones now, `lists accept` takes small ones"),
    "why": (_why, "say what becomes of a name, and which rule and which list decide"),
    "pause": (_pause, "block nothing for a time, like 10m"),
    "resume": (_resume, "end a pause before its time"),
    "token": (_token, "show the token for pausing from the setup page; `token new` makes another one"),
    "setup-phone": (_setup_phone, "show the QR code and the steps again"),
    "snippet": (_snippet, "print ready lines for stubby, unbound, routers and others"),
    "config": (_config, "show every setting and where its value comes from"),
    "healthcheck": (_healthcheck, "ask one question over TLS; exit code 0 if it is answered"),
    "doctor": (_doctor, "check this box as a strict client would, and say what to do"),
    "ca": (_ca, "ca new: replace the certificate authority; every device must be set up again"),
    "key": (_key, "key new: replace the certificate's key; devices that pin it need the new pin"),
}


def _of_a_program(argv: Sequence[str]) -> SimpleNamespace | None:
    """What stays for months and what is started every 30 seconds do without argparse: it takes 2 MB in each of them."""
    match argv:
        case ["dot" | "web" | "upkeep" | "healthcheck" as name]:
            return SimpleNamespace(run=_COMMANDS[name][0])
        case ["lists", "run" | "compile" as action]:
            return SimpleNamespace(run=_lists, action=action, which=None)
        case ["supervise", configuration] if not configuration.startswith("-"):
            return SimpleNamespace(run=_supervise, configuration=configuration)
    return None


def _parser() -> "argparse.ArgumentParser":
    import argparse

    parser = argparse.ArgumentParser(prog="homedot", description="Encrypted DNS for a home.")
    parser.add_argument("--version", action="version", version=told())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (run, summary) in _COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run)
        if name == "supervise":
            command.add_argument("configuration", help="a supervisord.conf")
        if name == "snippet":
            command.add_argument("kind", nargs="?", help="for which program; without it, a list of them")
        if name == "doctor":
            command.add_argument("--json", action="store_true", help="print one JSON document, for scripts")
            command.add_argument(
                "--bogus-name", type=hostname, metavar="NAME", help="a name whose DNSSEC signatures are wrong"
            )
            command.add_argument("--slow-name", type=hostname, metavar="NAME", help="a name that is slow to resolve")
        if name in ("ca", "key"):
            command.add_argument("action", choices=["new"])
            command.add_argument("--yes", action="store_true", help="do it; without this, say what it means")
        if name == "why":
            command.add_argument("name", help="like www.example.com")
            command.add_argument("type", nargs="?", help="A, AAAA, HTTPS, ...; without it, A and HTTPS")
        if name == "pause":
            command.add_argument("time", nargs="?", default="10m", help="like 10m (the default), 90s or 2h")
        if name == "token":
            command.add_argument("action", nargs="?", default="show", choices=("show", "new"))
        if name == "lists":
            command.add_argument(
                "action", nargs="?", default="show", choices=("show", "refresh", "accept", "run", "compile")
            )
            command.add_argument("which", nargs="?", metavar="LIST", help="for accept: its title or address")
    commands.add_parser("version", help="print the version and the commit that it was made from").set_defaults(
        run=_version
    )
    return parser
