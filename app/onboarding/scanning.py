"""Which devices must scan the code again, by the enrolment before and now. Pure."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date
from enum import Enum

from app.config.values import IPAddress

from .enrolment import Enrolment, probe_address


class Devices(Enum):
    """Some of those that joined."""

    NONE = "none"
    PINNING = "those that pin the key"
    ALL = "all"


def must_scan_again(before: Enrolment, now: Enrolment) -> Devices:
    """Those that fail with what `before` told them until they have what `now` tells.

    All of them after another name, root or port, without an address that they rely on, and when they are told so by
    another day of `moved_on`. One address more, or one less that nobody relies on, is no reason; nor is a page that is
    off, because with it the code is gone too, and what asks it is well when it is back.
    """
    if (now.hostname, now.root_sha256, now.moved_on) != (before.hostname, before.root_sha256, before.moved_on):
        return Devices.ALL
    if now.dot_port != before.dot_port or before.relied_web_port not in (None, now.relied_web_port):
        return Devices.ALL
    if not set(before.relied) <= set(now.relied):
        return Devices.ALL
    return Devices.NONE if now.spki_pin == before.spki_pin else Devices.PINNING


def carried_on(
    now: Enrolment, told: Enrolment | None, served: Enrolment | None, kept: Collection[IPAddress], today: date | None
) -> Enrolment:
    """`now` with the addresses that devices rely on, and the day since which older profiles are out of date.

    `told` is what devices were told last, as far as the volume took a note of it, and `served` what this run tells
    them; `kept` are the addresses that they may count on. Without knowing `today` no new day is told.
    """
    now = _with_what_is_relied_on(now, told, kept)
    if told is None or today is None or must_scan_again(told, now) is not Devices.ALL:
        return now
    if served and served.moved_on != told.moved_on:
        as_served = replace(now, moved_on=served.moved_on)
        if must_scan_again(served, as_served) is not Devices.ALL:
            return as_served
    return replace(now, moved_on=today)


def _with_what_is_relied_on(now: Enrolment, told: Enrolment | None, kept: Collection[IPAddress]) -> Enrolment:
    relied = [address for address in told.relied if address in kept] if told else []
    if set(relied) <= set(now.addresses):
        # While one is waited for, the others may be there for just as long: 169.254.x.y until DHCP answers.
        relied.append(probe_address(now.addresses))
    return replace(
        now,
        relied=tuple(dict.fromkeys(relied)),
        relied_web_port=now.web_port or (told.relied_web_port if told else None),
        moved_on=told.moved_on if told else None,
    )
