"""The first start and every minute after it, on a real disk, with the internet replaced by settings."""

import subprocess
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.cli import places, prepare
from app.errors import OperatorError
from app.onboarding.enrolment import Enrolment
from app.settings import Resolver, Settings, Tls
from tests.fakes.pki import Authority

NAME = "dns.home.arpa"


@pytest.fixture(autouse=True)
def one_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for an ordinary user, who has no group to hand the key to."""
    monkeypatch.setattr(prepare, "_dot_gid", lambda: None)


def settings_in(folder: Path, addresses: str = "192.168.1.10", tls: Tls | None = None) -> Settings:
    return Settings(
        data_dir=folder / "data",
        run_dir=folder / "run",
        addresses=tuple(ip_address(text) for text in addresses.split(",")),
        resolver=Resolver(mode="recursive"),
        tls=tls or Tls(),
    )


def start(settings: Settings) -> Enrolment:
    prepare.bootstrap(settings)
    return places.read_enrolment(settings)


def test_the_first_start_shows_how_a_phone_joins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    enrolment = start(settings_in(tmp_path))
    shown = capsys.readouterr().out
    assert "http://192.168.1.10:8853/homedot.mobileconfig" in shown
    assert (enrolment.root_sha256 or "?")[:47] in shown
    assert all(f"  {number}. " in shown for number in range(1, 6))
    assert "█" in shown


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first = start(settings)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    assert start(settings) == first
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


def test_the_configuration_of_unbound_is_one_that_unbound_accepts(tmp_path: Path) -> None:
    start(settings_in(tmp_path))
    path = str(places.unbound_conf(settings_in(tmp_path)))
    subprocess.run(["unbound-checkconf", path], check=True, capture_output=True, env={"PATH": "/usr/sbin"})


def test_nothing_is_made_when_the_own_certificate_is_no_good(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("nonsense")
    (tmp_path / "key.pem").write_text("nonsense")
    settings = settings_in(tmp_path, tls=Tls(certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem"))
    with pytest.raises(OperatorError) as caught:
        prepare.bootstrap(settings)
    assert len(caught.value.faults) == 2
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "run").exists()


def test_an_own_certificate_is_served_and_no_authority_is_made(tmp_path: Path) -> None:
    authority = Authority()
    leaf = authority.intermediate.sign(NAME, names=[NAME])
    (tmp_path / "cert.pem").write_bytes(leaf.pem + authority.intermediate.pem)
    (tmp_path / "key.pem").write_bytes(leaf.key_pem)
    settings = settings_in(tmp_path, tls=Tls(certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem"))
    assert start(settings).root_pem is None
    assert leaf.pem in places.pair(settings).read_bytes()
    assert not (tmp_path / "data").exists()


def test_upkeep_leaves_alone_what_is_well(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    start(settings)
    assert prepare.identify(settings) == prepare.Findings((), ())


def test_upkeep_follows_a_new_address_with_the_same_key(tmp_path: Path) -> None:
    before = start(settings_in(tmp_path))
    moved = settings_in(tmp_path, "192.168.1.77,fd00::2")
    pair = places.pair(moved).read_bytes()
    assert "every device must scan the code again" in prepare.identify(moved).news[0]
    after = places.read_enrolment(moved)
    assert [str(address) for address in after.addresses] == ["192.168.1.77", "fd00::2"]
    assert (after.spki_pin, after.root_pem, after.resolver) == (before.spki_pin, before.root_pem, before.resolver)
    assert places.pair(moved).read_bytes() != pair
    assert prepare.identify(moved).news == ()


def test_upkeep_serves_an_own_certificate_that_was_replaced(tmp_path: Path) -> None:
    authority = Authority()
    tls = Tls(certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem")
    settings = settings_in(tmp_path, tls=tls)
    for begin in (prepare.bootstrap, prepare.identify):
        leaf = authority.intermediate.sign(NAME, names=[NAME])
        (tmp_path / "cert.pem").write_bytes(leaf.pem + authority.intermediate.pem)
        (tmp_path / "key.pem").write_bytes(leaf.key_pem)
        begin(settings)
        assert leaf.pem in places.pair(settings).read_bytes()
