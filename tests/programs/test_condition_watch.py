"""The front door's watch over the state of this box."""

from app.doctor.condition import ConditionKind
from app.programs.condition_watch import ConditionWatch


def test_at_first_nobody_can_tell() -> None:
    assert ConditionWatch().now().kind is ConditionKind.CANNOT_TELL
