"""Whole jobs, against Pebble and a provider of the tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from app.publicname import propagation
from app.publicname.contract import NameOutcome
from app.publicname.work import work
from tests.fakes import name_provider
from tests.fakes.name_provider import TOKEN, Answer, ProviderApi, Request, Texts
from tests.fakes.name_server import NameServer
from tests.fakes.pebble import STRICT, Pebble, pebble
from tests.publicname.jobs import NAME, job, request_pem

pytestmark = pytest.mark.server

REVOKED = "revoked"
BOTH = (NAME, f"*.{NAME}")


@dataclass
class World:
    """A provider, the name server that answers for it, and an authority."""

    api: ProviderApi
    names: NameServer
    authority: Pebble

    def do(self, **more: Any) -> NameOutcome:
        chosen = {
            "server": self.api.url,
            "roots_pem": self.api.roots_pem,
            "resolver_port": self.names.port,
            "directory": self.authority.directory,
            "authority_roots_pem": self.authority.bundle.read_text(),
            **more,
        }
        return work(job(**chosen), self.names.port)

    def texts(self) -> list[str]:
        return self.api.records[f"_acme-challenge.{NAME}", "TXT"]


def world_with(folder: Path, environment: dict[str, str], **more: Any) -> Iterator[World]:
    api = ProviderApi(name_provider.duckdns, folder)
    api.records[NAME, "NS"] = ["ns.duckdns.org."]
    api.records["ns.duckdns.org", "A"] = ["127.0.0.1"]
    names = NameServer(api.records)
    with (
        api.running(),
        names.running(),
        pebble(folder, f"127.0.0.1:{names.port}", environment, **more) as authority,
    ):
        yield World(api, names, authority)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    yield from world_with(tmp_path_factory.mktemp("world"), STRICT)


def names_in(chain_pem: str | None) -> set[str]:
    assert chain_pem is not None
    leaf = x509.load_pem_x509_certificate(chain_pem.encode())
    san = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(san.get_values_for_type(x509.DNSName))


def test_an_empty_box_and_one_token_are_enough(world: World) -> None:
    outcome = world.do(addresses=["192.168.1.10"], request_pem=request_pem(*BOTH))
    assert outcome.fault == ""
    assert names_in(outcome.chain_pem) == set(BOTH)
    assert outcome.addresses_set
    assert world.api.records[NAME, "A"] == ["192.168.1.10"]
    assert world.texts() == []


def test_an_account_is_used_again(world: World) -> None:
    first = world.do(request_pem=request_pem(NAME))
    again = world.do(request_pem=request_pem(NAME), account=first.account)
    assert first.account is not None
    assert again.account == first.account
    assert first.account.url.startswith("https://127.0.0.1")


def test_an_account_whose_url_was_lost_is_found_by_its_key(world: World) -> None:
    first = world.do(request_pem=request_pem(NAME))
    assert first.account is not None
    lost = type(first.account)(key_pem=first.account.key_pem)
    assert world.do(request_pem=request_pem(NAME), account=lost).account == first.account


def test_an_account_that_the_authority_has_forgotten_is_made_again_with_its_key(world: World) -> None:
    first = world.do(request_pem=request_pem(NAME))
    assert first.account is not None
    forgotten = type(first.account)(key_pem=first.account.key_pem, url=f"{first.account.url}9999")
    again = world.do(request_pem=request_pem(NAME), account=forgotten)
    assert again.fault == ""
    assert again.account == first.account


def test_a_revoked_token_costs_no_order(world: World) -> None:
    before = world.authority.log.read_text()
    outcome = world.do(token=REVOKED, request_pem=request_pem(NAME))
    assert world.authority.log.read_text() == before != ""
    assert outcome.is_of_settings
    assert "public.token" in outcome.fault
    assert (outcome.chain_pem, outcome.account) == (None, None)


def test_a_text_that_nobody_sees_is_told_and_does_not_stay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propagation, "BLIND_S", 0.0)
    records, world.names.records = world.names.records, {}
    try:
        outcome = world.do(request_pem=request_pem("other.duckdns.org"))
    finally:
        world.names.records = records
    assert "did not find the text in public DNS" in outcome.fault
    assert not outcome.is_of_settings
    assert world.texts() == []
    assert outcome.account is not None


def test_who_is_not_to_be_trusted_is_not_told_anything(world: World) -> None:
    outcome = world.do(request_pem=request_pem(NAME), authority_roots_pem=world.api.roots_pem)
    assert outcome.fault == (
        "127.0.0.1 shows a certificate that is not trusted here: a private authority needs public.ca_bundle"
    )


def test_an_authority_that_is_not_there_passes(world: World) -> None:
    outcome = world.do(request_pem=request_pem(NAME), directory="https://127.0.0.1:1/dir")
    assert outcome.fault == "127.0.0.1 cannot be reached (ConnectionError); it is tried again"


def test_when_to_renew_is_asked_of_who_says_it(world: World) -> None:
    chain = world.do(request_pem=request_pem(NAME)).chain_pem
    outcome = world.do(chain_pem=chain)
    assert outcome.fault == ""
    assert outcome.ask_again_s is not None
    assert world.do().ask_again_s is None


@pytest.mark.parametrize("reuse", ["0", "100"])
def test_nonces_that_are_refused_and_names_that_were_shown_before_do_no_harm(tmp_path: Path, reuse: str) -> None:
    faults = {**STRICT, "PEBBLE_WFE_NONCEREJECT": "50", "PEBBLE_AUTHZREUSE": reuse}
    for world in world_with(tmp_path, faults):
        account = None
        for _ in range(3):
            outcome = world.do(request_pem=request_pem(*BOTH), account=account)
            assert outcome.fault == ""
            assert names_in(outcome.chain_pem) == set(BOTH)
            account = outcome.account


def test_an_authority_that_wants_to_know_its_customers_does(tmp_path: Path) -> None:
    key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    for world in world_with(tmp_path, STRICT, eab={"kid-1": key}):
        without = world.do(request_pem=request_pem(NAME))
        assert without.fault.endswith("set public.eab_id and public.eab_key")
        assert without.is_of_settings
        assert world.do(request_pem=request_pem(NAME), eab_id="kid-1", eab_key=key).fault == ""
        wrong = world.do(request_pem=request_pem(NAME), eab_id="kid-1", eab_key="AAAA")
        assert wrong.fault.startswith("127.0.0.1 refuses: ")


def test_what_only_addresses_are_wanted_for_needs_no_authority(world: World) -> None:
    outcome = world.do(addresses=["192.168.1.12"], directory="https://127.0.0.1:1/dir")
    assert (outcome.fault, outcome.addresses_set, outcome.account) == ("", True, None)


def test_the_token_is_in_no_sentence(world: World) -> None:
    for more in ({"token": REVOKED}, {"server": "https://127.0.0.1:1"}, {"directory": "https://127.0.0.1:1/dir"}):
        fault = world.do(request_pem=request_pem(NAME), **more).fault
        assert fault
        assert TOKEN not in fault
        assert REVOKED not in fault


def test_a_text_that_cannot_be_taken_away_costs_no_certificate(world: World) -> None:
    def stubborn(request: Request, records: Texts) -> Answer:
        is_removal = bool(request.query.get("clear") and request.query.get("txt"))
        return Answer(500, b"") if is_removal else name_provider.duckdns(request, records)

    world.api.api = stubborn
    try:
        outcome = world.do(request_pem=request_pem(NAME))
    finally:
        world.api.api = name_provider.duckdns
    assert outcome.fault == ""
    assert outcome.chain_pem is not None
