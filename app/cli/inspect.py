"""Commands that look at a running box or at its settings, and print."""

import sys

from app.config.load import Loaded
from app.config.settings import Settings, leaves
from app.errors import OperatorError


def setup_phone(settings: Settings) -> None:
    """Print what the log showed at the start."""
    from app.onboarding.steps import setup_text
    from app.programs.paths import read_enrolment

    print(setup_text(read_enrolment(settings)))


def snippet(settings: Settings, kind: str | None) -> None:
    """Print the lines of this kind, or the list of kinds. Raises OperatorError if there is no such kind."""
    from app.onboarding.snippets import snippets
    from app.programs.paths import read_enrolment

    found = {snippet.kind: snippet for snippet in snippets(read_enrolment(settings))}
    if kind is None:
        width = max(map(len, found))
        print("\n".join(f"{each.kind:{width}}  {each.title}" for each in found.values()))
    elif kind in found:
        print(found[kind].text, end="")
    else:
        raise OperatorError(f"snippet: there is none for {kind!r}: choose one of {', '.join(found)}")


def config(loaded: Loaded) -> None:
    """Print every effective value, and where it came from."""
    rows = [(leaf.name, _shown(loaded.settings, leaf.name), loaded.sources[leaf.name]) for leaf in leaves()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    for name, value, source in rows:
        print(f"{name:{widths[0]}}  {value:{widths[1]}}  {source}")


def _shown(settings: Settings, name: str) -> str:
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def healthcheck(settings: Settings) -> int:
    """Print nothing and return 0 if this box answers over TLS; else one sentence and 1."""
    from app.doctor.healthcheck import check

    try:
        check(settings.dot.port, settings.hostname, 3.0)
    except OperatorError as error:
        print(f"homedot: {error}", file=sys.stderr)
        return 1
    return 0


def doctor(settings: Settings, bogus_name: str | None, slow_name: str | None, as_json: bool) -> int:
    """Print a line for each check, or one JSON document; 1 if a check failed."""
    from app.doctor.report import AT_ONCE, examine
    from app.doctor.target import BOGUS_NAME, Box
    from app.programs.paths import read_enrolment

    enrolment = read_enrolment(settings)
    box = Box(
        address=enrolment.addresses[0],
        port=enrolment.dot_port,
        hostname=enrolment.hostname,
        root_pem=enrolment.root_pem,
        root_sha256=enrolment.root_sha256,
        spki_pin=enrolment.spki_pin,
        idle_timeout_s=settings.dot.idle_timeout,
        bogus_name=bogus_name or BOGUS_NAME,
        slow_name=slow_name,
    )
    report = examine(box, min(AT_ONCE, settings.dot.connections_per_client))  # else the front door turns it away
    print(report.to_json() if as_json else report.to_text())
    return 1 if report.failed else 0
