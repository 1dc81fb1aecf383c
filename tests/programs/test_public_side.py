from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.config.load import load
from app.config.settings import Settings
from app.programs import paths, public_side
from app.programs.public_name import account_path, read_notes
from app.publicname.contract import NameOutcome
from app.trust import clock
from tests.appliance import settings_in
from tests.fakes.pki import DAY, Authority
from tests.programs.test_public_name import GIVEN, NAME
from tests.programs.test_rules import ENROLMENT


class Side:
    """A box with a public name, and an authority."""

    def __init__(self, tmp_path: Path) -> None:
        self.authority = Authority()
        bundle = tmp_path / "bundle.pem"
        bundle.write_bytes(self.authority.root.pem)
        given = {**settings_in(tmp_path), **GIVEN, "HOMEDOT_PUBLIC__CA_BUNDLE": str(bundle)}
        self.settings: Settings = load(given).settings
        for folder in ("tls", "public"):
            (tmp_path / "run" / folder).mkdir(parents=True)
        (tmp_path / "data").mkdir()
        self.pair = paths.public_pair(self.settings)
        self.begun = public_side.begun(self.settings)
        self.announce()

    def announce(self) -> None:
        told = replace(ENROLMENT, public=self.begun)
        paths.enrolment(self.settings).write_text(told.to_json())

    def chain(self, ends: timedelta = 30 * DAY, name: str = NAME) -> str:
        key = load_pem_private_key((paths.public_folder(self.settings) / "leaf.key").read_bytes(), None)
        leaf = self.authority.intermediate.sign("leaf", names=[name, f"*.{name}"], key=key, ends=ends)  # type: ignore[arg-type]
        return (leaf.pem + self.authority.intermediate.pem).decode()

    def settle(self, **outcome: object) -> tuple[str, ...]:
        """The warnings of it."""
        situation = {"outcome": outcome, "addresses": ["192.168.1.10"]}
        return public_side.settle(self.settings, situation).warnings

    @property
    def told(self) -> object:
        return paths.read_enrolment(self.settings).public


@pytest.fixture
def side(tmp_path: Path) -> Side:
    return Side(tmp_path)


def test_a_start_prepares_what_the_first_look_needs(side: Side) -> None:
    assert {path.name for path in paths.public_folder(side.settings).iterdir()} == {
        "leaf.key", "request.pem", "progress.json",
    }  # fmt: skip
    assert side.begun is not None
    assert (side.begun.name, side.begun.not_after, side.begun.faults) == (NAME, None, ())
    assert not side.pair.exists()


def test_a_chain_is_kept_served_and_told(side: Side) -> None:
    assert side.settle(chain_pem=side.chain(), addresses_set=True, account={"key_pem": "k", "url": "u"}) == ()
    assert b"PRIVATE KEY" in side.pair.read_bytes()
    assert side.pair.stat().st_mode & 0o777 == 0o600
    assert account_path(side.settings).stat().st_mode & 0o777 == 0o600
    told = side.told
    assert told == public_side.served(side.settings)
    notes = read_notes(side.settings)
    assert notes is not None
    assert notes.progress.addresses == ("192.168.1.10",)
    assert notes.life is not None


def test_a_chain_that_devices_would_refuse_is_a_fault_and_the_one_before_stays(side: Side) -> None:
    side.settle(chain_pem=side.chain(), renew_s=2e9, ask_again_s=2e9)
    before = side.pair.read_bytes()
    (told,) = side.settle(chain_pem=side.chain(name="other.duckdns.org"))
    assert "devices would refuse" in told
    assert side.pair.read_bytes() == before
    notes = read_notes(side.settings)
    assert notes is not None
    assert (notes.progress.failures, notes.progress.renew_s) == (1, 2e9)


def test_a_fault_is_told_with_what_is_so_meanwhile_until_it_is_mended(side: Side) -> None:
    (told,) = side.settle(fault="the token is refused", is_of_settings=True)
    assert told == (
        f"{NAME}: the token is refused; until then {NAME} shows the box's own certificate, "
        "which devices that go by this name refuse"
    )
    assert side.settle(chain_pem=side.chain()) == ()
    (told,) = side.settle(fault="the authority is down")
    assert told == f"{NAME}: the authority is down"


def test_one_that_ends_is_served_to_its_end_and_then_no_more(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    side.settle(chain_pem=side.chain())
    now = datetime.now(UTC)
    monkeypatch.setattr(clock, "now", lambda: now + 29 * DAY)
    (told,) = public_side.settle(side.settings, {"look": 1}).warnings
    assert "ends on" in told
    assert side.pair.exists()
    monkeypatch.setattr(clock, "now", lambda: now + 31 * DAY)
    public_side.settle(side.settings, {"look": 2})
    assert not side.pair.exists()
    monkeypatch.setattr(clock, "now", lambda: None)
    public_side.settle(side.settings, {"look": 3})
    assert side.pair.exists()


def test_without_a_name_what_was_served_is_taken_away(side: Side) -> None:
    side.settle(chain_pem=side.chain())
    without = replace(side.settings, public=replace(side.settings.public, name=None))
    assert public_side.begun(without) is None
    assert not side.pair.exists()


def test_a_volume_that_is_damaged_stops_no_start_and_is_told(side: Side) -> None:
    side.settle(chain_pem=side.chain())
    (paths.public_folder(side.settings) / "leaf.key").write_text("junk")
    begun = public_side.begun(side.settings)
    assert begun is not None
    assert "leaf.key: holds no private key" in begun.faults[0]


def test_what_kept_a_child_from_starting_is_told(side: Side) -> None:
    assert public_side.settle(side.settings, {"fault": ["no room"]}).warnings == ("no room",)


def test_an_outcome_of_everything_is_read(side: Side) -> None:
    empty = NameOutcome()
    assert side.settle(**{name: getattr(empty, name) for name in NameOutcome.__dataclass_fields__}) == ()


@pytest.mark.parametrize(
    "junk",
    [
        {"account": "k"},
        {"account": {"key_pem": "k"}},
        {"renew_s": "soon"},
        {"retry_after_s": None, "fault": "no"},
        {"chain_pem": 5},
        {"fault": ["a", "b"]},
    ],
)
def test_nonsense_of_a_child_is_a_fault_and_no_more(side: Side, junk: dict[str, object]) -> None:
    assert len(side.settle(**junk)) == 1
    notes = read_notes(side.settings)
    assert notes is not None
    assert notes.progress.failures == 1


def test_what_a_child_says_steers_no_terminal(side: Side) -> None:
    (told,) = side.settle(fault="no\x1b[2J\n" * 200)
    assert "\x1b" not in told
    assert "\n" not in told
    assert len(told) < 800


def test_a_volume_that_takes_nothing_is_told_and_not_tried_again_at_once(side: Side) -> None:
    """The findings have no faults, which upkeep would come back for every few seconds."""
    chain = side.chain()
    notes = paths.public_folder(side.settings) / "progress.json"
    notes.unlink()
    (notes / "in the way").mkdir(parents=True)
    findings = public_side.settle(side.settings, {"outcome": {"chain_pem": chain}, "addresses": None})
    assert findings.faults == ()
    assert "progress.json" in findings.warnings[0]
