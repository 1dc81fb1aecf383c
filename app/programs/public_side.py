"""What the public name shows: a chain that was brought is checked, kept on the volume, and put where the front door is.

It needs the certificate library, so upkeep does it in a child.
"""

import json
import logging
import random
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from app import lifetime
from app.config.settings import Settings
from app.errors import OperatorError
from app.files import keep, write_atomically
from app.onboarding.enrolment import PublicName
from app.publicname import schedule
from app.publicname.contract import Account, NameOutcome
from app.publicname.schedule import Life
from app.text import printable
from app.trust import clock, disk, public
from app.trust.public import PublicIdentity

from . import paths, users
from .findings_log import Findings
from .public_name import PublicNotes, account_path, names, notes_path, read_notes, roots

log = logging.getLogger("homedot")

_MOST_CHARACTERS = 500


def settle(settings: Settings, situation: dict[str, Any]) -> Findings:
    """Do what a watcher says, and serve what there is."""
    try:
        if "prepare" in situation:
            _prepare(settings)
        if "outcome" in situation:
            _take(settings, _read(situation["outcome"]), situation["addresses"])
        side = served(settings)
        _announce(settings, side)
    except OperatorError as error:
        return Findings(warnings=error.faults)  # no faults, which would be tried again every few seconds
    return Findings(warnings=(*situation.get("fault", ()), *(side.faults if side else ())))


def _read(tree: dict[str, Any]) -> NameOutcome:
    """What the child told, who has spoken with strangers: its members have the types that they should."""
    try:
        account = tree.get("account")
        numbers = {name: tree[name] for name in ("renew_s", "ask_again_s") if tree.get(name) is not None}
        return NameOutcome(
            addresses_set=tree.get("addresses_set") is True,
            account=account and Account(key_pem=str(account["key_pem"]), url=str(account["url"])),
            chain_pem=None if tree.get("chain_pem") is None else str(tree["chain_pem"]),
            fault=printable(str(tree.get("fault", "")), _MOST_CHARACTERS),
            is_of_settings=tree.get("is_of_settings") is True,
            retry_after_s=float(tree.get("retry_after_s", 0.0)),
            **{name: float(number) for name, number in numbers.items()},
        )
    except (TypeError, ValueError, LookupError, OverflowError):
        return NameOutcome(fault="the program that asks for it told what nobody understands: see the lines above")


def begun(settings: Settings) -> PublicName | None:
    """As `served`, for a start: what can be prepared is, so that the first look of upkeep can ask for a certificate."""
    notes = read_notes(settings)
    if settings.public.name is not None and (notes is None or notes.name != settings.public.name):
        with suppress(OperatorError):  # upkeep tries it again, and tells
            _prepare(settings)
    return served(settings)


def served(settings: Settings) -> PublicName | None:
    """Have the front door show what is on the volume, or the box's own certificate; and what there is to say of it.

    Raises OperatorError when that cannot be written.
    """
    if settings.public.name is None:
        _publish(settings, None)
        return None
    name, folder, faults = settings.public.name, paths.public_folder(settings), list[str]()
    try:
        identity = public.load(folder, name, roots(settings), clock.now())
    except OperatorError as error:
        identity, faults = None, list(error.faults)
    _publish(settings, identity)
    notes = read_notes(settings)
    if notes is not None and notes.progress.fault:
        faults.append(f"{name}: {notes.progress.fault}")
    if identity is None:
        return PublicName(name=name, faults=tuple(f"{fault}; {_meanwhile(name)}" for fault in faults))
    faults += _late(name, identity)
    return PublicName(
        name=name,
        not_before=identity.begin,
        not_after=identity.end,
        spki_pin=identity.spki_pin,
        root_pem=identity.root_pem.decode(),
        faults=tuple(faults),
    )


def _prepare(settings: Settings) -> None:
    """Have a key, a request for the names that are wanted, and no notes about others."""
    public.ensure_request(paths.public_folder(settings), names(settings))
    _note(settings, PublicNotes(name=names(settings)[0]))


def _take(settings: Settings, outcome: NameOutcome, addresses: list[str] | None) -> None:
    """Keep what a child brought. Raises OperatorError when the volume does not take it."""
    folder, now = paths.public_folder(settings), datetime.now(UTC)
    notes = read_notes(settings) or PublicNotes(name=names(settings)[0])
    life = notes.life
    if outcome.account is not None:
        with disk.write_faults(folder):
            keep(account_path(settings), (json.dumps(asdict(outcome.account)) + "\n").encode(), 0o600)
    if outcome.chain_pem is not None:
        try:
            identity = public.accept(folder, outcome.chain_pem, notes.name, roots(settings), now)
        except OperatorError as error:
            outcome = replace(outcome, chain_pem=None, fault=" ".join(error.faults))
        else:
            life = Life(identity.begin.timestamp(), identity.end.timestamp())
            log.info("%s has a new certificate, until %s", notes.name, f"{identity.end:%Y-%m-%d %H:%M} UTC")
    lot = random.random()  # noqa: S311 - when, not what
    progress = schedule.after(notes.progress, addresses, outcome, life, now_s=now.timestamp(), lot=lot)
    if outcome.addresses_set and addresses:
        log.info("%s has the addresses %s in public DNS", notes.name, ", ".join(addresses))
    _note(settings, replace(notes, life=life, progress=progress))


def _note(settings: Settings, notes: PublicNotes) -> None:
    path = notes_path(settings)
    with disk.write_faults(path):
        write_atomically(path, notes.to_json().encode(), 0o600)


def _publish(settings: Settings, identity: PublicIdentity | None) -> None:
    path, gid = paths.public_pair(settings), users.group_id(users.DOT)
    with disk.write_faults(path):
        if identity is None:
            path.unlink(missing_ok=True)
        else:
            keep(path, identity.pair_pem, 0o600 if gid is None else 0o640, gid)


def _announce(settings: Settings, side: PublicName | None) -> None:
    path = paths.enrolment(settings)
    enrolment = paths.read_enrolment(settings)
    if enrolment.public != side:
        with disk.write_faults(path):
            write_atomically(path, replace(enrolment, public=side).to_json().encode())


def _meanwhile(name: str) -> str:
    return f"until then {name} shows the box's own certificate, which devices that go by this name refuse"


def _late(name: str, identity: PublicIdentity) -> list[str]:
    now = clock.now()
    if now is None or now <= lifetime.late_from(identity.begin, identity.end):
        return []
    left = lifetime.rounded(identity.end - now)
    return [f"{name}: its certificate ends on {identity.end:%Y-%m-%d}, in less than {left}, and is not renewed"]
