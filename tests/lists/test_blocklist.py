import json
import logging
import os
import struct
import zlib
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ListError
from app.files import write_atomically
from app.lists.blocklist import Blocklist, Blocklists, is_whole
from app.lists.layout import Header, pack
from app.lists.names import BLOCK, IMPORTANT_BLOCK, IMPORTANT_LIFT, LIFT, NOTHING, key_of
from app.lists.paths import compiled
from tests.fakes.compiled_list import compiled_list, write_list

SOURCE, OTHER = "https://lists.example/a.txt", "/config/b.txt"


def blocklist(folder: Path, text: str) -> Blocklist:
    return Blocklist(write_list(folder, SOURCE, text))


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
def test_knows_for_what_it_has_an_exception_also_if_no_rule_is_for_it(
    tmp_path: Path, name: str, *, spared: bool
) -> None:
    assert blocklist(tmp_path, "ads.example\n@@||good.example^\n").spares(key_of(name)) is spared
    assert blocklist(tmp_path, "ads.example\n").spares(key_of(name)) is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("||ads.example^", BLOCK),
        ("||ads.example^\n@@||ads.example^", LIFT),
        ("||ads.example^$important\n@@||ads.example^", IMPORTANT_BLOCK),
        ("||ads.example^$important\n@@||www.ads.example^", IMPORTANT_BLOCK),
        ("||ads.example^$important\n@@|www.ads.example^$important", IMPORTANT_LIFT),
        ("|ads.example^$important\n@@||www.ads.example^", LIFT),
        ("||ads.example^\n||ads.example^$important\n||ads.example^$important,badfilter\n@@||good.example^", BLOCK),
        ("||ads.example^\n||ads.example^$important\n||ads.example^$badfilter", IMPORTANT_BLOCK),
        ("|www.ads.example^", BLOCK),
        ("|ads.example^$important", NOTHING),
    ],
)
def test_says_the_weightiest_about_a_name(tmp_path: Path, text: str, said: int) -> None:
    found = blocklist(tmp_path, text)
    key = key_of("www.ads.example")
    assert found.says(key)[0] == said
    assert (found.covering(key) is not None) is (said in (BLOCK, IMPORTANT_BLOCK))
    assert found.spares(key) is (said in (LIFT, IMPORTANT_LIFT))


def test_knows_its_title_and_counts(tmp_path: Path) -> None:
    found = blocklist(tmp_path, "! Title: Mine\na.example\nb.example\n@@||c.a.example^\n")
    assert (found.title, found.header.names, found.header.exceptions) == ("Mine", 2, 1)
    assert found.header.source == SOURCE


def test_a_list_without_names_blocks_nothing(tmp_path: Path) -> None:
    assert blocklist(tmp_path, "# nothing\n").covering(key_of("ads.example.com")) is None


def test_a_list_survives_that_its_file_is_replaced_and_removed(tmp_path: Path) -> None:
    old = blocklist(tmp_path, "a.example\n" + "\n".join(f"n{index}.example" for index in range(1000)))
    write_list(tmp_path, SOURCE, "b.example").unlink()
    assert old.covering(key_of("n999.example")) == "n999.example"


def test_lists_come_in_the_order_of_the_setting_and_only_if_they_are_there(tmp_path: Path) -> None:
    lists = Blocklists(tmp_path, [OTHER, SOURCE, "/nowhere"])
    assert lists.look() is False
    assert not lists.current
    write_list(tmp_path, SOURCE, "! Title: A\na.example")
    assert lists.look() is True
    write_list(tmp_path, OTHER, "! Title: B\nb.example")
    assert lists.look() is True
    assert [each.title for each in lists.current] == ["B", "A"]
    assert lists.look() is False


def test_a_new_file_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    lists = Blocklists(tmp_path, [SOURCE])
    write_list(tmp_path, SOURCE, "a.example")
    lists.look()
    before = lists.current
    write_list(tmp_path, SOURCE, "b.example")
    assert lists.look() is True
    assert lists.current[0].covering(key_of("b.example")) == "b.example"
    assert before[0].covering(key_of("a.example")) == "a.example"


def test_a_bad_file_leaves_the_old_list_and_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lists = Blocklists(tmp_path, [SOURCE])
    path = write_list(tmp_path, SOURCE, "a.example")
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
    path = write_list(tmp_path, SOURCE, "a.example")
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
    path = write_list(tmp_path, SOURCE, "a.example")
    before = len(os.listdir("/proc/self/fd"))
    kept = [Blocklist(path) for _ in range(20)]
    path.write_bytes(b"junk")
    for _ in range(20):
        with pytest.raises(ListError):
            Blocklist(path)
    assert len(os.listdir("/proc/self/fd")) == before
    assert len(kept) == 20


def test_a_list_that_is_cut_short_while_it_is_in_use_harms_nobody(tmp_path: Path) -> None:
    path = write_list(tmp_path, SOURCE, "\n".join(f"n{index}.example" for index in range(10_000)))
    old = Blocklist(path)
    os.truncate(path, 0)
    assert old.covering(key_of("n9999.example")) == "n9999.example"


def test_a_name_is_not_found_in_parts_of_two_records(tmp_path: Path) -> None:
    name, bucket, needle = key_of("a.example")[0]
    path = tmp_path / "a.list"
    records = b"\1\1\1\1" + needle + b"\1\1\1"
    path.write_bytes(pack(Header(SOURCE, "A", 2, 0, 0), array("H", [12]), records))
    assert Blocklist(path).rules([(name, bucket, needle)]) == ()
    path.write_bytes(pack(Header(SOURCE, "A", 3, 0, 0), array("H", [18]), records + b"\2" + needle))
    assert Blocklist(path).rules([(name, bucket, needle)]) == ((name, 2),)


NAMES = ("ads.example", "www.tracker.example", "n1.example", "a.b.n2.example", "bank.com", "x" * 60 + ".com", "com", "")


@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=32), st.integers(0, 16))
def test_a_list_that_somebody_has_forged_can_do_nothing_but_block(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]], bits: int
) -> None:
    """With a checksum that is right: who may write the folder can make one."""
    text = "\n".join(f"n{index}.example\n@@||e{index}.n{index}.example^" for index in range(100))
    content = compiled_list(text, SOURCE)[1]
    length = struct.unpack_from(">I", content, 12)[0]
    header = json.loads(content[16 : 16 + length]) | {"bucket_bits": bits}
    body = bytearray(content[16 + length :])
    for share, octet in changes:
        body[int(share * len(body))] = octet
    rest = struct.pack(">I", len(json.dumps(header))) + json.dumps(header).encode() + body
    path = tmp_path_factory.mktemp("lists") / "a.list"
    path.write_bytes(content[:8] + struct.pack(">I", zlib.crc32(rest)) + rest)
    try:
        found = Blocklist(path)
    except ListError:
        return
    for name in NAMES:
        assert found.covering(key_of(name)) in (None, *(one for one, _, _ in key_of(name)))
        assert found.spares(key_of(name)) in (True, False)


@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "device"])
def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    path = compiled(tmp_path, SOURCE)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to(write_list(tmp_path, OTHER, "a.example"))
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    assert not is_whole(path)
    assert Blocklists(tmp_path, [SOURCE]).look() is False


def test_a_title_steers_no_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a.list"
    path.write_bytes(pack(Header(SOURCE, "\x1b[2J" + "x" * 500, 0, 0, 0), array("H", [0]), b""))
    title = Blocklist(path).title
    assert title.isprintable()
    assert len(title) <= 60


def test_other_lists_are_followed_without_reading_again_what_is_known(
    tmp_path: Path,
) -> None:
    write_list(tmp_path, SOURCE, "ads.example\n")
    write_list(tmp_path, OTHER, "b.example\n")
    lists = Blocklists(tmp_path, [SOURCE])
    assert lists.look()
    first = lists.current[0]
    lists.follow([OTHER, SOURCE])
    assert lists.look()
    assert [its.header.source for its in lists.current] == [OTHER, SOURCE]
    assert lists.current[1] is first
    lists.follow([SOURCE])
    assert lists.look()
    assert lists.current == (first,)
    assert not lists.look()
