"""The verdicts of sslscan and testssl.sh: two scanners that look for every fault they have heard of."""

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .conftest import Door

pytestmark = pytest.mark.server

STRONG = {
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
}
OF_THE_TEST = ("cert_", "engine_problem", "overall_", "sessionresumption_ticket")
"""A certificate of one day that nobody knows, and the scanner's own worries, are no fault of the server.

testssl looks for tickets with clients that leave when their input ends, as it has from the start, and a ticket of
TLS 1.3 comes after the handshake: more often than not they have left by then, and it calls that a connect problem.
Resumption has tests of its own (test_resumption.py).
"""


def test_sslscan_finds_tls_1_2_and_1_3_with_strong_suites_and_nothing_else(door: Door) -> None:
    command = ["sslscan", "--no-colour", "--xml=-", f"127.0.0.1:{door.port}"]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    found = ElementTree.fromstring(done.stdout).find("ssltest")  # noqa: S314 - our own child's
    assert found is not None
    enabled = [each.get("type", "") + each.get("version", "") for each in found.iter("protocol") if is_on(each)]
    assert enabled == ["tls1.2", "tls1.3"]
    assert {each.get("cipher") for each in found.iter("cipher")} == STRONG
    assert {each.get("supported") for each in found.iter("renegotiation")} == {"0"}
    assert {each.get("supported", "0") for each in found.iter("compression")} <= {"0"}
    assert {each.get("vulnerable") for each in found.iter("heartbleed")} == {"0"}
    groups = {each.get("name", "").split()[0] for each in found.iter("group")}
    assert {"x25519", "secp256r1", "secp384r1", "x448"} <= groups
    assert not {name for name in groups if name.startswith(("sect", "secp1", "brainpool"))}


def is_on(element: ElementTree.Element) -> bool:
    return element.get("enabled") == "1"


def test_testssl_has_nothing_to_reproach(door: Door, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = ["testssl", "--quiet", "--warnings", "off", "--nodns", "none", "-p", "-P", "-S", "-U"]
    subprocess.run(
        [*command, "--jsonfile", report, f"127.0.0.1:{door.port}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,  # its exit code counts what it found, the certificate's age among it
    )
    findings = {each["id"]: each for each in json.loads(report.read_text())}
    verdicts = {name: findings[name]["finding"] for name in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2")}
    assert verdicts == {
        "SSLv2": "not offered",
        "SSLv3": "not offered",
        "TLS1": "not offered",
        "TLS1_1": "not offered",
        "TLS1_2": "offered",
    }
    assert findings["TLS1_3"]["finding"].startswith("offered")
    assert {"heartbleed", "CCS", "ROBOT", "secure_client_renego", "CRIME_TLS", "LUCKY13", "RC4"} <= findings.keys()
    faults = [
        (name, each["severity"], each["finding"])
        for name, each in findings.items()
        if each["severity"] not in {"OK", "INFO", "DEBUG"} and not name.startswith(OF_THE_TEST)
    ]
    assert faults == []
