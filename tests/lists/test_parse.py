import time
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lists import parse as parse_module
from app.lists.formats import FORMATS
from app.lists.names import (
    BLOCKS,
    BLOCKS_BELOW,
    BLOCKS_ONLY_BELOW,
    IMPORTANT_BITS,
    LIFTS,
    LIFTS_BELOW,
    LIFTS_ONLY_BELOW,
)
from app.lists.parse import MOST_LINE_OCTETS
from app.lists.parsed import Parsed
from app.lists.suffixes import Suffixes
from tests.fakes.read_list import Found, Rule
from tests.reaching import reaching


def parsed(text: str | bytes) -> Found:
    return Found([text if isinstance(text, bytes) else text.encode()])


def below(name: str) -> Rule:
    return name.encode(), True


def exactly(name: str) -> Rule:
    return name.encode(), False


@pytest.mark.parametrize(
    "line",
    [
        "ads.example.com",
        "ADS.Example.COM",
        "ads.example.com.",
        "  ads.example.com\t",
        "ads.example.com\r",
        "ads.example.com # found on a page",
        "ads.example.com ! found on a page",
        "\ufeffads.example.com",
        "*.ads.example.com",
        ".ads.example.com",
        "||ads.example.com^",
        "||ADS.example.com.^",
        "||ads.example.com^ # found on a page",
        "ads.example.com ; found on a page",
        "||ads.example.com^|",
        "||ads.example.com|",
        "0.0.0.0 *.ads.example.com",
        "address=/ads.example.com/",
        "address=/ads.example.com/#",
        "address=/ads.example.com/0.0.0.0 # found on a page",
        "address=/.ads.example.com/::",
        "address=/ADS.example.com/127.0.0.1",
        "local=/ads.example.com/",
        "server=/ads.example.com/",
        "ads.example.com   # found on a page",
        "ads.example.com \t # found on a page",
        "||ads.example.com^  # found on a page",
        "||ads.example.com^\t\t! found on a page",
        "*.ads.example.com     ! found on a page",
        "server=/ads.example.com/   # found on a page",
    ],
)
def test_a_domain_covers_itself_and_everything_below(line: str) -> None:
    found = parsed(line)
    assert (found.rules, found.exceptions, found.report.junk) == ([below("ads.example.com")], [], 0)
    assert found.kinds == [BLOCKS_BELOW]


@pytest.mark.parametrize(
    ("line", "is_plain"),
    [
        ("ads.example.com", True),
        ("ADS.Example.COM.", True),
        ("ads.example.com # found on a page", True),
        ("*.ads.example.com", False),
        (".ads.example.com", False),
        ("*.ads.example.com # found on a page", False),
        ("||ads.example.com^", False),
        ("0.0.0.0 ads.example.com", False),
        ("local=/ads.example.com/", False),
    ],
)
def test_what_a_plain_name_is_for_is_left_to_the_whole_list(line: str, *, is_plain: bool) -> None:
    assert parsed(line).plain == ([b"ads.example.com"] if is_plain else [])


@pytest.mark.parametrize("line", ["*.ads.example.com CNAME .", "*.ads.example.com 300 IN CNAME .  ; found on a page"])
def test_a_star_in_a_policy_zone_is_for_what_is_below_and_not_for_the_name(line: str) -> None:
    assert parsed(line).kinds == [BLOCKS_ONLY_BELOW]
    assert parsed(line.replace("CNAME .", "CNAME rpz-passthru.")).kinds == [LIFTS_ONLY_BELOW]


@pytest.mark.parametrize(
    "line",
    [
        "0.0.0.0 ads.example.com",
        "0.0.0.0\tADS.example.com.",
        "127.0.0.1  ads.example.com # found on a page",
        "127.0.0.1 ads.example.com",
        ":: ads.example.com",
        "::1 localhost ads.example.com",
        "0 ads.example.com",
        "::0 ads.example.com",
        "0:0:0:0:0:0:0:0 ads.example.com",
        "0.0.0.0 ads.example.com# found on a page",
        "0.0.0.0 ads.example.com ; and page.example.com",
        "ads.example.com CNAME .",
    ],
)
def test_a_line_of_a_hosts_file_or_of_a_policy_zone_means_exactly_its_names(line: str) -> None:
    assert parsed(line).rules == [exactly("ads.example.com")]


@pytest.mark.parametrize("line", ["|ads.example.com^", "|ads.example.com|", "|Ads.example.com.^"])
def test_an_adblock_rule_that_begins_with_one_bar_means_exactly_its_name(line: str) -> None:
    assert parsed(line).rules == [exactly("ads.example.com")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("||ads.example.com^$important", BLOCKS_BELOW),
        ("||ads.example.com^|$important", BLOCKS_BELOW),
        ("|ads.example.com^$important", BLOCKS),
        ("@@||ads.example.com^$important", LIFTS_BELOW),
        ("@@|ads.example.com^$important", LIFTS),
    ],
)
def test_a_rule_that_is_important_is_kept_as_one(line: str, kind: int) -> None:
    assert parsed(line).kinds == [kind << IMPORTANT_BITS]
    assert parsed(line.removesuffix("$important")).kinds == [kind]


def test_a_line_of_dnsmasq_may_have_several_names() -> None:
    assert parsed("address=/a.example/b.example/0.0.0.0").rules == [below("a.example"), below("b.example")]


def test_a_policy_zone_is_read_without_junk() -> None:
    text = (
        "$TTL 300\n@ IN SOA localhost. root.localhost. (\n  2026010101 ; serial\n  3600 )\n  IN NS localhost.\n"
        "ads.example.com CNAME .\n*.ads.example.com CNAME .\ngood.ads.example.com CNAME rpz-passthru.\n"
        "32.1.2.0.192.rpz-ip CNAME .\n"
    )
    found = parsed(text)
    assert found.rules == [exactly("ads.example.com"), below("ads.example.com"), exactly("192.0.2.1")]
    assert found.exceptions == [exactly("good.ads.example.com")]
    assert (found.report.junk, found.report.unsupported) == (0, 5)


@pytest.mark.parametrize(
    "text",
    [
        "||ads.example.com^\n||ads.example.com^$badfilter",
        "||ads.example.com^$badfilter\n||ads.example.com^",
        "||ads.example.com^\n||ads.example.com^\n||ads.example.com^$badfilter",
        "||ads.example.com^$important\n||ads.example.com^$badfilter,important",
        "|ads.example.com^\n|ads.example.com^$badfilter",
        "@@||ads.example.com^\n@@||ads.example.com^$badfilter",
    ],
)
def test_a_rule_that_the_list_takes_back_does_not_count(text: str) -> None:
    found = parsed(text)
    assert (found.rules, found.exceptions, found.report.junk, found.report.unsupported) == ([], [], 0, 0)


def test_what_the_list_takes_back_is_this_one_rule() -> None:
    text = "||ads.example.com^\n||x.ads.example.com^\n@@||ads.example.com^\n|ads.example.com^\n"
    found = parsed(text + "||ads.example.com^$badfilter\n||x.ads.example.com^$badfilter,third-party\n")
    assert found.rules == [below("x.ads.example.com"), exactly("ads.example.com")]
    assert found.exceptions == [below("ads.example.com")]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "cp1251", "shift_jis"])
def test_comments_may_be_in_any_encoding(encoding: str) -> None:
    remark = {"latin-1": "für Bücher", "utf-8": "für", "cp1251": "реклама", "shift_jis": "広告"}[encoding]
    text = f"! Title: {remark}\n# {remark}\nads.example.com # {remark}\n0.0.0.0 a.example # {remark}\n"
    text += f"||b.example^ ! {remark}\n"
    found = parsed(text.encode(encoding))
    assert found.rules == [below("ads.example.com"), exactly("a.example"), below("b.example")]
    assert (found.report.junk, found.report.unsupported) == (0, 0)
    assert found.title.isprintable()
    assert found.title


def test_a_line_of_a_hosts_file_may_have_several_names() -> None:
    assert parsed("0.0.0.0 a.example b.example\tc.example").rules == [
        exactly(f"{letter}.example") for letter in "abc"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "127.0.0.1 localhost",
        "127.0.0.1 localhost.localdomain",
        "::1 ip6-localhost ip6-loopback",
        "0.0.0.0 0.0.0.0",
        "255.255.255.255 broadcasthost",
        "fe80::1%lo0 localhost",
        "",
        " \t",
        "# a comment: ads.example.com",
        "; a comment: ads.example.com",
        ";ads.example.com",
        "! a comment",
        "[Adblock Plus 2.0]",
        "##.banner",
        "\ufeff",
    ],
)
def test_what_blocks_nothing_is_neither_a_rule_nor_junk(line: str) -> None:
    found = parsed(line)
    assert (found.rules, found.exceptions, found.report.junk, found.report.unsupported) == ([], [], 0, 0)


@pytest.mark.parametrize("line", ["@@||good.example.com^", "@@||good.example.com^|"])
def test_an_exception_is_one(line: str) -> None:
    found = parsed(line)
    assert (found.rules, found.exceptions) == ([], [below("good.example.com")])


def test_an_exception_may_be_for_exactly_its_name() -> None:
    assert parsed("@@|good.example.com^").exceptions == [exactly("good.example.com")]


@pytest.mark.parametrize(
    "line",
    [
        "||ads.example.com^$third-party",
        "||ads.example.com^$important,client=10.0.0.1",
        "||ads.example.com/banner^",
        "|https://ads.example.com^",
        "||ads.example.com^$all",
        "||ads.example.com^$document",
        "/banner/[0-9]+/",
        "||ads.example.com^$dnsrewrite=NOERROR;A;192.0.2.1",
        "@@||ads.example.com^$client=10.0.0.1",
        "https://ads.example.com/",
        "|https://example.com/|",
        "example.com##.banner",
        "example.com#@#.banner",
        "*",
        "address=/ads.example.com/192.0.2.1",
        "server=/ads.example.com/#",
        "address=/ads*.example.com/",
        "ads.example.com CNAME www.example.com.",
        "192.0.2.1 router.example.com",
        "192.0.2.1",
    ],
)
def test_what_is_not_for_dns_is_counted_and_skipped(line: str) -> None:
    found = parsed(line)
    assert (found.rules, found.exceptions) == ([], [])
    assert (found.report.unsupported, found.report.junk) == (1, 0)


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"hello world",
        b"ads]xcom",
        b'local-zone: "ads.example.com" always_null',
        b"DOMAIN-SUFFIX,ads.example.com",
        b"ads.example.com:443",
        "a\u200dstra\u00dfe.example".encode(),
        b"a..example.com",
        b"bad name.example.com",
        b"\xff\xfe.example.com",
        b"0.0.0.0 b\xfccher.example",
        b"||b\xfccher.example^",
        b"b\xfccher und mehr",
        b"0.0.0.0 a..example.com",
        b"0.0.0.0 " + b".".join([b"a" * 60] * 5),
        b".".join([b"a" * 60] * 5),
        b"a" * 64 + b".example.com",
        b"example." + b"a" * 64,
        b"."
    ],
)  # fmt: skip
def test_junk_is_counted_and_an_example_kept(line: bytes) -> None:
    found = parsed(line)
    assert (found.rules, found.exceptions, found.report.unsupported) == ([], [], 0)
    assert found.report.junk == len(found.report.examples) == 1


def test_a_rule_for_a_whole_top_level_domain_is_left_out_and_counted() -> None:
    lines = ["*.zip", ".mov", "||com^", "@@||net^", "|org^", "address=/de/", "||c\u00f6m^", "||com^$badfilter"]
    lines += ["||*.zip^", ".zip^", "zip^", "||*^", "||*.zip^$dnstype=A", "||*.zip^$denyallow=a.zip", "*$denyallow=zip"]
    found = parsed("\n".join(["zip", *lines, "*.fr CNAME ."]))
    assert (found.rules, found.exceptions, found.patterns) == ([], [], ())
    assert (found.report.top_level, found.report.junk) == (16, 1)


ABOVE = Suffixes(["co.uk", "*.ck"])
"""And all top-level domains."""


def test_a_rule_above_what_people_register_is_left_out_in_every_format_and_told() -> None:
    lines = [
        "co.uk",
        "*.any.ck",
        "0.0.0.0 co.uk",
        "||co.uk^",
        "@@||co.uk^",
        "|co.uk^",
        "local=/co.uk/",
        "*.co.uk CNAME .",
    ]
    read = parse_module.parse(
        ["\n".join([*lines, "||zip^", "bbc.co.uk", "0.0.0.0 x.any.ck"]).encode()], kept := Found([]), ABOVE
    )
    assert kept.rules == [below("bbc.co.uk"), exactly("x.any.ck")]
    assert kept.exceptions == []
    assert (read.report.top_level, read.report.top_level_examples) == (9, ["co.uk", "any.ck"])


def test_where_the_operator_says_so_such_a_rule_counts() -> None:
    parse_module.parse([b"||zip^\n*.mov\nco.uk\n@@||top^\n"], kept := Found([]), ())
    assert kept.rules == [below("zip"), below("mov"), below("co.uk")]
    assert kept.exceptions == [below("top")]


PATTERNS_ABOVE = ["||*co.uk^", "||co.uk^$dnstype=A", "@@||co.uk^$dnstype=A", "*$denyallow=a.uk"]


def test_a_pattern_for_all_below_what_people_register_is_left_out_too_and_counts_where_the_operator_says_so() -> None:
    text = "\n".join(PATTERNS_ABOVE).encode()
    read = parse_module.parse([text], Found([]), ABOVE)
    assert read.valid_patterns == ()
    assert (read.report.top_level, read.report.top_level_examples) == (4, ["||*co.uk^", "||co.uk^$dnstype=a"])
    read = parse_module.parse([text], Found([]), ())
    assert [pattern.text for pattern in read.valid_patterns] == [line.lower() for line in PATTERNS_ABOVE]
    assert read.report.top_level == 0


def test_an_internationalised_name_is_found_by_its_a_labels() -> None:
    assert parsed("Bücher.example\n0.0.0.0 bücher.example").rules == [
        below("xn--bcher-kva.example"), exactly("xn--bcher-kva.example"),
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["! Title: My list ", "# title:My list", "\ufeff! Title: My list"])
def test_a_list_says_its_title(line: str) -> None:
    assert parsed(f"{line}\n! Title: another\nads.example.com").title == "My list"


def test_a_title_is_short_and_harmless() -> None:
    title = parsed("! Title: \x1b[31m" + "x" * 500).title
    assert len(title) == 60
    assert title.isprintable()


def test_examples_of_junk_are_few_short_and_harmless() -> None:
    report = parsed("\n".join("junk \x1b[2J" + "x" * 500 for _ in range(100))).report
    assert report.junk == 100
    assert len(report.examples) == 3
    assert all(len(example) == 60 and example.isprintable() for example in report.examples)


def test_a_line_without_an_end_takes_no_memory() -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"x" * 65536
        yield b"\nads.example.com"

    tracemalloc.start()
    try:
        found = Found(endless())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.rules == [below("ads.example.com")]
    assert found.report.junk == 1
    assert peak < 1_000_000


def test_the_longest_line_is_read_and_a_longer_one_is_not() -> None:
    names = "0.0.0.0" + " ads.example.com" * ((MOST_LINE_OCTETS - 7) // 16)
    assert len(Found(bytes([octet]) for octet in names.encode()).rules) == (MOST_LINE_OCTETS - 7) // 16
    for more, is_read in ((0, True), (1, False)):
        line = b"0.0.0.0 b.example".ljust(MOST_LINE_OCTETS + more)
        assert bool(Found([line, b"\nc.example"]).rules[:-1]) is is_read
    pieces = [b"0.0.0.0", b" ads.example.com" * (MOST_LINE_OCTETS // 16), b" b.example\nc.example\n"]
    assert Found(pieces).rules == [below("c.example")]


LINES = st.sampled_from(
    [
        "ads.example.com",
        "0.0.0.0 a.example b.example",
        "||x.example^",
        "@@||y.x.example^",
        "@@|z.x.example^|",
        "0.0.0.0 a.example# c",
        "# c",
        "junk",
        "bücher.de",
        "||x.example^$badfilter",
        "-x.",
        "/^x[0-9]/",
        "||x.example$dnstype=A",
        "local=/d.example/",
        "$ORIGIN rpz.example.",
        "@ SOA a. b. 1",
        "*.e.example CNAME .",
        "",
    ]
)
TEXTS = st.one_of(st.binary(), st.lists(LINES).map(lambda lines: "\r\n".join(lines).encode()))


@given(TEXTS, st.integers(1, 7))
def test_any_octets_give_the_same_list_and_report_in_pieces_of_any_size(text: bytes, size: int) -> None:
    whole = Found([text])
    assert Found(text[at : at + size] for at in range(0, len(text), size)).all() == whole.all()
    assert whole.report.junk + whole.report.unsupported <= len(text)
    for name, _ in whole.rules + whole.exceptions:
        assert len(name) <= 253


def test_a_zone_may_hold_what_is_no_name() -> None:
    found = parsed("$ORIGIN rpz.example.\na..b CNAME .\n" + ".".join(["a" * 60] * 5) + " CNAME .")
    assert (found.rules, found.report.unsupported - parsed("$ORIGIN rpz.example.").report.unsupported) == ([], 2)


@given(st.text())
def test_any_text_is_a_list(text: str) -> None:
    parsed(text)


def the_long_way(line: bytes) -> Found:
    found = Found([])
    parse_module._read(line, Parsed(found), [each.reader() for each in FORMATS])
    return found


ALMOST_A_LINE = st.tuples(
    st.sampled_from([b"", b"*.", b".", b"*", b"0.0.0.0 ", b"127.0.0.1\t", b"0.0.0.1 ", b"0x0.0.0 "]),
    st.lists(
        st.sampled_from(
            [
                b"ads",
                b"ads",
                b"example",
                b"example",
                b"com",
                b"com",
                b"a" * 63,
                b"a" * 64,
                b"-",
                b"_x",
                b"1",
                b"]",
                b"localhost",
            ]
        ),
        min_size=2,
        max_size=4,
    ),
    st.sampled_from([b".", b".", b".", b".", b".", b"]", b"..", b" "]),
    st.sampled_from([b"", b"", b".", b"]", b" "]),
).map(lambda parts: (parts[0] + parts[2].join(parts[1]) + parts[3]).strip())


@reaching(0.1, line=ALMOST_A_LINE)
def test_the_short_way_to_read_a_line_gives_what_the_long_way_gives(line: bytes) -> bool:
    found = Found([line])
    assert (found.rules, found.exceptions) == (the_long_way(line).rules, the_long_way(line).exceptions)
    return bool(found.rules)


def test_blanks_that_no_comment_follows_take_linear_time() -> None:
    text = ("a.example" + " \t" * 2000 + "x\n") * 200
    begun_s = time.process_time()
    assert parsed(text).report.junk == 200
    assert time.process_time() - begun_s < 2
