"""What must be true before anything serves: addresses known, identity on the volume, unbound.conf written.

`identify` is also what upkeep does every minute, so a renewal and a new address take the same path as the first start.
"""

import logging
import os
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from app.config.settings import Settings
from app.config.values import IPAddress
from app.errors import OperatorError
from app.files import keep, read_regular
from app.host import addresses, capabilities, memory, open_files
from app.host.grace_period import GracePeriod
from app.onboarding.enrolment import Enrolment, from_json
from app.onboarding.scanning import Devices, carried_on, must_scan_again
from app.onboarding.steps import setup_text
from app.revision import told
from app.trust import clock, disk
from app.trust.constraints import Names
from app.trust.own import load_own_certificate
from app.trust.publish import publish
from app.trust.store import Identity, ensure_own, holds_nothing
from app.unbound import reach

from . import exposure, folders, paths, public_side, resolver, sign_in_files, users
from .findings_log import Findings
from .output import log_to_output
from .signed_profiles import publish_profiles

log = logging.getLogger("homedot")

CLOCK_WAIT_S = 60.0
SCAN_AGAIN = "every device must scan the code again"
CLOCK_NOT_SET = (
    f"the clock of this machine is not set, so no certificate is renewed: {clock.SET_IT}; "
    "until then names in signed zones may not resolve"
)


def run(settings: Settings) -> None:
    """Prepare a start. Raises OperatorError; idempotent. Prints how a device joins."""
    lines = log_to_output(settings.log)
    log.info("%s", told())
    capabilities.require(_ports(settings))
    memory.require()
    open_files.require()
    found = addresses.survey(settings.addresses)
    lan = found.addresses
    _wait_for_clock(settings)
    announced = _announced(settings)
    kept = _kept(settings, lan, announced, GracePeriod())
    choice = resolver.choose_apart(settings)  # before a key is in this memory, of which the child has a copy
    identity = _identity(settings, kept, _told_of(settings, announced))
    publish(identity, settings.run_dir, users.group_id(users.DOT))
    _make_folder_of_dot(paths.control_socket(settings).parent)
    warnings = [
        *resolver.draw_port(settings),
        *exposure.warnings(settings),
        *_warnings(identity),
        *resolver.prepare(settings, choice.mode),
        *folders.make(settings),
    ]
    if settings.blocking.enabled:
        warnings += filter(None, [memory.shortage()])
        warnings += sign_in_files.prepare(settings, is_first=announced is None) if settings.web.enabled else ()
    enrolment = carried_on(_enrolment(settings, identity, found, choice), announced, None, kept, _today())
    enrolment = replace(enrolment, public=public_side.begun(settings))
    unannounced = _announce(settings, enrolment)
    publish_profiles(settings, identity, enrolment)
    resolver.note(settings, choice)
    if found.left_out:
        log.info("addresses that were found and are not for devices: %s", ", ".join(found.left_out))
    for warning in (*warnings, *unannounced):
        log.warning("%s", warning)
    lines.show(setup_text(enrolment), f"devices join at {enrolment.url or 'no page'}; see `homedot setup-phone`")


def _ports(settings: Settings) -> list[int]:
    more = [settings.plain.port] if settings.plain.enabled else []
    return [settings.dot.port, *more, *([settings.web.port] if settings.web.enabled else [])]


def identify(settings: Settings, grace_period: GracePeriod) -> Findings:
    """Renew what is due and follow the addresses of this box; those that it lost count on for their `grace_period`.

    Raises OperatorError; what was served before is served on.
    """
    before = paths.read_enrolment(settings)
    found, announced = addresses.survey(settings.addresses), _announced(settings)
    kept = _kept(settings, found.addresses, announced, grace_period)
    identity = _identity(settings, kept, _told_of(settings, announced))
    publish(identity, settings.run_dir, users.group_id(users.DOT))
    choice = reach.Choice(before.resolver, before.resolver_reason)
    found_now = _enrolment(settings, identity, found, choice)
    now = replace(found_now, resolver_faults=before.resolver_faults, public=before.public)
    after = carried_on(now, announced, before, kept, _today())
    warnings = _announce(settings, after)
    publish_profiles(settings, identity, after)
    warnings += folders.make(settings)  # somebody may have removed one, and its program cannot make it anew
    return Findings(news=_news(before, after), warnings=(*_warnings(identity), *warnings))


def _news(before: Enrolment, after: Enrolment) -> tuple[str, ...]:
    match must_scan_again(before, after):
        case Devices.ALL:
            return (f"addresses, a port or the root changed: {SCAN_AGAIN}, see `homedot setup-phone`",)
        case Devices.PINNING:
            return (f"the certificate has another key: devices that pin it need the new pin {after.spki_pin}",)
        case Devices.NONE:
            return ()


def _today() -> date | None:
    moment = clock.now()
    return moment and moment.date()


def _wait_for_clock(settings: Settings) -> None:
    """A first start makes certificates, and a board without a battery knows the date only once NTP has told it."""
    if settings.tls.certificate or clock.now() or not holds_nothing(settings.data_dir):
        return
    log.warning("it is not %s; waiting %g s for the clock", f"{datetime.now(UTC):%Y-%m-%d}", CLOCK_WAIT_S)
    deadline_s = time.monotonic() + CLOCK_WAIT_S
    while clock.now() is None and time.monotonic() < deadline_s:
        time.sleep(0.5)  # the kernel tells of a clock that was set only to programs with a timer for it


def _kept(
    settings: Settings, lan: tuple[IPAddress, ...], announced: Enrolment | None, grace_period: GracePeriod
) -> tuple[IPAddress, ...]:
    """What devices may count on: what is there and what may be back soon, unless the operator says which they are."""
    relied = announced.relied if announced else ()
    return lan if settings.addresses else (*lan, *grace_period.lost(lan, relied))


def _told_of(settings: Settings, announced: Enrolment | None) -> Path | None:
    """What says, on the volume, that devices trust an authority of ours; or may say so and cannot be read."""
    path = paths.announced(settings)
    return path if path.exists() and (announced is None or announced.root_pem) else None


def _identity(settings: Settings, kept: tuple[IPAddress, ...], told_of: Path | None) -> Identity:
    if settings.tls.certificate and settings.tls.key:
        certificate, key, root = settings.tls.certificate, settings.tls.key, settings.tls.root
        return load_own_certificate(certificate, key, settings.hostname, datetime.now(UTC), private_root=root)
    return ensure_own(settings.data_dir, Names(settings.hostname, kept), clock.now(), told_of=told_of)


def _warnings(identity: Identity) -> tuple[str, ...]:
    return identity.warnings if clock.now() else (*identity.warnings, CLOCK_NOT_SET)


def _enrolment(settings: Settings, identity: Identity, found: addresses.Survey, choice: reach.Choice) -> Enrolment:
    return Enrolment(
        hostname=settings.hostname,
        addresses=found.addresses,
        dot_port=settings.dot.public_port or settings.dot.port,
        plain_port=settings.plain.port if settings.plain.enabled else None,
        web_port=(settings.web.public_port or settings.web.port) if settings.web.enabled else None,
        root_pem=identity.root_pem.decode() if identity.root_pem else None,
        root_sha256=identity.root_sha256,
        spki_pin=identity.spki_pin,
        not_before=identity.not_before,
        not_after=identity.not_after,
        resolver=choice.mode,
        resolver_reason=choice.reason,
        private_root_pem=identity.private_root_pem.decode() if identity.private_root_pem else None,
        out_of_reach=found.notices,
        certified=tuple(address for address in found.addresses if address in identity.addresses),
    )


def _announce(settings: Settings, enrolment: Enrolment) -> tuple[str, ...]:
    """Tell devices, and keep on the volume what they were told, so that a change is noticed also across starts.

    Returns warnings: a note that the volume does not take is no reason to stop.
    """
    _put(paths.enrolment(settings), enrolment.to_json())
    try:
        # A certificate of the user's own needs no volume, but what is noted there must not stay what it was.
        if clock.now() and (enrolment.root_pem or paths.announced(settings).exists()):
            _put(paths.announced(settings), enrolment.to_json())
    except OperatorError as error:
        return error.faults
    return ()


def _announced(settings: Settings) -> Enrolment | None:
    for path in (paths.announced(settings), paths.enrolment(settings)):
        try:
            return from_json(read_regular(path, paths.MOST_ENROLMENT_OCTETS).decode())
        except FileNotFoundError:
            continue
        except (OSError, ValueError, OperatorError) as error:
            log.warning("%s: cannot be read, so a change of addresses may go unnoticed: %s", path, error)
    return None


def _make_folder_of_dot(path: Path) -> None:
    """Where the front door may make its socket, and everybody may reach it."""
    gid = users.group_id(users.DOT)
    try:
        path.mkdir(exist_ok=True)
        if gid is not None:
            os.chown(path, -1, gid)
        path.chmod(0o755 if gid is None else 0o775)
    except OSError as error:
        raise OperatorError(f"{path}: cannot be made: {error.strerror}") from error


def _put(path: Path, text: str) -> None:
    """Write what is not there already: a volume may be read-only."""
    with disk.write_faults(path):
        keep(path, text.encode())
