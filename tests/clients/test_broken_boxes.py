"""Boxes that are broken, and what the doctor's text says to somebody who did not build them: the cause, and no more."""

import json
import re
import time
from collections.abc import Sequence

import httpx
import pytest

from app.doctor.report import CHECKS
from tests.appliance import Appliance, folder_for_all, homedot, running, settings_in
from tests.fakes.dot_server import DotServer
from tests.fakes.pki import Authority
from tests.internet import DEAD, FORWARDER, Internet
from tests.internet.forwarder import PLAIN_PORT
from tests.internet.valve import valve
from tests.trust.test_clock import with_a_clock_of_its_own

from .asking import ask_until_answered
from .test_forwarding import appliance

pytestmark = pytest.mark.server


def causes(text: str) -> Sequence[str]:
    """Those that the doctor numbers."""
    return re.findall(r"^\d+\. (.*)$", text, re.MULTILINE)


def test_a_box_whose_forwarder_is_dead_is_told_by_the_forwarder(internet: Internet) -> None:
    with appliance(internet, "", forward=internet.address(DEAD)) as box:
        done = box.appliance.homedot("doctor")
        page = doctors_page(box.appliance)
    told = (
        f"names are not found: the forwarder {internet.block}.66 (resolver.forward) is silent, or says nothing usable"
    )
    assert (done.returncode, causes(done.stdout)) == (1, [told])
    assert "name another one in HOMEDOT_RESOLVER__FORWARD" in done.stdout
    assert "FAIL" not in done.stdout
    assert told in page.partition("<details>")[0]
    assert "Nothing is wrong" not in page


def doctors_page(box: Appliance) -> str:
    while "being made" in (page := httpx.get(f"http://127.0.0.1:{box.web_port}/doctor").text):
        time.sleep(0.5)  # a browser, which is told when to ask again, takes longer
    return page


def test_a_box_whose_internet_dies_later_is_told_though_its_cache_has_the_roots_keys(internet: Internet) -> None:
    """What is in the cache would let every other check pass."""
    upstream = internet.address(105)
    with (
        valve((upstream, 53), (internet.address(FORWARDER), PLAIN_PORT)) as line,
        appliance(internet, "", forward=upstream) as box,
    ):
        names = ("--bogus-name", "bogus.test", "--slow-name")
        ask_until_answered(box, "www.signed.test")
        well = box.appliance.homedot("doctor", *names, "before.unsigned.test")
        assert (well.returncode, causes(well.stdout)) == (0, []), well.stdout
        line.state = "silent"
        (cause,) = causes(box.appliance.homedot("doctor", *names, "after.unsigned.test").stdout)
        assert cause.startswith(f"names are not found: the forwarder {upstream} (resolver.forward) is silent")


def test_a_box_whose_port_another_program_has_is_told_by_that_program(internet: Internet) -> None:
    other = Authority()
    leaf = other.intermediate.sign("AdGuard Home", names=["dns.example"])
    with folder_for_all() as folder:
        environment = settings_in(folder, **internet.environment)
        with running(folder, environment) as box:
            pass
        chain = leaf.write_chain(folder / "other.pem", other.intermediate)
        with DotServer(chain, port=box.dot_port):
            taken = homedot(environment, "doctor")
            told = json.loads(homedot(environment, "doctor", "--json").stdout)
        nobody = homedot(environment, "doctor")
    (cause,) = causes(taken.stdout)
    assert cause.startswith(
        f"another program answers at 127.0.0.1 port {box.dot_port}: its certificate is CN=AdGuard Home, for dns.example"
    )
    assert (taken.returncode, told["exit_code"], nobody.returncode) == (1, 1, 1)
    assert len(told["causes"][0]["not_tried"]) == len(CHECKS) - 3  # itself, block lists and who may ask need no port
    (cause,) = causes(nobody.stdout)
    assert cause.startswith("dot, the program that answers devices, does not run")


def test_a_box_with_a_missing_list_and_a_wrong_clock_is_told_of_both_and_of_nothing_else(internet: Internet) -> None:
    with folder_for_all() as folder:
        (folder / "time").write_text("+1y")
        environment = with_a_clock_of_its_own(folder, internet) | {
            "HOMEDOT_BLOCKING__ENABLED": "true",
            "HOMEDOT_BLOCKING__LISTS": "/nowhere/list.txt",
        }
        with running(folder, environment) as box:
            while "/nowhere/list.txt" not in box.log:
                pass  # another program looks for it
            done = box.homedot("doctor")
    clock, missing = causes(done.stdout)
    assert done.returncode == 1
    assert clock.startswith("the clock of this machine is wrong: it says 20")
    assert "the signatures of the internet's root are good from " in clock
    assert missing.startswith("the block list /nowhere/list.txt is missing, so nothing on it is blocked: ")
    assert "What to do: check the address in HOMEDOT_BLOCKING__LISTS;" in done.stdout


def test_who_may_not_ask_is_told_that_it_cannot_be_told(internet: Internet) -> None:
    with folder_for_all() as folder, running(folder, settings_in(folder, **internet.environment)) as box:
        command = ("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "homedot", "doctor")
        done = box.run(*command, "--bogus-name", "bogus.test")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Whether all is well cannot be told." in done.stdout
    assert "Nothing is wrong" not in done.stdout
