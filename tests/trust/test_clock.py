"""What is believed of the clock, and a whole appliance on a board that has none."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509

from app.onboarding.guides import AFTER_A_MOVE
from app.programs.clock_reset import RESTARTING
from app.trust import clock
from app.trust.constraints import Names
from app.trust.store import ensure_own
from tests.appliance import (
    DEADLINE_S,
    PROGRAMS,
    START,
    Appliance,
    children,
    clean,
    command_line,
    folder_for_all,
    running,
    settings_in,
)
from tests.internet import Internet
from tests.ticking import upkeep

WRITTEN = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("now", [WRITTEN, WRITTEN - timedelta(hours=23), WRITTEN + timedelta(days=3650)])
def test_a_clock_that_may_be_right_is_believed(now: datetime) -> None:
    assert clock.believed(now, WRITTEN) == now


@pytest.mark.parametrize("year", [1970, 2019])
def test_there_is_no_time_before_the_program_was_written(year: int) -> None:
    assert clock.believed(datetime(year, 1, 1, tzinfo=UTC), WRITTEN) is None


def test_it_was_written_when_its_newest_module_was(tmp_path: Path) -> None:
    for name, day in (("a.py", 3), ("room/b.py", 5), ("room/c.pyc", 7)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        moment = datetime(2026, 6, day, tzinfo=UTC).timestamp()
        os.utime(tmp_path / name, (moment, moment))
    assert clock.written(tmp_path) == datetime(2026, 6, 5, tzinfo=UTC)


def test_now_is_after_this_version_was_written() -> None:
    now = clock.now()
    assert now is not None
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


YEARS = ("1970-01-02 00:00:00", "2019-01-01 00:00:00")


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_all() as path:
        yield path


# libfaketime 0.9.10 takes a sleep until a monotonic time, as Python 3.11 sleeps, for one until a date, and fails.
SLEEP_BY_SELECT = "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds)\n"


def with_a_clock_of_its_own(folder: Path, internet: Internet) -> dict[str, str]:
    """Settings of an appliance for which it is what `folder`/time says, and what it says can be changed."""
    _forget_the_dead()
    (folder / "sitecustomize.py").write_text(SLEEP_BY_SELECT)
    (library,) = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    clock_of_its_own = {
        "LD_PRELOAD": str(library),
        "PYTHONPATH": str(folder),
        "FAKETIME_TIMESTAMP_FILE": str(folder / "time"),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "TZ": "UTC",
    }
    return settings_in(folder, **internet.environment, **clock_of_its_own)


def _forget_the_dead() -> None:
    """libfaketime leaves memory behind for each process that was killed, and stops another user's with the same id."""
    for path in Path("/dev/shm").glob("*faketime_s*"):
        if not Path(f"/proc/{path.name.rpartition('_')[2]}").exists():
            path.unlink(missing_ok=True)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.server
@pytest.mark.parametrize("year", YEARS)
def test_a_board_without_a_clock_serves_what_it_has_and_renews_when_the_time_is_right(
    folder: Path, internet: Internet, year: str
) -> None:
    two_thirds_ago = datetime.now(UTC) - timedelta(days=130)
    loopback = (ip_address("127.0.0.1"), ip_address("::1"))
    old = ensure_own(folder / "data", Names("dns.home.arpa", loopback), two_thirds_ago)
    before = tree(folder / "data")
    (folder / "time").write_text(f"@{year}")
    environment = with_a_clock_of_its_own(folder, internet)
    with running(folder, environment) as appliance:
        assert appliance.log.count("the clock of this machine is not set") == 1
        with upkeep(folder, environment) as minute:
            minute.tick()
            minute.tick()
            assert minute.log.count("the clock of this machine is not set") == 1
            assert tree(folder / "data") == before
            assert (folder / "run/tls/pair.pem").read_bytes() == old.pair_pem
            assert rcode(appliance, "signed.test") == "SERVFAIL"  # its signatures are from the future
            assert rcode(appliance, "pool.ntp.org") == "NOERROR"  # where the time comes from is looked up
            (folder / "time").write_text("+0")
            minute.tick()
            assert "renewed the certificate: it ends on" in minute.log
            assert RESTARTING not in minute.log
            assert rcode(appliance, "signed.test") == "NOERROR"  # what unbound took for bogus is over
        chain = (folder / "data/tls/chain.pem").read_bytes()
        assert chain != old.chain_pem
        assert (folder / "run/tls/pair.pem").read_bytes().endswith(chain)
        assert AFTER_A_MOVE not in " ".join(appliance.log.split())


@pytest.mark.server
def test_what_unbound_learned_in_a_year_to_come_is_forgotten_when_the_clock_is_put_back(
    folder: Path, internet: Internet
) -> None:
    (folder / "time").write_text("+10y")
    environment = with_a_clock_of_its_own(folder, internet)
    start = start_without_upkeep(folder)
    with running(folder, environment, start) as appliance, upkeep(folder, environment) as minute:
        minute.tick()
        assert rcode(appliance, "signed.test") == "SERVFAIL"  # its signatures have expired
        assert 0 < ttl_s(appliance, "pool.ntp.org") <= 300
        (folder / "time").write_text("+0")
        until(lambda: ttl_s(appliance, "pool.ntp.org") > 3600, appliance)  # the front door forgets, unbound not
        assert rcode(appliance, "signed.test") == "SERVFAIL"  # for as long
        before = unbound(appliance)
        minute.tick()
        minute.tick()
        assert minute.log.count("the clock was put back by 3650 days") == 1
        until(lambda: rcode(appliance, "signed.test") == "NOERROR", appliance)
        until(lambda: 0 < ttl_s(appliance, "pool.ntp.org") <= 300, appliance)
        after = unbound(appliance)
        assert after != before
        minute.tick()
        assert unbound(appliance) == after


def start_without_upkeep(folder: Path) -> Path:
    """A copy of what starts the appliance, made in `folder`: there is no other upkeep than the test's."""
    copy = Path(shutil.copytree(START.parent, folder / "start"))
    configuration = copy / "supervisord.conf"
    text, listener, _ = configuration.read_text().partition("[eventlistener:upkeep]")
    assert listener
    configuration.write_text(text)
    return copy / START.name


def until(is_so: Callable[[], bool], appliance: Appliance) -> None:
    deadline_s = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline_s, appliance.log
        time.sleep(0.05)  # the front door looks every two seconds, and unbound takes a moment to start


def unbound(appliance: Appliance) -> int:
    """Its process id."""
    return next(pid for pid in children(appliance.process.pid) if "unbound" in command_line(pid))


def kdig(appliance: Appliance, *arguments: str) -> str:
    command = ["kdig", "@127.0.0.1", "-p", str(appliance.dot_port), "+tls", "+timeout=9", "+retry=0", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout


def rcode(appliance: Appliance, name: str) -> str:
    return kdig(appliance, name).partition("status: ")[2].partition(";")[0]


def ttl_s(appliance: Appliance, name: str) -> int:
    """Of the first record of the answer; 0 if there is none."""
    return int((kdig(appliance, "+noall", "+answer", name).split() or "00")[1])


@pytest.mark.server
def test_a_first_start_without_a_clock_waits_and_makes_certificates_of_the_right_day(
    folder: Path, internet: Internet
) -> None:
    (folder / "time").write_text(f"@{YEARS[0]}")
    environment = with_a_clock_of_its_own(folder, internet)
    with subprocess.Popen(
        [*PROGRAMS, "bootstrap"], env=clean(environment), stdout=subprocess.PIPE, text=True
    ) as bootstrap:
        assert bootstrap.stdout is not None
        assert " homedot: homedot " in bootstrap.stdout.readline()  # the version
        assert bootstrap.stdout.readline().endswith(
            " warning homedot: it is not 1970-01-02; waiting 60 s for the clock\n"
        )
        assert not (folder / "data").exists()
        (folder / "time").write_text("+0")
        bootstrap.stdout.read()
    assert bootstrap.returncode == 0
    (leaf, _) = x509.load_pem_x509_certificates((folder / "data/tls/chain.pem").read_bytes())
    assert abs(leaf.not_valid_before_utc - (datetime.now(UTC) - timedelta(days=1))) < timedelta(hours=1)
