"""The name of a program -> its module, which is all that its process imports."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from app.config.load import load
from app.errors import OperatorError

from .output import EXIT_OPERATOR, tell_faults

PROGRAMS = ("bootstrap", "supervisor", "front", "web", "lists", "compile", "upkeep")


def start(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program `argv[0]` with the rest of `argv`. Returns its exit code; 2 for what the operator must mend."""
    if not argv or argv[0] not in PROGRAMS:
        print(f"usage: python -m app.programs {{{','.join(PROGRAMS)}}}", file=sys.stderr)
        return EXIT_OPERATOR
    program, *arguments = argv
    try:
        settings = load(environment).settings
        code = import_module(f"{__package__}.{program}").run(settings, *arguments)
    except OperatorError as error:
        tell_faults(error)
        return EXIT_OPERATOR
    return int(code or 0)
