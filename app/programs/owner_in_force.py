"""What the owner has set, in force in one worker: for all, and for devices whose blocking is paused alone.

The cache knows no client. So a paused device is given another answerer, which blocks nothing and has its own cache; the
questions of all others take the way that they always take.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, final

from app.answer.ruleset import Ruleset
from app.config.settings import Settings
from app.dot.contract import Answerer
from app.owner.pauses import Pauses

from .owner_file import OwnerWatcher
from .rules import RulesetWatcher


class RuledAnswerer(Answerer, Protocol):
    """Who answers by a ruleset."""

    def use(self, ruleset: Ruleset) -> None:
        """From now on this one decides."""


class Excepting(Protocol):
    """What listens."""

    def except_for(self, answerers: Mapping[str, Answerer]) -> None:
        """From now on these addresses are answered by these, and all others as ever."""


@final
class InForce:
    """`rules` are those in force. `row` is where this worker writes by which stamp it decides."""

    def __init__(self, settings: Settings, pauses: Pauses, row: memoryview) -> None:
        self._owner = owner = OwnerWatcher(settings, pauses.take)
        self._pauses = pauses
        self.rules = RulesetWatcher(settings, lambda: pauses.left_s > 0, lambda: owner.will)
        self._row = row
        self._kinds: list[_Transport] = []
        self._devices: frozenset[str] = frozenset()

    def serve(
        self, answerer: RuledAnswerer, fronts: Sequence[Excepting], make: Callable[[Ruleset], RuledAnswerer]
    ) -> None:
        """Keep `answerer` by the rules in force; `make` gives one for the paused devices of the same `fronts`."""
        self._kinds.append(_Transport(answerer, fronts, make))

    def look(self) -> None:
        """Take over what changed."""
        self._owner.look()
        ruleset, devices = self.rules.look(), self._pauses.devices
        for kind in self._kinds:
            kind.look(ruleset, self.rules, devices if devices != self._devices else None)
        self._devices = devices
        self._row[0] = self._owner.will.stamp


@final
class _Transport:
    """DNS over TLS, or plain DNS: what answers it, and what it comes by."""

    def __init__(
        self, answerer: RuledAnswerer, fronts: Sequence[Excepting], make: Callable[[Ruleset], RuledAnswerer]
    ) -> None:
        self._answerer = answerer
        self._fronts = fronts
        self._make = make
        self._apart: RuledAnswerer | None = None

    def look(self, ruleset: Ruleset | None, rules: RulesetWatcher, devices: frozenset[str] | None) -> None:
        """`ruleset` and `devices` are None where nothing has changed."""
        if ruleset is not None:
            self._answerer.use(ruleset)
            if self._apart is not None:
                self._apart.use(rules.paused)
        if devices is not None:
            if self._apart is None and devices:
                self._apart = self._make(rules.paused)
            answerers = {} if self._apart is None else dict.fromkeys(devices, self._apart)
            for front in self._fronts:
                front.except_for(answerers)
