import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import dnsname

LABEL = st.binary(min_size=1, max_size=20)


def test_reads_a_name_and_where_it_ends() -> None:
    assert dnsname.read(b"..\3www\7example\0rest", 2) == ([b"www", b"example"], 15)
    assert dnsname.read(b"\0", 0) == ([], 1)


def test_follows_a_pointer_and_goes_on_after_it() -> None:
    message = b"\7example\0\3www\xc0\0\3web\xc0\x09more"
    assert dnsname.read(message, 15) == ([b"web", b"www", b"example"], 21)


@pytest.mark.parametrize(
    "message",
    [
        b"\xc0\0",  # to itself
        b"\1a\xc0\0",  # round and round
        b"\xc0\2\xc0\0",  # forwards
        b"\1a",  # no end
        b"\3ab",
        b"\x40" + b"a" * 64 + b"\0",  # a reserved label
        (b"\x3f" + b"a" * 63) * 4 + b"\0",  # 257 octets
    ],
)
def test_a_name_that_does_not_end_is_refused(message: bytes) -> None:
    with pytest.raises(IndexError):
        dnsname.read(message, 0)


@given(st.binary(max_size=600), st.integers(0, 600))
def test_whatever_the_octets_are_reading_ends_in_a_name_or_an_index_error(message: bytes, at: int) -> None:
    try:
        labels, after = dnsname.read(message, at)
    except IndexError:
        return
    assert sum(map(len, labels)) + len(labels) < 255
    assert at < after <= len(message)


@given(st.lists(LABEL, max_size=10))
def test_octets_come_back_as_they_were(labels: list[bytes]) -> None:
    assert dnsname.read(dnsname.labels_to_wire(labels), 0) == (labels, len(dnsname.labels_to_wire(labels)))


@given(st.lists(LABEL, max_size=10))
def test_different_names_have_different_texts_and_a_dot_is_always_between_labels(labels: list[bytes]) -> None:
    text = dnsname.text(labels)
    assert len(text.split(".")) == max(len(labels), 1)
    assert text.isascii()
    assert " " not in text
    assert (text == "") is (labels == [])


def test_a_dot_inside_a_label_is_no_border() -> None:
    assert dnsname.text([b"a.b", b"com"]) == "a\\046b.com"
    assert dnsname.text([b"a.b"]) == "a\\046b"


def test_what_is_asked_is_in_lower_case() -> None:
    assert dnsname.qname(b"\3WwW\7eXample\0\0\1\0\1") == "www.example"


def test_text_of_settings_to_wire() -> None:
    assert dnsname.to_wire("www.example") == b"\3www\7example\0"
    assert dnsname.to_wire("") == b"\0"


def test_suffixes_are_the_name_and_all_above_it() -> None:
    assert dnsname.suffixes("a.b.c") == ["a.b.c", "b.c", "c"]
    assert dnsname.suffixes("") == [""]
