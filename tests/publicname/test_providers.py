"""What every provider that is asked over HTTPS does alike, well and badly."""

from collections.abc import Callable

import pytest

from app.errors import PublicNameError
from app.publicname.contract import NameJob
from app.publicname.providers import provider_of
from tests.fakes.name_provider import broken, busy, deep, junk

from .conftest import MAKE, Asked

Asking = Callable[[str], Asked]

TEXT, OTHER = "t" * 43, "o" * 43
every_kind = pytest.mark.parametrize("kind", MAKE)


def label(kind: str) -> str:
    return "" if kind == "acme-dns" else "_acme-challenge."


def set_text(asked: Asked, value: str = TEXT) -> None:
    asked.provider.set_text(f"_acme-challenge.{asked.name}", value)


@every_kind
def test_a_text_is_there_after_it_was_set(asking: Asking, kind: str) -> None:
    asked = asking(kind)
    asked.provider.check()
    set_text(asked)
    assert asked.records("TXT", label(kind)) == [TEXT]


@every_kind
def test_two_texts_are_there_where_there_is_room_for_two(asking: Asking, kind: str) -> None:
    asked = asking(kind)
    set_text(asked)
    set_text(asked, OTHER)
    there = {OTHER} if asked.provider.holds_one else {TEXT, OTHER}
    assert set(asked.records("TXT", label(kind))) == there


@pytest.mark.parametrize("kind", [kind for kind in MAKE if kind != "acme-dns"])
def test_a_text_is_gone_after_it_was_taken_away(asking: Asking, kind: str) -> None:
    asked = asking(kind)
    set_text(asked)
    asked.provider.remove_text(f"_acme-challenge.{asked.name}", TEXT)
    assert asked.records("TXT", label(kind)) == []


@every_kind
def test_addresses_are_those_and_no_others(asking: Asking, kind: str) -> None:
    asked = asking(kind)
    asked.provider.set_addresses(["192.168.1.10", "fd00::10"])
    asked.provider.set_addresses(["192.168.1.11"])
    kept = ["192.168.1.11"] if asked.provider.keeps_addresses else []
    assert (asked.records("A"), asked.records("AAAA")) == (kept, [])


@every_kind
def test_the_same_twice_does_no_harm(asking: Asking, kind: str) -> None:
    asked = asking(kind)
    for _ in range(2):
        set_text(asked)
        asked.provider.set_addresses(["192.168.1.10"])
    assert TEXT in asked.records("TXT", label(kind))


@every_kind
def test_a_revoked_token_is_told_with_what_to_do_and_is_for_the_operator(asking: Asking, kind: str) -> None:
    asked = asking(kind)
    asked.provider = asked.with_token("gone:gone:gone")
    with pytest.raises(PublicNameError, match=r"public\.token") as caught:
        asked.provider.check()
        set_text(asked)
    assert caught.value.is_of_settings
    assert "gone" not in str(caught.value)


@every_kind
def test_who_is_busy_is_asked_when_it_says(asking: Asking, kind: str) -> None:
    asked = asking(kind)
    asked.server.api = busy
    with pytest.raises(PublicNameError, match="less often") as caught:
        set_text(asked)
    assert (caught.value.retry_after_s, caught.value.is_of_settings) == (3600.0, False)


@pytest.mark.parametrize("fault", [junk, broken, deep], ids=lambda fault: str(fault.__name__))
@pytest.mark.parametrize("kind", [kind for kind in MAKE if kind != "acme-dns"])
def test_what_no_document_speaks_of_passes_and_is_not_for_the_operator(
    asking: Asking, kind: str, fault: Callable[..., object]
) -> None:
    asked = asking(kind)
    asked.server.api = fault  # type: ignore[assignment]
    with pytest.raises(PublicNameError, match="nobody expects") as caught:
        set_text(asked)
    assert not caught.value.is_of_settings


@every_kind
def test_no_fault_of_the_connection_tells_the_token(asking: Asking, kind: str) -> None:
    asked = asking(kind, 0.2)  # type: ignore[call-arg]
    asked.server.api = asked.server.hang
    with pytest.raises(PublicNameError, match="does not answer in time") as caught:
        set_text(asked)
    assert asked.token not in str(caught.value)


def test_each_provider_of_the_settings_can_be_had() -> None:
    from app.config.providers import PROVIDERS

    for kind in PROVIDERS:
        token = "k:AAAA" if kind == "rfc2136" else "a:b:c"
        job = NameJob(
            name="a.duckdns.org",
            provider=kind,
            server="192.0.2.1@53",
            token=token,
            hook="/bin/true",
            resolver_port=53,
            roots_pem="",
            addresses=None,
            directory="https://ca.example",
            authority_roots_pem="",
            account=None,
            eab_id=None,
            eab_key=None,
            profile=None,
            request_pem=None,
            chain_pem=None,
        )
        assert provider_of(job, lambda host: (host,)).holds_one is (kind == "duckdns")
