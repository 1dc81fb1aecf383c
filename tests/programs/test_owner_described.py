"""What is set, with where and when and from where."""

from app.config.settings import Blocking, Settings
from app.owner.length import moment
from app.owner.will import ALL, ALLOW, DENY, DEVICE, LIST, NAME, OFF, PAUSE, Key, Moment, Will
from app.programs.owner_described import described, list_origins, name_origin

PRO, MINE = "https://lists.example/pro.txt", "https://lists.example/mine.txt"
NOW = Moment(1_800_000_000.0, "192.168.1.7")
WHEN = moment(1_800_000_000)
SETTINGS = Settings(blocking=Blocking(lists=(PRO,), deny=("bad.example",)))
WILL = Will("box").after(
    {
        Key(NAME, "shop.example"): ALLOW,
        Key(NAME, "gone.example"): DENY,
        Key(LIST, MINE): "block",
        Key(DEVICE, "192.168.1.9"): "tv",
        Key(PAUSE, ALL): 1_800_000_600,
    },
    NOW,
)
OWNERS = {"set_in": None, "at": WHEN, "at_s": 1_800_000_000, "by": "192.168.1.7"}


def test_what_a_setting_says_is_marked_as_set_there() -> None:
    told = described(SETTINGS, {"blocking.deny": "HOMEDOT_BLOCKING__DENY"}, WILL)
    given = {"of": "bad.example", "value": "deny", "set_in": "HOMEDOT_BLOCKING__DENY"}
    assert told["names"][0] == {**given, "at": None, "at_s": None, "by": None}
    assert told["names"][1:] == [
        {"of": "shop.example", "value": "allow", **OWNERS},
        {"of": "gone.example", "value": "deny", **OWNERS},
    ]
    assert [(row["of"], row["value"], row["set_in"]) for row in told["lists"]] == [
        (PRO, "block", "no setting"),
        (MINE, "block", None),
    ]
    assert told["devices"] == [{"of": "192.168.1.9", "value": "tv", **OWNERS}]
    assert told["pauses"] == [{"of": "all", "value": 1_800_000_600, **OWNERS, "until": moment(1_800_000_600)}]
    assert [change["number"] for change in told["changes"]] == [1]
    assert described(SETTINGS, {}, WILL, 1_800_000_599.0)["pauses"] == told["pauses"]
    assert described(SETTINGS, {}, WILL, 1_800_000_600.0)["pauses"] == []


def test_a_list_that_is_switched_off_says_so_once() -> None:
    told = described(SETTINGS, {}, WILL.after({Key(LIST, PRO): OFF}, NOW))
    assert [(row["of"], row["value"]) for row in told["lists"]] == [(PRO, "off"), (MINE, "block")]


def test_where_lists_and_names_come_from_is_told_in_words() -> None:
    assert list_origins(SETTINGS, {"blocking.lists": "/config/homedot.yaml"}, WILL) == {
        PRO: "set in /config/homedot.yaml",
        MINE: f"set {WHEN} by 192.168.1.7",
    }
    assert list_origins(SETTINGS, {}, Will("box")) == {PRO: "used unless a setting or you say otherwise"}
    assert name_origin(WILL, "shop.example") == f"set {WHEN} by 192.168.1.7"
    assert name_origin(WILL, "www.shop.example") is None
    assert name_origin(WILL.after({Key(NAME, "shop.example"): None}, NOW), "shop.example") is None
