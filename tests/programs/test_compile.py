"""The child that compiles one list: a job as JSON in, what came of it as JSON out."""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import pytest

from app.lists.blocklist import Blocklist
from app.lists.contract import Job
from app.lists.names import key_of
from app.lists.paths import compiled
from tests.appliance import PROGRAMS, clean, settings_in

pytestmark = pytest.mark.server


def test_a_file_is_compiled_and_what_is_in_it_is_told(tmp_path: Path) -> None:
    source = tmp_path / "mine.txt"
    source.write_text("! Title: Mine\n0.0.0.0 ads.example\n")
    done = subprocess.run(
        [*PROGRAMS, "compile"],
        input=json.dumps(asdict(Job(str(source), str(tmp_path)))).encode(),
        env=clean(settings_in(tmp_path)), capture_output=True, timeout=30, check=True,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["names"], told["title"]) == (1, "Mine")
    assert Blocklist(compiled(tmp_path, str(source))).covering(key_of("ads.example")) == "ads.example"
