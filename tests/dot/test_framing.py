import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dot.framing import prefix, split

messages = st.lists(st.binary(max_size=300), max_size=8)


@given(messages, st.data())
def test_messages_survive_any_cut_of_the_stream(sent: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(prefix(message) + message for message in sent)
    cut = data.draw(st.integers(0, len(stream)))
    first, rest = split(stream[:cut])
    second, left = split(rest + stream[cut:])
    assert first + second == sent
    assert left == b""


@given(messages, st.binary(max_size=3))
def test_an_unfinished_message_is_left_over_whole(sent: list[bytes], tail: bytes) -> None:
    unfinished = b"\xff\xff" + tail
    stream = b"".join(prefix(message) + message for message in sent) + unfinished
    assert split(stream) == (sent, unfinished)


def test_an_empty_and_a_longest_message_are_messages() -> None:
    longest = bytes(65535)
    assert split(b"\0\0" + prefix(longest) + longest) == ([b"", longest], b"")


@pytest.mark.parametrize("low", range(1, 255))
def test_the_length_is_that_of_both_octets(low: int) -> None:
    """Also where as much has come as one octet, taken for both, would say."""
    for length in (low, low << 8):
        message, stream = bytes(length), length.to_bytes(2, "big") + bytes(257 * low)
        messages, rest = split(stream)
        assert messages[0] == message
        assert sum(2 + len(each) for each in messages) + len(rest) == len(stream)


@pytest.mark.parametrize("low", [1, 3, 254, 255])
def test_as_much_as_the_second_octet_says_is_no_whole_message(low: int) -> None:
    for high in (1, low):
        stream = bytes([high, low]) + bytes(low)
        assert split(stream) == ([], stream)


@pytest.mark.parametrize("low", [1, 3, 254, 255])
def test_twice_as_much_as_the_first_octet_says_is_more_than_one_message(low: int) -> None:
    messages, _ = split(bytes([1, low]) + bytes(512 | low))
    assert messages[0] == bytes(256 | low)


@pytest.mark.parametrize("low", range(255))
def test_what_a_message_begins_with_is_no_length(low: int) -> None:
    third = low + 1
    assert split(bytes([0, low]) + bytes([third]) * third)[0][0] == bytes([third]) * low


def test_refuses_to_prefix_more_than_two_octets_can_count() -> None:
    with pytest.raises(OverflowError):
        prefix(bytes(65536))
