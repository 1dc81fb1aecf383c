"""`homedot snippet`: ready lines for stubby, unbound, routers and others."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable

from app.config.load import Loaded
from app.errors import OperatorError
from app.onboarding.snippets import Snippet, snippets
from app.programs.paths import read_enrolment

from . import as_json


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", help="for which program; without it, a list of them")
    as_json.argument(parser)


def run(loaded: Loaded, arguments: Namespace) -> int:
    """Print the lines of this kind, or the list of kinds. Raises OperatorError if there is no such kind."""
    found = {snippet.kind: snippet for snippet in snippets(read_enrolment(loaded.settings))}
    if arguments.kind not in (None, *found):
        raise OperatorError(f"snippet: there is none for {arguments.kind!r}: choose one of {', '.join(found)}")
    if arguments.json:
        as_json.show(_documents(each for each in found.values() if arguments.kind in (None, each.kind)))
    elif arguments.kind is None:
        width = max(map(len, found))
        print("\n".join(f"{each.kind:{width}}  {each.title}" for each in found.values()))
    else:
        print(found[arguments.kind].text, end="")
    return 0


def _documents(found: Iterable[Snippet]) -> list[dict[str, str]]:
    return [{"kind": each.kind, "title": each.title, "text": each.text} for each in found]
