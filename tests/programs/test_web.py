"""The setup page as a program of its own."""

import plistlib
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.doctor.report import CHECKS
from tests.appliance import (
    HOSTNAME,
    PROGRAMS,
    Appliance,
    bootstrap,
    children,
    clean,
    command_line,
    owner,
    running,
    settings_in,
)
from tests.fakes.pki import Authority
from tests.internet import Internet

pytestmark = pytest.mark.server

NO_LIST = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": "/nowhere.txt"}
"""The program that keeps the lists runs, and has nothing to fetch."""


STARTSECS_S = 3.0


def program(appliance: Appliance, words: str) -> int:
    """The process id of the program whose command line holds `words`."""
    return next(pid for pid in children(appliance.process.pid) if words in command_line(pid))


def test_tells_once_that_it_is_not_healthy_however_often_it_is_asked(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, **internet.environment)
    assert bootstrap(environment).returncode == 0
    with subprocess.Popen([*PROGRAMS, "web"], env=clean(environment), stderr=subprocess.PIPE, text=True) as page:
        assert page.stderr is not None
        assert "the setup page is on port" in page.stderr.readline()
        for _ in range(3):
            url = f"http://127.0.0.1:{environment['HOMEDOT_WEB__PORT']}/healthz"
            assert httpx.get(url, timeout=10).status_code == 503
        page.send_signal(signal.SIGTERM)
        said = page.stderr.read()
    assert said.count("not healthy: ") == 1


def test_the_page_has_the_doctor_work_as_its_own_user(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        page = f"http://127.0.0.1:{appliance.web_port}/doctor?format=json"
        web = program(appliance, "programs web")
        assert httpx.get(page).status_code == 202
        while not (working := [pid for pid in children(web) if "app doctor --json" in command_line(pid)]):
            time.sleep(0.01)  # until it has started
        assert owner(working[0]) == owner(web) != 0
        while (answer := httpx.get(page)).status_code == 202:
            assert len(children(web)) <= 1
            time.sleep(0.1)  # as a script would
    report = answer.json()
    assert (answer.status_code, report["schema"], report["verdict"]) == (200, 1, "pass")
    assert len(report["checks"]) == len(CHECKS)


def test_an_own_certificate_on_an_empty_volume_signs_the_profile_and_tells_of_its_end(
    folder: Path, internet: Internet
) -> None:
    authority = Authority()
    leaf = authority.intermediate.sign(HOSTNAME, names=[HOSTNAME], addresses=["127.0.0.1"], ends=timedelta(days=5.5))
    (folder / "cert.pem").write_bytes(authority.intermediate.pem + leaf.pem)  # upside down
    (folder / "key.pem").write_bytes(leaf.key_pem)
    (folder / "key.pem").chmod(0o600)
    (folder / "root.pem").write_bytes(authority.root.pem)
    tls = {"HOMEDOT_TLS__CERTIFICATE": str(folder / "cert.pem"), "HOMEDOT_TLS__KEY": str(folder / "key.pem")}
    with running(folder, settings_in(folder, **tls, **internet.environment)) as appliance:

        def get(path: str) -> bytes:
            command = ["curl", "-fsS", f"http://127.0.0.1:{appliance.web_port}{path}"]
            return subprocess.run(command, capture_output=True, check=True).stdout

        (folder / "profile").write_bytes(get("/homedot.mobileconfig"))
        command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "profile", "-CAfile", "root.pem", "-binary"]
        verified = subprocess.run([*command, "-purpose", "sslserver"], cwd=folder, capture_output=True, check=True)
        (payload,) = plistlib.loads(verified.stdout)["PayloadContent"]
        assert payload["DNSSettings"]["ServerName"] == HOSTNAME
        end = f"{leaf.certificate.not_valid_after_utc:%Y-%m-%d}"
        assert f"ends on {end}, in 5 days" in get("/").decode()
        seconds = f"{leaf.certificate.not_valid_after_utc.timestamp():.0f}"
        assert f"homedot_certificate_not_after_timestamp_seconds {seconds}\n" in get("/metrics").decode()
        assert f"certificate 2 ends on {end}, in less than 6 days: renew it" in appliance.log
        assert "is in the wrong order, and served in the right one" in appliance.log
        assert "which is no root that is known here" in appliance.log
        assert not (folder / "data/ca").exists()
