"""The table of metrics, and what Prometheus reads (text format 0.0.4). Pure.

All else about a metric is made from it: `# HELP`, `# TYPE` and the list in docs/monitoring.md. A new counter is a
member of `Count` and its meaning, a new gauge a line here; beside it there is the code that counts, and the row there.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.dot.counters import MEANINGS, Count
from app.text import printable

_MOST_LABEL_CHARACTERS = 200


class Metric(NamedTuple):
    """`kind` is Prometheus' word, `meaning` says what it counts."""

    name: str
    kind: str
    meaning: str


_GAUGES = {
    "connections": "connections that are open now, over TLS and of plain DNS over TCP",
    "clients": "addresses that open connections come from",
    "uptime_seconds": "seconds since the front door was started",
    "blocking_paused_seconds": "seconds that a pause of blocking will last, 0 without one",
    "certificate_not_after_timestamp_seconds": "when the certificate ends (Unix time)",
    "list_names": "names on a block list that is in use (`list`, `source`, `number`)",
    "list_age_seconds": "how old a block list that is in use is",
}
METRICS: Mapping[str, Metric] = {
    **{name: Metric(f"homedot_{name}", "gauge", meaning) for name, meaning in _GAUGES.items()},
    **{(name := count.name.lower()): Metric(f"homedot_{name}_total", "counter", MEANINGS[count]) for count in Count},
}
"""By the name that our programs tell a number by."""


def render(state: Mapping[str, int]) -> str:
    """One sample for each name. Raises KeyError for one that is not in METRICS."""
    return "".join(_rendered(name, {"": value}) for name, value in state.items())


def render_lists(lists: Iterable[tuple[int, str, str, int, float]]) -> str:
    """Number, title, source, names and age in seconds of each list that is in use.

    Two may have one title, and one source where only a subscriber's key tells them apart; their numbers differ, or
    Prometheus would refuse everything.
    """
    names, ages_s = dict[str, int](), dict[str, int]()
    for number, title, source, count, age_s in lists:
        labels = f'{{list="{_quoted(title)}",source="{_quoted(source)}",number="{number}"}}'
        names[labels], ages_s[labels] = count, int(age_s)
    return _rendered("list_names", names) + _rendered("list_age_seconds", ages_s) if names else ""


def _rendered(name: str, samples: Mapping[str, int]) -> str:
    """`samples` by their labels."""
    metric = METRICS[name]
    head = (f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} {metric.kind}")
    return "\n".join((*head, *(f"{metric.name}{labels} {value}" for labels, value in samples.items()))) + "\n"


def _quoted(text: str) -> str:
    """A label's value of somebody else's words: not long, in characters that UTF-8 has and that steer no terminal."""
    return printable(text, _MOST_LABEL_CHARACTERS).replace("\\", "\\\\").replace('"', '\\"')
