"""Every verifier on every chain: the right name, the right address, a wrong one of each, and a thief's certificates."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from app.trust import pem
from tests.fakes.dot_server import DotServer
from tests.trust.minting import SERVER, Minted, mint

from .conftest import Box
from .verifiers import CONTENT, VERIFIERS, Target, Verifier

pytestmark = pytest.mark.server


TAKES_A_COMMON_NAME = {"nss"}
"""NSS's own verifier takes the subject for a name where the SAN has none of DNS, and holds it to no constraint:
docs/decisions/0022-what-the-authority-may-sign.md."""


@pytest.fixture(params=VERIFIERS)
def verifier(request: pytest.FixtureRequest) -> Verifier:
    return VERIFIERS[request.param]


def test_accepts_the_right_name(box: Box, verifier: Verifier) -> None:
    assert verifier.ask(Target(box.port, box.root, box.hostname)) == CONTENT


def test_accepts_the_right_address(box: Box, verifier: Verifier) -> None:
    assert verifier.ask(Target(box.port, box.root, "127.0.0.1")) == CONTENT


@pytest.mark.parametrize("name", ["other.home.arpa", "127.0.0.2"])
def test_refuses_a_wrong_name_and_a_wrong_address(box: Box, verifier: Verifier, name: str) -> None:
    assert re.search(verifier.mismatch, verifier.ask(Target(box.port, box.root, name)))


@pytest.fixture
def forged(own_authority: Box, tmp_path: Path) -> Callable[..., DotServer]:
    """Makes the server of somebody who stole the volume, and signed a leaf for `names` with the key that is on it."""
    stolen = own_authority.appliance.folder / "data/ca"
    intermediate_pem = (stolen / "intermediate.pem").read_bytes()
    (intermediate,) = pem.certificates(intermediate_pem)
    signer = Minted(intermediate, pem.private_key((stolen / "intermediate.key").read_bytes()))
    plain = x509.BasicConstraints(ca=False, path_length=None)

    def make(*names: str, common_name: str = "Thief") -> DotServer:
        san = x509.SubjectAlternativeName([general_name(name) for name in names])
        leaf = mint(common_name, signer, plain, SERVER, san, begin=datetime.now(UTC) - timedelta(days=1))
        (tmp_path / "pair.pem").write_bytes(leaf.key_pem + leaf.pem + intermediate_pem)
        return DotServer(tmp_path / "pair.pem")

    return make


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


# A DNS name is beside every address: without one, GnuTLS takes the CN for a name, and refuses the leaf for that.
@pytest.mark.parametrize("other", ["bank.example", "8.8.8.8"])
@pytest.mark.parametrize("asks_other", [True, False], ids=["asked for it", "asked for the name at home beside it"])
def test_refuses_what_a_thief_signs_for_the_web(
    own_authority: Box, forged: Callable[..., DotServer], verifier: Verifier, other: str, *, asks_other: bool
) -> None:
    with forged("tv.home.arpa", other) as server:
        target = Target(server.port, own_authority.root, other if asks_other else "tv.home.arpa")
        assert re.search(verifier.outside, verifier.ask(target))


@pytest.mark.parametrize("name", sorted(VERIFIERS.keys() - TAKES_A_COMMON_NAME))
@pytest.mark.parametrize("san", ["192.168.1.77", "tv.home.arpa"])
def test_refuses_a_name_of_the_web_in_the_subject_whatever_is_in_the_san(
    own_authority: Box, forged: Callable[..., DotServer], name: str, san: str
) -> None:
    with forged(san, common_name="www.bank.example") as server:
        said = VERIFIERS[name].ask(Target(server.port, own_authority.root, "www.bank.example"))
        assert said != CONTENT


@pytest.mark.parametrize("name", ["tv.home.arpa", "192.168.1.77"])
def test_accepts_what_a_thief_signs_for_the_home_so_it_is_the_name_that_is_refused(
    own_authority: Box, forged: Callable[..., DotServer], verifier: Verifier, name: str
) -> None:
    with forged("tv.home.arpa", "192.168.1.77") as server:
        assert verifier.ask(Target(server.port, own_authority.root, name)) == CONTENT
