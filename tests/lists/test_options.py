import pytest

from app.lists.options import RuleOptions, options_of
from app.lists.parsed import LeftOut, Why


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("", RuleOptions()),
        ("important", RuleOptions(is_important=True)),
        ("badfilter,important", RuleOptions(is_important=True, is_void=True)),
        ("~image,~font", RuleOptions()),
        ("ctag=~device_tv|~device_pc", RuleOptions()),
        ("dnstype=a|~aaaa", RuleOptions(only_types=frozenset({1}), not_types=frozenset({28}))),
        ("dnstype=https", RuleOptions(only_types=frozenset({65}))),
        ("denyallow=a.test|com", RuleOptions(denyallow=frozenset({"a.test", "com"}))),
    ],
)
def test_options_are_read(text: str, options: RuleOptions) -> None:
    assert options_of(text) == options
    assert options.has_condition is ("dnstype" in text or "denyallow" in text)


@pytest.mark.parametrize(
    ("text", "why", "detail"),
    [
        ("important,third-party", Why.UNSEEN, "$third-party"),
        ("~third-party", Why.UNSEEN, "$~third-party"),
        ("domain=a.test|b.test", Why.UNSEEN, "$domain"),
        ("client=10.0.0.1", Why.OF_ONE_DEVICE, "$client"),
        ("ctag=device_tv|~device_pc", Why.OF_ONE_DEVICE, "$ctag"),
        ("dnsrewrite=", Why.CHANGES_ANSWERS, "$dnsrewrite"),
        ("dnstype=", Why.WRONG, "$dnstype"),
        ("dnstype=a|nothing", Why.WRONG, "$dnstype"),
        ("denyallow=", Why.WRONG, "$denyallow"),
        ("denyallow=~a.test", Why.WRONG, "$denyallow"),
    ],
)
def test_what_cannot_be_known_is_told(text: str, why: Why, detail: str) -> None:
    with pytest.raises(LeftOut) as told:
        options_of(text)
    assert (told.value.why, told.value.detail) == (why, detail)
