"""What lets strangers ask, and what cannot tell them apart: in sentences for the log, the doctor and the page."""

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


def blindness(gateway: str) -> str:
    """What a bridge network whose gateway that is does to `allow_from`."""
    return (
        f"on this bridge network whoever comes over IPv6, strangers too, appears as {gateway}, which dot.allow_from"
        " lets in: publish the ports on IPv4 only, 0.0.0.0:853:853, as the compose file does"
    )
