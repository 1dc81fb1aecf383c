"""The file of a compiled list: what a reader must know before it maps the tries.

    8 octets   b"HDLIST1\\n": the format and its version
    4 octets   CRC-32 of all that follows, big-endian
    4 octets   length of the header, big-endian
    header     JSON, filled up with spaces so that the first trie begins at a multiple of 8
    two tries  marisa's own format, each a multiple of 8 long: the rules, the exceptions

The checksum is for disks and power cuts; who may write the folder is a matter of file ownership.
"""

import json
import os
import struct
import sys
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from app.errors import ListError

_MAGIC = b"HDLIST1\n"
_PREFIX = struct.Struct(">8sII")
_ALIGNMENT = 8
_MOST_HEADER_OCTETS = 8192
_PIECE_OCTETS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Header:
    """What the file says about itself. `names` are the rules that are in it, after what others cover was dropped."""

    source: str
    title: str
    names: int
    exceptions: int
    rules_octets: int
    exceptions_octets: int
    byte_order: str = sys.byteorder


def pack(header: Header, rules: bytes, exceptions: bytes) -> bytes:
    """The whole file."""
    text = json.dumps(asdict(header)).encode()
    text += b" " * (-(_PREFIX.size + len(text)) % _ALIGNMENT)
    checksum = zlib.crc32(exceptions, zlib.crc32(rules, zlib.crc32(text, zlib.crc32(struct.pack(">I", len(text))))))
    return b"".join((_PREFIX.pack(_MAGIC, checksum, len(text)), text, rules, exceptions))


def verify(descriptor: int, path: Path) -> tuple[Header, int]:
    """Read the open file whole, once, without mapping it. Returns its header and where the rules begin.

    Raises ListError if it is not whole or not one of ours; a reader then keeps what it has.
    """
    head = os.pread(descriptor, _PREFIX.size + _MOST_HEADER_OCTETS, 0)
    if len(head) < _PREFIX.size or not head.startswith(_MAGIC):
        raise ListError(f"{path}: is not a compiled list of this version")
    _, checksum, length = _PREFIX.unpack_from(head)
    begin = _PREFIX.size + length
    if length > _MOST_HEADER_OCTETS or _checksum(descriptor) != checksum:
        raise ListError(f"{path}: is damaged")
    try:
        header = _header(json.loads(head[_PREFIX.size : begin]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ListError(f"{path}: is not a compiled list of this version") from error
    size = begin + header.rules_octets + header.exceptions_octets
    if header.byte_order != sys.byteorder or size != os.fstat(descriptor).st_size:
        raise ListError(f"{path}: was made on another kind of machine")
    return header, begin


def _header(tree: Mapping[str, object]) -> Header:
    """What it says that we know; a later program may say more. Raises TypeError or KeyError for what is no header."""
    known = {item.name: tree[item.name] for item in fields(Header)}
    if any(type(known[item.name]) is not item.type for item in fields(Header)):
        raise TypeError("another type")
    return Header(**known)  # type: ignore[arg-type]


def _checksum(descriptor: int) -> int:
    buffer = bytearray(_PIECE_OCTETS)
    view, checksum, at = memoryview(buffer), 0, 12
    while got := os.preadv(descriptor, [buffer], at):
        checksum = zlib.crc32(view[:got], checksum)
        at += got
    return checksum


def is_whole(path: Path) -> bool:
    """Whether a reader could use the file at `path`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        verify(descriptor, path)
    except (OSError, ListError):
        return False
    finally:
        os.close(descriptor)
    return True
