import json
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.cli import as_json


def test_what_json_has_no_word_for_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    as_json.show({"address": ip_address("fd00::1"), "path": Path("/data"), "none": None, "word": "straße"})
    assert json.loads(capsys.readouterr().out) == {
        "address": "fd00::1", "path": "/data", "none": None, "word": "straße",
    }  # fmt: skip
