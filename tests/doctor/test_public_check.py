from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.doctor.certificate_checks import spki_pin
from app.doctor.public_check import public_name
from app.doctor.target import CheckResult, PublicSide, Verdict
from tests.fakes.dot_server import DotServer, noerror
from tests.fakes.pki import DAY, Authority

from .examining import box

NAME = "mybox.example.org"


@contextmanager
def found(tmp_path: Path, name: str = NAME, **more: Any) -> Iterator[CheckResult]:
    """Of a server that has a chain for `name`, whatever is asked for; `more` is what is told of it."""
    authority = Authority()
    leaf = authority.intermediate.sign("leaf", names=[name], ends=more.pop("ends", 30 * DAY))
    chain = leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)
    root, pin = authority.root.pem.decode(), spki_pin(leaf.certificate)
    side = PublicSide(**{"name": NAME, "spki_pin": pin, "root_pem": root, **more})
    with DotServer(chain, noerror) as server:
        yield public_name(box(server.port, authority, public=side))


def test_a_box_without_one_is_well(authority: Authority) -> None:
    assert public_name(box(1, authority)).verdict is Verdict.PASS


def test_a_chain_that_its_root_vouches_for_is_well(tmp_path: Path) -> None:
    with found(tmp_path) as result:
        assert result.verdict is Verdict.PASS
        assert result.detail.startswith(f"{NAME} is good until ")


def test_a_chain_for_another_name_or_of_another_root_is_refused(tmp_path: Path) -> None:
    for more in ({"name": "other.example.org"}, {"root_pem": Authority().root.pem.decode()}):
        with pytest.raises(OSError, match="certificate verify failed"), found(tmp_path, **more):
            pass


def test_another_key_than_the_one_that_is_told_is_a_fault(tmp_path: Path) -> None:
    with found(tmp_path, spki_pin="other") as result:
        assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize(("ends", "verdict"), [(30, Verdict.WARNING), (0.1, Verdict.FAIL)])
def test_a_fault_is_a_warning_until_the_renewal_is_late(tmp_path: Path, ends: float, verdict: Verdict) -> None:
    with found(tmp_path, faults=["the token is refused"], ends=ends * DAY) as result:
        assert result.verdict is verdict
        assert "the token is refused" in result.detail


@pytest.mark.parametrize(("faults", "verdict"), [([], Verdict.CANNOT_TELL), (["no"], Verdict.FAIL)])
def test_without_a_certificate_it_is_said_why(authority: Authority, faults: list[str], verdict: Verdict) -> None:
    result = public_name(box(1, authority, public=PublicSide(name=NAME, faults=faults)))
    assert result.verdict is verdict
    assert result.detail.startswith(f"{NAME} has no certificate yet")
