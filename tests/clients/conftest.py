"""The matrix that every client runs in: our own authority; a user's certificate with the web server off."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.appliance import HOSTNAME, Appliance, folder_for_all, running, settings_in
from tests.fakes.pki import Authority
from tests.internet import Internet

OWN_NAME = "dns.example.org"


@dataclass(frozen=True, slots=True)
class Box:
    """An appliance, and what a strict client must know of it."""

    appliance: Appliance
    hostname: str
    root: Path

    @property
    def port(self) -> int:
        return self.appliance.dot_port

    @property
    def pin(self) -> str:
        """The SPKI pin as its owner sees it."""
        shown = self.appliance.homedot("setup-phone").stdout
        return next(line.split()[-1] for line in shown.splitlines() if line.startswith("SPKI pin"))


def wrong_pin(pin: str) -> str:
    """Another one that is as long."""
    return ("B" if pin[0] == "A" else "A") + pin[1:]


def strict_context(root: Path) -> ssl.SSLContext:
    """The default context as it is from Python 3.13 on, whichever version runs the tests."""
    context = ssl.create_default_context(cafile=str(root))
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["dot"])
    return context


@pytest.fixture(scope="session")
def own_authority(internet: Internet) -> Iterator[Box]:
    """Everything by default, but for addresses and ports."""
    with folder_for_all() as folder:
        environment = settings_in(folder, **internet.environment)
        with running(folder, environment) as appliance:
            yield Box(appliance, HOSTNAME, appliance.root)


@pytest.fixture(scope="session")
def own_certificate(internet: Internet) -> Iterator[Box]:
    """A user's certificate from somebody else's authority, the web server off, another name."""
    with folder_for_all() as folder:
        authority = Authority()
        leaf = authority.intermediate.sign(OWN_NAME, names=[OWN_NAME], addresses=["127.0.0.1"])
        (folder / "cert.pem").write_bytes(leaf.pem + authority.intermediate.pem)
        (folder / "key.pem").write_bytes(leaf.key_pem)
        (folder / "key.pem").chmod(0o600)
        root = folder / "root.pem"
        root.write_bytes(authority.root.pem)
        environment = settings_in(
            folder,
            HOMEDOT_HOSTNAME=OWN_NAME,
            HOMEDOT_TLS__CERTIFICATE=str(folder / "cert.pem"),
            HOMEDOT_TLS__KEY=str(folder / "key.pem"),
            HOMEDOT_WEB__ENABLED="false",
            **internet.environment,
        )
        with running(folder, environment) as appliance:
            yield Box(appliance, OWN_NAME, root)


@pytest.fixture(params=["own_authority", "own_certificate"])
def box(request: pytest.FixtureRequest) -> Box:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Box)
    return found
