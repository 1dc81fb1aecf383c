from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import dnsname
from app.lists.names import MOST_OCTETS, is_name, key_of, key_with_top, number_of, to_ascii

LABELS = st.from_regex(r"[a-z0-9_-]{1,10}", fullmatch=True)
NAMES = st.builds(".".join, st.lists(LABELS, min_size=1, max_size=5)).filter(lambda name: is_name(name.encode()))


@given(NAMES)
def test_a_key_has_the_name_and_all_above_it_but_the_last_label_and_the_numbers_that_lists_hold(name: str) -> None:
    key = key_of(name)
    assert [each for each, _, _ in key] == [above for above in dnsname.suffixes(name) if "." in above]
    for above, bucket, needle in key:
        number = number_of(above.encode())
        assert (number >> 40, (number & (1 << 40) - 1).to_bytes(5, "big")) == (bucket, needle)


def test_numbers_of_names_that_are_alike_differ_and_are_spread_evenly() -> None:
    names = [f"{word}{index}.example.com" for word in ("ads", "track-", "x.") for index in range(20_000)]
    numbers = {number_of(name.encode()) for name in names}
    assert len(numbers) == len(names)
    buckets = Counter(number >> 48 for number in numbers)  # of 256
    assert min(buckets.values()) > 60_000 // 256 // 2
    assert max(buckets.values()) < 60_000 // 256 * 2


@pytest.mark.parametrize(
    "name",
    [b"", b".", b"a..b", b".a", b"a.", b"A.b", b"a b.c", b"a/b.c", b"1.2.3.4", b"a.1", b"x" * 64, b"a\n", b"\xff.a"],
)
def test_what_is_no_name_is_none(name: bytes) -> None:
    assert not is_name(name)


def test_a_name_has_an_end() -> None:
    assert is_name(b".".join([b"a" * 49] * 5))
    assert not is_name(b".".join([b"a" * 50] * 5))


@pytest.mark.parametrize("name", [b"a", b"a-b.c_d.e1", b"xn--bcher-kva.example", b"x" * 63 + b".a", b"1.a"])
def test_what_is_a_name_is_one(name: bytes) -> None:
    assert is_name(name)


def test_an_internationalised_name_becomes_its_a_labels() -> None:
    assert to_ascii("Bücher.example") == b"xn--bcher-kva.example"


def test_a_sharp_s_stays_one() -> None:
    assert to_ascii("fa\u00df.example") == b"xn--fa-hia.example"


@pytest.mark.parametrize("name", ["a\u200cb.example", "a\u200db.example", "\u0300a.example"])
def test_what_can_be_no_name_is_none(name: str) -> None:
    assert to_ascii(name) is None


@given(st.text())
def test_any_text_becomes_a_labels_or_nothing(text: str) -> None:
    octets = to_ascii(text)
    assert octets is None or octets.isascii()


def test_a_name_that_is_too_long_is_not_even_tried() -> None:
    assert to_ascii("ü." * (MOST_OCTETS // 2 + 1)) is None


@pytest.mark.parametrize("name", ["www.ads.example.com", "example.com", "com"])
def test_the_longer_key_has_the_top_level_domain_too(name: str) -> None:
    *shorter, (top, bucket, needle) = key_with_top(name)
    assert shorter == key_of(name)
    assert top == "com"
    assert bucket << 40 | int.from_bytes(needle, "big") == number_of(b"com")


def test_the_root_has_no_key() -> None:
    assert key_with_top("") == key_of("") == []
