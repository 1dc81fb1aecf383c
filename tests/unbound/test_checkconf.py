"""What unbound would refuse is told before it starts."""

from pathlib import Path

import pytest

from app.errors import OperatorError
from app.unbound import checkconf
from tests.appliance import folder_for_all


def conf(folder: Path, *lines: str) -> Path:
    path = folder / "unbound.conf"
    path.write_text("\n".join(["server:", '  chroot: ""', f'  directory: "{folder}"', *lines, ""]))
    return path


def test_says_how_to_get_unbound_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_options: None)
    with pytest.raises(OperatorError, match="apt install unbound"):
        checkconf.find_unbound()


@pytest.mark.server
def test_tells_what_unbound_refuses(tmp_path: Path) -> None:
    path = conf(tmp_path, f'  root-hints: "{tmp_path}/absent"')
    with pytest.raises(OperatorError) as refusal:
        checkconf.check(path)

    assert str(refusal.value).startswith(f"{path}: unbound refuses it: ")
    assert f'file with root-hints: "{tmp_path}/absent" does not exist' in str(refusal.value)
    assert "[" not in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


@pytest.mark.server
def test_names_file_and_line_of_a_fault_in_an_included_file(tmp_path: Path) -> None:
    snippet = tmp_path / "own.conf"
    snippet.write_text("server:\n  verbosity: 1\n  cache-max-tll: 5\n")
    with pytest.raises(OperatorError, match=rf"{snippet}:3: error: unknown keyword 'cache-max-tll'"):
        checkconf.check(conf(tmp_path, f'include-toplevel: "{snippet}"'))


@pytest.mark.server
def test_what_the_user_of_unbound_may_not_read_is_a_fault() -> None:
    with folder_for_all() as folder:
        secret = folder / "secret.conf"
        secret.write_text("server:\n")
        secret.chmod(0o600)
        path = conf(folder, f'include-toplevel: "{secret}"')
        checkconf.check(path)
        with pytest.raises(OperatorError, match=rf"{secret}.*Permission denied"):
            checkconf.check(path, "unbound")


@pytest.mark.server
@pytest.mark.parametrize("content", [None, "no certificate"])
def test_refuses_a_bundle_without_certificates(tmp_path: Path, content: str | None) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_text(content)
    with pytest.raises(OperatorError, match=rf"^resolver\.ca_bundle: {bundle} must hold certificates in PEM: \S+"):
        checkconf.check(conf(tmp_path, f'  tls-cert-bundle: "{bundle}"'))


def test_does_not_wait_for_ever_for_unbound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = tmp_path / "unbound-checkconf"
    stuck.write_text("#!/bin/sh\nexec sleep 60\n")
    stuck.chmod(0o755)
    monkeypatch.setattr(checkconf, "find_unbound", lambda: tmp_path / "unbound")
    monkeypatch.setattr(checkconf, "DEADLINE_S", 0.1)
    with pytest.raises(OperatorError, match="did not finish"):
        checkconf.check(tmp_path / "unbound.conf")
