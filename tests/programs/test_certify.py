"""The child by itself: what goes in, what comes out, and what it may."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from app.publicname.contract import NameOutcome
from tests.appliance import clean
from tests.publicname.jobs import job

COMMAND = [sys.executable, "-P", "-m", "app.programs", "certify"]


def done(**more: object) -> NameOutcome:
    ran = subprocess.run(
        COMMAND,
        input=json.dumps(asdict(job(**more))),
        env=clean({}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return NameOutcome(**json.loads(ran.stdout))


def test_a_job_comes_in_and_an_outcome_goes_out(tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\necho $@ > {tmp_path}/said\n")
    hook.chmod(0o755)
    outcome = done(provider="hook", hook=str(hook), addresses=["192.168.1.10"])
    assert outcome == NameOutcome(addresses_set=True)
    assert (tmp_path / "said").read_text() == "set-addresses mybox.duckdns.org 192.168.1.10\n"


def test_a_fault_is_an_outcome(tmp_path: Path) -> None:
    outcome = done(provider="hook", hook=str(tmp_path / "none"), addresses=["192.168.1.10"])
    assert "cannot be run" in outcome.fault
    assert outcome.is_of_settings
