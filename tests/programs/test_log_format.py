import json
import logging
from datetime import UTC, datetime

import pytest

from app.config.settings import leaves
from app.programs.log_format import FORMATS, LEVELS, as_json, text

AT = datetime(2026, 11, 29, 8, 36, 20, 123_456, tzinfo=UTC)


def test_text_has_time_level_and_program_before_it() -> None:
    assert text(AT, "dot", logging.INFO, "it answers") == "2026-11-29T08:36:20.123+00:00 info    dot: it answers\n"


def test_json_is_one_object_a_line_with_a_time_that_any_reader_of_rfc_3339_takes() -> None:
    line = as_json(AT, "web", logging.WARNING, 'not "well" \N{BULLET}')
    assert line.endswith("}\n")
    assert json.loads(line) == {
        "time": "2026-11-29T08:36:20.123+00:00",
        "level": "warning",
        "program": "web",
        "message": 'not "well" \N{BULLET}',
    }
    assert datetime.fromisoformat(json.loads(line)["time"]).utcoffset() is not None


def test_a_line_of_the_query_log_is_one_object_with_all_members() -> None:
    told = {
        "client": "192.168.1.23",
        "name": "a\\\\027b.",
        "cached": True,
        "ms": 0.3,
        "reason": "x\x1by",
        "level": "error",
    }
    line = json.loads(as_json(AT, "dot", logging.INFO, f"query {json.dumps(told)}"))
    assert line == {
        "time": "2026-11-29T08:36:20.123+00:00",
        "level": "info",
        "program": "dot",
        "message": "query",
        "client": "192.168.1.23",
        "name": "a\\\\027b.",
        "cached": True,
        "ms": 0.3,
        "reason": "x\N{REPLACEMENT CHARACTER}y",
    }
    assert json.loads(as_json(AT, "dot", logging.INFO, 'query {"client": '))["query"] == '{"client": '


@pytest.mark.parametrize("form", FORMATS.values())
def test_no_message_begins_a_line_or_steers_a_terminal(form: object) -> None:
    assert callable(form)
    line = form(AT, "dot", logging.INFO, "a\nb\x1b[2Jc\td\x9be\u2028f")
    assert line.count("\n") == 1
    assert not {"\x1b", "\x9b", "\u2028", "\t"} & set(line)


def test_what_is_worse_than_an_error_is_one() -> None:
    assert " error " in text(AT, "dot", logging.CRITICAL, "it burns")


def test_the_settings_offer_what_there_is() -> None:
    known = {leaf.name: leaf for leaf in leaves()}
    for name, choices in (("log.level", LEVELS), ("log.format", FORMATS)):
        assert all(known[name].parse(choice) == choice for choice in choices)
