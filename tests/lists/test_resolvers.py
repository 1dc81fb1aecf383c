"""Lines of other resolvers: what they block, and what they say that is not for us."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lists.resolvers import Entry, PolicyZone, dnsmasq


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("address=/ads.example/", ["ads.example"]),
        ("address=/ads.example/#", ["ads.example"]),
        ("address=/ads.example/0.0.0.0", ["ads.example"]),
        ("address=/ads.example/::", ["ads.example"]),
        ("address=/*.ads.example/127.0.0.1", ["ads.example"]),
        ("local=/a.example/b.example/", ["a.example", "b.example"]),
        ("server=/ads.example/", ["ads.example"]),
        ("server=/ads.example/#", []),
        ("server=/ads.example/9.9.9.9", []),
        ("local=/ads.example/0.0.0.0", []),
        ("address=/ads.example/192.168.1.5", []),
        ("address=/ads.example", []),
        ("ipset=/ads.example/", []),
    ],
)
def test_dnsmasq_blocks_what_it_gives_no_address(line: str, names: list[str]) -> None:
    assert dnsmasq(line) == names


def read(text: str) -> list[Entry | None]:
    zone = PolicyZone()
    return [zone.read(line.split()) for line in text.splitlines()]


BLOCKED = Entry("ads.example", covers_below=False, lifts=False)


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("ads.example cname .", BLOCKED),
        ("ads.example. cname .", BLOCKED),
        ("ads.example 300 in cname *.", BLOCKED),
        ("ads.example in 300 cname rpz-drop.", BLOCKED),
        ("*.ads.example cname .", Entry("ads.example", covers_below=True, lifts=False)),
        ("ads.example cname rpz-passthru.", Entry("ads.example", covers_below=False, lifts=True)),
        ("ads.example cname rpz-tcp-only.", None),
        ("ads.example cname www.example.", None),
        ("ads.example a 192.0.2.1", None),
        ("our ads cname .", None),
        ("32.1.2.0.192.rpz-ip cname .", Entry("192.0.2.1/32", False, False, "rpz-ip")),
        ("128.1.zz.db8.2001.rpz-ip cname rpz-passthru.", Entry("2001:db8::1/128", False, True, "rpz-ip")),
        ("24.0.2.0.192.rpz-ip cname .", Entry("192.0.2.0/24", False, False, "rpz-ip")),
        ("48.zz.db8.2001.rpz-ip cname .", Entry("2001:db8::/48", False, False, "rpz-ip")),
        ("128.1.zz.rpz-ip cname .", Entry("::1/128", False, False, "rpz-ip")),
        ("24.x.rpz-ip cname .", Entry("", False, False, "rpz-ip")),
        ("ns.example.rpz-nsdname cname .", Entry("", False, False, "rpz-nsdname")),
        ("@ cname .", None),
    ],
)
def test_a_record_of_a_policy_zone_blocks_or_lifts_or_is_not_for_us(line: str, entry: Entry | None) -> None:
    assert read(line) == [entry]


@pytest.mark.parametrize(
    "text",
    [
        "@ soa a. b. 1\nads.example cname .",
        "rpz.test. 60 in soa a. b. 1\nads.example.rpz.test. cname .",
        "rpz.test. 60 in soa a. b. 1\nads.example cname .",
        "rpz.test. 60 in soa a. b. 1\n$origin example.rpz.test.\nads cname .",
        "$origin .\nrpz.test 60 in soa a. b. 1\nads.example.rpz.test cname .",
        "$origin rpz.test.\n@ soa a. b. 1\nads.example cname .",
        "$origin rpz.test.\nads.example.rpz.test. cname .",
        "$origin .\nrpz.test 60 in soa a. b. 1\n$origin example.rpz.test.\nads cname .",
        "$origin .\nrpz.test 60 in soa a. b. 1\n$origin rpz.test.\n$origin example\nads cname .",
    ],
)
def test_names_are_without_the_zone_wherever_the_file_says_it(text: str) -> None:
    assert read(text)[-1] == BLOCKED


def test_a_record_outside_of_its_zone_blocks_nothing() -> None:
    assert read("rpz.test. soa a. b. 1\nads.example. cname .")[-1] is None


def test_only_a_zone_file_is_one() -> None:
    for line, is_one in (("ads.example cname .", False), ("$ttl 60", True), ("@ in soa a. b. 1", True)):
        zone = PolicyZone()
        zone.read(line.split())
        assert zone.is_one is is_one


@given(
    st.lists(
        st.lists(st.sampled_from(["$origin", "soa", "cname", ".", "@", "a.example", "in"]) | st.text("a.*"), min_size=2)
    )
)
def test_any_words_are_read(lines: list[list[str]]) -> None:
    zone = PolicyZone()
    for words in lines:
        zone.read(words)
