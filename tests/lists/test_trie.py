import logging
import os
from pathlib import Path

import pytest

from app.errors import ListError
from app.files import write_atomically
from app.lists.compile import compile_list
from app.lists.layout import Header, pack
from app.lists.names import key_of
from app.lists.parse import parse
from app.lists.places import compiled
from app.lists.trie import Blocklist, Blocklists

SOURCE, OTHER = "https://lists.example/a.txt", "/config/b.txt"


def write(folder: Path, source: str, text: str) -> Path:
    path = compiled(folder, source)
    parsed = parse([text.encode()])
    write_atomically(path, compile_list(parsed, source, parsed.title or "untitled")[1])
    return path


def blocklist(folder: Path, text: str) -> Blocklist:
    return Blocklist(write(folder, SOURCE, text))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ads.example.com", "ads.example.com"),
        ("www.ads.example.com", "ads.example.com"),
        ("example.com", None),
        ("xads.example.com", None),
        ("ads.example.comx", None),
        ("host.example.net", "host.example.net"),
        ("www.host.example.net", None),
        ("good.ads.example.com", None),
        ("very.good.ads.example.com", None),
        ("fair.ads.example.com", None),
        ("very.fair.ads.example.com", "ads.example.com"),
        ("com", None),
        ("", None),
    ],
)
def test_finds_the_rule_that_covers_a_name(tmp_path: Path, name: str, rule: str | None) -> None:
    exceptions = "@@||good.ads.example.com^\n@@|fair.ads.example.com^\n"
    found = blocklist(tmp_path, f"ads.example.com\n0.0.0.0 host.example.net\n{exceptions}")
    assert found.covering(key_of(name)) == rule


@pytest.mark.parametrize(
    ("name", "spared"),
    [("good.example", True), ("www.good.example", True), ("ads.example", False), ("", False)],
)
def test_knows_for_what_it_has_an_exception_also_if_no_rule_is_for_it(tmp_path: Path, name: str, spared: bool) -> None:
    assert blocklist(tmp_path, "ads.example\n@@||good.example^\n").spares(key_of(name)) is spared
    assert blocklist(tmp_path, "ads.example\n").spares(key_of(name)) is False


def test_knows_its_title_and_counts(tmp_path: Path) -> None:
    found = blocklist(tmp_path, "! Title: Mine\na.example\nb.example\n@@||c.a.example^\n")
    assert (found.title, found.header.names, found.header.exceptions) == ("Mine", 2, 1)
    assert found.header.source == SOURCE


def test_a_list_without_names_blocks_nothing(tmp_path: Path) -> None:
    assert blocklist(tmp_path, "# nothing\n").covering(key_of("ads.example.com")) is None


def test_octets_that_are_no_trie_are_refused_in_spite_of_a_good_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.list"
    path.write_bytes(pack(Header(SOURCE, "A", 1, 0, 800, 0), b"junk" * 200, b""))
    with pytest.raises(ListError, match="is not a trie"):
        Blocklist(path)


def test_a_mapped_list_survives_that_its_file_is_replaced_and_removed(tmp_path: Path) -> None:
    old = blocklist(tmp_path, "a.example\n" + "\n".join(f"n{index}.example" for index in range(1000)))
    write(tmp_path, SOURCE, "b.example").unlink()
    assert old.covering(key_of("n999.example")) == "n999.example"


def test_lists_come_in_the_order_of_the_setting_and_only_if_they_are_there(tmp_path: Path) -> None:
    lists = Blocklists(tmp_path, [OTHER, SOURCE, "/nowhere"])
    assert lists.look() is False
    assert not lists.current
    write(tmp_path, SOURCE, "! Title: A\na.example")
    assert lists.look() is True
    write(tmp_path, OTHER, "! Title: B\nb.example")
    assert lists.look() is True
    assert [each.title for each in lists.current] == ["B", "A"]
    assert lists.look() is False


def test_a_new_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    lists = Blocklists(tmp_path, [SOURCE])
    write(tmp_path, SOURCE, "a.example")
    lists.look()
    before = lists.current
    write(tmp_path, SOURCE, "b.example")
    assert lists.look() is True
    assert lists.current[0].covering(key_of("b.example")) == "b.example"
    assert before[0].covering(key_of("a.example")) == "a.example"


def test_a_bad_file_leaves_the_old_list_and_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lists = Blocklists(tmp_path, [SOURCE])
    path = write(tmp_path, SOURCE, "a.example")
    lists.look()
    write_atomically(path, b"HDLIST1\njunk")
    with caplog.at_level(logging.WARNING):
        assert lists.look() is False
        assert lists.look() is False
    assert lists.current[0].covering(key_of("a.example")) == "a.example"
    assert len(caplog.records) == 1
    assert str(path) in caplog.text


def test_a_list_that_was_removed_blocks_no_more(tmp_path: Path) -> None:
    lists = Blocklists(tmp_path, [SOURCE])
    path = write(tmp_path, SOURCE, "a.example")
    lists.look()
    path.unlink()
    assert lists.look() is True
    assert lists.current == ()


def test_a_folder_that_cannot_be_entered_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    lists = Blocklists(tmp_path / "file", [SOURCE])  # not a folder: as root, permissions would not stop us
    with caplog.at_level(logging.WARNING):
        assert lists.look() is False
    assert "still using the previous version of a list" in caplog.text


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    path = write(tmp_path, SOURCE, "a.example")
    before = len(os.listdir("/proc/self/fd"))
    kept = [Blocklist(path) for _ in range(20)]
    path.write_bytes(b"junk")
    for _ in range(20):
        with pytest.raises(ListError):
            Blocklist(path)
    del kept[1:]
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # mmap keeps one of its own
