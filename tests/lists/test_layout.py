import json
import os
import struct
import zlib
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from app.errors import ListError
from app.lists.layout import Header, is_whole, pack, verify

HEADER = Header("https://lists.example/a.txt", "A", 2, 1, 16, 8)
RULES, EXCEPTIONS = b"r" * 16, b"e" * 8


def verified(path: Path) -> tuple[Header, int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return verify(descriptor, path)
    finally:
        os.close(descriptor)


def test_the_header_comes_back_and_the_tries_begin_at_multiples_of_8(tmp_path: Path) -> None:
    path = tmp_path / "a.list"
    for title in ("", "A", "AB", "ABC", "Ä" * 60):
        header = replace(HEADER, title=title)
        path.write_bytes(pack(header, RULES, EXCEPTIONS))
        read, begin = verified(path)
        assert read == header
        assert begin % 8 == 0
        assert path.read_bytes()[begin:] == RULES + EXCEPTIONS
        assert is_whole(path)


def test_every_octet_counts(tmp_path: Path) -> None:
    path, whole = tmp_path / "a.list", pack(HEADER, RULES, EXCEPTIONS)
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not is_whole(path), at


def test_a_file_that_was_cut_or_grew_is_refused(tmp_path: Path) -> None:
    path, whole = tmp_path / "a.list", pack(HEADER, RULES, EXCEPTIONS)
    for content in (*(whole[:at] for at in range(len(whole))), whole + b"\0"):
        path.write_bytes(content)
        with pytest.raises(ListError, match=r"a\.list: is"):
            verified(path)


def test_a_file_from_a_machine_with_another_byte_order_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.list"
    path.write_bytes(pack(replace(HEADER, byte_order="middle"), RULES, EXCEPTIONS))
    with pytest.raises(ListError, match="another kind of machine"):
        verified(path)


def test_lengths_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.list"
    path.write_bytes(pack(replace(HEADER, rules_octets=8), RULES, EXCEPTIONS))
    assert not is_whole(path)


def rewritten(text: bytes) -> bytes:
    """The list with another header, and a checksum that is right."""
    text += b" " * (-len(text) % 8)
    rest = struct.pack(">I", len(text)) + text + RULES + EXCEPTIONS
    return b"HDLIST1\n" + struct.pack(">I", zlib.crc32(rest)) + rest


def test_what_a_later_version_says_besides_is_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.list"
    path.write_bytes(rewritten(json.dumps(asdict(HEADER) | {"colour": "red"}).encode()))
    assert verified(path)[0] == HEADER


@pytest.mark.parametrize("change", [{"names": "2"}, {"rules_octets": 16.0}, {"rules_octets": True}, {"title": None}])
def test_a_header_with_another_type_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "a.list"
    path.write_bytes(rewritten(json.dumps(asdict(HEADER) | change).encode()))
    with pytest.raises(ListError, match="of this version"):
        verified(path)


@pytest.mark.parametrize("text", [b"[" * 8000, b"[]", b"1", b"{}", b'"title"'])
def test_what_is_no_header_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "a.list"
    path.write_bytes(rewritten(text))
    with pytest.raises(ListError, match="of this version"):
        verified(path)


def test_the_header_is_for_people_too() -> None:
    text = pack(HEADER, RULES, EXCEPTIONS)[16:]
    assert json.loads(text[: text.index(b"}") + 1])["source"] == HEADER.source


def test_a_file_that_is_not_there_is_not_whole(tmp_path: Path) -> None:
    assert not is_whole(tmp_path / "a.list")
