"""The table of metrics, and what Prometheus reads (text format 0.0.4). Pure.

All else about a metric is made from it: `# HELP`, `# TYPE` and the list in docs/monitoring.md. A new counter is a
member of `Count` and its meaning, a new gauge a line here; beside it there is the code that counts, and the row there.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.doctor.condition import Condition, ConditionKind
from app.dot.counters import MEANINGS, Count
from app.text import printable

_MOST_LABEL_CHARACTERS = 200


class Metric(NamedTuple):
    """`kind` is Prometheus' word, `meaning` says what it counts, by `labels`."""

    name: str
    kind: str
    meaning: str
    labels: tuple[str, ...] = ()

    @property
    def explained(self) -> str:
        """For people: what it counts, and its labels."""
        return self.meaning + (f" ({', '.join(f'`{label}`' for label in self.labels)})" if self.labels else "")


_GAUGES = {
    "connections": "connections that are open now, over TLS and of plain DNS over TCP",
    "clients": "addresses that open connections come from",
    "start_time_seconds": "when the front door was started (Unix time)",
    "uptime_seconds": "seconds since the front door was started",
    "blocking_paused_seconds": "seconds that a pause of blocking will last, 0 without one",
    "certificate_not_after_timestamp_seconds": "when the certificate ends (Unix time)",
    "public_certificate_not_after_timestamp_seconds": "when that of the public name ends (Unix time), while it has one",
    "condition_since_timestamp_seconds": "since when it is in that state (Unix time), 0 if nobody knows",
    "cache_entries": "answers that are in the cache of the front door",
    "cache_bytes": "memory that the cache of the front door takes, as far as it is counted",
    "list_up": "1 if a block list is in use, 0 if it is missing",
    "list_names": "names on a block list that is in use, exceptions not counted",
    "list_age_seconds": "how old a block list that is in use is",
    "list_last_success_timestamp_seconds": "when the last look at a block list went well (Unix time), 0 for never",
    "list_failures": "looks at a block list that failed since the last that did not",
}
_OF_LIST = ("list", "source", "number")
_WITH_LABELS = (
    ("build_info", "gauge", "1; its labels say which Homedot this is", ("version", "commit")),
    ("process_resident_memory_bytes", "gauge", "memory of each program, shared pages in each (RSS)", ("program",)),
    ("condition", "gauge", "1 for the state that this box is in, 0 for all others", ("condition",)),
    ("answers", "counter", "answers, by the way the question came", ("transport", "rcode")),
    ("answer_duration_seconds", "histogram", "seconds from reading a question to its answer", ("source",)),
    ("validations", "counter", "answers of unbound, by what validation with DNSSEC said", ("result",)),
    ("blocked", "counter", "answers that were blocked, by the list that did; 0 is `blocking.deny`", _OF_LIST),
)
METRICS: Mapping[str, Metric] = {
    **{
        name: Metric(f"homedot_{name}", "gauge", meaning, _OF_LIST if name.startswith("list_") else ())
        for name, meaning in _GAUGES.items()
    },
    **{
        name: Metric(f"homedot_{name}{'_total' if kind == 'counter' else ''}", kind, meaning, labels)
        for name, kind, meaning, labels in _WITH_LABELS
    },
    **{(name := count.name.lower()): Metric(f"homedot_{name}_total", "counter", MEANINGS[count]) for count in Count},
}
"""By the name that our programs tell a number by."""


def render(state: Mapping[str, int]) -> str:
    """One sample for each name. Raises KeyError for one that is not in METRICS."""
    return "".join(_rendered(name, {"": value}) for name, value in state.items())


def render_condition(condition: Condition) -> str:
    """As a set of states: one of them is 1."""
    states = {f'{{condition="{kind}"}}': int(kind is condition.kind) for kind in ConditionKind}
    since = {"": int(condition.since_s or 0)}
    return _rendered("condition", states) + _rendered("condition_since_timestamp_seconds", since)


Series = Mapping[str, Mapping[str, int]]
"""By the name of a number, then by the values of its labels with blanks between."""


def render_series(series: Series) -> str:
    """What has labels, all of them words of ours. Raises KeyError for what is not in METRICS."""
    return "".join(
        _rendered(name, _histogram(numbers) if METRICS[name].kind == "histogram" else _labelled(name, numbers))
        for name, numbers in series.items()
    )


def _labelled(name: str, numbers: Mapping[str, int]) -> dict[str, int]:
    return {_braced(zip(METRICS[name].labels, key.split(" "), strict=True)): each for key, each in numbers.items()}


def _histogram(numbers: Mapping[str, int]) -> dict[str, float]:
    """Cumulative, as Prometheus has it, of what `AnswerCounts.totals` tells."""
    samples: dict[str, float] = {}
    count = 0
    for key, number in numbers.items():
        source, _, bound = key.partition(" ")
        if bound == "us":
            samples[f'_sum{{source="{source}"}}'], samples[f'_count{{source="{source}"}}'] = number / 1e6, count
            count = 0
        else:
            count += number
            samples[f'_bucket{{source="{source}",le="{bound}"}}'] = count
    return samples


def _braced(labels: Iterable[tuple[str, str]]) -> str:
    inside = ",".join(f'{name}="{_quoted(value)}"' for name, value in labels)
    return f"{{{inside}}}" if inside else ""


def render_build(version: str, commit: str) -> str:
    return _rendered("build_info", {_braced((("version", version), ("commit", commit))): 1})


class ListNumbers(NamedTuple):
    """What is told of one block list. `age_s` is None while it is missing; `blocked` answers are due to it."""

    number: int
    title: str
    source: str
    names: int = 0
    age_s: float | None = None
    last_success_s: float = 0.0
    failures: int = 0
    blocked: int = 0


def render_lists(lists: Iterable[ListNumbers]) -> str:
    """Of each list of the settings, and of `blocking.deny`, which is number 0 and just blocks.

    Two may have one title, and one source where only a subscriber's key tells them apart; their numbers differ, or
    Prometheus would refuse everything.
    """
    samples: dict[str, dict[str, int]] = {name: {} for name, metric in METRICS.items() if metric.labels == _OF_LIST}
    for its in lists:
        labels = _braced(zip(_OF_LIST, (its.title, its.source, str(its.number)), strict=True))
        samples["blocked"][labels] = its.blocked
        if not its.number:
            continue
        samples["list_up"][labels] = int(its.age_s is not None)
        samples["list_last_success_timestamp_seconds"][labels] = int(its.last_success_s)
        samples["list_failures"][labels] = its.failures
        if its.age_s is not None:
            samples["list_names"][labels], samples["list_age_seconds"][labels] = its.names, int(its.age_s)
    return "".join(_rendered(name, each) for name, each in samples.items() if each)


def _rendered(name: str, samples: Mapping[str, float]) -> str:
    """`samples` by what follows the name of the metric."""
    metric = METRICS[name]
    head = (f"# HELP {metric.name} {metric.explained}", f"# TYPE {metric.name} {metric.kind}")
    return "\n".join((*head, *(f"{metric.name}{labels} {value}" for labels, value in samples.items()))) + "\n"


def _quoted(text: str) -> str:
    """A label's value of somebody else's words: not long, in characters that UTF-8 has and that steer no terminal."""
    return printable(text, _MOST_LABEL_CHARACTERS).replace("\\", "\\\\").replace('"', '\\"')
