"""What AdGuard's engine makes of a rule, a name and a type of question, this reads and answers alike."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lists.blocklist import Blocklist
from app.lists.names import NOTHING, key_of, key_of_address, weight
from app.lists.parsed import Why
from tests.fakes.compiled_list import write_list
from tests.fakes.read_list import Found

BLOCKED, ALLOWED, PASSED = "blocked", "allowed", "passed"
_VERDICTS = (PASSED, BLOCKED, ALLOWED, BLOCKED, ALLOWED)
TYPES = {"A": 1, "CNAME": 5, "AAAA": 28, "HTTPS": 65}
VERDICTS = {
    "||bad.test^": {"bad.test": BLOCKED, "a.bad.test": BLOCKED, "nobad.test": PASSED, "bad.test.org": PASSED},
    "||bad.test": {
        "bad.test": BLOCKED, "a.bad.test": BLOCKED, "bad.test.org": BLOCKED, "bad.testing.org": BLOCKED,
        "a.bad.test.org": BLOCKED, "nobad.test": PASSED, "nobad.test.org": PASSED,
    },
    "||shop-": {"shop-x.test": BLOCKED, "a.shop-x.test": BLOCKED, "workshop-x.test": PASSED, "shop.test": PASSED},
    "||pix.": {"pix.one.test": BLOCKED, "a.pix.two.test": BLOCKED, "apix.test": PASSED, "pixel.test": PASSED},
    "|pix.": {"pix.one.test": BLOCKED, "a.pix.one.test": PASSED, "apix.one.test": PASSED},
    "/pix.": {"pix.one.test": BLOCKED, "a.pix.one.test": PASSED},
    "://pix.": {"pix.one.test": BLOCKED, "a.pix.one.test": PASSED},
    "|bad.test": {"bad.test": BLOCKED, "bad.test.org": BLOCKED, "a.bad.test": PASSED},
    "|bad.test^|": {"bad.test": BLOCKED, "a.bad.test": PASSED, "bad.test.org": PASSED},
    "bad.test|": {"bad.test": BLOCKED, "a.bad.test": BLOCKED, "nobad.test": BLOCKED, "bad.test.org": PASSED},
    "bad.test^": {"bad.test": BLOCKED, "nobad.test": BLOCKED, "bad.test.org": PASSED},
    ".bad.test^": {"bad.test": PASSED, "a.bad.test": BLOCKED, "b.a.bad.test": BLOCKED, "nobad.test": PASSED},
    "||*.bad.test^": {"bad.test": PASSED, "a.bad.test": BLOCKED},
    "|*.bad.test^": {"bad.test": PASSED, "a.bad.test": BLOCKED},
    "||bad.test^*": {"bad.test": BLOCKED, "a.bad.test": BLOCKED, "bad.test.org": PASSED},
    "||bad.test/*": {"bad.test": BLOCKED, "a.bad.test": BLOCKED, "bad.test.org": PASSED},
    "||tr*k.test^": {"track.test": BLOCKED, "trk.test": BLOCKED, "a.track.test": BLOCKED, "xtrack.test": PASSED},
    "||tr*k.test": {"track.test": BLOCKED, "track.testing": BLOCKED, "tra.ck.test.org": BLOCKED, "tra.test": PASSED},
    "|tr*k.test^": {"track.test": BLOCKED, "a.track.test": PASSED, "tr.a.k.test": BLOCKED},
    "||a*b*c.test^": {"a1b2c.test": BLOCKED, "abc.test": BLOCKED, "acb.test": PASSED},
    "||cdn.*.test^": {"cdn.x.test": BLOCKED, "cdn.x.y.test": BLOCKED, "cdn.test": PASSED, "acdn.x.test": PASSED},
    "stat*.bad.test": {"stat1.bad.test": BLOCKED, "xstats.bad.test.org": BLOCKED, "stat.good.test": PASSED},
    "-px.": {"a-px.test": BLOCKED, "a-px.b.test": BLOCKED, "px.test": PASSED, "a-pxx.test": PASSED},
    "-px-": {"a-px-b.test": BLOCKED, "a-px.test": PASSED},
    "_px_": {"a_px_b.test": BLOCKED, "px.test": PASSED},
    ".ad.": {"www.ad.test": BLOCKED, "x.ad.y.test": BLOCKED, "ad.test": PASSED, "gov.ad": PASSED, "bad.test": PASSED},
    ".px-": {"a.px-b.test": BLOCKED, "px-b.test": PASSED},
    "-px.bad.test": {"a-px.bad.test": BLOCKED, "px.bad.test": PASSED},
    r"/^px[0-9]+\./": {"px1.test": BLOCKED, "px22.test": BLOCKED, "px.test": PASSED, "a.px1.test": PASSED},
    r"/px(one|two)/": {"a.pxone.test": BLOCKED, "pxtwo.test": BLOCKED, "pxthree.test": PASSED},
    r"/^\D+\.bad\.test$/": {"abc.bad.test": BLOCKED, "a1.bad.test": PASSED},
    r"/^PX\./": {"px.test": BLOCKED},
    r"/^px\./$important": {"px.test": BLOCKED, "a.test": PASSED},
    r"/^(?!www)\w+\.test/": {"px.test": PASSED},
    "||bad.test^$~image": {"bad.test": BLOCKED},
    "||bad.test^$~script,~font,important": {"bad.test": BLOCKED},
    "||bad.test^$image": {"bad.test": PASSED},
    "||bad.test^$image,~script": {"bad.test": PASSED},
    "||bad.test^$~third-party": {"bad.test": PASSED},
    "||bad.test^$all": {"bad.test": PASSED},
    "||bad.test^$match-case": {"bad.test": PASSED},
    "||bad.test^$domain=good.test": {"bad.test": PASSED},
    "||bad.test^$client=10.0.0.7": {"bad.test": PASSED},
    "||bad.test^$ctag=~device_tv": {"bad.test": BLOCKED},
    "||bad.test^$dnsrewrite=NOERROR;A;192.0.2.1": {"bad.test": PASSED},
    "||bad.test^$dnstype=A": {"bad.test": BLOCKED, "bad.test AAAA": PASSED, "a.bad.test": BLOCKED},
    "||bad.test^$dnstype=AAAA|HTTPS": {"bad.test": PASSED, "bad.test AAAA": BLOCKED, "bad.test HTTPS": BLOCKED},
    "||bad.test^$dnstype=~A": {"bad.test": PASSED, "bad.test AAAA": BLOCKED, "bad.test CNAME": BLOCKED},
    "||bad.test^$dnstype=~AAAA|~CNAME": {"bad.test": BLOCKED, "bad.test AAAA": PASSED, "bad.test CNAME": PASSED},
    "||bad.test^$dnstype=NOTYPE": {"bad.test": PASSED},
    "||bad.test^$denyallow=a.bad.test|b.bad.test": {
        "bad.test": BLOCKED, "a.bad.test": PASSED, "x.b.bad.test": PASSED, "c.bad.test": BLOCKED,
    },
    "||bad.test^$denyallow=~a.bad.test": {"bad.test": PASSED},
    "||*.bad.test^$denyallow=a.bad.test,important": {"b.bad.test": BLOCKED, "a.bad.test": PASSED, "bad.test": PASSED},
    "||bad.test^\n@@bad.test": {"bad.test": ALLOWED, "a.bad.test": ALLOWED},
    "||bad.test^\n@@-ok.bad.test^": {"a-ok.bad.test": ALLOWED, "ok.bad.test": BLOCKED},
    "||bad.test^\n@@||ok*.bad.test^|": {"ok1.bad.test": ALLOWED, "no.bad.test": BLOCKED},
    "||bad.test^\n@@|ok.": {"ok.bad.test": ALLOWED, "a.ok.bad.test": BLOCKED},
    "||bad.test^\n@@.ok.bad.test^": {"a.ok.bad.test": ALLOWED, "ok.bad.test": BLOCKED},
    "||bad.test^\n@@/^ok[0-9]/": {"ok1.bad.test": ALLOWED, "ok.bad.test": BLOCKED},
    "||bad.test^\n@@||bad.test^$dnstype=A": {"bad.test": ALLOWED, "bad.test AAAA": BLOCKED},
    "||bad.test^\n@@||bad.test^$denyallow=a.bad.test": {"b.bad.test": ALLOWED, "a.bad.test": BLOCKED},
    "||bad.test^$important\n@@-ok.bad.test^": {"a-ok.bad.test": BLOCKED},
    "||bad.test^$important\n@@-ok.bad.test^$important": {"a-ok.bad.test": ALLOWED},
    "-px.\n-px.$badfilter": {"a-px.test": PASSED},
    "-px.\n-px.$important,badfilter": {"a-px.test": BLOCKED},
    "/^px[0-9]/\n/^px[0-9]/$badfilter": {"px1.test": PASSED},
    "||bad.test\n||bad.test$badfilter": {"bad.test": PASSED, "bad.test.org": PASSED},
    "||bad.test:8443^": {"bad.test": PASSED},
    "||bad.test/x.js": {"bad.test": PASSED},
    "||bad.test^x": {"bad.test": PASSED},
    "^bad.test^": {"bad.test": PASSED},
    "https://bad.test": {"bad.test": PASSED},
    "http://bad.test": {"bad.test": BLOCKED, "a.bad.test": PASSED, "bad.test.org": BLOCKED},
    "bad.test##.ad": {"bad.test": PASSED},
    "bad.test#@#.ad": {"bad.test": PASSED},
    "bad.test#$#body { }": {"bad.test": PASSED},
    "||192.0.2.7^$dnstype=A": {"192.0.2.7": BLOCKED, "192.0.2.7 AAAA": PASSED, "192.0.2.77": PASSED},
    "|2001:DB8:0::7|$dnstype=~HTTPS,important": {
        "2001:db8::7 AAAA": BLOCKED, "2001:db8::77 AAAA": PASSED, "2001:db8::7 HTTPS": PASSED,
    },
    "||192.0.2.7^\n@@||192.0.2.7^$dnstype=A": {"192.0.2.7": ALLOWED, "192.0.2.7 AAAA": BLOCKED},
    "*": {"bad.test": PASSED},
    "|b": {"bad.test": PASSED},
    "/.*/": {"bad.test": PASSED},
    r"/^[a-z0-9._-]+\./": {"bad.test": PASSED},
}  # fmt: skip
CASES = [
    pytest.param(rules, asked, verdict, id=f"{rules!r}: {asked}")
    for rules, verdicts in VERDICTS.items()
    for asked, verdict in verdicts.items()
]


def verdict(folder: Path, rules: str, asked: str) -> str:
    name, _, qtype = asked.partition(" ")
    blocklist = Blocklist(write_list(folder, "/a.txt", rules))
    return _VERDICTS[blocklist.says(key_of(name), TYPES[qtype or "A"])[0]]


@pytest.mark.parametrize(("rules", "asked", "expected"), CASES)
def test_a_rule_of_adblock_decides_as_it_does_in_adguard(tmp_path: Path, rules: str, asked: str, expected: str) -> None:
    assert verdict(tmp_path, rules, asked) == expected


@pytest.mark.parametrize(
    ("rule", "address"),
    [
        ("||192.0.2.7^", "192.0.2.7"),
        ("|192.0.2.7^", "192.0.2.7"),
        ("||2001:db8::7^", "2001:db8::7"),
        ("||2001:DB8:0::7^", "2001:db8::7"),
        ("$ORIGIN rpz.test.\n32.7.2.0.192.rpz-ip CNAME .", "192.0.2.7"),
        ("$ORIGIN rpz.test.\n128.7.zz.db8.2001.rpz-ip CNAME .", "2001:db8::7"),
    ],
)
def test_an_address_is_blocked_by_itself(tmp_path: Path, rule: str, address: str) -> None:
    blocklist = Blocklist(write_list(tmp_path, "/a.txt", rule))
    assert blocklist.header.addresses == 1
    assert _VERDICTS[blocklist.says(key_of_address(address))[0]] == BLOCKED
    assert blocklist.says(key_of_address("192.0.2.77"))[0] == NOTHING
    lifted = rule.replace("CNAME .", "CNAME rpz-passthru.") if "rpz" in rule else f"@@{rule}"
    excepted = Blocklist(write_list(tmp_path, "/a.txt", f"{rule}\n{lifted}"))
    assert _VERDICTS[excepted.says(key_of_address(address))[0]] == ALLOWED


@pytest.mark.parametrize(
    ("owner", "inside", "outside"),
    [
        ("24.0.2.0.192", ["192.0.2.0", "192.0.2.255"], ["192.0.3.0", "192.0.20.1", "1.192.0.2"]),
        ("22.0.4.0.192", ["192.0.4.1", "192.0.7.255"], ["192.0.3.255", "192.0.8.0", "192.0.47.1"]),
        ("8.0.0.0.10", ["10.255.0.1"], ["100.0.0.1", "110.0.0.1"]),
        ("32.zz.db8.2001", ["2001:db8::", "2001:db8:1::1"], ["2001:db80::1", "2001:db9::", "2001:d:b8::"]),
        ("29.zz.db8.2001", ["2001:db8::1", "2001:dbf:ffff::"], ["2001:dc0::", "2001:db7:ffff::"]),
    ],
)
def test_a_network_of_a_policy_zone_is_for_its_addresses(
    tmp_path: Path, owner: str, inside: list[str], outside: list[str]
) -> None:
    rule = f"{owner}.rpz-ip CNAME ."
    blocklist = Blocklist(write_list(tmp_path, "/a.txt", f"$ORIGIN rpz.test.\n{rule}"))
    assert blocklist.header.addresses == 1
    said = [blocklist.says(key_of(address)) for address in inside]
    assert [(_VERDICTS[weight], text) for weight, text in said] == [(BLOCKED, rule.lower())] * len(inside)
    assert [blocklist.says(key_of(address))[0] for address in outside] == [NOTHING] * len(outside)
    lifted = f"{rule}\n{rule.replace('CNAME .', 'CNAME rpz-passthru.')}"
    excepted = Blocklist(write_list(tmp_path, "/a.txt", f"$ORIGIN rpz.test.\n{lifted}"))
    assert [_VERDICTS[excepted.says(key_of(address))[0]] for address in inside] == [ALLOWED] * len(inside)


@pytest.mark.parametrize(
    ("why", "detail", "lines"),
    [
        (Why.UNSEEN, "$third-party", ["||a.test^$third-party", "@@||b.test^$important,third-party"]),
        (Why.UNSEEN, "$document", ["||a.test^$document"]),
        (Why.UNSEEN, "a path", ["||a.test/x", "a.test/x^", "|https://a.test^", "/^https?:\\/\\/a/", "http://a.test/"]),
        (Why.UNSEEN, "a port", ["||a.test:443^"]),
        (Why.UNSEEN, "elements of a page", ["a.test##.x", "##.y", "a.test#?#z", "a.test$$script[x]", "a.test#%#//x"]),
        (Why.OF_ONE_DEVICE, "$client", ["||a.test^$client=10.0.0.1", "@@||b.test^$client=~x"]),
        (Why.OF_ONE_DEVICE, "$ctag", ["||a.test^$ctag=device_tv"]),
        (Why.CHANGES_ANSWERS, "$dnsrewrite", ["||a.test^$dnsrewrite=192.0.2.1"]),
        (Why.CHANGES_ANSWERS, "", ["192.0.2.1 a.test", "address=/a.test/192.0.2.1", "a.test CNAME b.test."]),
        (Why.NOT_LINEAR, "", ["/^(?!a)b/", "/(a)\\1/", "/[/", "@@/(?<=a)b/"]),
        (Why.TOO_WIDE, "", ["/.*/", "*", "|a", "/\\./"]),
        (Why.WRONG, "$dnstype", ["||a.test^$dnstype=B"]),
        (Why.WRONG, "$denyallow", ["||a.test^$denyallow=*"]),
        (Why.OF_ONE_DEVICE, "rpz-client-ip", ["24.0.2.0.192.rpz-client-ip CNAME ."]),
        (Why.OF_SERVERS, "rpz-nsdname", ["ns.a.test.rpz-nsdname CNAME ."]),
        (Why.OF_SERVERS, "rpz-nsip", ["24.0.2.0.192.rpz-nsip CNAME rpz-passthru."]),
        (Why.OF_NETWORKS, "", ["48.zz.db8.2001.rpz-ip CNAME .", "20.zz.2001.rpz-ip CNAME .", "24.x.rpz-ip CNAME ."]),
        (Why.TOO_WIDE, "", ["7.0.0.0.2.rpz-ip CNAME .", "12.zz.2000.rpz-ip CNAME rpz-passthru."]),
    ],
)
def test_what_is_left_out_is_told_by_its_reason(why: Why, detail: str, lines: list[str]) -> None:
    for line in lines:
        if line.startswith("##"):
            continue  # a comment in other formats
        found = Found([line.encode()])
        assert (found.rules, found.exceptions, found.patterns) == ([], [], ())
        (sentence,) = found.report.sentences()
        reason = why.value.partition("|")[2] or why.value
        assert sentence.startswith(f"1 rule {reason}{f': {detail}' if detail else ''}, like ")
        assert repr(line.lower() if "\\" not in line else line) in sentence


TOKENS = st.sampled_from(
    ["||", "|", "@@", "^", "*", ".", "a", "bad", "test", "-", "_", "/", "$", "important", "badfilter", ",", "dnstype=A"]
)


@given(st.lists(TOKENS, max_size=12).map("".join))
def test_whatever_looks_like_a_rule_becomes_one_or_is_counted(text: str) -> None:
    found = Found([text.encode()])
    report = found.report
    read = len(found.kinds) + len(found.patterns)
    assert report.unsupported + report.junk + report.top_level <= 1 + (read > 0)
    assert all(weight(kind) != NOTHING for kind in found.kinds)
