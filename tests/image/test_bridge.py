"""On a bridge network the container cannot see the machine's address, and must not pretend that it can."""

import time
from pathlib import Path
from subprocess import run

import pytest

from app.host.addresses import CONTAINERS_OWN
from tests.appliance import free_ports

from .docker import Stack, docker, fetch, override

pytestmark = pytest.mark.image


def test_with_nothing_set_every_command_works_but_the_start_which_says_what_to_set(clone: Path, image: str) -> None:
    named = override(clone.parent / "named.yaml", image, {}, {})
    bridged = Stack(clone, "homedot-test-unset", (clone / "compose.bridge.yaml", named))
    try:
        assert "addresses" in bridged.compose("run", "--rm", "homedot", "homedot", "config").stdout
        bridged.compose("up", "-d", "--no-build")
        assert docker("wait", bridged.container).stdout == "2\n"
        told = bridged.compose("logs").stdout
        assert CONTAINERS_OWN in told
        assert "in the compose file like HOMEDOT_ADDRESSES: 192.168.1.10" in told
    finally:
        bridged.compose("down", "-v")


def test_the_containers_own_address_is_refused_with_what_to_set(image: str) -> None:
    done = docker("run", "--rm", "-e", "HOMEDOT_RESOLVER__MODE=recursive", image, check=False)
    assert done.returncode == 2
    told = done.stdout + done.stderr
    assert "172.17." in told
    assert "HOMEDOT_ADDRESSES: 192.168.1.10" in told


def test_with_the_address_it_serves_on_published_ports(clone: Path, tmp_path: Path, image: str) -> None:
    dot, web = free_ports(2)
    public = {"HOMEDOT_DOT__PUBLIC_PORT": str(dot), "HOMEDOT_WEB__PUBLIC_PORT": str(web)}
    file = override(
        tmp_path / "override.yaml",
        image,
        {"HOMEDOT_ADDRESSES": "127.0.0.1", "HOMEDOT_RESOLVER__MODE": "recursive", **public},
        {clone / "README.md": "/unused"},
    )
    published = f'"127.0.0.1:{dot}:853", "127.0.0.1:{web}:8853"'
    (tmp_path / "ports.yaml").write_text(f"services:\n  homedot:\n    ports: !override [{published}]\n")
    bridged = Stack(clone, "homedot-test-bridge", (clone / "compose.bridge.yaml", file, tmp_path / "ports.yaml"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMEDOT_ADDRESSES", "127.0.0.1")
        bridged.compose("up", "-d", "--no-build")
        try:
            root = tmp_path / "root.pem"
            root.write_bytes(fetch(f"http://127.0.0.1:{web}/ca.pem"))
            command = ["kdig", "@127.0.0.1", "-p", str(dot), f"+tls-ca={root}", "+tls-hostname=dns.home.arpa"]
            give_up = time.monotonic() + 30
            while (answer := run([*command, "localhost"], capture_output=True, text=True, timeout=30)).returncode:
                assert time.monotonic() < give_up, answer.stderr
                time.sleep(0.1)  # Docker takes connections on its port before the front door does in the container
            assert "status: NOERROR" in answer.stdout
            profile = fetch(f"http://127.0.0.1:{web}/homedot.mobileconfig").decode()
            probe = f"http://127.0.0.1:{web}/probe"  # of Apple devices: by its answer they know that the box is near
            assert f"<string>{probe}</string>" in profile
            fetch(probe)
        finally:
            bridged.compose("down", "-v")
