"""unbound's part of a start, on a real disk and checked by the real unbound-checkconf."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.cli import places, resolver
from app.errors import OperatorError
from app.ops.engine import TRUST_ANCHOR
from app.settings import Resolver, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "run").mkdir()
    return Settings(data_dir=tmp_path / "data", run_dir=tmp_path / "run", resolver=Resolver(mode="recursive"))


def with_snippets(settings: Settings, folder: Path, **texts: str) -> Settings:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name.replace("_", ".")).write_text(text)
    return replace(settings, resolver=replace(settings.resolver, snippets=folder))


def test_a_chosen_mode_needs_no_network(settings: Settings) -> None:
    assert resolver.choose(settings).mode == "recursive"


def test_unbound_follows_the_roots_keys_on_the_volume(settings: Settings) -> None:
    assert resolver.prepare(settings, "recursive") == []
    path = places.trust_anchor(settings)
    assert path.read_bytes() == TRUST_ANCHOR.read_bytes()
    assert f'auto-trust-anchor-file: "{path}"' in places.unbound_conf(settings).read_text()


def test_unbound_can_reach_its_folder_on_a_volume_that_was_closed(settings: Settings) -> None:
    settings.data_dir.mkdir(mode=0o700)
    resolver.prepare(settings, "recursive")
    assert settings.data_dir.stat().st_mode & 0o777 == 0o711


def test_a_private_roots_key_is_not_copied(settings: Settings, tmp_path: Path) -> None:
    own = tmp_path / "own.key"
    own.write_bytes(TRUST_ANCHOR.read_bytes())
    resolver.prepare(replace(settings, resolver=Resolver(mode="recursive", trust_anchor=own)), "recursive")
    assert f'  trust-anchor-file: "{own}"' in places.unbound_conf(settings).read_text()
    assert not settings.data_dir.exists()


def test_a_damaged_anchor_is_mended_and_told(settings: Settings) -> None:
    resolver.prepare(settings, "recursive")
    places.trust_anchor(settings).write_text("nonsense")
    (warning,) = resolver.prepare(settings, "recursive")
    assert warning.startswith(f"{places.trust_anchor(settings)}: is no trust anchor")
    assert places.trust_anchor(settings).read_bytes() == TRUST_ANCHOR.read_bytes()


def test_a_volume_that_cannot_be_written_is_a_warning(settings: Settings) -> None:
    settings.data_dir.write_text("a file where the volume should be")
    (warning,) = resolver.prepare(settings, "recursive")
    assert f"unbound trusts the root keys of {TRUST_ANCHOR}" in warning
    assert f'  trust-anchor-file: "{TRUST_ANCHOR}"' in places.unbound_conf(settings).read_text()


def test_snippets_are_read_in_the_order_of_their_names(settings: Settings, tmp_path: Path) -> None:
    bad = "server:\n  cache-max-ttl: 7200\n"
    settings = with_snippets(settings, tmp_path / "own", b_conf=bad, a_conf="server:\n  verbosity: 1\n", notes_txt="no")
    resolver.prepare(settings, "recursive")
    included = [line for line in places.unbound_conf(settings).read_text().splitlines() if line.startswith("include")]
    assert included == [f'include-toplevel: "{tmp_path}/own/{name}"' for name in ("a.conf", "b.conf")]


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
        ("server:\n  username: root\n", "username"),
        ("server:\n  do-daemonize: yes\n", "do-daemonize"),
        ("server:\n  discard-timeout: 1900\n", "discard-timeout"),
        ("server:\n  val-permissive-mode: yes\n", "val-permissive-mode"),
        ('server:\n  module-config: "iterator"\n', "module-config"),
        ("remote-control:\n  control-enable: yes\n  control-use-cert: no\n", "control-enable"),
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
    assert not places.unbound_conf(settings).exists()


def test_a_snippet_may_add_to_what_homedot_relies_on(settings: Settings, tmp_path: Path) -> None:
    text = 'server:\n  module-config: "respip validator iterator"\n  tls-port: 8853\n  domain-insecure: "corp"\n'
    settings = with_snippets(settings, tmp_path / "own", own_conf=text)
    resolver.prepare(settings, "recursive")
    assert f'include-toplevel: "{tmp_path}/own/own.conf"' in places.unbound_conf(settings).read_text()


def test_what_unbound_refuses_is_not_what_a_running_one_finds(settings: Settings, tmp_path: Path) -> None:
    resolver.prepare(settings, "recursive")
    before = places.unbound_conf(settings).read_bytes()
    bad = with_snippets(settings, tmp_path / "snippets", own_conf="nonsense\n")
    with pytest.raises(OperatorError):
        resolver.prepare(bad, "forward")
    assert places.unbound_conf(settings).read_bytes() == before


def test_a_folder_of_snippets_that_went_away_is_told(settings: Settings, tmp_path: Path) -> None:
    gone = replace(settings, resolver=replace(settings.resolver, snippets=tmp_path / "gone"))
    with pytest.raises(OperatorError, match=r"^resolver\.snippets: .* cannot be read"):
        resolver.prepare(gone, "recursive")
