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
    "public_certificate_not_after_timestamp_seconds": "when that of the public name ends (Unix time), while it has one",
    "list_up": "1 if a block list is in use, 0 if it is missing (`list`, `source`, `number`)",
    "list_names": "names on a block list that is in use, exceptions not counted",
    "list_age_seconds": "how old a block list that is in use is",
    "list_last_success_timestamp_seconds": "when the last look at a block list went well (Unix time), 0 for never",
    "list_failures": "looks at a block list that failed since the last that did not",
}
METRICS: Mapping[str, Metric] = {
    **{name: Metric(f"homedot_{name}", "gauge", meaning) for name, meaning in _GAUGES.items()},
    **{(name := count.name.lower()): Metric(f"homedot_{name}_total", "counter", MEANINGS[count]) for count in Count},
}
"""By the name that our programs tell a number by."""


def render(state: Mapping[str, int]) -> str:
    """One sample for each name. Raises KeyError for one that is not in METRICS."""
    return "".join(_rendered(name, {"": value}) for name, value in state.items())


class ListNumbers(NamedTuple):
    """What is told of one block list. `age_s` is None while it is missing."""

    number: int
    title: str
    source: str
    names: int = 0
    age_s: float | None = None
    last_success_s: float = 0.0
    failures: int = 0


def render_lists(lists: Iterable[ListNumbers]) -> str:
    """Of each list of the settings.

    Two may have one title, and one source where only a subscriber's key tells them apart; their numbers differ, or
    Prometheus would refuse everything.
    """
    samples: dict[str, dict[str, int]] = {name: {} for name in _GAUGES if name.startswith("list_")}
    for its in lists:
        labels = f'{{list="{_quoted(its.title)}",source="{_quoted(its.source)}",number="{its.number}"}}'
        samples["list_up"][labels] = int(its.age_s is not None)
        samples["list_last_success_timestamp_seconds"][labels] = int(its.last_success_s)
        samples["list_failures"][labels] = its.failures
        if its.age_s is not None:
            samples["list_names"][labels], samples["list_age_seconds"][labels] = its.names, int(its.age_s)
    return "".join(_rendered(name, each) for name, each in samples.items() if each)


def _rendered(name: str, samples: Mapping[str, int]) -> str:
    """`samples` by their labels."""
    metric = METRICS[name]
    head = (f"# HELP {metric.name} {metric.meaning}", f"# TYPE {metric.name} {metric.kind}")
    return "\n".join((*head, *(f"{metric.name}{labels} {value}" for labels, value in samples.items()))) + "\n"


def _quoted(text: str) -> str:
    """A label's value of somebody else's words: not long, in characters that UTF-8 has and that steer no terminal."""
    return printable(text, _MOST_LABEL_CHARACTERS).replace("\\", "\\\\").replace('"', '\\"')
