"""What came over the network or from a disk -> the octets of a list, within bounds. Pure."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from app.errors import ListError

_GZIP = b"\x1f\x8b"
_GZIP_WITH_HEADER = 31
_PIECE_OCTETS = 64 * 1024


def octets_of_list(chunks: Iterable[bytes], most_octets: int) -> Iterator[bytes]:
    """The list, unpacked if it is gzip, whatever the server calls it.

    Raises ListError for a web page, for gzip that is broken, and beyond `most_octets`, packed or not.
    """
    pieces = _at_most(most_octets, chunks)
    begin = b""
    for piece in pieces:
        begin += piece
        if len(begin) >= len(_GZIP):
            break
    whole = chain((begin,), pieces)
    unpacked = _unpacked(whole) if begin.startswith(_GZIP) else whole
    return _no_web_page(_at_most(most_octets, unpacked))


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
