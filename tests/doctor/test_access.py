from dataclasses import replace
from ipaddress import ip_address

from app.doctor.access import who_may_ask
from app.doctor.target import Box, Verdict

BOX = Box(
    address=ip_address("192.168.1.10"),
    port=853,
    hostname="dns.home.arpa",
    root_pem=None,
    spki_pin="",
    idle_timeout_s=120,
)


def test_a_home_is_well_and_a_bridge_network_is_told_of() -> None:
    assert who_may_ask(BOX).verdict is Verdict.PASS
    found = who_may_ask(replace(BOX, blind=["all look like 172.18.0.1"]))
    assert (found.verdict, found.remedy) == (Verdict.PASS, "")
    assert "all look like 172.18.0.1" in found.detail


def test_the_whole_internet_is_a_warning_with_what_to_do() -> None:
    found = who_may_ask(replace(BOX, exposed=["dot.allow_from holds the whole internet"]))
    assert found.verdict is Verdict.WARNING
    assert found.detail == "dot.allow_from holds the whole internet"
    assert found.remedy
