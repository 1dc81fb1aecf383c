"""The root's keys on the volume: there, unbound's to write, and mended when they are no good."""

import os
import pwd
import subprocess
import sys
from pathlib import Path
from shutil import copyfile

import dns.dnssec
import dns.zonefile
import pytest

from app.errors import OperatorError
from app.ops import anchor
from app.ops.engine import TRUST_ANCHOR
from tests.appliance import folder_for_all

CONFIRMED = """\
; autotrust trust anchor file
;;id: . 1
;;last_success: 1795523400 ;;Tue Nov 24 12:30:00 2026
.\t86400\tIN\tDNSKEY\t257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3 ;;state=2 [  VALID  ] ;;count=0
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "unbound/root.key"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """The keys of an image that was built long ago."""
    copied = Path(copyfile(TRUST_ANCHOR, tmp_path / "shipped.key"))
    os.utime(copied, (0, 0))
    return copied


def test_both_root_keys_of_today_are_shipped() -> None:
    (keys,) = dns.zonefile.read_rrsets(TRUST_ANCHOR.read_text(), rdclass=None, default_ttl=0)
    assert {dns.dnssec.key_id(key) for key in keys} == {20326, 38696}


def test_the_first_start_takes_the_shipped_keys(path: Path, shipped: Path) -> None:
    assert anchor.ensure(path, None, shipped) is None
    assert path.read_bytes() == shipped.read_bytes()


def test_what_unbound_wrote_stays(path: Path, shipped: Path) -> None:
    anchor.ensure(path, None, shipped)
    path.write_text(CONFIRMED)
    assert anchor.ensure(path, None, shipped) is None
    assert path.read_text() == CONFIRMED


def test_keys_of_a_newer_image_replace_those_that_slept_longer(path: Path, shipped: Path) -> None:
    anchor.ensure(path, None, shipped)
    path.write_text(CONFIRMED)
    os.utime(path, (1, 1))
    os.utime(shipped, (2, 2))
    assert anchor.ensure(path, None, shipped) is None
    assert path.read_bytes() == shipped.read_bytes()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no key of the root"),
        (b"nonsense", "is no trust anchor"),
        (b"\xff\xfe", "is no trust anchor"),
        (b"example. IN TXT key", "holds no key of the root"),
        (CONFIRMED[: len(CONFIRMED) // 2].encode(), "no"),
        (b";" * 70_000, "is too long"),
    ],
    ids=["empty", "nonsense", "binary", "of another zone", "half", "too long"],
)
def test_a_damaged_file_is_replaced_and_told(path: Path, shipped: Path, content: bytes, told: str) -> None:
    anchor.ensure(path, None, shipped)
    path.write_bytes(content)
    warning = anchor.ensure(path, None, shipped)
    assert warning is not None
    assert warning.startswith(f"{path}: ")
    assert told in warning
    assert len(warning.splitlines()) == 1
    assert path.read_bytes() == shipped.read_bytes()


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(path: Path, shipped: Path, tmp_path: Path) -> None:
    anchor.ensure(path, None, shipped)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(CONFIRMED)
    path.unlink()
    path.symlink_to(elsewhere)
    assert "cannot be read" in (anchor.ensure(path, None, shipped) or "")
    assert not path.is_symlink()
    assert elsewhere.read_text() == CONFIRMED


@pytest.mark.parametrize("content", [None, "nonsense"])
def test_says_how_to_get_the_shipped_keys(path: Path, shipped: Path, content: str | None) -> None:
    shipped.unlink()
    if content:
        shipped.write_text(content)
    with pytest.raises(OperatorError, match=rf"^{shipped}: .*: apt install.* dns-root-data$"):
        anchor.ensure(path, None, shipped)


@pytest.mark.server
def test_unbound_may_replace_it_and_so_may_root_without_its_privileges() -> None:
    """As in the container, where root has neither DAC_OVERRIDE nor FOWNER."""
    unbound = pwd.getpwnam("unbound")
    script = (
        "import sys; from pathlib import Path; from app.ops import anchor;"
        "print(anchor.ensure(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))"
    )
    with folder_for_all() as folder:
        path = folder / "unbound/root.key"
        python = [sys.executable, "-P", "-c", script, str(path), str(unbound.pw_uid), str(TRUST_ANCHOR)]
        bound = ["setpriv", "--bounding-set=-all,+chown", "--inh-caps=-all", *python]
        first = subprocess.run(bound, capture_output=True, text=True, check=False)
        assert (first.stdout, first.stderr) == ("None\n", "")
        subprocess.run(
            ["sh", "-c", f"echo nonsense > {path}.new && mv -f {path}.new {path}"],
            user=unbound.pw_uid, group=unbound.pw_gid, extra_groups=[], check=True,
        )  # fmt: skip
        second = subprocess.run(bound, capture_output=True, text=True, check=False)
        assert second.stderr == ""
        assert "is no trust anchor" in second.stdout
        assert (path.stat().st_uid, path.parent.stat().st_uid) == (unbound.pw_uid, unbound.pw_uid)
        assert path.read_bytes() == TRUST_ANCHOR.read_bytes()
