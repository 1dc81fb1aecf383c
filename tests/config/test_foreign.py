import pytest

from app.config.foreign import why_not


@pytest.mark.parametrize(
    "name",
    [
        "co.uk",
        "com.au",
        "or.jp",
        "gov.uk",
        "duckdns.org",
        "github.io",
        "oslo.no",
        "blogspot.com",
        "smith.dev",
        "fritz.box",
    ],
)
def test_a_name_that_may_be_many_peoples_is_refused_and_the_way_out_is_told(name: str) -> None:
    assert f"must be a name below the one that you registered, like dns.{name}: " in (why_not(name) or "")


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("www.paypal.com", "paypal.com"),
        ("paypal.com", "paypal.com"),
        ("dns.google", "dns.google"),
        ("accounts.google.com", "google.com"),
        ("dns.quad9.net", "quad9.net"),
        ("one.one.one.one", "one.one"),
        ("a.b.s3.amazonaws.com", "amazonaws.com"),
    ],
)
def test_somebody_elses_well_known_name_is_refused_with_all_below_it(name: str, whose: str) -> None:
    assert why_not(name) == f"must be a name of your own: {whose} is somebody else's"


@pytest.mark.parametrize(
    "name",
    [
        "dns.home.arpa",
        "home.arpa",
        "dns.lan",
        "dns.internal",
        "dns.local",
        "resolver.test",
        "dns.example",
        "dns.smith.dev",
        "dns.smith.co.uk",
        "smith.duckdns.org",
        "dns.fritz.box",
        "paypal.com.smith.dev",
        "notpaypal.com.au.smith.dev",
    ],
)
def test_a_name_at_home_and_one_below_a_registered_name_are_taken(name: str) -> None:
    assert why_not(name) is None
