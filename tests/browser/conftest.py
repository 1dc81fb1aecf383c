"""Debian's Chromium, and an appliance for it to look at."""

import random
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.appliance import CHECKOUT, Appliance, folder_for_all, free_ports, running, settings_in
from tests.internet import Internet

CHROMIUM = "/usr/bin/chromium"
DEADLINE_S = 30.0

Resolver = Callable[[list[str], str], AbstractContextManager[Browser]]


@pytest.fixture(scope="session")
def appliance(internet: Internet) -> Iterator[Appliance]:
    """With plain DNS as well, and two workers: who answers is rarely who tells."""
    with folder_for_all() as folder:
        (plain,) = free_ports(1)
        more = {
            "HOMEDOT_PLAIN__ENABLED": "true",
            "HOMEDOT_PLAIN__PORT": str(plain),
            "HOMEDOT_DOT__WORKERS": "2",
            **internet.environment,
        }
        with running(folder, settings_in(folder, **more)) as box:
            yield box


@pytest.fixture(scope="session")
def url(appliance: Appliance) -> str:
    return f"http://127.0.0.1:{appliance.web_port}"


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running_playwright:
        yield running_playwright


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    with opened(playwright, CHROMIUM) as browser:
        yield browser


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where screenshots are kept for people to look at."""
    path = CHECKOUT / "artifacts" / "page"
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def chromium_resolving_with(playwright: Playwright, tmp_path: Path) -> Resolver:
    """Starts a resolver (a command that listens on ADDRESS, port 53) and a browser that asks it alone."""

    @contextmanager
    def start(command: list[str], address: str) -> Iterator[Browser]:
        (tmp_path / "resolv.conf").write_text(f"nameserver {address}\noptions timeout:2 attempts:1\n")
        wrapper = tmp_path / "chromium"
        own_view = f"mount --bind {shlex.quote(str(tmp_path / 'resolv.conf'))} /etc/resolv.conf"
        wrapper.write_text(f'#!/bin/sh\nexec unshare --mount sh -euc \'{own_view}; exec {CHROMIUM} "$@"\' sh "$@"\n')
        wrapper.chmod(0o755)
        with listening(command, address, tmp_path / "resolver.log"), opened(playwright, str(wrapper)) as browser:
            yield browser

    return start


@pytest.fixture
def address() -> str:
    """A loopback address that no other test listens on."""
    return f"127.{random.randrange(100, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"


@contextmanager
def opened(playwright: Playwright, executable: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])  # the tests run as root
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def listening(command: list[str], address: str, log: Path) -> Iterator[None]:
    """Run a resolver from the moment it answers anything at all."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + DEADLINE_S
        while not _answers(address):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)  # until it listens there is nothing to wait on
        yield
    finally:
        process.kill()
        process.wait()


def _answers(address: str) -> bool:
    try:
        dns.query.udp(dns.message.make_query("localhost.", "A"), address, timeout=2)
    except (OSError, dns.exception.DNSException):
        return False
    return True
