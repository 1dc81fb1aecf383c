"""The root's keys: there, unbound's to write, kept on the volume, and mended when they are no good."""

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
from app.unbound import anchor
from app.unbound.conf import TRUST_ANCHOR
from tests.appliance import folder_for_all

CONFIRMED_S = 1795523400
CONFIRMED = f"""\
; autotrust trust anchor file
;;id: . 1
;;last_queried: {CONFIRMED_S} ;;Tue Nov 24 12:30:00 2026
;;last_success: {CONFIRMED_S} ;;Tue Nov 24 12:30:00 2026
;;query_failed: 0
.\t86400\tIN\tDNSKEY\t257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3 ;;state=2 [  VALID  ] ;;count=0
"""
LATER = CONFIRMED.replace(f"last_success: {CONFIRMED_S}", f"last_success: {CONFIRMED_S + 86_400}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run/unbound/root.key"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "root.key"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    """The keys of an image that was built long ago."""
    copied = Path(copyfile(TRUST_ANCHOR, tmp_path / "shipped.key"))
    os.utime(copied, (0, 0))
    return copied


def test_both_root_keys_of_today_are_shipped() -> None:
    (keys,) = dns.zonefile.read_rrsets(TRUST_ANCHOR.read_text(), rdclass=None, default_ttl=0)
    assert {dns.dnssec.key_id(key) for key in keys} == {20326, 38696}


def test_the_first_start_takes_the_shipped_keys(path: Path, kept: Path, shipped: Path) -> None:
    assert anchor.ensure(path, None, kept, shipped) == []
    assert path.read_bytes() == shipped.read_bytes()
    assert not kept.exists()


def test_what_unbound_wrote_stays(path: Path, kept: Path, shipped: Path) -> None:
    anchor.ensure(path, None, kept, shipped)
    path.write_text(LATER)
    kept.write_text(CONFIRMED)
    written = path.stat()
    assert anchor.ensure(path, None, kept, shipped) == []
    assert path.read_text() == LATER
    assert path.stat() == written


@pytest.mark.parametrize("before", [None, CONFIRMED])
def test_a_start_goes_on_from_the_copy_on_the_volume(path: Path, kept: Path, shipped: Path, before: str | None) -> None:
    if before:
        path.parent.mkdir(parents=True)
        path.write_text(before)
    kept.write_text(LATER)
    assert anchor.ensure(path, None, kept, shipped) == []
    assert path.read_text() == LATER


def test_keys_of_a_newer_image_replace_those_that_slept_longer(path: Path, kept: Path, shipped: Path) -> None:
    kept.write_text(CONFIRMED)
    os.utime(shipped, (0, CONFIRMED_S + 1))
    assert anchor.ensure(path, None, kept, shipped) == []
    assert path.read_bytes() == shipped.read_bytes()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no key of the root"),
        (b"nonsense", "is no trust anchor"),
        (b"\xff\xfe", "is no trust anchor"),
        (b"example. IN TXT key", "holds no key of the root"),
        (CONFIRMED.replace(";;state=2", ";;state=1").encode(), "holds no key of the root that is trusted"),
        (b";;REVOKED\n" + CONFIRMED.encode(), "has revoked all its keys"),
        (CONFIRMED[: len(CONFIRMED) // 2].encode(), "no"),
        (b";" * 70_000, "is too long"),
    ],
    ids=["empty", "nonsense", "binary", "of another zone", "announced", "revoked", "half", "too long"],
)
def test_a_damaged_file_is_replaced_and_told(path: Path, kept: Path, shipped: Path, content: bytes, told: str) -> None:
    anchor.ensure(path, None, kept, shipped)
    path.write_bytes(content)
    kept.write_text(CONFIRMED)
    (warning,) = anchor.ensure(path, None, kept, shipped)
    assert warning.startswith(f"{path}: ")
    assert told in warning
    assert len(warning.splitlines()) == 1
    assert path.read_text() == CONFIRMED
    # The copy on the volume is judged in the same way, and not overwritten by bootstrap.
    path.unlink()
    kept.write_bytes(content)
    (warning,) = anchor.ensure(path, None, kept, shipped)
    assert warning.startswith(f"{kept}: ")
    assert path.read_bytes() == shipped.read_bytes()
    assert kept.read_bytes() == content


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(
    path: Path, kept: Path, shipped: Path, tmp_path: Path
) -> None:
    anchor.ensure(path, None, kept, shipped)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(CONFIRMED)
    path.unlink()
    path.symlink_to(elsewhere)
    assert "cannot be read" in (anchor.preserve(path, kept) or "")
    assert not kept.exists()
    (warning,) = anchor.ensure(path, None, kept, shipped)
    assert "cannot be read" in warning
    assert not path.is_symlink()
    assert elsewhere.read_text() == CONFIRMED


def test_what_unbound_has_confirmed_is_kept(path: Path, kept: Path, shipped: Path, tmp_path: Path) -> None:
    kept = tmp_path / "data/root.key"
    anchor.ensure(path, None, kept, shipped)
    assert anchor.preserve(path, kept) is None
    assert not kept.exists()  # nobody has confirmed it, and every image has it
    for content in (CONFIRMED, LATER, LATER.replace("state=2", "state=3")):
        path.write_text(content)
        assert anchor.preserve(path, kept) is None
        assert kept.read_text() == content


def test_a_volume_is_not_written_to_without_news(path: Path, kept: Path, shipped: Path) -> None:
    anchor.ensure(path, None, kept, shipped)
    path.write_text(CONFIRMED)
    anchor.preserve(path, kept)
    written = kept.stat()
    path.write_text(CONFIRMED.replace(f"queried: {CONFIRMED_S}", "queried: 1").replace("failed: 0", "failed: 1"))
    anchor.preserve(path, kept)
    assert kept.stat() == written


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b";;REVOKED\n" + CONFIRMED.encode()])
def test_the_copy_stays_when_there_is_none_as_good(
    path: Path, kept: Path, shipped: Path, content: bytes | None
) -> None:
    anchor.ensure(path, None, kept, shipped)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    kept.write_text(CONFIRMED)
    warning = anchor.preserve(path, kept)
    assert (warning is None) == (content is None)
    assert kept.read_text() == CONFIRMED


def test_a_damaged_copy_is_replaced(path: Path, kept: Path, shipped: Path) -> None:
    anchor.ensure(path, None, kept, shipped)
    path.write_text(CONFIRMED)
    kept.write_text("nonsense")
    assert anchor.preserve(path, kept) is None
    assert kept.read_text() == CONFIRMED


@pytest.mark.parametrize("content", [None, "nonsense"])
def test_says_how_to_get_the_shipped_keys(path: Path, kept: Path, shipped: Path, content: str | None) -> None:
    shipped.unlink()
    if content:
        shipped.write_text(content)
    with pytest.raises(OperatorError, match=rf"^{shipped}: .*: apt install.* dns-root-data$"):
        anchor.ensure(path, None, kept, shipped)


@pytest.mark.server
def test_unbound_may_replace_it_and_so_may_root_without_its_privileges() -> None:
    """As in the container, where root has neither DAC_OVERRIDE nor FOWNER."""
    unbound = pwd.getpwnam("unbound")
    script = (
        "import sys; from pathlib import Path; from app.unbound import anchor;"
        "path, uid, kept, shipped = sys.argv[1:];"
        "print(anchor.ensure(Path(path), int(uid), Path(kept), Path(shipped)), anchor.preserve(Path(path), Path(kept)))"
    )
    with folder_for_all() as folder:
        path = folder / "unbound/root.key"
        python = [sys.executable, "-P", "-c", script, str(path), str(unbound.pw_uid)]
        python += [str(folder / "kept"), str(TRUST_ANCHOR)]
        bound = ["setpriv", "--bounding-set=-all,+chown", "--inh-caps=-all", *python]
        first = subprocess.run(bound, capture_output=True, text=True, check=False)
        assert (first.stdout, first.stderr) == ("[] None\n", "")
        subprocess.run(
            ["sh", "-c", f"echo nonsense > {path}.new && mv -f {path}.new {path}"],
            user=unbound.pw_uid, group=unbound.pw_gid, extra_groups=[], check=True,
        )  # fmt: skip
        second = subprocess.run(bound, capture_output=True, text=True, check=False)
        assert second.stderr == ""
        assert "is no trust anchor" in second.stdout
        assert (path.stat().st_uid, path.parent.stat().st_uid) == (unbound.pw_uid, unbound.pw_uid)
        assert path.read_bytes() == TRUST_ANCHOR.read_bytes()
