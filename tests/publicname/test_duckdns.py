from collections.abc import Callable

from .conftest import Asked


def test_what_is_asked_is_what_the_document_says(asking: Callable[[str], Asked]) -> None:
    asked = asking("duckdns")
    asked.provider.set_addresses(["192.168.1.10", "192.168.1.11", "fd00::10"])
    asked.provider.set_text("_acme-challenge.mybox.duckdns.org", "value")
    shown = [(request.method, request.path, dict(request.query)) for request in asked.server.requests]
    both = {"domains": "mybox", "token": asked.token}
    assert shown == [
        ("GET", "/update", {**both, "ip": "192.168.1.10", "ipv6": "fd00::10"}),
        ("GET", "/update", {**both, "txt": "value"}),
    ]


def test_an_address_of_a_kind_that_is_gone_does_not_stay(asking: Callable[[str], Asked]) -> None:
    asked = asking("duckdns")
    asked.provider.set_addresses(["192.168.1.10", "fd00::10"])
    asked.provider.set_addresses(["fd00::10"])
    assert (asked.records("A"), asked.records("AAAA")) == ([], ["fd00::10"])
    asked.provider.set_addresses([])
    assert asked.records("AAAA") == []
