from app.answer.wire import Rcode
from tests.fakes.ruleset import ruleset


def test_an_alias_to_a_name_that_must_not_leave_the_house_ends_there() -> None:
    inside = ruleset(aliases={"tv.home.arpa": "gone.home.arpa", "radio.example": "printer.local"})
    for name in ("tv.home.arpa", "radio.example"):
        made = inside.answer(inside.decide(name), name, 1)
        assert made is not None
        assert (made.rcode, made.chase, len(made.answer), len(made.authority)) == (Rcode.NXDOMAIN, "", 1, 1)


def test_an_alias_to_a_name_outside_is_left_to_upstream() -> None:
    inside = ruleset(aliases={"tv.home.arpa": "www.example"}, lists={"List": ["example"]})
    made = inside.answer(inside.decide("tv.home.arpa"), "tv.home.arpa", 1)
    assert made is not None
    assert made.chase == "www.example"


def test_what_nobody_speaks_for_is_upstreams() -> None:
    inside = ruleset(allow=["good.example"])
    for name in ("www.example", "good.example", "captive.apple.com"):
        assert inside.answer(inside.decide(name), name, 1) is None
