"""unbound's part of a start: how it resolves on this network, and everything that it reads."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from time import time
from typing import Any, overload

from app import reading
from app.config.settings import Settings
from app.doctor import healthcheck
from app.errors import OperatorError
from app.files import keep, keep_folder, write_atomically
from app.host import memory
from app.host.event_listener import in_child
from app.host.supervision import restart_unbound
from app.ports import free_on_loopback, reserved
from app.trust import disk
from app.unbound import anchor, checkconf, conf, reach

from . import paths, users
from .findings_log import Findings

_ASK_DEADLINE_S = 20
_MOST_OCTETS = 4 << 20
"""Of each copy: the run folder is memory."""
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


def draw_port(settings: Settings) -> Sequence[str]:
    """Choose the port of this start, unless `resolver.port` does and is free, and leave word of it.

    Returns warnings; raises OperatorError.
    """
    path, wanted, warnings = paths.noted_unbound_port(settings), settings.resolver.port, tuple[str, ...]()
    if wanted is not None:
        path.unlink(missing_ok=True)
        try:
            user = users.find(users.UNBOUND)
            for bound in reserved(wanted, "resolver.port", None if user is None else user.pw_uid):
                bound.close()
        except OperatorError as error:
            warnings = tuple(f"{fault}; until then unbound has a free one" for fault in error.faults)
        else:
            return ()
    with disk.write_faults(path):
        ports = (settings.dot.port, settings.plain.port, settings.web.port)
        write_atomically(path, str(free_on_loopback(ports)).encode())
    return warnings


def prepare(settings: Settings, mode: str) -> list[str]:
    """Write unbound.conf and what it needs, once unbound has checked it. Returns warnings; raises OperatorError."""
    resolver, path, port = settings.resolver, paths.unbound_conf(settings), paths.unbound_port(settings)
    user = users.find(users.UNBOUND)
    uid = None if user is None else user.pw_uid
    copied = with_copies(settings).resolver
    followed, warnings = (None, []) if resolver.trust_anchor else _followed_anchor(settings, uid)
    render = partial(
        conf.render,
        port=port,
        mode=mode,
        forwarders=resolver.forward,
        routes=resolver.routes,
        root_servers=reach.root_servers(copied.root_hints or conf.ROOT_HINTS) if mode != "forward" else (),
        ca_bundle=copied.ca_bundle,
        root_hints=copied.root_hints,
        trust_anchor=copied.trust_anchor,
        followed_anchor=followed,
        rebind_protection=resolver.rebind_protection,
        released=settings.special.released,
        health_name=healthcheck.NAME,
        cache_bytes=conf.cache_bytes(memory.limit_bytes()),
        verbosity=_VERBOSITY.get(settings.log.level, 0),
        run_dir=settings.run_dir,
        control=_control(settings, uid),
    )
    draft = path.with_name("unbound.conf.draft")  # a running unbound that is started anew must not find a bad one

    def written(some: Sequence[Path]) -> Path:
        with disk.write_faults(path):
            write_atomically(draft, render(snippets=some).encode())
        return draft

    originals, name = _snippets(resolver.snippets), None if user is None else users.UNBOUND
    snippets = [_copied(paths.for_unbound(settings) / "snippets", original) for original in originals]
    try:
        checkconf.check(written(snippets), name)
        checkconf.check_kept(written, snippets, port, name)
    except OperatorError as error:
        given, copies = [*originals, resolver.ca_bundle], [*snippets, copied.ca_bundle]
        raise OperatorError(_named_as_given(error.faults, given, copies)) from error
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


def ask(settings: Settings) -> dict[str, Any]:
    """Ask the network: a choice as a dictionary, or one with "faults". For a child, which then is unbound's user."""
    try:
        settings = with_copies(settings)
        users.become(users.UNBOUND)
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


def _control(settings: Settings, uid: int | None) -> Path | None:
    """Where unbound hears its user: nowhere if it has no folder, without which it would not start."""
    path = paths.unbound_control(settings)
    try:
        anchor.make_folder(path.parent, uid)
    except OSError:
        return None
    return path


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


def with_copies(settings: Settings) -> Settings:
    """The same, but naming copies that unbound's user can read."""
    resolver, copies = settings.resolver, paths.for_unbound(settings)
    hints, keys = _copied(copies / "hints", resolver.root_hints), _copied(copies / "anchor", resolver.trust_anchor)
    bundle = paths.copied_ca_bundle(settings)
    if bundle != resolver.ca_bundle:
        _copied(bundle.parent, resolver.ca_bundle)
    return replace(settings, resolver=replace(resolver, root_hints=hints, trust_anchor=keys, ca_bundle=bundle))


@overload
def _copied(folder: Path, path: Path) -> Path: ...
@overload
def _copied(folder: Path, path: Path | None) -> Path | None: ...
def _copied(folder: Path, path: Path | None) -> Path | None:
    """A copy that unbound's user can read: the operator's own file may be root's alone."""
    if path is None:
        return None
    copy = folder / path.name
    try:
        content = reading.read(path, _MOST_OCTETS)
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}: name a file that exists") from error
    with disk.write_faults(copy):
        keep_folder(folder.parent, 0o755)
        keep_folder(folder, 0o755)
        keep(copy, content)
    return copy


def _named_as_given(faults: Sequence[str], originals: Sequence[Path], copies: Sequence[Path]) -> list[str]:
    named = list(faults)
    for original, copy in zip(originals, copies, strict=True):
        named = [fault.replace(str(copy), str(original)) for fault in named]
    return named


def _snippets(folder: Path | None) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".conf") if folder else []
    except OSError as error:
        raise OperatorError(f"resolver.snippets: {folder} cannot be read: {error.strerror}") from None
