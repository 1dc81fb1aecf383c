import pytest

from app.answer.never_block import NAMES, SETTING, NeverBlock
from app.config.values import domain_or_ending
from app.dnsname import suffixes


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("connectivitycheck.gstatic.com", "connectivitycheck.gstatic.com"),
        ("captive.apple.com", "captive.apple.com"),
        ("www.msftconnecttest.com", "www.msftconnecttest.com"),
        ("dns.msftncsi.com", "dns.msftncsi.com"),
        ("2.debian.pool.ntp.org", "pool.ntp.org"),
        ("time.apple.com", "time.apple.com"),
        ("f3a9c1-dnsotls-ds.metric.gstatic.com", "*-dnsotls-ds.metric.gstatic.com"),
        ("metric.gstatic.com", None),
        ("other.metric.gstatic.com", None),
        ("a.f3a9c1-dnsotls-ds.metric.gstatic.com", "*-dnsotls-ds.metric.gstatic.com"),
        ("gstatic.com", None),
        ("notpool.ntp.org", None),
    ],
)
def test_what_devices_test_their_network_with(name: str, rule: str | None) -> None:
    assert NeverBlock().match(suffixes(name)) == (rule and (rule, SETTING))


def test_there_can_be_more() -> None:
    more = NeverBlock(["probe.example", "*-check.example.com"])
    assert more.match(suffixes("www.probe.example")) == ("probe.example", SETTING)
    assert more.match(suffixes("tv-check.example.com")) == ("*-check.example.com", SETTING)
    assert more.match(suffixes("captive.apple.com")) == ("captive.apple.com", SETTING)


def test_every_name_is_one_that_the_setting_would_take_too() -> None:
    every = [name for group in NAMES.values() for name in group]
    assert [domain_or_ending(name) for name in every] == every
    assert len(set(every)) == len(every)
