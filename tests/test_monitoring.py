"""The files in config/monitoring: what they ask for is there. That rules fire is in tests/clients/test_prometheus."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.programs.metrics import METRICS

FOLDER = Path(__file__).parent.parent / "config/monitoring"
LABELS = {"instance", "job", "le", *(label for metric in METRICS.values() for label in metric.labels)}


def series() -> set[str]:
    """The names that can be asked for."""
    found = set[str]()
    for metric in METRICS.values():
        ends = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        found |= {metric.name + end for end in ends}
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "grafana-dashboard.json").read_text())["panels"]
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_number_and_label_that_is_asked_for_is_told(expression: str) -> None:
    assert set(re.findall(r"homedot_\w+", expression)) <= series()
    named = {label.strip() for labels in re.findall(r"\bby \(([^)]*)\)", expression) for label in labels.split(",")}
    named |= set(re.findall(r"[{,]\s*(\w+)\s*(?:=~|!~|!=|=)", expression))
    assert named <= LABELS


def test_every_rule_has_a_name_of_its_own_a_severity_and_a_sentence() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) > 5
    assert all(name.startswith("Homedot") for name in names)
    assert {rule["labels"]["severity"] for rule in rules()} == {"warning", "critical"}
    assert all("$labels.instance" in rule["annotations"]["summary"] for rule in rules())


def test_panels_do_not_lie_upon_one_another_and_take_the_data_source_that_is_chosen() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())
