"""The front door's counts and the certificate's end, as Prometheus reads them (text format 0.0.4). Pure."""

from collections.abc import Iterable, Mapping

from app.text import printable

_GAUGES = {
    "connections",
    "clients",
    "blocking_paused_seconds",
    "uptime_seconds",
    "certificate_not_after_timestamp_seconds",
}


_MOST_LABEL_CHARACTERS = 200


def render_lists(lists: Iterable[tuple[int, str, str, int, float]]) -> str:
    """Number, title, source, names and age in seconds of each list that is in use.

    Two may have one title, and one source where only a subscriber's key tells them apart; their numbers differ, or
    Prometheus would refuse everything.
    """
    known = [
        (f'{{list="{_quoted(title)}",source="{_quoted(source)}",number="{number}"}}', names, age_s)
        for number, title, source, names, age_s in lists
    ]
    lines = []
    for metric, values in (
        ("homedot_list_names", [(labels, names) for labels, names, _ in known]),
        ("homedot_list_age_seconds", [(labels, int(age_s)) for labels, _, age_s in known]),
    ):
        lines += [f"# TYPE {metric} gauge", *(f"{metric}{labels} {value}" for labels, value in values)]
    return "\n".join(lines) + "\n" if known else ""


def _quoted(text: str) -> str:
    """A label's value of somebody else's words: not long, in characters that UTF-8 has and that steer no terminal."""
    return printable(text, _MOST_LABEL_CHARACTERS).replace("\\", "\\\\").replace('"', '\\"')


def render(state: Mapping[str, int]) -> str:
    """One metric for each name, `homedot_NAME_total` unless it goes up and down."""
    lines = []
    for name, value in state.items():
        kind, metric = ("gauge", f"homedot_{name}") if name in _GAUGES else ("counter", f"homedot_{name}_total")
        lines += [f"# TYPE {metric} {kind}", f"{metric} {value}"]
    return "\n".join(lines) + "\n"
