"""getdns_server_mon, which gives verdicts of its own. Its tests with names of the real internet cannot run here."""

import os
import subprocess

import pytest

from .conftest import Box, wrong_pin

pytestmark = pytest.mark.server


def server_mon(box: Box, *test: str, hostname: str = "", pin: str = "") -> str:
    """The verdict in strict mode, by name against the box's root, or with `pin` by that alone."""
    name = "" if pin else f"~{hostname or box.hostname}"
    command = ["getdns_server_mon", "-M", "-T", "-S", *(["-K", f'pin-sha256="{pin}"'] if pin else [])]
    done = subprocess.run(
        [*command, f"@127.0.0.1@53#{box.port}{name}", *test],
        env={"PATH": os.defpath, **({} if pin else {"SSL_CERT_FILE": str(box.root)})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("test", "verdict"),
    [
        ("lookup", "OK - Lookup succeeded"),
        ("tls-auth", "OK - Authentication succeeded"),
        ("tls-cert-valid", "OK - Certificate will expire in "),
        ("tls-padding 128", "OK - Padding found, length 408"),  # 468 octets in all
        ("keepalive", "OK - Server sent keepalive, idle timeout now 120000ms"),
    ],
)
def test_is_content(box: Box, test: str, verdict: str) -> None:
    assert f"DNS SERVER {verdict}" in server_mon(box, *test.split(), "signed.test", "A")


def test_authenticates_by_the_pin_that_is_shown(box: Box) -> None:
    assert "OK - Authentication succeeded" in server_mon(box, "tls-auth", "signed.test", "A", pin=box.pin)


def test_is_not_content_with_a_wrong_name_or_a_wrong_pin(box: Box) -> None:
    assert "CRITICAL" in server_mon(box, "tls-auth", "signed.test", "A", hostname="other.home.arpa")
    assert "CRITICAL" in server_mon(box, "tls-auth", "signed.test", "A", pin=wrong_pin(box.pin))
