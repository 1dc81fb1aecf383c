"""What the owner wishes is set, or it is said why not."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.owner.will import (
    ALL,
    ALLOW,
    ALLOWS,
    BLOCKS,
    DENY,
    DEVICE,
    LIST,
    NAME,
    OFF,
    PAUSE,
    Key,
    Moment,
    Will,
)
from app.owner.wishes import DOERS, Surroundings, Wish, wanted

NOW_S = 1_800_000_000.0
EMPTY = Will("box")
DEFAULT, MINE, GIVEN = "wildcard:https://lists.example/pro.txt", "https://lists.example/mine.txt", "/config/given.txt"
AROUND = Surroundings(
    now_s=NOW_S,
    names={ALLOW: ["good.example"], DENY: ["bad.example"]},
    lists=(DEFAULT,),
    where={"blocking.allow": "HOMEDOT_BLOCKING__ALLOW", "blocking.deny": "/config/homedot.yaml"},
    answered_here=lambda name: f"{name}: there is a record for it" if name == "nas.home.arpa" else "",
    is_suffix=lambda name: name in {"com", "co.uk"},
    is_never_blocked=lambda name: name == "captive.apple.com",
    crowds={"172.17.0.1"},
)
GIVEN_LISTS = Surroundings(now_s=NOW_S, lists=(GIVEN,), where={"blocking.lists": "HOMEDOT_BLOCKING__LISTS"})


def result(do: str, *what: str, will: Will = EMPTY, around: Surroundings = AROUND, **more: str) -> dict[Key, object]:
    return wanted(Wish(do, what, **more), around, will)


def having(values: dict[Key, object]) -> Will:
    return EMPTY.after(values, Moment(NOW_S, "homedot"))


def refused(sentence: str, do: str, *what: str, will: Will = EMPTY, around: Surroundings = AROUND, **more: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        result(do, *what, will=will, around=around, **more)


def test_names_are_allowed_denied_and_forgotten_in_the_form_of_the_settings() -> None:
    assert result("allow", "Shop.Example.", "straße.example") == {
        Key(NAME, "shop.example"): ALLOW,
        Key(NAME, "xn--strae-oqa.example"): ALLOW,
    }
    assert result("deny", "ads.example") == {Key(NAME, "ads.example"): DENY}
    will = having({Key(NAME, "ads.example"): DENY})
    assert result("forget", "ads.example", will=will) == {Key(NAME, "ads.example"): None}
    assert result("allow", "ads.example", will=will) == {Key(NAME, "ads.example"): ALLOW}


@pytest.mark.parametrize("do", ["allow", "deny"])
def test_what_is_no_name_for_a_rule_is_refused_in_the_words_of_the_settings(do: str) -> None:
    refused("*.ads.example: must be names without *. before them, like ads.example", do, "*.ads.example")
    refused("a..b: must be names, like ads.example.com", do, "a..b")
    refused("com: must be names that somebody owns, and this is a public suffix", do, "com")
    refused(f"only the setting blocking.{do} takes it", do, "co.uk")
    refused("would have no effect: nas.home.arpa: there is a record for it", do, "nas.home.arpa")


def test_all_faults_are_told_at_once_and_nothing_is_set() -> None:
    refused("a..b: must be names, like ads.example.com; com: must be names that somebody owns",
            "deny", "a..b", "ok.example", "com")  # fmt: skip


def test_what_a_setting_says_is_changed_where_it_is_set() -> None:
    there = "is allowed by blocking.allow, set in HOMEDOT_BLOCKING__ALLOW: change it there"
    refused(f"good.example: {there}", "forget", "good.example")
    refused(
        "bad.example: is blocked by blocking.deny, set in /config/homedot.yaml: change it there", "allow", "bad.example"
    )
    refused("www.good.example: would have no effect: good.example is in blocking.allow", "deny", "www.good.example")
    refused("good.example: is allowed already, by blocking.allow", "allow", "good.example")
    assert result("allow", "www.bad.example") == {Key(NAME, "www.bad.example"): ALLOW}


def test_what_would_have_no_effect_is_not_denied() -> None:
    will = having({Key(NAME, "shop.example"): ALLOW})
    refused("you allow shop.example; `homedot forget shop.example` first", "deny", "ads.shop.example", will=will)
    refused("devices test their network with it", "deny", "captive.apple.com")
    assert result("deny", "shop.example", will=will) == {Key(NAME, "shop.example"): DENY}


def test_what_was_not_set_cannot_be_forgotten() -> None:
    refused("x.example: was neither allowed nor denied", "forget", "x.example")
    refused("ads.example: was neither", "forget", "ads.example", will=having({Key(NAME, "ads.example"): DENY}).after(
        {Key(NAME, "ads.example"): None}, Moment(NOW_S, "")))  # fmt: skip


def test_lists_are_added_and_forgotten_and_the_one_of_nobody_is_switched_off_and_on() -> None:
    assert result("add", MINE) == {Key(LIST, MINE): BLOCKS}
    assert result("add allowing", MINE) == {Key(LIST, MINE): ALLOWS}
    assert result("remove", MINE, will=having({Key(LIST, MINE): BLOCKS})) == {Key(LIST, MINE): None}
    off = having({Key(LIST, DEFAULT): OFF})
    for named in (DEFAULT, "https://lists.example/pro.txt"):
        assert result("remove", named) == {Key(LIST, DEFAULT): OFF}
    assert result("add", DEFAULT, will=off) == {Key(LIST, DEFAULT): None}
    assert result("add", "exact:https://lists.example/pro.txt", will=off) == {
        Key(LIST, "exact:https://lists.example/pro.txt"): BLOCKS
    }


def test_a_list_that_is_none_is_refused_in_the_words_of_the_settings() -> None:
    for text in ("lists.example/x.txt", "ftp://lists.example/x", "list.txt", ""):
        with pytest.raises(ValueError, match="must be addresses or absolute paths"):
            result("add", text)
    refused("must not carry a user name or password", "add", "https://a:b@lists.example/x")
    refused("must have 2000 characters at most", "add", f"https://lists.example/{'x' * 2000}")
    refused("is used already", "add", DEFAULT)
    refused(f"is used already, as {DEFAULT}: remove that first", "add", "https://lists.example/pro.txt")
    refused("is no list that is used", "remove", MINE)


def test_a_list_of_the_settings_is_switched_off_where_it_is_set() -> None:
    refused(
        "/config/given.txt: is in blocking.lists, set in HOMEDOT_BLOCKING__LISTS: change it there",
        "remove", GIVEN, around=GIVEN_LISTS,
    )  # fmt: skip


def test_where_memory_is_short_no_list_is_added() -> None:
    around = Surroundings(now_s=NOW_S, shortage="512 MB are too little for block lists")
    refused("512 MB are too little", "add", MINE, around=around)


def test_a_pause_is_for_all_or_for_addresses_and_has_an_end() -> None:
    assert result("pause", length="10m") == {Key(PAUSE, ALL): int(NOW_S) + 600}
    assert result("pause", "192.168.1.7", "FD00::0007", length="1h") == {
        Key(PAUSE, "192.168.1.7"): int(NOW_S) + 3600,
        Key(PAUSE, "fd00::7"): int(NOW_S) + 3600,
    }
    refused("must be a time up to 24h", "pause", length="25h")
    refused("must be IP addresses", "pause", "phone", length="1h")
    refused("172.17.0.1: is where all devices seem to come from here", "pause", "172.17.0.1", length="1h")


def test_to_resume_ends_all_pauses_or_that_of_one_device() -> None:
    both = having({Key(PAUSE, ALL): int(NOW_S) + 60, Key(PAUSE, "192.168.1.7"): int(NOW_S) + 60})
    assert result("resume", will=both) == {Key(PAUSE, ALL): None, Key(PAUSE, "192.168.1.7"): None}
    assert result("resume", "192.168.1.7", will=both) == {Key(PAUSE, "192.168.1.7"): None}
    refused("has no pause of its own; the pause for all is another", "resume", "192.168.1.8", will=both)
    assert result("resume") == {}


def test_a_device_is_called_by_address_or_hardware_address() -> None:
    assert result("name", "192.168.1.7", label=" Anna's  phone ") == {Key(DEVICE, "192.168.1.7"): "Anna's phone"}
    assert result("name", "AA-BB-CC-00-11-22", label="tv") == {Key(DEVICE, "aa:bb:cc:00:11:22"): "tv"}
    assert result("name", "192.168.1.7", label="") == {Key(DEVICE, "192.168.1.7"): None}
    for label in ("x" * 64, "a\x1b[2J", "a\u202eb", "\0"):
        refused("must be called by 63 letters at most", "name", "192.168.1.7", label=label)
    refused("must be IP addresses", "name", "tv", label="x")


def test_where_blocking_is_switched_off_only_names_of_devices_can_be_set() -> None:
    around = Surroundings(now_s=NOW_S, is_enabled=False)
    for do in ("allow", "deny", "forget", "add", "remove", "pause"):
        refused("blocking.enabled is false", do, "x.example", around=around)
    assert result("name", "192.168.1.7", label="tv", around=around)


@given(
    do=st.sampled_from([*DOERS, "", "steal"]),
    what=st.lists(st.text(max_size=40) | st.sampled_from(["a.example", MINE, "192.168.1.7", DEFAULT]), max_size=3),
    length=st.text(max_size=5),
    label=st.text(max_size=70),
)
def test_whatever_is_wished_is_set_or_refused_in_printable_words(
    do: str, what: Sequence[str], length: str, label: str
) -> None:
    said = ""
    try:
        for key in wanted(Wish(do, what, length, label), AROUND, EMPTY):
            said += key.of
    except ValueError as error:
        said = str(error)
    assert said.isprintable()
