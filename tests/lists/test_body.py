import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ListError
from app.lists.body import octets_of_list

MOST = 1_000_000


def pieces(octets: bytes, size: int) -> Iterator[bytes]:
    return (octets[at : at + size] for at in range(0, len(octets), size))


def zipped(text: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hosts.txt", text)
    return packed.getvalue()


@given(
    st.binary(max_size=300).filter(
        lambda text: not text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff"))
    ),
    st.integers(1, 50),
)
def test_a_plain_list_comes_out_as_it_is(text: bytes, size: int) -> None:
    assert b"".join(octets_of_list(pieces(text, size), MOST)) == text


@given(st.binary(max_size=300), st.integers(1, 50))
def test_gzip_is_unpacked_whatever_it_is_called(text: bytes, size: int) -> None:
    text = b"a" + text
    assert b"".join(octets_of_list(pieces(gzip.compress(text), size), MOST)) == text


def test_gzip_may_have_several_members_and_be_filled_up_with_zeros() -> None:
    packed = gzip.compress(b"a.example\n") + gzip.compress(b"b.example\n") + b"\0" * 1000
    assert b"".join(octets_of_list(pieces(packed, 7), MOST)) == b"a.example\nb.example\n"


def test_gzip_may_be_packed_once_more_by_the_server() -> None:
    twice = gzip.compress(gzip.compress(b"a.example\n"))
    assert b"".join(octets_of_list(pieces(twice, 7), MOST)) == b"a.example\n"
    with pytest.raises(ListError, match="packed in a way"):
        list(octets_of_list([gzip.compress(twice)], MOST))


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress, zipped], ids=["xz", "bzip2", "zip"])
def test_what_is_packed_otherwise_is_called_that(pack: Callable[[bytes], bytes]) -> None:
    for packed in (pack(b"a.example\n"), gzip.compress(pack(b"a.example\n"))):
        with pytest.raises(ListError, match="packed in a way that is not read here: it may be gzip, or text"):
            list(octets_of_list(pieces(packed, 3), MOST))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_windows_calls_unicode_is_read(encoding: str, size: int) -> None:
    text = "\ufeffa.example\r\n||m\u00fcnchen.example^\n"
    read = b"".join(octets_of_list(pieces(text.encode(encoding), size), MOST))
    assert read.decode() == text.removeprefix("\ufeff")


def test_half_a_character_at_the_end_harms_nothing() -> None:
    assert b"".join(octets_of_list([b"\xff\xfea\0.\0\xd8"], MOST)).startswith(b"a.")


PACKED = gzip.compress(b"a.example\n" * 1000, mtime=0)


@pytest.mark.parametrize(
    ("packed", "fault"),
    [(PACKED[:-9], "ends in the middle"), (PACKED[:-8] + bytes(8), "damaged"), (PACKED + b"junk", "damaged")],
    ids=["cut", "wrong checksum", "with something behind it"],
)
def test_gzip_that_is_broken_is_refused(packed: bytes, fault: str) -> None:
    with pytest.raises(ListError, match=fault):
        list(octets_of_list([packed], MOST))


def test_a_bomb_is_noticed_before_it_has_grown() -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join([*(packer.compress(b"\0" * 1_000_000) for _ in range(100)), packer.flush()])
    tracemalloc.start()
    try:
        with pytest.raises(ListError, match="longer than 1 MB"):
            for _ in octets_of_list([bomb], MOST):
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST


def test_more_than_a_list_can_have_is_refused() -> None:
    with pytest.raises(ListError, match="longer than 1 MB"):
        list(octets_of_list((b"a.example\n" for _ in range(MOST)), MOST))


@pytest.mark.parametrize("begin", [b"<!DOCTYPE html>", b" \r\n<html>", b"\xef\xbb\xbf<?xml"])
@pytest.mark.parametrize("size", [1, 100])
def test_a_web_page_is_no_list(begin: bytes, size: int) -> None:
    with pytest.raises(ListError, match="web page"):
        list(octets_of_list(pieces(begin + b"ads.example.com", size), MOST))


@given(st.lists(st.binary()))
def test_any_octets_are_a_list_or_a_list_error(chunks: list[bytes]) -> None:
    for begin in (b"", b"\x1f\x8b\x08"):
        with suppress(ListError):
            list(octets_of_list([begin, *chunks], MOST))


@pytest.mark.parametrize("octet", [b" ", b"\n", b"\0"])
def test_blanks_before_the_first_name_count_too(octet: bytes) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1000
            yield octet * 1000

    with pytest.raises(ListError, match="is longer than"):
        list(octets_of_list(endless(), MOST))
    assert taken <= MOST + 1000
