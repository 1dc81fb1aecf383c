import os
import shutil
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config.settings import Resolver, Settings
from app.errors import OperatorError
from app.host.grace_period import GRACE_S, GracePeriod
from app.host.wall_clock import LEAST_S, WallClock
from app.lists.paths import compile_lock
from app.programs import bootstrap, paths, renewal
from app.programs.findings_log import Findings
from app.programs.renewal import renew, situation
from app.trust import clock
from tests.fakes.clock import Clock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        run_dir=tmp_path / "run",
        addresses=(ip_address("192.168.1.10"),),
        resolver=Resolver(mode="recursive"),
    )


def test_a_situation_stays_the_same_until_something_happens(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    bootstrap.run(settings)
    grace_period = GracePeriod()
    seen = [situation(settings, grace_period)]
    assert situation(settings, grace_period) == seen[0]
    assert grace_period.lost((), ()) == settings.addresses

    def changed() -> bool:
        seen.append(situation(settings, grace_period))
        return seen[-1] != seen[-2]

    os.utime(settings.data_dir / "tls/chain.pem", (1, 1))
    assert changed()
    os.utime(settings.data_dir / "ca/root.pem", (1, 1))
    assert changed()
    (settings.run_dir / "tls/pair.pem").unlink()
    assert changed()
    compile_lock(paths.lists(settings)).touch()
    assert changed()
    shutil.rmtree(paths.lists(settings))
    assert changed()
    monkeypatch.setattr(clock, "now", lambda: None)
    assert changed()
    for lead_s in (LEAST_S, -LEAST_S):
        monkeypatch.setattr(WallClock, "lead_s", lambda _, lead_s=lead_s: lead_s)
        assert changed()
    monkeypatch.setattr(renewal.addresses, "effective", lambda _: ())  # type: ignore[attr-defined]
    assert changed()


def test_an_address_that_is_not_waited_for_any_more_is_a_reason_to_look_at_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, found = Clock(0.0), [ip_address("192.168.1.10"), ip_address("192.168.1.20")]
    monkeypatch.setattr(renewal.addresses, "effective", lambda _: tuple(found))  # type: ignore[attr-defined]
    grace_period = GracePeriod(now)
    looks, before = list[float](), None
    for minute in range(60):
        now.now_s = 60.0 * minute
        if minute == 20:
            found.pop()
        seen = situation(settings, grace_period)
        looks += [now.now_s] if seen != before else []
        before = seen
    # What devices relied upon before this began is not waited for any more, an address is lost, and so is the wait.
    assert looks == [0.0, GRACE_S, 20 * 60.0, 19 * 60.0 + GRACE_S]


def test_a_renewal_says_what_is_wrong(settings: Settings) -> None:
    with pytest.raises(OperatorError, match=r"is Homedot running\?"):
        renew(settings, GracePeriod())
    bootstrap.run(settings)
    assert renew(settings, GracePeriod()) == Findings()
    (settings.data_dir / "tls/leaf.key").unlink()
    with pytest.raises(OperatorError, match=f"{settings.data_dir}/tls/leaf.key: is missing"):
        renew(settings, GracePeriod())
