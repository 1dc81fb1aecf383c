"""The file of a compiled list. Pure.

    8 octets   b"HDLIST2\\n": the format and its version
    4 octets   CRC-32 of all that follows, big-endian
    4 octets   length of the header, big-endian
    header     JSON, filled up with spaces to a multiple of 8
    buckets    for each of 2 ** bucket_bits, the length of its records in octets: 2 octets, big-endian
    records    6 octets for each name: what is said about it (names.BLOCKS, ...), then its needle (names.key_of);
               bucket after bucket
    patterns   patterns.pack, if the header says how many octets

A name is looked for in its own bucket only, by searching octets within octets. Whatever a file says, a reader can leave
neither its own memory nor the 64 KiB that a bucket has at most: the checksum is for disks and power cuts, and who may
write the folder can say wrong things about names, but do nothing else.
"""

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import MISSING, asdict, astuple, dataclass, fields, replace
from itertools import accumulate
from typing import NamedTuple

from app.errors import ListError
from app.text import printable

from .names import BUCKET_BITS

RECORD_OCTETS = 6
MOST_TITLE_CHARACTERS = 60
MOST_FILE_OCTETS = 96_000_000
"""Sixteen million names. A reader has the file in its memory."""

_MAGIC = b"HDLIST2\n"
_PREFIX = struct.Struct(">8sII")
_CHECKED_FROM = 12
_ALIGNMENT = 8
_MOST_HEADER_OCTETS = 8192


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says about itself. `names` are those that are blocked, `exceptions` those that are not;
    `addresses` are among both. Files of earlier versions have no patterns."""

    source: str
    title: str
    names: int
    exceptions: int
    bucket_bits: int
    addresses: int = 0
    pattern_octets: int = 0


class Unpacked(NamedTuple):
    """`starts` has the offset of each bucket's records in `records`, and the last one's end."""

    header: Header
    starts: "array[int]"
    records: bytes
    patterns: bytes = b""


def pack(header: Header, lengths: "array[int]", records: bytes | bytearray, patterns: bytes = b"") -> bytes:
    """The whole file. `lengths` are the octets of each bucket, as an array of type H; `patterns` are packed."""
    header = replace(header, pattern_octets=len(patterns))
    text = json.dumps(asdict(header)).encode()
    text += b" " * (-(_PREFIX.size + len(text)) % _ALIGNMENT)
    buckets = _big_endian(lengths).tobytes()
    checksum = 0
    for part in (struct.pack(">I", len(text)), text, buckets, records, patterns):
        checksum = zlib.crc32(part, checksum)
    return b"".join((_PREFIX.pack(_MAGIC, checksum, len(text)), text, buckets, records, patterns))


def unpack(content: bytes) -> Unpacked:
    """What `pack` was given. Raises ListError, with the end of a sentence, if it is not whole or not one of ours."""
    if len(content) < _PREFIX.size or not content.startswith(_MAGIC):
        raise ListError("is not a compiled list of this version")
    _, checksum, length = _PREFIX.unpack_from(content)
    begin = _PREFIX.size + length
    if length > _MOST_HEADER_OCTETS or zlib.crc32(memoryview(content)[_CHECKED_FROM:]) != checksum:
        raise ListError("is damaged")
    try:
        header = _header(json.loads(content[_PREFIX.size : begin]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ListError("is not a compiled list of this version") from error
    end = begin + (2 << header.bucket_bits)
    buckets = content[begin:end]
    if len(buckets) != end - begin:
        raise ListError("is damaged: its lengths do not add up")
    starts = array("I", accumulate(_big_endian(array("H", buckets)), initial=0))
    at = end + starts[-1]
    if at + header.pattern_octets != len(content):
        raise ListError("is damaged: its lengths do not add up")
    return Unpacked(header, starts, content[end:at], content[at:])


def _header(tree: Mapping[str, object]) -> Header:
    """What it says that we know; a later program may say more. Raises TypeError or KeyError for what is no header."""
    known = {
        item.name: tree[item.name] if item.default is MISSING else tree.get(item.name, item.default)
        for item in fields(Header)
    }
    if any(type(known[item.name]) is not item.type for item in fields(Header)):
        raise TypeError("another type")
    header = Header(**known)  # type: ignore[arg-type]
    if not 0 <= header.bucket_bits <= BUCKET_BITS or min(each for each in astuple(header) if isinstance(each, int)) < 0:
        raise ValueError("out of range")
    return replace(header, title=printable(header.title, MOST_TITLE_CHARACTERS))


def _big_endian(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "little":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
