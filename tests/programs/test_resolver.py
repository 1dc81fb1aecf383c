"""unbound's part of a start, on a real disk and checked by the real unbound-checkconf; and the root's keys."""

import os
import pwd
import re
import subprocess
import time
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from app.config.settings import Log, Resolver, Settings
from app.errors import OperatorError
from app.programs import bootstrap, paths, resolver
from app.programs.log_format import LEVELS
from app.trust.disk import FULL
from app.unbound.conf import TRUST_ANCHOR
from app.unbound.reach import Choice
from tests.appliance import DEADLINE_S, running, settings_in, start_with_fast_minutes
from tests.internet import Internet
from tests.namespace import namespace
from tests.ticking import upkeep

PIPE = Path("pipe")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "run").mkdir()
    return Settings(
        data_dir=tmp_path / "data", run_dir=tmp_path / "run", resolver=Resolver(mode="recursive", port=5335)
    )


def with_snippets(settings: Settings, folder: Path, **texts: str) -> Settings:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text)
    return replace(settings, resolver=replace(settings.resolver, snippets=folder))


def test_a_chosen_mode_needs_no_network(settings: Settings) -> None:
    assert resolver.choose(settings).mode == "recursive"


def test_a_start_asks_the_network_in_a_child_before_it_has_an_authority(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The choice is told as the reason, since it is made in a child."""

    def asked(_: Settings) -> Choice:
        return Choice("recursive", f"{os.getpid() != parent}, {(settings.data_dir / 'ca').exists()}")

    parent = os.getpid()
    monkeypatch.setattr(resolver, "choose", asked)
    bootstrap.run(replace(settings, addresses=(ip_address("192.168.1.10"),), resolver=Resolver(mode="auto")))
    assert paths.read_enrolment(settings).resolver_reason == "True, False"


def test_what_is_wrong_with_asking_is_told_as_it_is(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Settings) -> Choice:
        raise OperatorError("resolver.forward: nobody answers")

    def ends(_: Settings) -> Choice:
        os._exit(1)

    auto = replace(settings, resolver=Resolver(mode="auto"))
    for choose, fault in ((fails, "resolver.forward: nobody answers"), (ends, "could not be asked")):
        monkeypatch.setattr(resolver, "choose", choose)
        with pytest.raises(OperatorError, match=fault):
            resolver.choose_apart(auto)


def test_unbound_follows_the_roots_keys_and_needs_no_volume(settings: Settings) -> None:
    assert resolver.prepare(settings, "recursive") == []
    path = paths.followed_anchor(settings)
    assert path.read_bytes() == TRUST_ANCHOR.read_bytes()
    assert f'auto-trust-anchor-file: "{path}"' in paths.unbound_conf(settings).read_text()


def test_unbound_tells_errors_only_unless_everything_is_asked_for(settings: Settings) -> None:
    found = {}
    for level in LEVELS:
        resolver.prepare(replace(settings, log=Log(level=level)), "recursive")
        (found[level],) = re.findall(r"^ +verbosity: (\d)", paths.unbound_conf(settings).read_text(), re.MULTILINE)
    assert found == {"error": "0", "warning": "0", "info": "0", "debug": "2"}


def test_a_private_roots_key_is_not_copied(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "own.key"
    own.write_bytes(TRUST_ANCHOR.read_bytes())
    resolver.prepare(replace(settings, resolver=Resolver(mode="recursive", port=5335, trust_anchor=own)), "recursive")
    assert (
        f'  trust-anchor-file: "{paths.for_unbound(settings)}/anchor/own.key"'
        in paths.unbound_conf(settings).read_text()
    )
    assert not paths.followed_anchor(settings).exists()


def test_certificates_of_the_operators_own_are_copied_and_named_as_given(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_bytes(Settings().resolver.ca_bundle.read_bytes())
    own.chmod(0o600)
    settings = replace(settings, resolver=replace(settings.resolver, mode="forward", port=5335, ca_bundle=own))
    resolver.prepare(settings, "forward")
    copy = paths.copied_ca_bundle(settings)
    assert f'tls-cert-bundle: "{copy}"' in paths.unbound_conf(settings).read_text()
    assert (copy.read_bytes(), copy.stat().st_mode & 0o777) == (own.read_bytes(), 0o644)
    own.write_text("nonsense")
    with pytest.raises(OperatorError, match=rf"^resolver\.ca_bundle: {own} must hold certificates"):
        resolver.prepare(settings, "forward")


@pytest.mark.parametrize("setting", [Resolver(root_hints=PIPE), Resolver(trust_anchor=PIPE), Resolver(ca_bundle=PIPE)])
def test_a_pipe_that_nobody_writes_is_told_and_not_waited_for(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: Resolver
) -> None:
    os.mkfifo(tmp_path / PIPE)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OperatorError, match="is not a file"):
        resolver.prepare(replace(settings, resolver=replace(setting, mode="recursive", port=5335)), "recursive")


def test_a_damaged_anchor_is_mended_and_told(settings: Settings) -> None:
    resolver.prepare(settings, "recursive")
    paths.followed_anchor(settings).write_text("nonsense")
    (warning,) = resolver.prepare(settings, "recursive")
    assert warning.startswith(f"{paths.followed_anchor(settings)}: is no trust anchor")
    assert paths.followed_anchor(settings).read_bytes() == TRUST_ANCHOR.read_bytes()


def confirmed(at_s: int) -> str:
    """The keys of today as unbound writes them, confirmed at that time."""
    return f";;id: . 1\n;;last_success: {at_s} ;;then\n{TRUST_ANCHOR.read_text()}"


def test_what_an_earlier_version_left_on_the_volume_is_taken_over_once(settings: Settings) -> None:
    old, new = paths.former_anchor(settings), paths.kept_anchor(settings)
    now_s = int(time.time())
    old.parent.mkdir(parents=True)
    old.write_text(confirmed(now_s - 10))
    resolver.prepare(settings, "recursive")
    assert paths.followed_anchor(settings).read_text() == confirmed(now_s - 10)
    assert resolver.keep_anchor(settings).warnings == ()
    assert new.read_text().endswith(confirmed(now_s - 10))
    paths.followed_anchor(settings).unlink()
    new.write_text(confirmed(now_s - 20))
    resolver.prepare(settings, "recursive")
    assert paths.followed_anchor(settings).read_text() == confirmed(now_s - 20)


def test_a_volume_that_cannot_be_written_is_a_warning_and_unbound_follows_the_keys(settings: Settings) -> None:
    settings.data_dir.write_text("a file where the volume should be")
    assert resolver.prepare(settings, "recursive") == []
    paths.followed_anchor(settings).write_text(confirmed(int(time.time()) - 10))
    findings = resolver.keep_anchor(settings)
    (warning,) = findings.warnings
    assert warning.startswith(f"{settings.data_dir}")
    assert warning.endswith("; until then news of the root's keys are kept in memory only")
    assert findings.faults == ()


def test_where_unbound_cannot_follow_them_the_images_keys_are_trusted(settings: Settings) -> None:
    paths.followed_anchor(settings).parent.write_text("a file where the folder should be")
    (warning,) = resolver.prepare(settings, "recursive")
    assert f"unbound trusts the root keys of {TRUST_ANCHOR}" in warning
    assert f'  trust-anchor-file: "{TRUST_ANCHOR}"' in paths.unbound_conf(settings).read_text()


def test_a_link_in_place_of_unbounds_folder_is_not_followed(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    paths.followed_anchor(settings).parent.symlink_to(tmp_path / "elsewhere")
    (warning,) = resolver.prepare(settings, "recursive")
    assert f"{paths.followed_anchor(settings).parent}: is a link, and none is followed there" in warning
    assert [*(tmp_path / "elsewhere").iterdir()] == []
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o700


def test_snippets_are_read_in_the_order_of_their_names(settings: Settings, tmp_path: Path) -> None:
    bad = "server:\n  cache-max-ttl: 7200\n"
    settings = with_snippets(settings, tmp_path / "own", b_conf=bad, a_conf="server:\n  verbosity: 1\n", notes_txt="no")
    resolver.prepare(settings, "recursive")
    included = [line for line in paths.unbound_conf(settings).read_text().splitlines() if line.startswith("include")]
    assert included == [
        f'include-toplevel: "{paths.for_unbound(settings)}/snippets/{name}"' for name in ("a.conf", "b.conf")
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("server:\n  cache-max-tll: 7200\n", "own.conf:2: error: unknown keyword 'cache-max-tll'"),
        ("server:\n  cache-max-ttl: soon\n", "own.conf:2: error: number expected"),
        ("cache-max-ttl: 7200\n", "own.conf:1: error"),
        ('forward-zone:\n  name: "a.b"\n  forward-addr: nowhere\n', "nowhere"),
        (f'server:\n  trust-anchor-file: "{TRUST_ANCHOR}"\n', "anchor cannot be with and without autotrust"),
    ],
)
def test_a_bad_snippet_is_told_with_its_file_and_line(settings: Settings, tmp_path: Path, text: str, told: str) -> None:
    settings = with_snippets(settings, tmp_path / "snippets", own_conf=text)
    with pytest.raises(OperatorError, match="unbound refuses it: ") as refusal:
        resolver.prepare(settings, "recursive")
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("server:\n  interface: 0.0.0.0\n", "interface"),
        ("server:\n  port: 5353\n", "port"),
        ("server:\n  tls-port: 5335\n", "tls-port"),
        ("server:\n  https-port: 5335\n", "https-port"),
        ("server:\n  tls-additional-port: 5335\n", "tls-additional-port"),
        ("server:\n  access-control: 127.0.0.0/8 refuse\n", "access-control"),
        ("server:\n  so-reuseport: no\n", "so-reuseport"),
        ("server:\n  username: root\n", "username"),
        ("server:\n  do-daemonize: yes\n", "do-daemonize"),
        ("server:\n  discard-timeout: 1900\n", "discard-timeout"),
        ("server:\n  ip-ratelimit: 100\n", "ip-ratelimit"),
        ("server:\n  val-permissive-mode: yes\n", "val-permissive-mode"),
        ('server:\n  module-config: "iterator"\n', "module-config"),
        ("remote-control:\n  control-enable: no\n", "control-enable"),
        ("remote-control:\n  control-interface: 0.0.0.0\n", "control-interface"),
    ],
)
def test_a_snippet_that_takes_away_what_homedot_relies_on_is_refused(
    settings: Settings, tmp_path: Path, text: str, option: str
) -> None:
    well = "server:\n  cache-max-ttl: 7200\n"
    settings = with_snippets(settings, tmp_path / "own", a_conf=well, b_conf=text, c_conf=well)
    with pytest.raises(OperatorError) as refusal:
        resolver.prepare(settings, "recursive")
    told = f"{tmp_path}/own/b.conf: sets {option}, which Homedot relies on: remove it there"
    assert refusal.value.faults == (told,)
    assert not paths.unbound_conf(settings).exists()


def test_a_snippet_may_add_to_what_homedot_relies_on(settings: Settings, tmp_path: Path) -> None:
    text = 'server:\n  module-config: "respip validator iterator"\n  tls-port: 8853\n  domain-insecure: "corp"\n'
    settings = with_snippets(settings, tmp_path / "own", own_conf=text)
    resolver.prepare(settings, "recursive")
    assert (
        f'include-toplevel: "{paths.for_unbound(settings)}/snippets/own.conf"'
        in paths.unbound_conf(settings).read_text()
    )


def test_what_unbound_refuses_is_not_what_a_running_one_finds(settings: Settings, tmp_path: Path) -> None:
    resolver.prepare(settings, "recursive")
    before = paths.unbound_conf(settings).read_bytes()
    bad = with_snippets(settings, tmp_path / "snippets", own_conf="nonsense\n")
    with pytest.raises(OperatorError):
        resolver.prepare(bad, "forward")
    assert paths.unbound_conf(settings).read_bytes() == before


def test_a_folder_of_snippets_that_went_away_is_told(settings: Settings, tmp_path: Path) -> None:
    gone = replace(settings, resolver=replace(settings.resolver, snippets=tmp_path / "gone"))
    with pytest.raises(OperatorError, match=r"^resolver\.snippets: .* cannot be read"):
        resolver.prepare(gone, "recursive")


@pytest.mark.server
def test_a_full_volume_loses_nothing_of_what_unbound_knows_of_the_roots_keys(folder: Path) -> None:
    environment = settings_in(folder, HOMEDOT_ADDRESSES="192.168.77.10", HOMEDOT_RESOLVER__MODE="recursive")
    kept, followed, filler = folder / "data/dnssec-root.key", folder / "run/unbound/root.key", folder / "data/filler"
    (folder / "data").mkdir()
    now_s = int(time.time())
    with namespace() as apart:
        apart.run("mount", "-t", "tmpfs", "-o", "size=512k", "none", str(kept.parent))
        done = apart.bootstrap(environment)
        assert done.returncode == 0, done.stderr

        def on_the_volume() -> str:
            return subprocess.run([*apart.enter, "cat", kept], capture_output=True, text=True, check=False).stdout

        with upkeep(folder, environment, apart.enter) as running_upkeep:
            followed.write_text(confirmed(now_s - 30))
            running_upkeep.tick()
            assert on_the_volume() == confirmed(now_s - 30)
            apart.run("sh", "-c", f"! dd if=/dev/zero of={filler} bs=1k 2>&1")
            followed.write_text(confirmed(now_s - 20))
            running_upkeep.tick()
            running_upkeep.tick()
            assert running_upkeep.log.count(f"{kept}: {FULL}") == 1
            assert on_the_volume() == confirmed(now_s - 30)
            apart.run("rm", str(filler))
            followed.write_text(confirmed(now_s - 10))
            running_upkeep.tick()
            assert on_the_volume() == confirmed(now_s - 10)


@pytest.mark.server
def test_unbound_follows_the_root_in_memory_and_upkeep_keeps_a_copy_on_the_volume(
    folder: Path, internet: Internet
) -> None:
    """The copy of the volume is that of a private root, which is followed like the internet's."""
    kept, followed = folder / "data/dnssec-root.key", folder / "run/unbound/root.key"
    kept.parent.mkdir()
    before = internet.confirmed_anchor
    kept.write_text(before)
    internets = {name: value for name, value in internet.environment.items() if not name.endswith("TRUST_ANCHOR")}
    environment = settings_in(folder, **internets)
    with running(folder, environment, start_with_fast_minutes(folder)) as appliance:
        ask = ["kdig", "@127.0.0.1", "-p", str(appliance.dot_port), "+tls", "+dnssec", "signed.test"]
        answer = subprocess.run(ask, capture_output=True, text=True, timeout=30, check=False).stdout
        assert "qr rd ra ad" in answer, answer
        deadline_s = time.monotonic() + DEADLINE_S
        while kept.read_text() == before:
            assert time.monotonic() < deadline_s, appliance.log
            time.sleep(0.1)  # until upkeep's next minute
        assert kept.read_text() == followed.read_text()
        assert "[  VALID  ]" in kept.read_text()
        user = pwd.getpwnam("unbound").pw_uid
        assert followed.stat().st_uid == user
        assert user not in {path.stat().st_uid for path in kept.parent.rglob("*")}
        assert not paths.former_anchor(Settings(data_dir=kept.parent)).parent.exists()
