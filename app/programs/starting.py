"""The name of a program -> its module, which is all that its process imports."""

import logging
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from app.config.handed import where_set
from app.config.load import Loaded
from app.config.settings import Log, Settings
from app.errors import OperatorError

from . import handing
from .output import EXIT_OPERATOR, Lines, fault_lines, tell_faults

PROGRAMS = ("bootstrap", "supervisor", "front", "web", "lists", "compile", "upkeep", "certify")
UNHEARD = ("bootstrap", "supervisor")
"""No supervisor reads what they say, and gives it the form of the log."""

_OF_OTHER_IMAGES = ("PUID", "PGID")
_INSTEAD = (
    "programs run as users of the container's own and the volume is root's; your files in /config may be anybody's who "
    "may read them, so take these two out"
)

_HANDS_ON, _RELOADS, _MARKS, _KNOWS_NOTHING = "bootstrap", "upkeep", "front", "certify"


def _loaded(program: str, environment: Mapping[str, str]) -> Loaded:
    """The settings of a program. Raises OperatorError."""
    if program == _KNOWS_NOTHING:
        return Loaded(Settings(), {}, {})
    return handing.wanted(environment) if program in UNHEARD else handing.in_force(environment)


def start(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program `argv[0]` with the rest of `argv`. Returns its exit code; 2 for what the operator must mend."""
    if not argv or argv[0] not in PROGRAMS:
        print(f"usage: python -m app.programs {{{','.join(PROGRAMS)}}}", file=sys.stderr)
        return EXIT_OPERATOR
    program, *arguments = argv
    log = Log()
    try:
        loaded = _loaded(program, environment)
        log = loaded.settings.log
        more = [environment] if program == _RELOADS else [where_set(loaded)] if program == _MARKS else arguments
        code = import_module(f"{__package__}.{program}").run(loaded.settings, *more)
        if program == _HANDS_ON:
            handing.hand_on(loaded)
            _tell_of_other_habits(environment)
    except OperatorError as error:
        if program in UNHEARD:
            lines = Lines(log, descriptor=2)
            for line in fault_lines(error):
                lines.tell("homedot", logging.ERROR, line)
        else:
            tell_faults(error)
        return EXIT_OPERATOR
    return int(code or 0)


def _tell_of_other_habits(environment: Mapping[str, str]) -> None:
    given = [name for name in _OF_OTHER_IMAGES if environment.get(name)]
    if given:
        does = "does" if len(given) == 1 else "do"
        logging.getLogger("homedot").warning("%s %s nothing here: %s", " and ".join(given), does, _INSTEAD)
