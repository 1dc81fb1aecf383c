"""A query as a line of text, for those who ask for it. Pure."""

_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def question_text(message: bytes) -> str:
    """`www.example. TYPE1`: the first question of a well-formed query, unusual octets as \\DDD (RFC 1035 5.1)."""
    labels = []
    at = 12
    while length := message[at]:
        label = message[at + 1 : at + 1 + length]
        labels.append("".join(chr(octet) if octet in _PLAIN else f"\\{octet:03}" for octet in label))
        at += length + 1
    return f"{'.'.join(labels)}. TYPE{message[at + 1] << 8 | message[at + 2]}"
