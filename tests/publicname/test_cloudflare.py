from collections.abc import Callable

import pytest

from app.errors import PublicNameError
from tests.fakes.name_provider import Answer, Request, Texts, as_json, cloudflare

from .conftest import Asked

Asking = Callable[[str], Asked]


def test_the_zone_is_the_nearest_above_the_name(asking: Asking) -> None:
    asked = asking("cloudflare")
    asked.provider.set_addresses([])
    zones = [request.query["name"] for request in asked.server.requests if request.path == "/zones"]
    assert zones == ["dns.home.example.org", "home.example.org", "example.org"]


def test_texts_that_an_earlier_run_left_are_taken_away(asking: Asking) -> None:
    asked = asking("cloudflare")
    asked.server.records["_acme-challenge.dns.home.example.org", "TXT"] = ["left", "over"]
    asked.provider.check()
    assert asked.records("TXT", "_acme-challenge.") == []


def test_the_name_has_an_address_at_any_time(asking: Asking) -> None:
    asked = asking("cloudflare")
    asked.provider.set_addresses(["192.168.1.10"])
    seen = []

    def watched(request: Request, records: Texts) -> Answer:
        answer = cloudflare(request, records)
        seen.append(len(records["dns.home.example.org", "A"]))
        return answer

    asked.server.api = watched
    asked.provider.set_addresses(["192.168.1.11"])
    assert 0 not in seen


def test_addresses_are_not_sent_through_its_proxies(asking: Asking) -> None:
    asked = asking("cloudflare")
    asked.provider.set_addresses(["192.168.1.10"])
    assert asked.server.requests[-1].content["proxied"] is False


def test_a_token_without_a_zone_is_told(asking: Asking) -> None:
    asked = asking("cloudflare")
    asked.server.api = lambda *_: as_json(200, {"success": True, "errors": [], "result": []})
    with pytest.raises(PublicNameError, match="shows this token no zone") as caught:
        asked.provider.check()
    assert caught.value.is_of_settings
