import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer.tally import BOUNDS_S
from app.doctor.condition import ConditionKind, of
from app.dot import counters
from app.dot.counters import Count
from app.programs.metrics import (
    METRICS,
    ListNumbers,
    Metric,
    render,
    render_build,
    render_condition,
    render_lists,
    render_series,
)


def test_counters_and_gauges_have_their_types() -> None:
    assert render({"connections": 2, "queries": 40}).splitlines() == [
        "# HELP homedot_connections connections that are open now, over TLS and of plain DNS over TCP",
        "# TYPE homedot_connections gauge",
        "homedot_connections 2",
        "# HELP homedot_queries_total questions over TLS, and in plain DNS over TCP",
        "# TYPE homedot_queries_total counter",
        "homedot_queries_total 40",
    ]


def test_a_number_that_is_in_no_table_is_not_told() -> None:
    with pytest.raises(KeyError, match="frobnications"):
        render({"frobnications": 1})


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: str(metric.name))
def test_a_metric_is_named_and_explained_as_prometheus_wants_it(metric: Metric) -> None:
    """Its own advice: a counter ends in _total, a unit is in the name, and HELP is one line (text format 0.0.4)."""
    assert re.fullmatch("homedot_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.meaning.isprintable()
    assert "\\" not in metric.meaning
    assert len(metric.meaning) > 10


ITSELF = Path(counters.__file__)
COUNTING = "".join(path.read_text() for path in ITSELF.parents[1].rglob("*.py") if path != ITSELF)


@pytest.mark.parametrize("count", Count, ids=lambda count: str(count.name))
def test_every_count_is_counted_somewhere(count: Count) -> None:
    assert f"Count.{count.name}" in COUNTING


def test_the_end_of_the_certificate_is_a_gauge() -> None:
    assert render({"certificate_not_after_timestamp_seconds": 1780315200}).splitlines() == [
        "# HELP homedot_certificate_not_after_timestamp_seconds when the certificate ends (Unix time)",
        "# TYPE homedot_certificate_not_after_timestamp_seconds gauge",
        "homedot_certificate_not_after_timestamp_seconds 1780315200",
    ]


_VALUE = r'"(?:[^"\\\n]|\\["\\n])*"'
_SAMPLE = re.compile(rf"([a-z_]+)(?:\{{((?:[a-z]+={_VALUE},?)+)\}})? (\d+)")


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], int]:
    """Each sample by its name and labels. Fails as Prometheus does (exposition formats, text format 0.0.4)."""
    assert text.endswith("\n")
    found: dict[tuple[str, tuple[tuple[str, str], ...]], int] = {}
    typed: list[str] = []
    explained: list[str] = []
    for line in text.encode().decode().removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            explained.append(line.split(" ")[2])
            continue
        if line.startswith("# TYPE "):
            typed.append(line.split(" ")[2])
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        labels = re.findall(rf"([a-z]+)=({_VALUE})", match[2] or "")
        read = tuple((name, re.sub(r"\\(.)", r"\1", value[1:-1])) for name, value in labels)
        assert match[1] == typed[-1]
        assert (match[1], read) not in found, f"a series that was there before: {line}"
        found[match[1], read] = int(match[3])
    assert len(set(typed)) == len(typed)
    assert explained == typed
    return found


def test_each_list_says_whether_it_is_there_how_large_and_how_old_and_when_it_went_well() -> None:
    here = ListNumbers(1, "Pro", "/a", 12, 60.9, 1780315200.5, 2, 5)
    found = samples(
        render_lists(
            [ListNumbers(0, "blocking.deny", "", blocked=6), here, ListNumbers(3, 'A "b" \\', "/b", failures=7)]
        )
    )
    pro, gone = (
        (("list", "Pro"), ("source", "/a"), ("number", "1")),
        (("list", 'A "b" \\'), ("source", "/b"), ("number", "3")),
    )
    assert found == {
        ("homedot_list_up", pro): 1,
        ("homedot_list_up", gone): 0,
        ("homedot_list_names", pro): 12,
        ("homedot_list_age_seconds", pro): 60,
        ("homedot_list_last_success_timestamp_seconds", pro): 1780315200,
        ("homedot_list_last_success_timestamp_seconds", gone): 0,
        ("homedot_list_failures", pro): 2,
        ("homedot_list_failures", gone): 7,
        ("homedot_blocked_total", pro): 5,
        ("homedot_blocked_total", gone): 0,
        ("homedot_blocked_total", (("list", "blocking.deny"), ("source", ""), ("number", "0"))): 6,
    }
    assert render_lists([]) == ""


def test_two_lists_of_one_title_and_source_are_two_series() -> None:
    source = "https://lists.example/get"  # told apart by a subscriber's key, which is not shown
    assert (
        len(samples(render_lists([ListNumbers(1, "Pro", source, 12, 1), ListNumbers(2, "Pro", source, 13, 2)]))) == 12
    )


@given(st.lists(st.tuples(st.text(st.characters()), st.text(st.characters()))))
def test_whatever_a_list_calls_itself_everything_can_be_read(lists: list[tuple[str, str]]) -> None:
    text = render_lists(ListNumbers(number, title, source, 1, 1.0) for number, (title, source) in enumerate(lists, 1))
    assert len(samples(text) if lists else {}) == 6 * len(lists)
    assert "\x1b" not in text


def test_a_long_title_is_cut() -> None:
    assert len(render_lists([ListNumbers(1, "x" * 100_000, "y" * 100_000, 1, 1)])) < 4000


def test_of_the_states_that_this_box_can_be_in_one_is_told_as_1() -> None:
    told = samples(render_condition(of(ConditionKind.REWRITTEN, 1780315200.5)))
    assert {kind: told["homedot_condition", (("condition", kind),)] for kind in ConditionKind} == {
        kind: int(kind is ConditionKind.REWRITTEN) for kind in ConditionKind
    }
    assert told["homedot_condition_since_timestamp_seconds", ()] == 1780315200


def test_labels_come_in_the_order_of_the_table() -> None:
    assert render_series({"answers": {"dot NOERROR": 5, "udp SERVFAIL": 0}}).splitlines() == [
        "# HELP homedot_answers_total answers, by the way the question came (`transport`, `rcode`)",
        "# TYPE homedot_answers_total counter",
        'homedot_answers_total{transport="dot",rcode="NOERROR"} 5',
        'homedot_answers_total{transport="udp",rcode="SERVFAIL"} 0',
    ]
    assert render_build("0.2.0", "").splitlines()[2] == 'homedot_build_info{version="0.2.0",commit=""} 1'


def test_buckets_of_a_histogram_add_up_and_its_sum_is_in_seconds() -> None:
    bounds = (*BOUNDS_S, "+Inf")
    numbers = {f"cache {bound}": number for number, bound in enumerate(bounds)} | {"cache us": 1_500_000}
    numbers |= {f"here {bound}": 1 for bound in bounds} | {"here us": 7}
    lines = render_series({"answer_duration_seconds": numbers}).splitlines()
    assert lines[1] == "# TYPE homedot_answer_duration_seconds histogram"
    assert lines[2:5] == [
        'homedot_answer_duration_seconds_bucket{source="cache",le="0.001"} 0',
        'homedot_answer_duration_seconds_bucket{source="cache",le="0.0025"} 1',
        'homedot_answer_duration_seconds_bucket{source="cache",le="0.005"} 3',
    ]
    assert lines[-1] == 'homedot_answer_duration_seconds_count{source="here"} 13'
    assert lines[14:17] == [
        'homedot_answer_duration_seconds_bucket{source="cache",le="+Inf"} 78',
        'homedot_answer_duration_seconds_sum{source="cache"} 1.5',
        'homedot_answer_duration_seconds_count{source="cache"} 78',
    ]
