"""The two-octet length before every DNS message on a stream, both ways (RFC 1035 4.2.2, RFC 7858 3.3). Pure."""


def split(stream: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages at the start of `stream`, and the octets of the unfinished one that follow them."""
    messages: list[bytes] = []
    at, end = 0, len(stream)
    if end > 2 and end == 2 + (stream[0] << 8 | stream[1]):
        return [stream[2:]], b""
    while end - at >= 2:
        after = at + 2 + (stream[at] << 8 | stream[at + 1])
        if after > end:
            break
        messages.append(stream[at + 2 : after])
        at = after
    return messages, stream[at:] if at else stream


def prefix(message: bytes) -> bytes:
    """The length of `message`, to be sent in one write with it. Raises OverflowError above 65535 octets."""
    return len(message).to_bytes(2, "big")
