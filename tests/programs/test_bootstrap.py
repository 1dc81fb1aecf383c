"""The first start and every minute after it, on a real disk, with the internet replaced by settings."""

import json
import os
import pwd
import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import dns.message
import pytest
from cryptography import x509

from app.config.settings import Blocking, Dot, Resolver, Settings, Tls, Web
from app.errors import OperatorError
from app.host import addresses
from app.host.addresses import Survey
from app.host.grace_period import GRACE_S, GracePeriod
from app.onboarding.enrolment import Enrolment, from_json
from app.onboarding.guides import AFTER_A_MOVE, notices
from app.onboarding.profile import mobileconfig
from app.onboarding.scanning import Devices, must_scan_again
from app.programs import bootstrap, paths
from app.programs.bootstrap import SCAN_AGAIN
from app.programs.findings_log import Findings
from app.trust import clock
from app.trust.disk import FULL
from app.trust.own import WRONG_ORDER
from tests.appliance import PROGRAMS, clean
from tests.appliance import bootstrap as start_bootstrap
from tests.appliance import settings_in as settings_for_programs
from tests.fakes.forwarder import forwarding
from tests.fakes.pki import Authority
from tests.internet import Internet
from tests.namespace import namespace

NAME = "dns.home.arpa"


def settings_in(folder: Path, addresses: str = "192.168.1.10", tls: Tls | None = None) -> Settings:
    return Settings(
        data_dir=folder / "data",
        run_dir=folder / "run",
        addresses=tuple(ip_address(text) for text in addresses.split(",")),
        resolver=Resolver(mode="recursive", port=5335),
        tls=tls or Tls(),
    )


def identify(settings: Settings) -> Findings:
    return bootstrap.identify(settings, GracePeriod())


def start(settings: Settings) -> Enrolment:
    bootstrap.run(settings)
    return paths.read_enrolment(settings)


def test_the_first_start_shows_how_a_phone_joins(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    enrolment = start(settings_in(tmp_path))
    shown = capfd.readouterr().out
    assert "http://192.168.1.10:8853/homedot.mobileconfig" in shown
    assert (enrolment.root_sha256 or "?")[:47] in shown
    assert all(f"  {number}. " in shown for number in range(1, 6))
    assert "█" in shown


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    first = start(settings)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()}
    assert start(settings) == first
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()} == before


def test_the_configuration_of_unbound_is_one_that_unbound_accepts(tmp_path: Path) -> None:
    start(settings_in(tmp_path))
    path = str(paths.unbound_conf(settings_in(tmp_path)))
    subprocess.run(["unbound-checkconf", path], check=True, capture_output=True, env={"PATH": "/usr/sbin"})


def test_nothing_is_made_when_the_own_certificate_is_no_good(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("nonsense")
    (tmp_path / "key.pem").write_text("nonsense")
    settings = settings_in(tmp_path, tls=Tls(certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem"))
    with pytest.raises(OperatorError) as caught:
        bootstrap.run(settings)
    assert len(caught.value.faults) == 2
    assert not (tmp_path / "data/ca").exists()
    assert not (tmp_path / "run").exists()


def give_certificate(folder: Path, ends: timedelta = timedelta(days=60), *, upside_down: bool = False) -> Authority:
    """Put a certificate of the user's own and its key into `folder`."""
    authority = Authority()
    leaf = authority.intermediate.sign(NAME, names=[NAME], ends=ends)
    chain = [leaf.pem, authority.intermediate.pem, authority.root.pem]
    (folder / "cert.pem").write_bytes(b"".join(reversed(chain) if upside_down else chain))
    (folder / "key.pem").write_bytes(leaf.key_pem)
    return authority


def settings_with_certificate(folder: Path, addresses: str = "192.168.1.10") -> Settings:
    return settings_in(folder, addresses, Tls(certificate=folder / "cert.pem", key=folder / "key.pem"))


def test_an_own_certificate_is_served_and_no_authority_is_made(tmp_path: Path) -> None:
    give_certificate(tmp_path)
    settings = settings_with_certificate(tmp_path)
    assert start(settings).root_pem is None
    assert paths.pair(settings).read_bytes().startswith((tmp_path / "key.pem").read_bytes())
    assert not (tmp_path / "data/ca").exists()


def test_the_root_of_a_private_authority_is_told_to_the_doctor(tmp_path: Path) -> None:
    root = give_certificate(tmp_path).root.pem
    (tmp_path / "root.pem").write_bytes(root)
    settings = settings_with_certificate(tmp_path)
    assert start(settings).private_root_pem is None
    settings = replace(settings, tls=replace(settings.tls, root=tmp_path / "root.pem"))
    assert start(settings).private_root_pem == root.decode()


def test_the_profile_is_signed_with_an_own_certificate_at_start_and_again_after_a_change(tmp_path: Path) -> None:
    give_certificate(tmp_path)
    for address, begin in (("192.168.1.10", bootstrap.run), ("192.168.1.77", identify)):
        settings = settings_with_certificate(tmp_path, address)
        begin(settings)
        profile = mobileconfig(paths.read_enrolment(settings))
        assert profile in paths.read_signed(settings, profile) != profile


def test_warnings_about_an_own_certificate_are_told_at_start_and_by_upkeep(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    give_certificate(tmp_path, timedelta(hours=5.5), upside_down=True)
    settings = settings_with_certificate(tmp_path)
    start(settings)
    shown = caplog.text
    order, *ends = identify(settings).warnings
    assert WRONG_ORDER in order
    assert any("certificate 3 ends on " in warning and "in less than 6 hours" in warning for warning in ends)
    for warning in (order, *ends):
        assert warning in shown


def test_upkeep_leaves_alone_what_is_well(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    start(settings)
    assert identify(settings) == Findings()


def test_c19_upkeep_follows_a_new_address_with_the_same_key(tmp_path: Path) -> None:
    before = start(settings_in(tmp_path))
    more = settings_in(tmp_path, "192.168.1.10,fd00::2")
    assert identify(more).news == ()
    assert paths.read_enrolment(more).moved_on is None
    moved = settings_in(tmp_path, "192.168.1.77,fd00::2")
    pair = paths.pair(moved).read_bytes()
    assert SCAN_AGAIN in identify(moved).news[0]
    after = paths.read_enrolment(moved)
    assert [str(address) for address in after.addresses] == ["192.168.1.77", "fd00::2"]
    assert (after.spki_pin, after.root_pem, after.resolver) == (before.spki_pin, before.root_pem, before.resolver)
    assert paths.pair(moved).read_bytes() != pair
    assert identify(moved).news == ()


class Machine:
    """Its addresses are found and not set, and an upkeep that remembers them, with a clock in a test's hands."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.settings = replace(settings_in(folder), addresses=())
        self.now_s = 0.0
        self.grace_period = GracePeriod(lambda: self.now_s)
        self.found = "192.168.1.10"
        patch.setattr(addresses, "survey", lambda *_: Survey(tuple(map(ip_address, self.found.split(",")))))

    def minute(self, found: str, minutes: int = 1) -> tuple[str, ...]:
        """The news when `minutes` later there is what `found` says."""
        self.found = found
        self.now_s += 60.0 * minutes
        self.grace_period.see(addresses.effective(()))
        return bootstrap.identify(self.settings, self.grace_period).news

    @property
    def enrolment(self) -> Enrolment:
        return paths.read_enrolment(self.settings)

    @property
    def certified(self) -> set[str]:
        pair = paths.pair(self.settings).read_bytes()
        (leaf, *_) = x509.load_pem_x509_certificates(pair)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return {str(address) for address in names.get_values_for_type(x509.IPAddress)} - {"127.0.0.1", "::1"}


def test_an_address_that_comes_back_soon_is_no_reason_to_scan_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path, monkeypatch)
    start(machine.settings)
    both = "192.168.1.10,192.168.1.20"
    chains = set()
    for found in (both, "192.168.1.20", both, "192.168.1.10", both):
        assert machine.minute(found) == ()
        assert ",".join(map(str, machine.enrolment.addresses)) == found
        assert machine.certified == set(both.split(","))
        chains.add(paths.pair(machine.settings).read_bytes())
    assert len(chains) == 1
    assert machine.enrolment.moved_on is None


def test_an_address_that_does_not_come_back_leaves_the_certificate_and_devices_must_scan_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path, monkeypatch)
    start(machine.settings)
    assert machine.minute("192.168.1.10") == ()
    assert machine.minute("192.168.1.20", int(GRACE_S / 60) - 1) == ()
    assert machine.certified == {"192.168.1.10", "192.168.1.20"}
    (news,) = machine.minute("192.168.1.20")
    assert SCAN_AGAIN in news
    assert machine.certified == {"192.168.1.20"}
    assert machine.enrolment.moved_on is not None
    assert machine.minute("192.168.1.20") == ()


def test_a_start_without_an_address_that_devices_hang_on_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path, monkeypatch)
    start(machine.settings)
    shutil.rmtree(tmp_path / "run")
    machine.found = "fd00::20"
    enrolment = start(machine.settings)
    assert enrolment.moved_on is None
    assert list(map(str, enrolment.addresses)) == ["fd00::20"]
    assert machine.certified == {"192.168.1.10", "fd00::20"}
    assert machine.minute("fd00::20", int(GRACE_S / 60) - 1) == ()
    assert SCAN_AGAIN in machine.minute("fd00::20", 2)[0]


def test_an_address_for_the_time_without_a_router_is_not_one_that_devices_hang_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path, monkeypatch)
    start(machine.settings)
    shutil.rmtree(tmp_path / "run")
    machine.found = "169.254.7.7"  # RFC 3927: what a machine gives itself until DHCP answers
    start(machine.settings)
    assert machine.minute("192.168.1.10") == ()
    assert machine.enrolment.moved_on is None
    # Nobody else answers, and it stays: now it counts.
    machine.minute("169.254.7.7")
    assert SCAN_AGAIN in machine.minute("169.254.7.7", int(GRACE_S / 60))[0]
    assert SCAN_AGAIN in machine.minute("192.168.1.10")[0]


def test_devices_are_told_once_of_a_certificate_of_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(settings_in(tmp_path))
    give_certificate(tmp_path)
    own = settings_with_certificate(tmp_path)
    shutil.rmtree(tmp_path / "run")
    day = start(own).moved_on
    assert day is not None
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(days=3))
    assert identify(own).news == ()
    shutil.rmtree(tmp_path / "run")
    assert start(own).moved_on == day


def test_devices_are_told_once_also_while_the_volume_takes_no_note_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start(settings_in(tmp_path))
    moved = settings_in(tmp_path, "192.168.1.77")
    (tmp_path / "data/.enrolment.json.new").mkdir()  # in the way of every new note
    findings = identify(moved)
    assert SCAN_AGAIN in findings.news[0]
    assert findings.warnings[0].startswith(f"{tmp_path}/data/.enrolment.json.new: ")
    day = paths.read_enrolment(moved).moved_on
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(days=3))
    assert identify(moved).news == ()
    assert paths.read_enrolment(moved).moved_on == day
    assert SCAN_AGAIN in identify(settings_in(tmp_path, "192.168.1.78")).news[0]
    assert paths.read_enrolment(moved).moved_on != day


def test_what_devices_were_told_outlives_the_run_folder(tmp_path: Path) -> None:
    assert start(settings_in(tmp_path)).moved_on is None
    for address, moves in (("192.168.1.10", False), ("192.168.1.77", True), ("192.168.1.77", True)):
        shutil.rmtree(tmp_path / "run")
        enrolment = start(settings_in(tmp_path, address))
        assert (enrolment.moved_on is not None) == moves


def test_what_devices_were_told_by_an_earlier_version_counts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    start(settings_in(tmp_path))
    moved = start(settings_in(tmp_path, "192.168.1.77")).moved_on
    note = paths.announced(settings_in(tmp_path))
    told = json.loads(note.read_text())
    del told["relied"]
    for address, moved_on in (("192.168.1.77", "2026-06-01"), ("192.168.1.78", str(moved))):
        shutil.rmtree(tmp_path / "run")
        note.write_text(json.dumps(told | {"moved_on": "2026-06-01"}))
        assert str(start(settings_in(tmp_path, address)).moved_on) == moved_on
    assert "cannot be read" not in caplog.text


def test_a_note_of_what_devices_were_told_that_cannot_be_read_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(tmp_path)
    before = start(settings)
    for garbage in (b"garbage", b"\xff", b"{}"):
        paths.announced(settings).write_bytes(garbage)
        assert start(settings) == before
        assert "so a change of addresses may go unnoticed" in caplog.text
        caplog.clear()


def test_an_address_that_the_authority_may_not_certify_is_told_with_the_way_out(tmp_path: Path) -> None:
    start(settings_in(tmp_path))
    pair = paths.pair(settings_in(tmp_path)).read_bytes()
    moved = settings_in(tmp_path, "192.168.1.10,203.0.113.5")
    for attempt in (identify, bootstrap.run):
        with pytest.raises(OperatorError, match=r"without the public address 203\.0\.113\.5: .*`homedot ca new`"):
            attempt(moved)
    assert paths.pair(moved).read_bytes() == pair


def test_a_box_without_a_clock_serves_what_it_has_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = start(settings_in(tmp_path))
    chain = (tmp_path / "data/tls/chain.pem").read_bytes()
    caplog.clear()
    shutil.rmtree(tmp_path / "run")
    moved = settings_in(tmp_path, "192.168.1.77")
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: None)
        assert start(moved).root_pem == before.root_pem
        assert identify(moved) == Findings(warnings=(bootstrap.CLOCK_NOT_SET,))
    assert bootstrap.CLOCK_NOT_SET in caplog.text
    assert (tmp_path / "data/tls/chain.pem").read_bytes() == chain
    findings = identify(moved)
    assert SCAN_AGAIN in findings.news[0]
    assert paths.read_enrolment(moved).moved_on is not None
    assert (tmp_path / "data/tls/chain.pem").read_bytes() != chain


class Time:
    """A clock that is set after some waiting, or never."""

    def __init__(self, patch: pytest.MonkeyPatch, set_after_s: float) -> None:
        self.waited_s = 0.0
        patch.setattr(bootstrap, "time", self)
        patch.setattr(clock, "now", lambda: datetime.now(UTC) if self.waited_s >= set_after_s else None)

    def monotonic(self) -> float:
        return self.waited_s

    def sleep(self, seconds: float) -> None:
        self.waited_s += seconds


def test_a_first_start_waits_for_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    time = Time(monkeypatch, 20)
    start(settings_in(tmp_path))
    assert time.waited_s == 20
    assert "waiting 60 s for the clock" in caplog.text


def test_a_first_start_gives_up_when_the_clock_is_never_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    time = Time(monkeypatch, 1000)
    with pytest.raises(OperatorError, match="the clock of this machine is not set"):
        bootstrap.run(settings_in(tmp_path))
    assert time.waited_s == bootstrap.CLOCK_WAIT_S
    assert not list((tmp_path / "data").iterdir())


def test_upkeep_serves_an_own_certificate_that_was_replaced(tmp_path: Path) -> None:
    settings = settings_with_certificate(tmp_path)
    for begin in (bootstrap.run, identify):
        give_certificate(tmp_path)
        begin(settings)
        assert paths.pair(settings).read_bytes().startswith((tmp_path / "key.pem").read_bytes())


def test_a_renewed_certificate_is_no_reason_to_scan_again(tmp_path: Path) -> None:
    give_certificate(tmp_path, timedelta(days=29))
    settings = settings_with_certificate(tmp_path)
    before = start(settings)
    give_certificate(tmp_path, timedelta(days=28))
    (news,) = identify(settings).news
    assert "devices that pin it need the new pin" in news
    after = paths.read_enrolment(settings)
    assert after.not_after < before.not_after
    assert after.spki_pin != before.spki_pin


@pytest.mark.server
def test_a_first_start_on_a_full_disk_makes_nothing_and_the_next_one_makes_all(folder: Path) -> None:
    environment = settings_for_programs(folder, HOMEDOT_RESOLVER__MODE="recursive")
    data = folder / "data"
    data.mkdir()
    with namespace() as apart:
        for kilobytes, code in ((4, 2), (12, 2), (512, 0)):
            new = [] if kilobytes == 4 else ["remount,"]
            apart.run("mount", "-t", "tmpfs", "-o", f"{''.join(new)}size={kilobytes}k", "none", str(data))
            done = apart.bootstrap(environment)
            assert done.returncode == code, done.stderr
            assert (FULL in done.stderr) == (code == 2)
            assert "Traceback" not in done.stderr
        listed = subprocess.run([*apart.enter, "ls", data], capture_output=True, text=True, check=True).stdout.split()
        assert listed == ["ca", "enrolment.json", "owner", "tls", "version.json"]


@pytest.mark.server
@pytest.mark.parametrize("nr_inodes", [1, 3, 6])
def test_a_volume_without_room_for_one_file_more_is_told_in_one_sentence(folder: Path, nr_inodes: int) -> None:
    environment = settings_for_programs(folder, HOMEDOT_RESOLVER__MODE="recursive")
    data = folder / "data"
    data.mkdir()
    with namespace() as apart:
        apart.run("mount", "-t", "tmpfs", "-o", f"nr_inodes={nr_inodes}", "none", str(data))
        done = apart.bootstrap(environment)
        assert done.returncode == 2
        assert (done.stderr.count(FULL), "Traceback" in done.stderr) == (1, False)
        assert "`df -i`" in done.stderr
        apart.run("mount", "-o", "remount,nr_inodes=500", str(data))
        assert apart.bootstrap(environment).returncode == 0
        full = f"number=0; while touch {data}/$number 2>/dev/null; do number=$((number + 1)); done"
        apart.run("sh", "-c", full)
        done = apart.bootstrap(environment | {"HOMEDOT_ADDRESSES": "192.168.1.77"})
        assert (done.returncode, "Traceback" in done.stderr + done.stdout) == (0, False)
        assert "Still serving the previous certificate" in done.stdout + done.stderr


@pytest.mark.server
def test_files_of_another_user_are_read_without_the_right_to_read_everybodys(folder: Path) -> None:
    """As compose starts it: a folder of uid 1000 with what it keeps to itself."""
    authority = Authority()
    leaf = authority.intermediate.sign("dns.example.org", names=["dns.example.org"])
    own = folder / "config"
    own.mkdir()
    settings = f"hostname: dns.example.org\ntls: {{certificate: {own}/chain.pem, key: {own}/key.pem}}\n"
    content = {"homedot.yaml": settings.encode(), "chain.pem": leaf.pem + authority.intermediate.pem}
    for name, octets in (content | {"key.pem": leaf.key_pem}).items():
        (own / name).write_bytes(octets)
        (own / name).chmod(0o600)
        os.chown(own / name, 1000, 1000)
    os.chown(own, 1000, 1000)
    own.chmod(0o700)
    given = settings_for_programs(folder, HOMEDOT_CONFIG=f"{own}/homedot.yaml", HOMEDOT_RESOLVER__MODE="recursive")
    rights = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
    done = subprocess.run([*rights, *PROGRAMS, "bootstrap"], env=clean(given), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert paths.pair(Settings(run_dir=folder / "run")).exists()


@pytest.mark.server
def test_a_read_only_volume_is_enough_for_every_start_but_the_first(folder: Path) -> None:
    environment = settings_for_programs(folder, HOMEDOT_RESOLVER__MODE="recursive")
    data = folder / "data"
    data.mkdir()
    with namespace() as apart:
        apart.run("mount", "-t", "tmpfs", "-o", "ro", "none", str(data))
        done = apart.bootstrap(environment)
        assert done.returncode == 2
        assert f"{data}/unfinished: cannot be written, the volume is read-only" in done.stderr
        apart.run("mount", "-o", "remount,rw", str(data))
        assert apart.bootstrap(environment).returncode == 0
        apart.run("mount", "-o", "remount,ro", str(data))
        done = apart.bootstrap(environment)
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stdout


def test_the_folder_of_the_lists_can_be_reached_by_everybody_and_its_neighbours_cannot(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    settings = settings_in(tmp_path)
    start(settings)
    assert paths.lists(settings).stat().st_mode & 0o777 == 0o755
    assert settings.data_dir.stat().st_mode & 0o777 == 0o711
    assert (settings.data_dir / "ca").stat().st_mode & 0o777 == 0o700


def test_a_folder_of_lists_that_somebody_removes_is_made_anew(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    start(settings)
    paths.lists(settings).rmdir()
    assert identify(settings).warnings == ()
    assert paths.lists(settings).stat().st_mode & 0o777 == 0o755
    without = replace(settings, blocking=Blocking(enabled=False))
    paths.lists(settings).rmdir()
    identify(without)
    assert not paths.lists(settings).exists()


@pytest.mark.parametrize("name", ["lists", "web"])
def test_a_link_on_the_volume_is_not_followed(tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str) -> None:
    settings = settings_in(tmp_path)
    settings.data_dir.mkdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (settings.data_dir / name).symlink_to(tmp_path / "elsewhere")
    start(settings)
    assert f"{settings.data_dir / name}: is a link, and none is followed there" in caplog.text
    assert [*(tmp_path / "elsewhere").iterdir()] == []
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o700


def test_without_blocking_there_is_no_folder_of_lists(tmp_path: Path) -> None:
    settings = replace(settings_in(tmp_path), blocking=Blocking(enabled=False))
    start(settings)
    assert not paths.lists(settings).exists()


def test_without_a_folder_for_lists_it_starts_and_says_what_is_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(tmp_path)
    settings.data_dir.mkdir()
    paths.lists(settings).touch()
    start(settings)
    assert f"block lists are not refreshed: {paths.lists(settings)}: " in caplog.text


@pytest.mark.parametrize("content", [None, "{", "[]"], ids=["as it was", "cut off", "foreign"])
def test_a_volume_that_lost_its_authority_stops_the_start(tmp_path: Path, content: str | None) -> None:
    settings = settings_in(tmp_path)
    start(settings)
    for name in ("ca", "tls"):
        shutil.rmtree(settings.data_dir / name)
    (settings.data_dir / "version.json").unlink()
    if content is not None:
        paths.announced(settings).write_text(content)
    with pytest.raises(OperatorError, match=r"but enrolment\.json beside them tells of an authority"):
        bootstrap.run(settings)
    assert not (settings.data_dir / "ca").exists()


@pytest.mark.parametrize("name", ["unfinished", "next.x", "ca", "tls", "ca/root.pem", "tls/leaf.key", "enrolment.json"])
@pytest.mark.parametrize("kind", ["a file", "a pipe", "a device", "a folder", "deep", "beyond a float"])
def test_whatever_lies_on_the_volume_is_told_or_passed_over(tmp_path: Path, name: str, kind: str) -> None:
    settings = settings_in(tmp_path)
    start(settings)
    put(settings.data_dir / name, kind)
    told = ""
    try:
        bootstrap.run(settings)
    except OperatorError as error:
        told = str(error)
    assert not told or str(settings.data_dir / name) in told
    assert told or name not in {"ca", "tls", "ca/root.pem", "tls/leaf.key"}


def put(path: Path, kind: str) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "deep":
        path.write_text('{"a":' * 20_000)
    else:
        path.write_text('{"dot_port": 1e999, "version": 1e999}' if kind == "beyond a float" else "")


def test_devices_are_led_to_the_ports_that_an_engine_publishes(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = replace(settings_in(tmp_path), web=Web(public_port=18853), dot=Dot(public_port=8530))
    enrolment = start(settings)
    shown = capfd.readouterr().out
    assert "http://192.168.1.10:18853/homedot.mobileconfig" in shown
    assert "on 192.168.1.10, port 8530" in shown
    assert enrolment.probe_urls == ("http://192.168.1.10:18853/probe",)


def test_another_port_makes_devices_scan_again_and_log_and_page_say_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = settings_in(tmp_path)
    assert start(settings).moved_on is None
    for ports in (Web(port=18853), Web(public_port=18854), Web(public_port=18854, enabled=False), Web(port=18855)):
        shutil.rmtree(tmp_path / "run")
        capfd.readouterr()
        before = from_json(paths.announced(settings).read_text())
        moved = start(replace(settings, web=ports))
        assert (must_scan_again(before, moved) is Devices.ALL) == ports.enabled
        assert AFTER_A_MOVE in " ".join(capfd.readouterr().out.split())
        assert AFTER_A_MOVE in " ".join(notices(moved))


def may_trace() -> bool:
    """Whether we may look into processes of others (capabilities(7): SYS_PTRACE), as root in a container may not."""
    (rights,) = re.findall(r"^CapEff:\s+([0-9a-f]+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return bool(int(rights, 16) >> 19 & 1)


def holds(pid: int, secret: bytes) -> bool:
    """Whether that process has `secret` in memory that it can write to."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            area, rights, *_ = line.split()
            begin, end = (int(each, 16) for each in area.split("-"))
            if rights.startswith("rw") and "[vvar]" not in line:
                memory.seek(begin)
                with suppress(OSError):
                    if secret in (memory.read(end - begin) or b""):
                        return True
    return False


@pytest.mark.server
def test_while_the_network_is_asked_no_key_of_the_authority_is_in_memory(folder: Path, internet: Internet) -> None:
    """On a volume that has one, every process of bootstrap is looked into when the root server is asked."""
    environment = settings_for_programs(folder, **internet.environment)
    assert start_bootstrap(environment).returncode == 0
    key = (folder / "data/ca/intermediate.key").read_text().splitlines()[2].encode()
    assert holds(os.getpid(), key)
    found: list[tuple[str, bool]] = []

    def look(_: dns.message.Message) -> None:
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                run_dir = f"HOMEDOT_RUN_DIR={folder / 'run'}\0".encode()
                if run_dir in (path / "environ").read_bytes() and b"bootstrap" in (path / "cmdline").read_bytes():
                    found.append((str(path.stat().st_uid), holds(int(path.name), key)))

    hints = folder / "root.hints"
    hints.write_text(f". 60 NS ns.\nns. 60 A {internet.address(131)}\n")
    more = {"MODE": "auto", "ROOT_HINTS": str(hints), "FORWARD": internet.forwarder_tls}
    with forwarding(look, (internet.address(131), 53)) as server:
        done = start_bootstrap(environment | {f"HOMEDOT_RESOLVER__{name}": value for name, value in more.items()})
    assert server.seen, done.stdout + done.stderr
    looked_into = {"0", str(pwd.getpwnam("unbound").pw_uid)} if may_trace() else {"0"}
    assert set(found) == {(uid, False) for uid in looked_into}
