from dataclasses import replace
from datetime import date
from ipaddress import ip_address
from typing import Any

import pytest

from app.onboarding.enrolment import Enrolment
from app.onboarding.scanning import Devices, carried_on, must_scan_again

FIRST, SECOND, THIRD = map(ip_address, ("192.168.1.10", "192.168.1.20", "fd00::10"))
EARLIER, TODAY = date(2026, 5, 1), date(2026, 6, 1)


@pytest.fixture
def before(own_authority: Enrolment) -> Enrolment:
    return replace(own_authority, addresses=(FIRST, SECOND), relied=(FIRST, SECOND), relied_web_port=8853)


@pytest.mark.parametrize(
    "change",
    [
        {"hostname": "dns.example.org"},
        {"relied": (SECOND,)},
        {"relied": (SECOND, THIRD)},
        {"root_pem": None, "root_sha256": None},
        {"moved_on": TODAY},
        {"hostname": "dns.example.org", "spki_pin": "x"},
        {"dot_port": 8530},
        {"web_port": 18853, "relied_web_port": 18853},
    ],
)
def test_all_must_after_another_name_root_or_port_and_without_an_address_they_rely_on(
    before: Enrolment, change: Any
) -> None:
    assert must_scan_again(before, replace(before, **change)) is Devices.ALL


def test_those_that_pin_the_key_must_after_another_key(before: Enrolment) -> None:
    assert must_scan_again(before, replace(before, spki_pin="x")) is Devices.PINNING


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"addresses": (THIRD, FIRST)},
        {"addresses": (FIRST,)},
        {"relied": (THIRD, SECOND, FIRST)},
        {"certified": (FIRST,)},
        {"resolver": "forward"},
        {"web_port": None},
    ],
)
def test_nobody_must_when_what_they_have_is_as_good(before: Enrolment, change: Any) -> None:
    assert must_scan_again(before, replace(before, **change)) is Devices.NONE


def test_the_first_start_relies_on_the_surest_address_and_tells_no_day(before: Enrolment) -> None:
    first = carried_on(replace(before, addresses=(THIRD, FIRST, SECOND), relied=()), None, None, (FIRST,), TODAY)
    assert (first.relied, first.moved_on) == ((FIRST,), None)


def test_an_address_that_comes_first_now_is_relied_on_too(before: Enrolment) -> None:
    told = replace(before, relied=(SECOND,))
    assert carried_on(replace(before, relied=()), told, None, (FIRST, SECOND), TODAY).relied == (SECOND, FIRST)


def test_while_an_address_is_waited_for_no_other_is_relied_on(before: Enrolment) -> None:
    told = replace(before, relied=(FIRST,))
    now = carried_on(replace(before, addresses=(SECOND,), relied=()), told, told, (FIRST, SECOND), TODAY)
    assert (now.relied, now.moved_on) == ((FIRST,), None)


def test_an_address_that_is_lost_tells_the_day(before: Enrolment) -> None:
    told = replace(before, relied=(FIRST,), moved_on=EARLIER)
    now = carried_on(replace(before, addresses=(SECOND,), relied=()), told, told, (SECOND,), TODAY)
    assert (now.relied, now.moved_on) == ((SECOND,), TODAY)


def test_another_port_of_the_page_tells_the_day_also_after_it_was_off(before: Enrolment) -> None:
    off = carried_on(replace(before, web_port=None), before, None, (FIRST, SECOND), TODAY)
    assert (off.relied_web_port, off.moved_on) == (8853, None)
    assert carried_on(before, off, None, (FIRST, SECOND), TODAY).moved_on is None
    assert carried_on(replace(before, web_port=18853), off, None, (FIRST, SECOND), TODAY).moved_on == TODAY


def test_a_page_that_is_opened_first_is_no_reason(before: Enrolment) -> None:
    without = replace(before, web_port=None, relied_web_port=None)
    assert carried_on(before, without, None, (FIRST, SECOND), TODAY).moved_on is None


def test_no_day_is_told_while_it_is_not_known(before: Enrolment) -> None:
    told = replace(before, moved_on=EARLIER)
    renamed = replace(before, hostname="dns.example.org")
    assert carried_on(renamed, told, told, (FIRST, SECOND), None).moved_on == EARLIER


def test_what_was_told_before_is_told_on_when_nothing_changed(before: Enrolment) -> None:
    told = replace(before, moved_on=EARLIER)
    assert carried_on(before, told, told, (FIRST, SECOND), TODAY) == told


def test_a_day_that_the_volume_took_no_note_of_is_told_on(before: Enrolment) -> None:
    renamed = replace(before, hostname="dns.example.org")
    served = replace(renamed, moved_on=EARLIER)
    assert carried_on(renamed, before, served, (FIRST, SECOND), TODAY).moved_on == EARLIER
    again = replace(before, hostname="dns.example.net")
    assert carried_on(again, before, served, (FIRST, SECOND), TODAY).moved_on == TODAY
