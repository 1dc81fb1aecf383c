"""Who can ask, who cannot be told apart, and what is written down of them: sentences for log, doctor and page."""

from collections.abc import Sequence

from app.config.settings import Settings
from app.networks import is_whole_internet


def warnings(settings: Settings) -> Sequence[str]:
    """One for each `allow_from` that holds the whole internet."""
    doors = [("dot.allow_from", settings.dot.allow_from, "ask this box and see its page")]
    if settings.plain.enabled:
        flood = "ask this box, and have it flood others whose addresses they forge"
        doors.append(("plain.allow_from", settings.plain.allow_from, flood))
    return [
        f"{setting} holds the whole internet: strangers who reach this machine can {what}; name your own networks there"
        for setting, networks, what in doors
        if is_whole_internet(networks)
    ]


def notices(settings: Settings) -> Sequence[str]:
    """What the page says at its head: the same, and that names are written down."""
    return [*warnings(settings), *([written_down(settings)] if logs_queries(settings) else [])]


def logs_queries(settings: Settings) -> bool:
    """Whether names that are asked are in the log: by either setting, at a level that has news."""
    return (settings.log.queries or settings.dot.log_queries) and settings.log.level in ("info", "debug")


def written_down(settings: Settings) -> str:
    """Whether names that are asked are in the log, and whose: for everybody at home."""
    if not logs_queries(settings):
        return "Names that are asked are not written down."
    clients = [str(each) for each in settings.log.queries_of if not isinstance(each, str)]
    what = "Each name that is asked and blocked" if "blocked" in settings.log.queries_of else "Each name that is asked"
    by_whom = f" from {', '.join(clients)}" if clients else ""
    return f"{what}{by_whom} is written down in the log of this box, with the address of the device (log.queries)."


def blindness(gateway: str) -> str:
    """What a bridge network whose gateway that is does to `allow_from`."""
    return (
        f"on this bridge network whoever comes over IPv6, strangers too, appears as {gateway}, which dot.allow_from"
        " lets in: publish the ports on IPv4 only, 0.0.0.0:853:853, as the compose file does"
    )
