"""openssl s_client: the strictest X.509 rules, and the alerts that other clients hide."""

import subprocess

import pytest

from .conftest import Box

pytestmark = pytest.mark.server


def s_client(box: Box, *arguments: str) -> str:
    """Connect, verify as strictly as OpenSSL can, leave. Returns all that it printed."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{box.port}", "-CAfile", str(box.root)]
    command += ["-verify_return_error", "-x509_strict", "-verify_hostname", box.hostname, *arguments]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_verifies_and_negotiates_dot(box: Box, version: str) -> None:
    text = s_client(box, "-servername", box.hostname, "-alpn", "dot", version)
    assert "Verify return code: 0 (ok)" in text
    assert "ALPN protocol: dot" in text


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_client_that_offers_only_h2_gets_alert_120(box: Box, version: str) -> None:
    assert "SSL alert number 120" in s_client(box, "-alpn", "h2", version)


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_a_client_without_alpn_and_without_sni_is_welcome(box: Box, version: str) -> None:
    text = s_client(box, "-noservername", version)
    assert "Verify return code: 0 (ok)" in text
    assert "No ALPN negotiated" in text


def test_verifies_by_address(box: Box) -> None:
    assert "Verify return code: 0 (ok)" in s_client(box, "-verify_ip", "127.0.0.1")


def test_a_wrong_name_does_not_verify(box: Box) -> None:
    assert "ostname mismatch" in s_client(box, "-verify_hostname", "other.home.arpa")


def test_old_versions_are_refused_with_an_alert(box: Box) -> None:
    assert "alert number 70" in s_client(box, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")


def test_c20_early_data_is_not_offered(box: Box) -> None:
    command = ["stdbuf", "-o0", "openssl", "s_client", "-connect", f"127.0.0.1:{box.port}", "-tls1_3"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        lines = (line.strip() for line in client.stdout)
        # The limit comes with the session ticket, after the handshake; without a ticket the idle timeout ends this.
        assert next(line for line in lines if line.startswith("Max Early Data")) == "Max Early Data: 0"
        client.terminate()
