"""What the setup page shows and changes of blocking: asked of the front door, read from the lists' own state."""

import time

from app.answer.policy import BLOCKING, Kind
from app.config.load import Loaded
from app.config.naming import addition
from app.config.settings import Blocking, Settings
from app.config.sources import read as read_source
from app.errors import OperatorError
from app.lists.state import ListState
from app.onboarding.blocking import BlockingState, Found, Listed

from . import control_client, handing, paths, users
from .list_status import is_allow_list, protection, states, summary
from .owner_file import in_force
from .pause_token import read

_BY_LISTS = BLOCKING - {Kind.DENIED} | {Kind.EXCEPTED, Kind.EXCEPTED_IMPORTANTLY, Kind.ALLOW_LISTED, Kind.PASSED}


class BlockingClient:
    """As `onboarding.blocking` wants it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def state(self) -> BlockingState:
        if not self._settings.blocking.enabled:
            return BlockingState(is_enabled=False, paused_s=0)
        try:
            paused_s = (await control_client.state(self._settings))["blocking_paused_seconds"]
        except OperatorError:
            paused_s = None  # the page says so; why is for the log of the front door
        settings = in_force(self._settings)
        blocking, known = settings.blocking, states(settings)
        lists = [_listed(blocking, source, its) for source, its in known.items()]
        return BlockingState(True, paused_s, lists, protection(blocking, known).sentence)

    async def reason(self, name: str) -> Found:
        told = await control_client.ask(self._settings, f"why {name}")
        return Found(told["kind"], told["rule"], told["says"], told["notes"], self._remedy(name, told["kind"]))

    def _remedy(self, name: str, kind: str) -> tuple[str, str] | None:
        """How to have it otherwise: for what the lists decide, over which both settings go."""
        if kind not in _BY_LISTS:
            return None
        verb, setting = ("allow", "blocking.allow") if kind in BLOCKING else ("block", "blocking.deny")
        try:
            loaded = handing.taken(paths.handed(self._settings.run_dir, users.WEB))
        except OperatorError:
            loaded = Loaded(self._settings, {}, {})  # where it was set is not known, so by a variable, which wins
        had = loaded.settings.blocking.allow if verb == "allow" else loaded.settings.blocking.deny
        found = addition(loaded, setting, had, name)
        return f"To {verb} it, put this {found.where}, and restart Homedot:", found.lines

    async def pause(self, seconds: int) -> None:
        await control_client.ask(self._settings, f"pause {seconds}")

    async def resume(self) -> None:
        await control_client.ask(self._settings, "resume")

    def token(self) -> str | None:
        return read(self._settings)


def _listed(blocking: Blocking, source: str, known: ListState) -> Listed:
    lines = summary(source, known, time.time(), allows=is_allow_list(blocking, source, known))
    return Listed(without_query(source), lines, bool(known.error) or not known.is_there)


def without_query(source: str) -> str:
    """Everybody at home sees it, and a subscriber's key is nobody's business."""
    return source if read_source(source).is_file else source.partition("?")[0]
