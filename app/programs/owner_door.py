"""The one door through which what the owner wants is changed: the page's, and that of commands.

Each change is applied to what the file says by then, one after the other. It is written when the answer is given,
and every worker decides by it.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from app import dnsname
from app.answer.never_block import NeverBlock
from app.answer.policy import Kind
from app.answer.ruleset import Ruleset
from app.config.settings import Settings
from app.host import memory
from app.lists.suffixes import Suffixes, published
from app.owner import sentences
from app.owner.will import ALLOW, DENY, Moment, Will
from app.owner.wishes import Surroundings, Wish, wanted
from app.trust import clock

from . import owner_file
from .owner_applied import Applied
from .owner_described import described
from .reasons import Reason

_DEADLINE_S = 2.0
_SERVED = {Kind.SPECIAL, Kind.LOCAL, Kind.RESERVED}
_MOST_BY = 64
_NOTHING = "nobody's blocking is paused"  # only `resume` wishes nothing in particular
_NOT_YET = "not every worker has taken it over yet: see the log"


class OwnerDoor:
    """`where` says of each setting that is set where that is. `ruleset` gives the one without a pause. `crowds` are
    addresses behind which many devices stand."""

    def __init__(
        self,
        settings: Settings,
        where: Mapping[str, str],
        ruleset: Callable[[], Ruleset],
        applied: Applied,
        *,
        crowds: Collection[str] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._where = where
        self._ruleset = ruleset
        self._applied = applied
        self._crowds = crowds
        self._now = now
        self._one_by_one = asyncio.Lock()

    async def change(self, wish: Wish, by: str) -> dict[str, Any]:
        """What came of it, in `says`. Raises ValueError for what cannot be set, OperatorError for the disk."""
        around = self._surroundings(self._ruleset())

        def apply() -> tuple[Will, list[str]]:
            before = self._read()
            wishes = wanted(wish, around, before)
            after = before.after(wishes, self._moment(by))
            self._keep(before, after)
            return after, sentences.told(before, after, list(wishes)) or [_NOTHING]

        return await self._done(apply)

    async def undo(self, number: int | None, by: str) -> dict[str, Any]:
        """As for `change`; the change of this number, or the last one that was not undone."""

        def apply() -> tuple[Will, list[str]]:
            before = self._read()
            after, change = before.undone(number, self._moment(by))
            self._keep(before, after)
            said = [sentences.of_step(step, step.before) for step in change.steps]
            return after, [f"undone: {sentences.of_change(change)}", *said]

        return await self._done(apply)

    async def described(self) -> dict[str, Any]:
        """All that is set, and the last changes. Raises OperatorError."""
        will = await asyncio.to_thread(self._read)
        return described(self._settings, self._where, will, self._now())

    async def _done(self, apply: Callable[[], tuple[Will, list[str]]]) -> dict[str, Any]:
        async with self._one_by_one:
            after, said = await asyncio.to_thread(
                apply
            )  # a disk may take seconds, and whoever asks a name does not wait
        if not await self._applied.everywhere(after.stamp, _DEADLINE_S):
            said.append(_NOT_YET)
        return {"says": said}

    def _read(self) -> Will:
        return owner_file.read(self._settings) or Will(secrets.token_hex(4))

    def _keep(self, before: Will, after: Will) -> None:
        if after is not before:
            owner_file.write(self._settings, after)

    def _moment(self, by: str) -> Moment:
        return Moment(None if clock.now() is None else self._now(), by[:_MOST_BY])

    def _surroundings(self, ruleset: Ruleset) -> Surroundings:
        blocking = self._settings.blocking
        never, suffixes = NeverBlock(blocking.never_block), _Suffixes()

        def answered_here(name: str) -> str:
            verdict = ruleset.decide(name)
            return str(Reason(name, verdict)) if verdict.kind in _SERVED else ""

        return Surroundings(
            now_s=self._now(),
            names={ALLOW: blocking.allow, DENY: blocking.deny},
            lists=blocking.lists,
            allow_lists=blocking.allow_lists,
            where=self._where,
            is_enabled=blocking.enabled,
            shortage=memory.shortage(),
            answered_here=answered_here,
            is_suffix=suffixes.has,
            is_never_blocked=lambda name: never.match(dnsname.suffixes(name)) is not None,
            crowds=self._crowds,
        )


class _Suffixes:
    """Read when the first name is looked up, and kept for this change only: they take some megabytes."""

    def __init__(self) -> None:
        self._known: Suffixes | None = None

    def has(self, name: str) -> bool:
        self._known = self._known or published()
        return name.encode() in self._known
