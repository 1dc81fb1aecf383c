"""`homedot snippet`: ready lines for stubby, unbound, routers and others."""

from argparse import ArgumentParser, Namespace

from app.config.load import Loaded
from app.errors import OperatorError
from app.onboarding.snippets import snippets
from app.programs.paths import read_enrolment


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", help="for which program; without it, a list of them")


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print the lines of this kind, or the list of kinds. Raises OperatorError if there is no such kind."""
    found = {snippet.kind: snippet for snippet in snippets(read_enrolment(loaded.settings))}
    if arguments.kind is None:
        width = max(map(len, found))
        print("\n".join(f"{each.kind:{width}}  {each.title}" for each in found.values()))
    elif arguments.kind in found:
        print(found[arguments.kind].text, end="")
    else:
        raise OperatorError(f"snippet: there is none for {arguments.kind!r}: choose one of {', '.join(found)}")
    return 0
