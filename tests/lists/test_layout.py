import json
import struct
import zlib
from array import array
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ListError
from app.lists.layout import Header, Unpacked, pack, unpack

HEADER = Header("https://lists.example/a.txt", "A", 2, 1, 1)
LENGTHS, RECORDS = array("H", [6, 12]), b"1aaaaa2bbbbb3ccccc"


def test_what_was_packed_comes_back() -> None:
    for title in ("", "A", "AB", "ABC", "Ä" * 60):
        header = replace(HEADER, title=title)
        found = unpack(pack(header, LENGTHS, RECORDS))
        assert found == Unpacked(header, array("I", [0, 6, 18]), RECORDS)


def test_every_octet_counts() -> None:
    whole = pack(HEADER, LENGTHS, RECORDS)
    for at in range(len(whole)):
        with pytest.raises(ListError):
            unpack(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])


def test_what_was_cut_or_grew_is_refused() -> None:
    whole = pack(HEADER, LENGTHS, RECORDS)
    for content in (*(whole[:at] for at in range(len(whole))), whole + b"\0"):
        with pytest.raises(ListError, match=r"^is "):
            unpack(content)


@pytest.mark.parametrize(("lengths", "bits"), [([6, 6], 1), ([6, 18], 1), ([18], 1), ([6, 12, 0], 1), ([], 0)])
def test_lengths_that_do_not_add_up_are_refused(lengths: list[int], bits: int) -> None:
    with pytest.raises(ListError, match="do not add up"):
        unpack(pack(replace(HEADER, bucket_bits=bits), array("H", lengths), RECORDS))


def test_the_lengths_are_the_same_on_every_machine() -> None:
    assert pack(HEADER, LENGTHS, RECORDS).endswith(b"\0\6\0\x0c" + RECORDS)


def rewritten(text: bytes) -> bytes:
    """The list with another header, and a checksum that is right."""
    rest = struct.pack(">I", len(text)) + text + b"\0\6\0\x0c" + RECORDS
    return b"HDLIST2\n" + struct.pack(">I", zlib.crc32(rest)) + rest


def test_what_a_later_version_says_besides_is_ignored() -> None:
    assert unpack(rewritten(json.dumps(asdict(HEADER) | {"colour": "red"}).encode())).header == HEADER


@pytest.mark.parametrize(
    "change",
    [{"names": "2"}, {"bucket_bits": 1.0}, {"names": True}, {"title": None}, {"bucket_bits": 17}, {"names": -1}],
)
def test_a_header_with_another_type_or_a_number_out_of_range_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ListError, match="of this version"):
        unpack(rewritten(json.dumps(asdict(HEADER) | change).encode()))


@pytest.mark.parametrize("text", [b"[" * 8000, b"[]", b"1", b"{}", b'"title"', b"\xff"])
def test_what_is_no_header_is_refused(text: bytes) -> None:
    with pytest.raises(ListError, match="of this version"):
        unpack(rewritten(text))


@given(st.binary())
def test_any_octets_with_a_good_checksum_are_a_list_or_refused(rest: bytes) -> None:
    try:
        unpack(b"HDLIST2\n" + struct.pack(">I", zlib.crc32(rest)) + rest)
    except ListError:
        return


def test_the_header_is_for_people_too() -> None:
    text = pack(HEADER, LENGTHS, RECORDS)[16:]
    assert json.loads(text[: text.index(b"}") + 1])["source"] == HEADER.source
