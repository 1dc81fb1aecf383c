"""The condition of this box, as the setup page asks for it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import time

from app.config.settings import Settings
from app.doctor.condition import Condition, ConditionKind
from app.onboarding.vitals import Health

from . import control_client


class ConditionClient:
    """Remembers since when the front door says nothing, as it cannot. `clock` gives Unix time."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time) -> None:
        self._settings = settings
        self._clock = clock
        self._silent_since_s: float | None = None

    async def condition(self) -> Condition:
        """Never raises."""
        condition = await control_client.condition(self._settings)
        if condition.since_s is not None or condition.kind is not ConditionKind.NOT_ANSWERING:
            self._silent_since_s = None
            return condition
        self._silent_since_s = self._silent_since_s or self._clock()
        return replace(condition, since_s=self._silent_since_s)

    async def health(self) -> Health:
        """The same for the page."""
        condition = await self.condition()
        is_unwell = not condition.is_well and condition.kind is not ConditionKind.CANNOT_TELL
        return Health(condition.text(datetime.now().astimezone()), condition.is_well, is_unwell)
