"""The doctor finds nothing wrong with a box that is well, whoever made its certificate; and its status says so."""

import json

import pytest

from app.doctor.report import CHECKS
from tests.appliance import homedot

from .conftest import Box

pytestmark = pytest.mark.server


def test_doctor_passes_a_box_that_is_well(box: Box) -> None:
    # A user's certificate is one that the system trusts.
    environment = {**box.appliance.environment, "SSL_CERT_FILE": str(box.root)}
    done = homedot(environment, "doctor", "--bogus-name", "bogus.test", "--slow-name", "d500-box.slow.test")
    assert done.returncode == 0, done.stdout
    assert "Nothing is wrong." in done.stdout, done.stdout
    assert f"{len(CHECKS)} checks passed" in done.stdout, done.stdout


def test_the_status_of_a_box_that_is_well(box: Box) -> None:
    done = homedot(box.appliance.environment, "status", "--json")
    assert done.returncode == 0, done.stdout
    status = json.loads(done.stdout)
    assert status["answers"]
    assert status["since"] is not None
    assert status["devices"] is not None
    assert status["port"] == box.appliance.dot_port
    shown = homedot(box.appliance.environment, "status").stdout
    assert shown.startswith("state         Well: names are answered, checked with DNSSEC")
    assert "\nanswers       yes, DNS over TLS on port " in shown
    assert len(shown.splitlines()) <= 24
