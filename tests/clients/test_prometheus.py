"""A real Prometheus: what it reads, what it objects to, and that its rules fire."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.programs.metrics import METRICS
from tests.appliance import HOSTNAME, folder_for_all, free_ports, running, settings_in
from tests.fakes.pki import Authority
from tests.internet import Internet
from tests.test_monitoring import FOLDER, panels, rules

pytestmark = pytest.mark.server

BOX = 'instance="box:8853",job="homedot"'
LIST = f'{BOX},list="Pro",source="https://lists.example/pro",number="1"'
DAY_S = 24 * 3600


def condition(name: str) -> dict[str, str]:
    return {
        f'homedot_condition{{{BOX},condition="{name}"}}': "1x120",
        f'homedot_condition{{{BOX},condition="well"}}': "0x120",
    }


def bucket(le: str, values: str) -> dict[str, str]:
    return {f'homedot_answer_duration_seconds_bucket{{{BOX},source="unbound",le="{le}"}}': values}


FAULTS: dict[str, list[tuple[dict[str, str], str]]] = {
    "HomedotNotScraped": [({f"up{{{BOX}}}": "0x120"}, "5m")],
    "HomedotNotAnswering": [(condition("not_answering"), "3m")],
    "HomedotNotWell": [
        (condition(name), "10m")
        for name in (
            "unreachable",
            "forwarder_silent",
            "forwarder_not_validating",
            "forwarder_certificate",
            "rewritten",
            "clock_wrong",
            "no_network",
        )
    ],
    "HomedotCannotTell": [(condition("cannot_tell"), "40m")],
    "HomedotCertificateEnds": [
        ({f"homedot_certificate_not_after_timestamp_seconds{{{BOX}}}": f"{6 * DAY_S}x120"}, "1m"),
        ({f"homedot_certificate_not_after_timestamp_seconds{{{BOX}}}": "60x120"}, "60m"),
    ],
    "HomedotListMissing": [({f"homedot_list_up{{{LIST}}}": "0x120"}, "20m")],
    "HomedotListOld": [
        (
            {
                f"homedot_list_up{{{LIST}}}": "1x6000",
                f"homedot_list_last_success_timestamp_seconds{{{LIST}}}": "60x6000",
            },
            "75h",
        )
    ],
    "HomedotAnswersFail": [
        (
            {
                f'homedot_answers_total{{{BOX},transport="dot",rcode="SERVFAIL"}}': "0+30x120",
                f'homedot_answers_total{{{BOX},transport="dot",rcode="NOERROR"}}': "0+60x120",
            },
            "30m",
        )
    ],
    "HomedotAnswersBogus": [
        (
            {
                f'homedot_validations_total{{{BOX},result="bogus"}}': "0+30x120",
                f'homedot_validations_total{{{BOX},result="secure"}}': "0+60x120",
            },
            "30m",
        )
    ],
    "HomedotSlow": [(bucket("1.0", "0+8x120") | bucket("2.5", "0+10x120") | bucket("+Inf", "0+10x120"), "40m")],
    "HomedotRestarts": [({f"homedot_start_time_seconds{{{BOX}}}": "1+300x120"}, "30m")],
}
"""By rule: numbers, one a minute, and when it must fire."""

QUIET = (
    {
        f"up{{{BOX}}}": "1x120",
        f'homedot_condition{{{BOX},condition="well"}}': "1x120",
        f'homedot_condition{{{BOX},condition="unreachable"}}': "0x120",
        f'homedot_condition{{{BOX},condition="not_answering"}}': "0x120",
        f"homedot_certificate_not_after_timestamp_seconds{{{BOX}}}": f"{8 * DAY_S}x120",
        f"homedot_list_up{{{LIST}}}": "1x120",
        f"homedot_list_last_success_timestamp_seconds{{{LIST}}}": "0x120",
        f'homedot_answers_total{{{BOX},transport="dot",rcode="SERVFAIL"}}': "0+30x120",
        f'homedot_answers_total{{{BOX},transport="dot",rcode="NOERROR"}}': "0+600x120",
        f'homedot_validations_total{{{BOX},result="bogus"}}': "0+30x120",
        f'homedot_validations_total{{{BOX},result="secure"}}': "0+600x120",
        f"homedot_start_time_seconds{{{BOX}}}": "1x120",
    }
    | bucket("1.0", "0+95x120")
    | bucket("2.5", "0+100x120")
    | bucket("+Inf", "0+100x120")
)
"""A home where 5 of 100 fail, one or the other is bogus, and some names are slow."""


def test_promtool_takes_all_files() -> None:
    for kind, name in (("rules", "alerts.yaml"), ("config", "prometheus.yaml")):
        done = subprocess.run(
            ["promtool", "check", kind, name], cwd=FOLDER, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def fired(folder: Path, numbers: dict[str, str], at: str) -> set[str]:
    """The rules that fire, as promtool calculates."""
    series = [{"series": name, "values": values} for name, values in numbers.items()]
    never = [{"alertname": rule["alert"], "eval_time": at, "exp_alerts": []} for rule in rules()]
    asked = {
        "rule_files": [str(FOLDER / "alerts.yaml")],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": series, "alert_rule_test": never}],
    }
    path = folder / "test.yaml"
    path.write_text(yaml.safe_dump(asked))
    done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    found = {rule["alert"] for rule in rules() if f"alertname: {rule['alert']}," in told}
    assert (done.returncode == 0) is (not found), told
    return found


def test_every_rule_has_a_fault_here() -> None:
    assert FAULTS.keys() == {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("name", FAULTS)
def test_each_rule_fires_at_its_fault_alone(tmp_path: Path, name: str) -> None:
    for numbers, at in FAULTS[name]:
        assert fired(tmp_path, numbers, at) == {name}


@pytest.mark.parametrize("at", ["5m", "40m", "110m"])
def test_none_fires_in_a_home_where_some_names_are_broken(tmp_path: Path, at: str) -> None:
    assert fired(tmp_path, QUIET, at) == set()


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[str]:
    """One that asks `target` every second. Its address."""
    (port,) = free_ports(1)
    config = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(FOLDER / "alerts.yaml")]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{target}"]}]
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    command = [
        "prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/tsdb",
        f"--web.listen-address=127.0.0.1:{port}",
    ]  # fmt: skip
    with (folder / "prometheus.log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def filled_in(expression: str) -> str:
    """As Grafana asks for all boxes."""
    return expression.replace("$instance", ".*").replace("$__rate_interval", "1m")


def asked(address: str, path: str, **parameters: str) -> Any:
    """What its API says; None while it does not."""
    try:
        answer = httpx.get(f"{address}/api/v1/{path}", params=parameters, timeout=10)
    except httpx.TransportError:
        return None
    return json.loads(answer.text)["data"] if answer.status_code == 200 else None


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_all() as path:
        yield path


def test_it_scrapes_all_there_is_and_a_certificate_that_is_about_to_end_fires(folder: Path, internet: Internet) -> None:
    authority = Authority()
    ends = timedelta(days=5.5)
    leaf = authority.intermediate.sign(HOSTNAME, names=[HOSTNAME], addresses=["127.0.0.1"], ends=ends)
    (folder / "cert.pem").write_bytes(leaf.pem + authority.intermediate.pem)
    (folder / "key.pem").write_bytes(leaf.key_pem)
    own = {"HOMEDOT_TLS__CERTIFICATE": str(folder / "cert.pem"), "HOMEDOT_TLS__KEY": str(folder / "key.pem")}
    lists = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": str(folder / "list.txt")}
    (folder / "list.txt").write_text("ads.example\n")
    (folder / "list.txt").chmod(0o644)
    with (
        running(folder, settings_in(folder, **own, **lists, **internet.environment)) as appliance,
        prometheus(folder, appliance.web_port) as address,
    ):
        deadline = time.monotonic() + 60
        while not (alerts := (asked(address, "alerts") or {}).get("alerts")):
            assert time.monotonic() < deadline, (folder / "prometheus.log").read_text()
            time.sleep(0.2)  # it asks every second
        (target,) = asked(address, "targets")["activeTargets"]
        assert (target["health"], target["lastError"]) == ("up", "")
        names = set(asked(address, "label/__name__/values"))
        (answers,) = asked(address, "query", query="sum(homedot_answers_total)")["result"]
        shown = {
            target["expr"]: asked(address, "query", query=filled_in(target["expr"]))
            for panel in panels()
            for target in panel["targets"]
        }
    assert [(each["labels"]["alertname"], each["state"]) for each in alerts] == [("HomedotCertificateEnds", "firing")]
    assert "ends in 5d 1" in alerts[0]["annotations"]["summary"]
    assert int(answers["value"][1]) > 0  # that of the health check
    assert [expression for expression, found in shown.items() if found is None] == []
    empty = [expression for expression, found in shown.items() if not found["result"]]
    assert [each for each in empty if not any(word in each for word in ("condition", "rate(", "increase("))] == []
    ends_of_names = {"histogram": "_bucket"}
    wanted = {metric.name + ends_of_names.get(metric.kind, "") for metric in METRICS.values()}
    assert wanted - names == {"homedot_public_certificate_not_after_timestamp_seconds"}  # there is no public name
