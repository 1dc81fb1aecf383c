"""What must be true before anything serves: addresses known, identity on the volume, unbound.conf written.

`identify` is also what upkeep does every minute, so a renewal and a new address take the same path as the first start.
"""

import asyncio
import grp
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from app.errors import OperatorError
from app.files import write_atomically
from app.onboarding.enrolment import Enrolment
from app.onboarding.steps import setup_text
from app.ops import addresses, engine, reach
from app.settings import Settings
from app.trust.own import load_own_certificate
from app.trust.store import Identity, ensure_own, publish
from app.values import IPAddress

from . import places

DOT_GROUP = "homedot-dot"


def bootstrap(settings: Settings) -> None:
    """Prepare a start. Raises OperatorError; idempotent. Prints how a device joins."""
    lan = addresses.effective(settings.addresses)
    identity = _identity(settings, lan)
    resolver = _resolver(settings)
    publish(identity, settings.run_dir, _dot_gid())
    _make_folder_of_dot(places.state_socket(settings).parent)
    _write_engine_configuration(settings, resolver.mode)
    enrolment = _enrolment(settings, identity, lan, resolver)
    _write(places.enrolment(settings), enrolment.to_json())
    for warning in identity.warnings:
        print(f"homedot: warning: {warning}")
    print(setup_text(enrolment), flush=True)


def identify(settings: Settings) -> bool:
    """Renew what is due and follow the addresses of this box. Returns True if devices see something new.

    Raises OperatorError; what was served before is served on.
    """
    before = places.read_enrolment(settings)
    lan = addresses.effective(settings.addresses)
    identity = _identity(settings, lan)
    publish(identity, settings.run_dir, _dot_gid())
    after = _enrolment(settings, identity, lan, reach.Choice(before.resolver, before.resolver_reason))
    if after == before:
        return False
    _write(places.enrolment(settings), after.to_json())
    # A user's own certificate may come with a new key at each renewal; the profile does not name the key.
    return replace(after, spki_pin=before.spki_pin) != before or after.root_pem is not None


def _identity(settings: Settings, lan: tuple[IPAddress, ...]) -> Identity:
    now = datetime.now(UTC)
    if settings.tls.certificate and settings.tls.key:
        return load_own_certificate(settings.tls.certificate, settings.tls.key, settings.hostname, now)
    return ensure_own(settings.data_dir, settings.hostname, lan, now)


def _resolver(settings: Settings) -> reach.Choice:
    resolver = settings.resolver
    if resolver.mode != "auto":
        return reach.Choice(resolver.mode, "resolver.mode says so")
    hints, anchor = resolver.root_hints or engine.ROOT_HINTS, resolver.trust_anchor or engine.TRUST_ANCHOR
    return asyncio.run(reach.choose(hints, anchor, resolver.forward, resolver.ca_bundle))


def _write_engine_configuration(settings: Settings, mode: str) -> None:
    resolver = settings.resolver
    path = places.unbound_conf(settings)
    text = engine.render(
        port=resolver.port,
        mode=mode,
        forwarders=resolver.forward,
        ca_bundle=resolver.ca_bundle,
        root_hints=resolver.root_hints,
        trust_anchor=resolver.trust_anchor,
        run_dir=settings.run_dir,
    )
    _write(path, text)
    engine.check(path)


def _enrolment(settings: Settings, identity: Identity, lan: tuple[IPAddress, ...], resolver: reach.Choice) -> Enrolment:
    return Enrolment(
        hostname=settings.hostname,
        addresses=lan,
        dot_port=settings.dot.port,
        web_port=settings.web.port if settings.web.enabled else None,
        root_pem=identity.root_pem.decode() if identity.root_pem else None,
        root_sha256=identity.root_sha256,
        spki_pin=identity.spki_pin,
        resolver=resolver.mode,
        resolver_reason=resolver.reason,
    )


def _make_folder_of_dot(path: Path) -> None:
    """Where the front door may make its socket, and everybody may reach it."""
    gid = _dot_gid()
    try:
        path.mkdir(exist_ok=True)
        if gid is not None:
            os.chown(path, -1, gid)
        path.chmod(0o755 if gid is None else 0o775)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be made: {error.strerror}") from error


def _dot_gid() -> int | None:
    """The group that may read the leaf key; None when everything runs as one ordinary user."""
    if os.geteuid() != 0:
        return None
    try:
        return grp.getgrnam(DOT_GROUP).gr_gid
    except KeyError:
        raise OperatorError(f"there is no group {DOT_GROUP}: start with `make run`, which adds it") from None


def _write(path: Path, text: str) -> None:
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise OperatorError(f"{path}: cannot be written: {error.strerror}") from error
