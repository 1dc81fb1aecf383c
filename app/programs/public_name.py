"""The public name's part of upkeep: what is due is asked of a child, and what that brings is handed to `public_side`.

Every few seconds this looks at notes on the volume, and imports nothing that costs memory. Nothing happens without
`public.name`.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from app.config.settings import Settings
from app.errors import OperatorError
from app.files import read_regular, stamp
from app.networks import LINK_LOCAL, within
from app.publicname import schedule
from app.publicname.schedule import Due, Life, Progress
from app.trust import clock

from . import paths
from .certifying import Certifying

_MOST_OCTETS = 1 << 20
_LOOK_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicNotes:
    """What is kept on the volume of what was done for the name `name`. `life` is that of its certificate."""

    name: str
    life: Life | None = None
    progress: Progress = field(default_factory=Progress)

    def to_json(self) -> str:
        life = self.life and [self.life.begin_s, self.life.end_s]
        return json.dumps({"name": self.name, "life": life, "progress": json.loads(self.progress.to_json())}) + "\n"


class PublicNameWatcher:
    """Starts a child when something is due, and says what upkeep is to settle."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._child: Certifying | None = None
        self._addresses: tuple[str, ...] | None = None
        self._to_settle: dict[str, Any] | None = None
        self._seen: object = None
        self._began_s: float | None = None

    def situation(self) -> object:
        """For the table of upkeep: what `public_side.settle` takes, None while there is nothing to settle."""
        if self._settings.public.name is None:
            return None
        try:
            return self._situation(self._settings.public.name)
        except OperatorError as error:
            return {"fault": list(error.faults)}
        except (OSError, ValueError) as error:
            return {"fault": [f"public.name: nothing can be done for it: {error}"]}

    def _situation(self, name: str) -> dict[str, Any] | None:
        if self._child is not None:
            outcome = self._child.outcome()
            if outcome is None:
                return None
            self._child, self._seen = None, stamp(notes_path(self._settings))
            self._to_settle = {"outcome": outcome, "addresses": self._addresses}
        if self._to_settle is not None and stamp(notes_path(self._settings)) == self._seen:
            return self._to_settle
        self._to_settle, now = None, clock.now()
        if now is None:
            return None
        notes = read_notes(self._settings)
        if notes is None or notes.name != name:
            return {"prepare": name}
        self._addresses = _addresses(self._settings)
        todo = schedule.due(self._progress(notes, now), self._life(notes), self._addresses, now.timestamp())
        if todo is None:
            return {"look": int(now.timestamp() // _LOOK_S), "files": [stamp(path) for path in self._watched()]}
        self._child = Certifying(_job(self._settings, todo, self._addresses))
        return None

    def _progress(self, notes: PublicNotes, now: datetime) -> Progress:
        if self._began_s is None:
            self._began_s = now.timestamp()
        return schedule.begun(notes.progress) if notes.progress.tried_s < self._began_s else notes.progress

    def _life(self, notes: PublicNotes) -> Life | None:
        return notes.life if (paths.public_folder(self._settings) / "chain.pem").exists() else None

    def _watched(self) -> list[Path]:
        return [paths.public_folder(self._settings) / "chain.pem", paths.public_pair(self._settings)]


def names(settings: Settings) -> tuple[str, ...]:
    """Those that the certificate is for."""
    name = settings.public.name or ""
    return name, f"*.{name}"


def notes_path(settings: Settings) -> Path:
    return paths.public_folder(settings) / "progress.json"


def account_path(settings: Settings) -> Path:
    return paths.public_folder(settings) / "account.json"


def read_notes(settings: Settings) -> PublicNotes | None:
    """None if there are none that can be read: then all is begun anew."""
    try:
        tree = json.loads(read_regular(notes_path(settings), _MOST_OCTETS))
        progress = schedule.from_json(json.dumps(tree["progress"]))
        life = Life(*map(float, tree["life"])) if tree["life"] else None
        return PublicNotes(name=str(tree["name"]), life=life, progress=progress)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def roots(settings: Settings) -> Path:
    """What the authority and its certificates are checked against."""
    return settings.public.ca_bundle or settings.resolver.ca_bundle


def _job(settings: Settings, todo: Due, addresses: tuple[str, ...] | None) -> dict[str, Any]:
    """The members of a NameJob."""
    public, folder = settings.public, paths.public_folder(settings)
    account = account_path(settings)
    return {
        "name": public.name,
        "provider": public.provider,
        "server": public.server,
        "token": public.token and public.token.text,
        "hook": public.hook and str(public.hook),
        "resolver_port": paths.unbound_port(settings),
        "roots_pem": _text(settings.resolver.ca_bundle),
        "addresses": addresses if todo.addresses else None,
        "directory": public.directory,
        "authority_roots_pem": _text(roots(settings)),
        "account": json.loads(_text(account)) if account.exists() else None,
        "eab_id": public.eab_id,
        "eab_key": public.eab_key and public.eab_key.text,
        "profile": public.profile,
        "request_pem": _text(folder / "request.pem") if todo.order else None,
        "chain_pem": _text(folder / "chain.pem") if todo.ask and not todo.order else None,
    }


def _text(path: Path) -> str:
    """Raises OperatorError."""
    try:
        return read_regular(path, _MOST_OCTETS, follow_links=True).decode()
    except (OSError, ValueError) as error:
        raise OperatorError(f"{path}: cannot be read: {error}") from error


def _addresses(settings: Settings) -> tuple[str, ...] | None:
    """What shall be in public DNS: the addresses that devices are told, but for those of one link; None: leave it."""
    if not settings.public.records:
        return None
    told = json.loads(read_regular(paths.enrolment(settings), paths.MOST_ENROLMENT_OCTETS))["addresses"]
    found = tuple(str(each) for each in told if not within(ip_address(each), LINK_LOCAL))
    return found or None
