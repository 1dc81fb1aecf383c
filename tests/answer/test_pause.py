from app.answer.pause import Pause
from tests.fakes.clock import Clock


def test_a_pause_ends_by_itself() -> None:
    clock = Clock()
    pause = Pause(clock)
    assert pause.left_s == 0
    pause.begin(60)
    assert pause.left_s == 60
    clock.now_s += 59.5
    assert pause.left_s == 1
    for later_s in (0.5, 5):
        clock.now_s += later_s
        assert pause.left_s == 0


def test_a_pause_can_be_ended_and_begun_anew() -> None:
    pause = Pause(Clock())
    pause.begin(60)
    pause.begin(10)
    assert pause.left_s == 10
    pause.end()
    assert pause.left_s == 0
