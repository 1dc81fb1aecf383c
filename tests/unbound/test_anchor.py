"""The root's keys: there, unbound's to write, kept on the volume, and mended when they are no good."""

import os
import pwd
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shutil import copyfile

import dns.dnssec
import dns.message
import dns.name
import dns.rdata
import dns.rrset
import dns.zonefile
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from app.errors import OperatorError
from app.unbound import anchor, rootkeys
from app.unbound.conf import TRUST_ANCHOR
from tests.appliance import folder_for_all

CONFIRMED_S = 1795523400
NOW_S = CONFIRMED_S + 100_000.0
DAY_S = 86400
KEYS = rootkeys.shipped(TRUST_ANCHOR.read_text())


def key_line(key: dns.rdata.Rdata, state: str = ";;state=2 [  VALID  ]") -> str:
    """As unbound writes it."""
    note = f";{{id = {dns.dnssec.key_id(key)} (ksk), size = 2048b}}"  # type: ignore[arg-type]
    return f".\t86400\tIN\tDNSKEY\t{key} {note} {state} ;;count=0 ;;lastchange=1795523400 ;;Tue Nov 24 12:30:00 2026\n"


CONFIRMED = f"""\
; autotrust trust anchor file
;;id: . 1
;;last_queried: {CONFIRMED_S} ;;Tue Nov 24 12:30:00 2026
;;last_success: {CONFIRMED_S} ;;Tue Nov 24 12:30:00 2026
;;query_failed: 0
""" + "".join(key_line(key) for key in sorted(KEYS, key=str))
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


def preserve(path: Path, kept: Path, shipped: Path, published: bytes = b"") -> str | None:
    return anchor.preserve(path, kept, shipped, NOW_S, lambda: published)


def test_both_root_keys_of_today_are_shipped() -> None:
    (keys,) = dns.zonefile.read_rrsets(TRUST_ANCHOR.read_text(), rdclass=None, default_ttl=0)
    assert {dns.dnssec.key_id(key) for key in keys} == {20326, 38696}


def test_the_first_start_takes_the_shipped_keys(path: Path, kept: Path, shipped: Path) -> None:
    assert anchor.ensure(path, None, kept, shipped, NOW_S) == []
    assert path.read_bytes() == shipped.read_bytes()
    assert not kept.exists()


def test_what_unbound_wrote_stays(path: Path, kept: Path, shipped: Path) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_text(LATER)
    kept.write_text(CONFIRMED)
    written = path.stat().st_mtime_ns
    assert anchor.ensure(path, None, kept, shipped, NOW_S) == []
    assert path.read_text() == LATER
    assert path.stat().st_mtime_ns == written


@pytest.mark.parametrize("before", [None, CONFIRMED])
def test_a_start_goes_on_from_the_copy_on_the_volume(path: Path, kept: Path, shipped: Path, before: str | None) -> None:
    if before:
        path.parent.mkdir(parents=True)
        path.write_text(before)
    kept.write_text(LATER)
    assert anchor.ensure(path, None, kept, shipped, NOW_S) == []
    assert path.read_text() == LATER


def test_keys_of_a_newer_image_replace_those_that_slept_longer(path: Path, kept: Path, shipped: Path) -> None:
    kept.write_text(CONFIRMED)
    os.utime(shipped, (0, CONFIRMED_S + 1))
    assert anchor.ensure(path, None, kept, shipped, NOW_S) == []
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
        (CONFIRMED[: CONFIRMED.index("AwEAA") + 7].encode(), "no"),
        (b";" * 70_000, "is too long"),
    ],
    ids=["empty", "nonsense", "binary", "of another zone", "announced", "revoked", "half", "too long"],
)
def test_a_damaged_file_is_replaced_and_told(path: Path, kept: Path, shipped: Path, content: bytes, told: str) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_bytes(content)
    kept.write_text(CONFIRMED)
    (warning,) = anchor.ensure(path, None, kept, shipped, NOW_S)
    assert warning.startswith(f"{path}: ")
    assert told in warning
    assert len(warning.splitlines()) == 1
    assert path.read_text() == CONFIRMED
    # The copy on the volume is judged in the same way, and not overwritten by bootstrap.
    path.unlink()
    kept.write_bytes(content)
    (warning,) = anchor.ensure(path, None, kept, shipped, NOW_S)
    assert warning.startswith(f"{kept}: ")
    assert path.read_bytes() == shipped.read_bytes()
    assert kept.read_bytes() == content


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(
    path: Path, kept: Path, shipped: Path, tmp_path: Path
) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(CONFIRMED)
    path.unlink()
    path.symlink_to(elsewhere)
    assert "cannot be read" in (preserve(path, kept, shipped) or "")
    assert not kept.exists()
    (warning,) = anchor.ensure(path, None, kept, shipped, NOW_S)
    assert "cannot be read" in warning
    assert not path.is_symlink()
    assert elsewhere.read_text() == CONFIRMED


def test_what_unbound_has_confirmed_is_kept(path: Path, kept: Path, shipped: Path, tmp_path: Path) -> None:
    kept = tmp_path / "data/root.key"
    anchor.ensure(path, None, kept, shipped, NOW_S)
    assert preserve(path, kept, shipped) is None
    assert not kept.exists()  # nobody has confirmed it, and every image has it
    for content in (CONFIRMED, LATER, LATER.replace("state=2", "state=3")):
        path.write_text(content)
        assert preserve(path, kept, shipped) is None
        assert kept.read_text() == content


def test_a_volume_is_not_written_to_without_news(path: Path, kept: Path, shipped: Path) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_text(CONFIRMED)
    preserve(path, kept, shipped)
    written = kept.stat()
    path.write_text(CONFIRMED.replace(f"queried: {CONFIRMED_S}", "queried: 1").replace("failed: 0", "failed: 1"))
    preserve(path, kept, shipped)
    assert kept.stat() == written


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b";;REVOKED\n" + CONFIRMED.encode()])
def test_the_copy_stays_when_there_is_none_as_good(
    path: Path, kept: Path, shipped: Path, content: bytes | None
) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    kept.write_text(CONFIRMED)
    warning = preserve(path, kept, shipped)
    assert (warning is None) == (content is None)
    assert kept.read_text() == CONFIRMED


def test_a_damaged_copy_is_replaced(path: Path, kept: Path, shipped: Path) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_text(CONFIRMED)
    kept.write_text("nonsense")
    assert preserve(path, kept, shipped) is None
    assert kept.read_text() == CONFIRMED


@dataclass(frozen=True)
class Forger:
    """Somebody with a key of the root's shape, and with unbound's user."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=partial(ec.generate_private_key, ec.SECP256R1()))

    @property
    def key(self) -> DNSKEY:
        return dns.dnssec.make_dnskey(self.private.public_key(), Algorithm.ECDSAP256SHA256, flags=257)

    def publish(self, *keys: dns.rdata.Rdata) -> bytes:
        """A response with these keys of the root, signed."""
        root = dns.name.root
        rrset = dns.rrset.from_rdata_list(root, 300, [self.key, *keys])
        rrsig = dns.dnssec.sign(rrset, self.private, root, self.key, NOW_S - 1000, NOW_S + 1000)
        response = dns.message.make_response(dns.message.make_query(".", "DNSKEY"))
        response.answer += [rrset, dns.rrset.from_rdata_list(root, 300, [rrsig])]
        return response.to_wire()


FORGED = Forger()
GENUINE = sorted(KEYS, key=str)


@pytest.mark.parametrize("known", [[], GENUINE], ids=["alone", "beside the genuine ones"])
@pytest.mark.parametrize("signs", [True, False], ids=["signed by itself", "not signed"])
def test_a_key_that_no_known_key_signed_does_not_reach_the_volume(
    path: Path, kept: Path, shipped: Path, known: list[dns.rdata.Rdata], *, signs: bool
) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_text(CONFIRMED)
    assert preserve(path, kept, shipped) is None
    path.write_text(anchor_file(FORGED.key, *known))
    warning = preserve(path, kept, shipped, FORGED.publish(*GENUINE) if signs else b"")
    assert "trusts a key of the root that no known key has signed" in (warning or "")
    assert kept.read_text() == CONFIRMED
    (warning,) = anchor.ensure(path, None, kept, shipped, NOW_S)
    assert warning.startswith(f"{path}: trusts a key")
    assert path.read_text() == CONFIRMED


def anchor_file(*keys: dns.rdata.Rdata, at_s: float = NOW_S - 10) -> str:
    return f";;last_success: {at_s:.0f} ;;then\n" + "".join(key_line(key) for key in keys)


def test_a_file_from_the_future_does_not_reach_the_volume_and_is_replaced(
    path: Path, kept: Path, shipped: Path
) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_text(anchor_file(*GENUINE, at_s=NOW_S + DAY_S + 1))
    assert "confirmed in the future" in (preserve(path, kept, shipped) or "")
    assert not kept.exists()
    (warning,) = anchor.ensure(path, None, kept, shipped, NOW_S)
    assert "confirmed in the future" in warning
    assert path.read_bytes() == shipped.read_bytes()


def test_a_file_that_a_fast_clock_dated_stays_when_the_clock_is_set_right(
    path: Path, kept: Path, shipped: Path
) -> None:
    """A time server sets a clock back by seconds, and somebody who mistook the summer time by an hour."""
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_text(anchor_file(*GENUINE, at_s=NOW_S + 3600))
    assert preserve(path, kept, shipped) is None
    assert kept.read_text() == path.read_text()
    assert anchor.ensure(path, None, kept, shipped, NOW_S) == []
    assert path.read_text() == kept.read_text()


def test_a_genuine_key_cannot_be_left_out_while_the_root_may_still_use_it(
    path: Path, kept: Path, shipped: Path
) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_text(anchor_file(GENUINE[0]))
    assert "may still be one" in (preserve(path, kept, shipped) or "")
    assert not kept.exists()


def test_the_roots_next_key_is_kept_once_a_known_key_has_signed_it_and_outlives_the_one_before(
    path: Path, kept: Path, shipped: Path
) -> None:
    first, second = Forger(), Forger()
    shipped.write_text(f". IN DNSKEY {first.key}\n")
    os.utime(shipped, (0, 0))
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_text(anchor_file(first.key, second.key))
    assert preserve(path, kept, shipped, first.publish(second.key)) is None
    assert kept.read_text() == path.read_text()
    path.write_text(anchor_file(second.key))
    assert "may still be one" in (preserve(path, kept, shipped, first.publish(second.key)) or "")
    assert preserve(path, kept, shipped, second.publish()) is None
    path.unlink()
    assert anchor.ensure(path, None, kept, shipped, NOW_S) == []
    assert path.read_text() == anchor_file(second.key)


def test_a_copy_from_the_future_on_the_volume_counts_for_nothing_and_is_replaced(
    path: Path, kept: Path, shipped: Path
) -> None:
    """As versions before this one copied it."""
    kept.write_text(anchor_file(FORGED.key, at_s=NOW_S + 1e9))
    (warning,) = anchor.ensure(path, None, kept, shipped, NOW_S)
    assert warning.startswith(f"{kept}: says that it was confirmed in the future")
    assert path.read_bytes() == shipped.read_bytes()
    path.write_text(CONFIRMED)
    assert preserve(path, kept, shipped) is None
    assert kept.read_text() == CONFIRMED


def test_a_clock_that_is_wrong_for_sure_makes_nothing_a_copy_from_the_future(
    path: Path, kept: Path, shipped: Path
) -> None:
    kept.write_text(CONFIRMED)
    os.utime(shipped, (0, CONFIRMED_S - 1000))
    assert anchor.ensure(path, None, kept, shipped, 0.0) == []
    assert path.read_text() == CONFIRMED


@pytest.mark.parametrize(
    "line",
    [
        key_line(FORGED.key, ";;state=2 [  VALID  ] ;;state=1 [ ADDPEND ]"),
        key_line(FORGED.key).replace("size = 256b", "size = 256b ;;state=1 [ ADDPEND ]"),
        "$GENERATE 1-2 . IN DNSKEY 257 3 13 AAAA\n",
        f". 300 IN DNSKEY ( {FORGED.key} )\n",
        f"$ORIGIN .\n@ 300 IN DNSKEY {FORGED.key}\n",
        f". 300 IN DNSKEY {FORGED.key} ;;state=1 [ ADDPEND ]\r;;state=2\n",
    ],
)
def test_a_line_that_two_readers_could_take_for_two_things_makes_the_file_count_for_nothing(
    path: Path, kept: Path, shipped: Path, line: str
) -> None:
    anchor.ensure(path, None, kept, shipped, NOW_S)
    path.write_text(anchor_file(*GENUINE) + line, newline="")
    assert preserve(path, kept, shipped)
    assert not kept.exists()


@pytest.mark.parametrize("content", [None, "nonsense"])
def test_says_how_to_get_the_shipped_keys(path: Path, kept: Path, shipped: Path, content: str | None) -> None:
    shipped.unlink()
    if content:
        shipped.write_text(content)
    with pytest.raises(OperatorError, match=rf"^{shipped}: .*: apt install.* dns-root-data$"):
        anchor.ensure(path, None, kept, shipped, NOW_S)


@pytest.mark.server
def test_unbound_may_replace_it_and_so_may_root_without_its_privileges() -> None:
    """As in the container, where root has neither DAC_OVERRIDE nor FOWNER."""
    unbound = pwd.getpwnam("unbound")
    script = (
        "import sys; from pathlib import Path; from app.unbound import anchor;"
        "path, uid, kept, shipped = sys.argv[1:];"
        "path, kept, shipped = Path(path), Path(kept), Path(shipped);"
        "print(anchor.ensure(path, int(uid), kept, shipped, 2e9), anchor.preserve(path, kept, shipped, 2e9, bytes))"
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
