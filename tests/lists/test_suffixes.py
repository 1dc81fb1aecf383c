"""Names below which people register names of their own."""

from pathlib import Path

import pytest

from app.lists.suffixes import Suffixes, published

PUBLISHED = """
// ===BEGIN ICANN DOMAINS===
uk
co.uk
*.sch.uk
ck
*.ck
!www.ck
pvt.k12.ma.us
\u516c\u53f8.cn
// ===END ICANN DOMAINS===
edgesuite.net
*.compute.example.net
"""


@pytest.fixture
def suffixes(tmp_path: Path) -> Suffixes:
    (tmp_path / "list.dat").write_text(PUBLISHED, encoding="utf-8")
    return published(tmp_path / "list.dat")


@pytest.mark.parametrize(
    "name", ["uk", "co.uk", "any.ck", "a.sch.uk", "pvt.k12.ma.us", "xn--55qx5d.cn", "zip", "made-up"]
)
def test_nobody_registers_these_and_many_register_below_them(suffixes: Suffixes, name: str) -> None:
    assert name.encode() in suffixes


@pytest.mark.parametrize(
    "name",
    ["bbc.co.uk", "www.ck", "x.any.ck", "sch.uk", "k12.ma.us", "x.a.sch.uk", "edgesuite.net", "a.compute.example.net"],
)
def test_what_somebody_has_registered_is_none(suffixes: Suffixes, name: str) -> None:
    assert name.encode() not in suffixes


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_without_the_published_list_top_level_domains_are_known(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "list.dat").write_bytes(content)
    known = published(tmp_path / "list.dat")
    assert b"uk" in known
    assert b"co.uk" not in known
