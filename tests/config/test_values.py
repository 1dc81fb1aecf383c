import os
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import values


@pytest.mark.parametrize(("raw", "value"), [("DNS.Home.ARPA.", "dns.home.arpa"), (" a-b.c1 ", "a-b.c1")])
def test_a_host_name_is_lower_case_without_a_trailing_dot(raw: str, value: str) -> None:
    assert values.hostname(raw) == value


LONGEST = ".".join(["a" * 63] * 3 + ["b" * 61])
"""253 characters, as many as a name may have as text (RFC 1035 2.3.4)."""


@pytest.mark.parametrize("parse", [values.hostname, values.domain])
def test_the_longest_name_is_one_and_a_longer_one_is_none(parse: Callable[[object], str]) -> None:
    assert parse(LONGEST) == parse(LONGEST + ".") == LONGEST
    for longer in (LONGEST + "b", LONGEST + "b.", LONGEST + ".."):
        with pytest.raises(ValueError, match="must be"):
            parse(longer)


@pytest.mark.parametrize(
    "raw",
    ["numa", "*.home.arpa", "a..b", "-a.b", "a_b.c", "192.168.1.10", "a." + "b" * 64, ".".join(["a" * 60] * 5), ""],
)
def test_what_strict_clients_refuse_is_no_host_name(raw: str) -> None:
    with pytest.raises(ValueError, match="must"):
        values.hostname(raw)


def test_each_reason_against_a_host_name_is_told_as_what_it_is() -> None:
    for raw, told in (
        ("numa", "two labels"),
        ("*.home.arpa", "a wildcard is not a host name"),
        ("a_b.c", "letters, digits and hyphens"),
        ("192.168.1.10", "not an address"),
    ):
        with pytest.raises(ValueError, match=told):
            values.hostname(raw)


@pytest.mark.parametrize("raw", ["0.0.0.0", "::", "224.0.0.1", "fe80::1%eth0", "dns.home.arpa", "1.2.3", 7])
def test_what_no_device_can_reach_is_no_address(raw: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        values.address(raw)


@pytest.mark.parametrize("raw", ["0", "65536", "8o53", "", True, 1.5, None])
def test_a_port_is_a_whole_number_in_range(raw: object) -> None:
    with pytest.raises(ValueError, match=r"must be 1\.\.65535"):
        values.port(raw)


def test_an_integer_names_its_unit() -> None:
    with pytest.raises(ValueError, match=r"must be 1\.\.600 s"):
        values.integer(1, 600, "s")(0)


@pytest.mark.parametrize(("raw", "value"), [("Yes", True), ("off", False), (True, True), (0, False)])
def test_truth_has_several_spellings(raw: object, *, value: bool) -> None:
    assert values.boolean(raw) is value
    with pytest.raises(ValueError, match="true or false"):
        values.boolean("maybe")


def test_a_choice_names_what_there_is() -> None:
    assert values.choice("auto", "forward")("Auto") == "auto"
    with pytest.raises(ValueError, match="must be auto, recursive or forward"):
        values.choice("auto", "recursive", "forward")("x")


def test_a_list_keeps_its_order_and_drops_duplicates() -> None:
    assert values.sequence(values.port)("3, 1,3,,2") == (3, 1, 2)
    assert values.sequence(values.port)([3, 1]) == (3, 1)


def test_the_items_of_a_list_may_stand_on_lines_of_their_own() -> None:
    """As compose files write what is long: `HOMEDOT_BLOCKING__LISTS: |`."""
    assert values.sequence(values.port)("3\n1,\r\n\n 2\n") == (3, 1, 2)


def test_an_ipv4_address_in_ipv6_clothes_is_that_ipv4_address() -> None:
    assert str(values.address("::ffff:192.168.1.10")) == "192.168.1.10"


def test_a_domain_of_dots_alone_is_told_in_a_whole_sentence() -> None:
    with pytest.raises(ValueError, match=r"like example\.com: all names"):
        values.domain("*.")


def test_seconds_name_their_unit() -> None:
    with pytest.raises(ValueError, match=r"must be 1\.\.600 s"):
        values.seconds(600)(-3)


def test_auto_is_the_number_of_cores() -> None:
    assert values.integer_or_cores(1, 64)("auto") == len(os.sched_getaffinity(0))
    assert values.integer_or_cores(1, 64)(3) == 3
    with pytest.raises(ValueError, match=r"must be 1\.\.64 or auto"):
        values.integer_or_cores(1, 64)("many")


def test_whose_questions_are_networks_or_the_word_blocked() -> None:
    of = values.sequence(values.network_or_blocked)
    assert of("192.168.1.23, Blocked, fd00::/8") == (
        values.network("192.168.1.23"),
        "blocked",
        values.network("fd00::/8"),
    )
    assert of("") == ()
    with pytest.raises(ValueError, match=r"must be networks, like 192.168.0.0/16; or the word blocked"):
        of("refused")


def test_a_network_has_no_host_bits() -> None:
    assert str(values.network("192.168.0.0/16")) == "192.168.0.0/16"
    assert str(values.network("192.168.1.7")) == "192.168.1.7/32"
    for raw in ("192.168.1.0/16", "home", "10.0.0.0/99"):
        with pytest.raises(ValueError, match="must be networks"):
            values.network(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (" https://lists.example/a.txt?b=1#part ", "https://lists.example/a.txt?b=1"),
        ("http://192.168.1.5:8080/a", "http://192.168.1.5:8080/a"),
        ("/config//mine.txt", "/config/mine.txt"),
        ("https://cdn.example/gh/lists@latest/a.txt", "https://cdn.example/gh/lists@latest/a.txt"),
    ],
)
def test_a_list_is_an_address_or_a_file(raw: str, value: str) -> None:
    assert values.list_source(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        "ftp://a.example/x", "https://", "https:///x", "http://a:99999/", "http://a:0/", "http://[a/", "mine.txt", 7,
        "https://ä.example/", "https://a.example/a b", "https://a.example/\x01", "https://me:pw@a.example/",
        "https://me:12/34@a.example/", "https://me@a.example/", "https://me:/34@a.example/", "https://me:#34@a.example/",
        "/config/b\udcfccher.txt", "/config/a\0",
    ],
)  # fmt: skip
def test_what_cannot_be_downloaded_is_no_list(raw: object) -> None:
    with pytest.raises(ValueError, match="must"):
        values.list_source(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("ADS.Example.com.", "ads.example.com"),
        ("zip", "zip"),
        ("_a.b", "_a.b"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("BU\u0308CHER.de", "xn--bcher-kva.de"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("xn--strae-oqa.de", "xn--strae-oqa.de"),
    ],
)
def test_a_domain_is_lower_case_in_ascii(raw: str, value: str) -> None:
    assert values.domain(raw) == value


@pytest.mark.parametrize("raw", ["", "a..b", "a b", "a/b", "x" * 64, ".".join(["a" * 60] * 5), ".a", "*.a", "a*.b"])
def test_what_is_no_domain_is_told(raw: str) -> None:
    with pytest.raises(ValueError, match="must be names"):
        values.domain(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("straße.de", "xn--strae-oqa.de"),
        ("STRAẞE.de", "xn--strae-oqa.de"),
        ("βόλος.gr", "xn--nxasmm1c.gr"),
        ("ΒΌΛΟΣ.gr", "xn--nxasmq6b.gr"),  # as browsers do, not as Greeks write
        ("a\xadb.de", "ab.de"),
        ("\uff41.de", "a.de"),
        ("ﬁ.de", "fi.de"),
        ("a\u3002de", "a.de"),
        ("ä\u3002b\uff0e", "xn--4ca.b"),
        ("_dmarc.Bücher.de", "_dmarc.xn--bcher-kva.de"),
        ("\u13a0.us", "xn--58d.us"),
    ],
)
def test_a_domain_of_another_script_is_what_browsers_make_of_it(raw: str, value: str) -> None:
    """UTS 46, nontransitional."""
    assert values.domain(raw) == value


@pytest.mark.parametrize("raw", ["a\u200db.de", "a\u200cb.ir", "ä b.de", "ä/b.de", "\u2100.de", "\u0300a.de", "ä" * 60])
def test_what_browsers_refuse_is_no_domain(raw: str) -> None:
    with pytest.raises(ValueError, match="must be names, like"):
        values.domain(raw)


@given(st.text())
def test_any_text_is_a_domain_or_a_sentence(text: str) -> None:
    with suppress(ValueError):
        assert values.domain(text).isascii()


@pytest.mark.parametrize("raw", ["a\0b", '/etc/x"\ninterface: 0.0.0.0', 'a"b', "a\nb", 7])
def test_a_path_that_could_end_a_line_of_another_file_is_refused(raw: object) -> None:
    with pytest.raises(ValueError, match="must be a path, without quotes and line ends"):
        values.path(raw)


def test_the_last_label_of_a_host_name_is_no_number_and_others_may_be() -> None:
    assert values.hostname("7.example") == "7.example"
    with pytest.raises(ValueError, match="must be a name, not an address"):
        values.hostname("example.7")


def test_both_ends_of_a_range_are_in_it() -> None:
    assert [values.port(text) for text in ("1", "65535")] == [1, 65535]
    assert [values.seconds(9)(text) for text in ("1", "9")] == [1, 9]
