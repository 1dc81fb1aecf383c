"""An authority, and the chain of a server that does right."""

from pathlib import Path

import pytest

from tests.fakes.pki import Authority, Identity

from .examining import NAME


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def good_leaf(authority: Authority) -> Identity:
    return authority.intermediate.sign("leaf", names=[NAME], addresses=["192.168.1.10", "127.0.0.1"])


@pytest.fixture
def good_chain(authority: Authority, good_leaf: Identity, tmp_path: Path) -> Path:
    return good_leaf.write_chain(tmp_path / "chain.pem", authority.intermediate)
