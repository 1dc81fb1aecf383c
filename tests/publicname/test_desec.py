from collections.abc import Callable

import pytest

from app.errors import PublicNameError
from app.publicname.api import ApiClient
from app.publicname.desec import DeSec
from tests.fakes.name_provider import as_json

from .conftest import Asked

Asking = Callable[[str], Asked]


def named(asked: Asked, name: str) -> DeSec:
    return DeSec(ApiClient(lambda host: (host,), asked.server.roots_pem), name, asked.token, asked.server.url)


def test_both_kinds_of_addresses_are_written_at_once_in_the_domain_that_holds_the_name(asking: Asking) -> None:
    asked = asking("desec")
    asked.provider.set_addresses(["192.168.1.10"])
    (_, written) = asked.server.requests
    assert [(each["subname"], each["type"], each["records"]) for each in written.content] == [
        ("dns", "A", ["192.168.1.10"]),
        ("dns", "AAAA", []),
    ]


def test_the_name_may_be_the_domain_itself(asking: Asking) -> None:
    asked = asking("desec")
    named(asked, "box.dedyn.io").set_addresses(["192.168.1.10"])
    assert asked.server.records["box.dedyn.io", "A"] == ["192.168.1.10"]


def test_a_domain_that_the_token_does_not_have_is_told(asking: Asking) -> None:
    asked = asking("desec")
    with pytest.raises(PublicNameError, match=r"knows no domain for a\.dedyn\.io") as caught:
        named(asked, "a.dedyn.io").check()
    assert caught.value.is_of_settings


def test_why_records_are_refused_is_told_in_its_words(asking: Asking) -> None:
    asked = asking("desec")
    asked.provider.check()
    asked.server.api = lambda *_: as_json(400, {"detail": "Too many \x1b records."})
    with pytest.raises(PublicNameError, match="does not take the records of dns") as caught:
        asked.provider.set_addresses([])
    assert "Too many" in str(caught.value)
    assert "\x1b" not in str(caught.value)
