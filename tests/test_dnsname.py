import subprocess
import sys
from pathlib import Path

import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import dnsname
from tests.reaching import reaching

CHECKOUT = Path(__file__).parent.parent
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


PIECE = st.one_of(
    LABEL.map(lambda label: bytes([len(label)]) + label),
    st.just(b"\0"),
    st.integers(0, 20).map(lambda to: b"\xc0" + bytes([to])),
)


@reaching(0.1, pieces=st.lists(PIECE, min_size=1, max_size=12), begin=st.integers(0, 11))
def test_whatever_the_octets_are_reading_ends_in_a_name_or_an_index_error(pieces: list[bytes], begin: int) -> bool:
    """Labels, ends and pointers in any order, read from the beginning of one of them."""
    message, at = b"".join(pieces) + b"\0", len(b"".join(pieces[: begin % len(pieces)]))
    try:
        labels, after = dnsname.read(message, at)
    except IndexError:
        return False
    assert sum(map(len, labels)) + len(labels) < 255
    assert at < after <= len(message)
    assert dnsname.skip(message, at, pointers=True) == after
    assert dnsname.read(dnsname.labels_to_wire(labels), 0)[0] == labels
    return True


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
    assert dnsname.text([b"a..b"]) == "a\\046\\046b"


def test_what_is_asked_is_in_lower_case() -> None:
    assert dnsname.qname(b"\3WwW\7eXample\0\0\1\0\1") == "www.example"


def test_text_of_settings_to_wire() -> None:
    assert dnsname.to_wire("www.example") == b"\3www\7example\0"
    assert dnsname.to_wire("") == b"\0"


def test_suffixes_are_the_name_and_all_above_it() -> None:
    assert dnsname.suffixes("a.b.c") == ["a.b.c", "b.c", "c"]
    assert dnsname.suffixes("") == [""]


@given(st.lists(LABEL, max_size=10))
def test_the_name_of_a_question_is_its_text_in_lower_case(labels: list[bytes]) -> None:
    question = dnsname.labels_to_wire(labels) + b"\0\1\0\1"
    assert dnsname.qname(question) == dnsname.read_text(question, 0) == dnsname.text(labels).lower()


@given(st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True), min_size=2, max_size=6))
def test_writes_names_as_dnspython_does(labels: list[str]) -> None:
    name = ".".join(labels)
    assert dnsname.to_wire(name) == dns.name.from_text(name).to_wire()


@pytest.mark.parametrize(
    ("name", "zone", "expected"),
    [("b.c", "b.c", True), ("a.b.c", "b.c", True), ("ab.c", "b.c", False), ("c", "b.c", False), ("b.c", "c", True)],
)
def test_below_begins_at_a_dot(name: str, zone: str, *, expected: bool) -> None:
    assert dnsname.is_at_or_below(name, zone) is expected


@pytest.mark.parametrize(
    ("hostname", "names"),
    [
        ("dns.home.arpa", ("dns.home.arpa", "*.home.arpa")),
        ("a.dns.home.arpa", ("a.dns.home.arpa", "*.dns.home.arpa")),
        ("example.com", ("example.com",)),  # nobody owns *.com
    ],
)
def test_a_certificate_may_have_a_star_for_the_first_label(hostname: str, names: tuple[str, ...]) -> None:
    assert dnsname.certificate_names(hostname) == names


def test_a_star_is_the_beginning_of_a_label() -> None:
    assert dnsname.has_star("*-ds.example.com")
    assert not dnsname.has_star("ds.example.com")
    assert dnsname.matches_star("*-ds.example.com", "abc-ds.example.com")
    assert not dnsname.matches_star("*-ds.example.com", "abcds.example.com")


def test_a_name_in_ascii_needs_no_tables() -> None:
    script = "import sys; from app import dnsname; dnsname.to_ascii('A.example'); print('idna' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    assert done.stdout.strip() == "False"


def test_labels_in_ascii_beside_others_are_left_alone() -> None:
    assert dnsname.to_ascii("_DMARC.Bücher.example.") == "_dmarc.xn--bcher-kva.example."


@given(st.text())
def test_any_text_becomes_ascii_or_a_unicode_error(text: str) -> None:
    try:
        assert dnsname.to_ascii(text).isascii()
    except UnicodeError:
        return


@pytest.mark.parametrize("pointers", [True, False])
def test_a_name_is_passed_over_up_to_its_end(*, pointers: bool) -> None:
    assert dnsname.skip(b"..\3www\7example\0rest", 2, pointers=pointers) == 15
    for octets in (b"\x40" + b"a" * 64 + b"\0", b"\3ab", (b"\x3f" + b"a" * 63) * 4 + b"\0"):
        with pytest.raises(IndexError):
            dnsname.skip(octets, 0, pointers=pointers)


def test_a_pointer_ends_a_name_only_where_it_may() -> None:
    assert dnsname.skip(b"\1a\xc0\0", 0, pointers=True) == 4
    with pytest.raises(IndexError):
        dnsname.skip(b"\1a\xc0\0", 0, pointers=False)


def test_a_pointer_leads_anywhere_before_it() -> None:
    message = bytes(700) + b"\3www\0" + b"\1a\xc2\xbc"
    assert dnsname.read(message, 705) == ([b"a", b"www"], 709)


@pytest.mark.parametrize(("last", "is_name"), [(61, True), (62, False)])
def test_a_name_has_at_most_255_octets(last: int, *, is_name: bool) -> None:
    """RFC 1035 2.3.4, the root's with it."""
    wire = dnsname.labels_to_wire([b"a" * 63] * 3 + [b"b" * last])
    message = wire + wire[:64] + b"\xc0\x40"
    for at in (0, len(wire)):
        if is_name:
            assert len(dnsname.labels_to_wire(dnsname.read(message, at)[0])) == 255
        else:
            with pytest.raises(IndexError):
                dnsname.read(message, at)
    assert len(wire) == (255 if is_name else 256)


def test_a_dot_inside_a_label_of_a_question_is_no_border() -> None:
    assert dnsname.qname(b"\3a.B\0\0\1\0\1") == "a\\046b"
    assert dnsname.qname(b"\4a..B\0\0\1\0\1") == "a\\046\\046b"


def test_letters_of_their_own_stay_what_they_are() -> None:
    """UTS 46, nontransitional: once it would have been fass."""
    assert dnsname.to_ascii("fa\u00df.example") == "xn--fa-hia.example"
