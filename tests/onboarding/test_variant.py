from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.onboarding.variant import MOST_SSIDS, Variant, describe, from_query, rules

PROBES = ("http://192.168.1.10:8853/probe", "http://[fd00::10]:8853/probe")
USE = {
    "Action": "EvaluateConnection",
    "ActionParameters": [{"Domains": ["captive.apple.com"], "DomainAction": "NeverConnect"}],
}


def test_by_default_uses_the_box_wherever_it_answers_at_either_address() -> None:
    assert rules(Variant(), PROBES) == [
        USE | {"URLStringProbe": PROBES[0]},
        USE | {"URLStringProbe": PROBES[1]},
        {"Action": "Disconnect"},
    ]


def test_wifi_names_the_networks_and_lets_a_mac_come_by_cable() -> None:
    wifi = {"InterfaceTypeMatch": "WiFi", "SSIDMatch": ["Home", "Garden"], "URLStringProbe": PROBES[0]}
    cable = {"InterfaceTypeMatch": "Ethernet", "URLStringProbe": PROBES[0]}
    assert rules(Variant("wifi", ("Home", "Garden")), PROBES[:1]) == [USE | wifi, USE | cable, {"Action": "Disconnect"}]


def test_always_has_no_condition() -> None:
    assert rules(Variant("always"), ()) == [USE]


@pytest.mark.parametrize("variant", [Variant(), Variant("wifi", ("Home",))])
def test_a_rule_without_a_probe_is_refused(variant: Variant) -> None:
    with pytest.raises(ValueError, match="setup page is off"):
        rules(variant, ())


def test_reads_the_default_out_of_an_empty_query() -> None:
    assert from_query([]) == Variant()
    assert Variant().query == ""


def test_takes_names_one_a_line_or_again_and_again_and_trims_them() -> None:
    fields = [("when", "wifi"), ("ssid", " Home \r\n\r\nGarden\n"), ("ssid", "Home"), ("ssid", "Käse & <Söhne>")]
    assert from_query(fields) == Variant("wifi", ("Home", "Garden", "Käse & <Söhne>"))


def test_forgets_the_names_when_the_form_chose_something_else() -> None:
    assert from_query([("when", "always"), ("ssid", "Home"), ("strict", "1")]) == Variant("always", (), True)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([("when", "sometimes")], "must be reachable, wifi or always"),
        ([("when", "wifi")], "Which Wi-Fi is yours"),
        ([("when", "wifi"), ("ssid", " \n ")], "Which Wi-Fi is yours"),
        ([("when", "wifi"), ("ssid", "ü" * 17)], "too long"),
        ([("when", "wifi"), ("ssid", "a\x00b")], "control characters"),
        ([("when", "wifi"), ("ssid", "a\ufffe")], "control characters"),
        ([("when", "wifi"), ("ssid", "a\ud800")], "control characters"),
        ([("when", "wifi"), ("ssid", "\n".join(map(str, range(MOST_SSIDS + 1))))], "At most 8"),
        ([("wlan", "Home")], "no choice named wlan"),
    ],
)
def test_refuses_what_no_profile_can_hold_and_says_why(fields: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_query(fields)


def test_takes_a_name_of_32_octets() -> None:
    assert from_query([("when", "wifi"), ("ssid", "🌳" * 8)]).ssids == ("🌳" * 8,)


NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8)


@given(
    variant=st.builds(Variant, st.sampled_from(["reachable", "always"]), st.just(()), st.booleans())
    | st.builds(Variant, st.just("wifi"), st.lists(NAMES, min_size=1, max_size=8, unique=True).map(tuple))
)
def test_its_query_gives_it_back(variant: Variant) -> None:
    assert from_query(parse_qsl(variant.query)) == variant


@given(fields=st.lists(st.tuples(st.sampled_from(["when", "ssid", "strict"]) | st.text(), st.text())))
def test_any_query_gives_a_variant_or_a_sentence(fields: list[tuple[str, str]]) -> None:
    try:
        variant = from_query(fields)
    except ValueError as error:
        variant, sentence = None, str(error)
    assert variant is not None or sentence.strip()
    assert variant is None or all(0 < len(ssid.encode()) <= 32 for ssid in variant.ssids)


def test_says_when_in_words() -> None:
    assert describe(Variant("wifi", ("Home", "Garden"))) == "on the Wi-Fi Home or Garden, and by cable at home"
    assert "where it answers" in describe(Variant())
    assert "also away from home" in describe(Variant("always"))
