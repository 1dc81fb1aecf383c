"""What came over the network or from a disk -> the octets of a list, within bounds. Pure."""

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from app.errors import ListError

_GZIP = b"\x1f\x8b"
_GZIP_WITH_HEADER = 31
_MOST_LAYERS = 2
"""A file that is gzip, packed once more by the server that sends it."""
_OTHERWISE_PACKED = re.compile(rb"PK\x03\x04|BZh[1-9]1AY|\xfd7zXZ|7z\xbc\xaf|\x28\xb5\x2f\xfd|Rar!\x1a")
_LONGEST_BEGIN = 7
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What Windows calls Unicode."""
_PIECE_OCTETS = 64 * 1024


def octets_of_list(chunks: Iterable[bytes], most_octets: int) -> Iterator[bytes]:
    """The list, unpacked if it is gzip, whatever the server calls it, and in UTF-8 if it was UTF-16.

    Raises ListError for a web page, for gzip that is broken, for what is packed otherwise, and beyond `most_octets`,
    packed or not.
    """
    begin, pieces = _begun(_at_most(most_octets, chunks))
    for _ in range(_MOST_LAYERS):
        if begin.startswith(_GZIP):
            begin, pieces = _begun(_at_most(most_octets, _unpacked(pieces)))
    if begin.startswith(_GZIP) or _OTHERWISE_PACKED.match(begin):
        raise ListError("is packed in a way that is not read here: it may be gzip, or text")
    return _no_web_page(_from_utf_16(pieces) if begin.startswith(_UTF_16) else pieces)


def _begun(pieces: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """A beginning, and all of it."""
    begin = b""
    for piece in pieces:
        begin += piece
        if len(begin) >= _LONGEST_BEGIN:
            break
    return begin, chain((begin,), pieces)


def _from_utf_16(pieces: Iterable[bytes]) -> Iterator[bytes]:
    return (text.encode() for text in codecs.iterdecode(pieces, "utf-16", "replace"))


def _at_most(most_octets: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    count = 0
    for piece in pieces:
        count += len(piece)
        if count > most_octets:
            raise ListError(f"is longer than {most_octets // 1_000_000} MB")
        yield piece


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One gzip member after the other (RFC 1952 2.2), in pieces: a bomb is noticed before it has grown."""
    member = zlib.decompressobj(_GZIP_WITH_HEADER)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if member.eof:
                    rest = rest.lstrip(b"\0")  # what tar and tapes fill up with
                    member = zlib.decompressobj(_GZIP_WITH_HEADER) if rest else member
                    continue
                yield member.decompress(rest, _PIECE_OCTETS)
                rest = member.unused_data if member.eof else member.unconsumed_tail
    except zlib.error:
        raise ListError("is damaged: its gzip cannot be unpacked") from None
    if not member.eof:
        raise ListError("ends in the middle: its gzip is not complete")


def _no_web_page(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same. No list begins with `<`, and every page of a server that has lost the list does."""
    seen = False
    for piece in pieces:
        if not seen and (begin := piece.lstrip(b"\xef\xbb\xbf \t\r\n")):
            seen = True
            if begin.startswith(b"<"):
                raise ListError("is a web page, not a list")
        yield piece
