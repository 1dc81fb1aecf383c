"""A query as a line of text, for those who ask for it. Pure."""

from app import dnsname

from . import wire


def question_text(message: bytes) -> str:
    """`www.example. TYPE1`: the first question of a well-formed query, unusual octets as \\DDD (RFC 1035 5.1)."""
    labels, end = dnsname.read(message, wire.HEADER_OCTETS)
    return f"{dnsname.text(labels)}. TYPE{wire.u16(message, end)}"
