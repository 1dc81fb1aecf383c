"""When it is forgotten; tests/trust/test_clock.py has a whole appliance whose clock is put back."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.answer.cache import Cache
from app.answer.tally import Tally
from app.config.settings import Settings
from app.errors import OperatorError
from app.host.wall_clock import Reset, WallClock
from app.programs.clock_reset import RESTARTING, FrontForgets, restart, slept_s
from app.programs.findings_log import Findings
from tests.fakes.clock import Clock

DECADE_S = 315_360_000.0


class Box:
    """The clocks, in a test's hands."""

    def __init__(self) -> None:
        self.wall, self.boot = Clock(2_000_000_000.0), Clock(60.0)
        self.clock = WallClock(self.wall, self.boot)
        self.slept, self.monotonic = Clock(0.0), Clock(60.0)
        self.cache = Cache(1_000_000, self.monotonic)
        self.front = FrontForgets(self.cache.clear, self.clock, self.slept, self.monotonic)

    def pass_time(self, seconds: float) -> None:
        for clock in (self.wall, self.boot, self.monotonic):
            clock.now_s += seconds

    def keeps_what_it_learns(self) -> bool:
        """Whether the front door has after a look what it had before."""
        self.cache.put(b"key", b"body", [], 3600, Tally())
        self.front.tick()
        return self.cache.get(b"key") is not None


@pytest.fixture
def box() -> Box:
    return Box()


def test_a_restart_is_asked_of_the_supervisor(tmp_path: Path) -> None:
    settings = Settings(run_dir=tmp_path)
    with pytest.raises(OperatorError, match=r"restart Homedot$"):
        restart(settings, Reset(1, DECADE_S))
    waiting = "from signal import *; pthread_sigmask(SIG_BLOCK, {SIGUSR1}); print(flush=True); sigwait({SIGUSR1})"
    with subprocess.Popen([sys.executable, "-c", waiting], stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        supervisor.stdout.readline()
        (tmp_path / "supervisord.pid").write_text(f"{supervisor.pid}\n")
        assert restart(settings, Reset(1, DECADE_S)) == Findings(
            news=(f"the clock was put back by 3650 days, 0:00:00: {RESTARTING}",)
        )
        assert supervisor.wait(30) == 0


def test_the_front_door_keeps_what_it_learned_while_nothing_happens(box: Box) -> None:
    box.pass_time(2)
    assert box.keeps_what_it_learns()


def test_the_front_door_forgets_after_a_sleep(box: Box) -> None:
    for clock in (box.wall, box.boot, box.slept):
        clock.now_s += 3600
    assert not box.keeps_what_it_learns()
    assert box.keeps_what_it_learns()


def test_the_front_door_forgets_until_unbound_is_new_after_the_clock_was_put_back(box: Box) -> None:
    box.wall.now_s -= DECADE_S
    assert not box.keeps_what_it_learns()
    box.pass_time(60)
    assert not box.keeps_what_it_learns()
    box.pass_time(60)
    assert box.keeps_what_it_learns()


def test_a_machine_that_is_awake_does_not_sleep() -> None:
    assert slept_s() == pytest.approx(slept_s(), abs=0.5)
