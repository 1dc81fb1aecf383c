"""unbound's part of a start: how it resolves on this network, and everything that it reads."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from time import time
from typing import Any

from app.config.settings import Settings
from app.doctor import healthcheck
from app.errors import OperatorError
from app.files import write_atomically
from app.host.event_listener import in_child
from app.host.supervision import restart_unbound
from app.ports import free_on_loopback
from app.trust import disk
from app.unbound import anchor, checkconf, conf, memory, reach

from . import paths, users
from .findings_log import Findings

_ASK_DEADLINE_S = 20
_VERBOSITY = {"debug": 2}
"""By `log.level`; 0 of the others. What unbound says beyond errors is for finding a fault, and names what is asked."""


def choose(settings: Settings) -> reach.Choice:
    """How to resolve. Asks the network if `resolver.mode` is auto; raises OperatorError."""
    resolver = settings.resolver
    if resolver.mode != "auto":
        return reach.Choice(resolver.mode, "resolver.mode says so")
    hints, keys = resolver.root_hints or conf.ROOT_HINTS, resolver.trust_anchor or conf.TRUST_ANCHOR
    return asyncio.run(reach.choose(hints, keys, resolver.forward, resolver.ca_bundle))


def choose_apart(settings: Settings) -> reach.Choice:
    """As `choose`, but what strangers answer is read by a child that is unbound's user. Raises OperatorError."""
    if settings.resolver.mode != "auto":
        return choose(settings)
    asked = in_child("resolver mode", partial(ask, settings), _ASK_DEADLINE_S)
    if not isinstance(asked, dict):
        raise OperatorError("resolver.mode: the network could not be asked how to resolve: see the lines above")
    if "faults" in asked:
        raise OperatorError(asked["faults"])
    return reach.Choice(**asked)


def draw_port(settings: Settings) -> None:
    """Choose the port of this start, unless `resolver.port` does, and leave word of it. Raises OperatorError."""
    if settings.resolver.port is None:
        path, ports = paths.noted_unbound_port(settings), (settings.dot.port, settings.plain.port, settings.web.port)
        with disk.write_faults(path):
            write_atomically(path, str(free_on_loopback(ports)).encode())


def prepare(settings: Settings, mode: str) -> list[str]:
    """Write unbound.conf and what it needs, once unbound has checked it. Returns warnings; raises OperatorError."""
    resolver, path, port = settings.resolver, paths.unbound_conf(settings), paths.unbound_port(settings)
    user = users.find(users.UNBOUND)
    uid = None if user is None else user.pw_uid
    followed, warnings = (None, []) if resolver.trust_anchor else _followed_anchor(settings, uid)
    render = partial(
        conf.render,
        port=port,
        mode=mode,
        forwarders=resolver.forward,
        routes=resolver.routes,
        ca_bundle=resolver.ca_bundle,
        root_hints=resolver.root_hints,
        trust_anchor=resolver.trust_anchor,
        followed_anchor=followed,
        rebind_protection=resolver.rebind_protection,
        released=settings.special.released,
        health_name=healthcheck.NAME,
        cache_bytes=conf.cache_bytes(memory.limit_bytes()),
        verbosity=_VERBOSITY.get(settings.log.level, 0),
        run_dir=settings.run_dir,
    )
    draft = path.with_name("unbound.conf.draft")  # a running unbound that is started anew must not find a bad one

    def written(some: Sequence[Path]) -> Path:
        with disk.write_faults(path):
            write_atomically(draft, render(snippets=some).encode())
        return draft

    snippets, name = _snippets(resolver.snippets), None if user is None else users.UNBOUND
    checkconf.check(written(snippets), name)
    checkconf.check_kept(written, snippets, port, name)
    with disk.write_faults(path):
        draft.rename(path)
    return warnings


def note(settings: Settings, choice: reach.Choice) -> None:
    """Leave word whether the choice is to be made again. Raises OperatorError."""
    path = paths.unsettled(settings)
    with disk.write_faults(path):
        if choice.settled:
            path.unlink(missing_ok=True)
        else:
            write_atomically(path, b"")


def become_unbound() -> None:
    """Give up root for good: what this process then reads from the network leads to no key."""
    user = users.find(users.UNBOUND)
    if user is not None:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


def ask(settings: Settings) -> dict[str, Any]:
    """Ask the network: a choice as a dictionary, or one with "faults". For a child, which then is unbound's user."""
    try:
        become_unbound()
        return asdict(choose(settings))
    except OperatorError as error:
        return {"faults": error.faults}


def follow(settings: Settings, asked: dict[str, Any]) -> Findings:
    """Resolve as `ask` said, and tell everybody. Raises OperatorError."""
    if "faults" in asked:
        raise OperatorError(asked["faults"])
    choice, path = reach.Choice(**asked), paths.enrolment(settings)
    news, warnings = list[str](), list[str]()
    before = paths.read_enrolment(settings)
    if choice.mode != before.resolver:
        warnings = prepare(settings, choice.mode)
        restart_unbound(paths.supervisor_pid(settings))
    with disk.write_faults(path):
        after = replace(before, resolver=choice.mode, resolver_reason=choice.reason)
        write_atomically(path, after.to_json().encode())
    note(settings, choice)
    if choice.settled:
        became = "stays" if choice.mode == before.resolver else f"was {before.resolver} and is now"
        news = [f"the network is there: the resolver {became} {choice.mode}: {choice.reason}"]
    return Findings(news=tuple(news), warnings=tuple(warnings))


def keep_anchor(settings: Settings) -> Findings:
    """Copy what unbound knows of the root's keys to the volume."""
    kept = paths.kept_anchor(settings)
    try:
        with disk.write_faults(kept):
            followed, port = paths.followed_anchor(settings), paths.unbound_port(settings)
            warning = anchor.preserve(followed, kept, conf.TRUST_ANCHOR, time(), partial(reach.root_keys, port))
        warnings = [warning] if warning else []
    except OperatorError as error:
        # No fault, which would be tried again every minute: until the next start nobody needs the copy.
        warnings = [f"{fault}; until then news of the root's keys are kept in memory only" for fault in error.faults]
    return Findings(warnings=tuple(warnings))


def _followed_anchor(settings: Settings, uid: int | None) -> tuple[Path | None, list[str]]:
    """The file in which unbound follows the root's keys: none where it cannot be written. And warnings."""
    path, kept = paths.followed_anchor(settings), paths.kept_anchor(settings)
    try:
        with disk.write_faults(path):
            if not os.path.lexists(kept):
                kept = paths.former_anchor(settings)
            return path, anchor.ensure(path, uid, kept, conf.TRUST_ANCHOR, time())
    except OperatorError as error:
        told = [f"{fault}; until then unbound trusts the root keys of {conf.TRUST_ANCHOR}" for fault in error.faults]
        return None, told


def _snippets(folder: Path | None) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".conf") if folder else []
    except OSError as error:
        raise OperatorError(f"resolver.snippets: {folder} cannot be read: {error.strerror}") from None
