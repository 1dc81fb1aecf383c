from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from app.errors import OperatorError
from app.trust import public
from tests.fakes.pki import DAY, Authority, Identity, Key

NAME = "mybox.example.org"
NAMES = (NAME, f"*.{NAME}")


class Volume:
    """One with a key and a request, and an authority that signs for it."""

    def __init__(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "public"
        self.authority = Authority()
        self.roots = tmp_path / "roots.pem"
        self.roots.write_bytes(Authority().root.pem + self.authority.root.pem)
        self.now = datetime.now(UTC)
        public.ensure_request(self.folder, NAMES)

    def signed(self, *names: str, key: Key | None = None, ends: timedelta = 30 * DAY) -> str:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        own = load_pem_private_key((self.folder / public.KEY).read_bytes(), None)
        leaf = self.authority.intermediate.sign("leaf", names=names or NAMES, key=key or own, ends=ends)  # type: ignore[arg-type]
        return (leaf.pem + self.authority.intermediate.pem).decode()

    def accept(self, chain: str) -> public.PublicIdentity:
        return public.accept(self.folder, chain, NAME, self.roots, self.now)

    def load(self, after: timedelta = timedelta(), name: str = NAME) -> public.PublicIdentity | None:
        return public.load(self.folder, name, self.roots, self.now + after)


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    return Volume(tmp_path)


def test_what_it_holds_is_for_us_alone(volume: Volume) -> None:
    volume.accept(volume.signed())
    assert volume.folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in volume.folder.iterdir()} == dict.fromkeys(
        (public.KEY, public.REQUEST, public.CHAIN), 0o600
    )


def test_the_request_is_for_the_names_and_the_key_outlives_it(volume: Volume) -> None:
    key = (volume.folder / public.KEY).read_bytes()
    public.ensure_request(volume.folder, ("other.example.org",))
    request = x509.load_pem_x509_csr((volume.folder / public.REQUEST).read_bytes())
    san = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert san.get_values_for_type(x509.DNSName) == ["other.example.org"]
    assert (volume.folder / public.KEY).read_bytes() == key


def test_a_chain_that_every_device_takes_is_kept_with_what_vouches_for_it(volume: Volume) -> None:
    assert volume.load() is None
    identity = volume.accept(volume.signed())
    assert identity.root_pem == volume.authority.root.pem
    assert volume.load() == identity
    assert identity.spki_pin == volume.accept(volume.signed()).spki_pin


def test_what_is_over_or_for_another_name_is_nothing(volume: Volume) -> None:
    volume.accept(volume.signed())
    assert volume.load(29 * DAY) is not None
    assert volume.load(31 * DAY) is None
    assert volume.load(name="other.example.org") is None


def test_where_the_clock_is_not_set_dates_are_not_looked_at(volume: Volume) -> None:
    identity = volume.accept(volume.signed())
    assert public.load(volume.folder, NAME, volume.roots, None) == identity


def other_key(volume: Volume) -> str:
    stranger: Identity = volume.authority.root
    return volume.signed(key=stranger.key)


def other_root(volume: Volume) -> str:
    volume.authority = Authority()
    return volume.signed()


def junk(_: Volume) -> str:
    return "junk"


def without_intermediate(volume: Volume) -> str:
    end = "-----END CERTIFICATE-----\n"
    return volume.signed().partition(end)[0] + end


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        (junk, "holds no certificate"),
        (lambda volume: volume.signed("other.example.org"), "leaf certificate has no matching subjectAltName"),
        (lambda volume: volume.signed(ends=-DAY / 2), "cert is not valid at validation time"),
        (other_key, "it is not for our key"),
        (other_root, "signature does not match"),
        (without_intermediate, "vouches for it"),
    ],
    ids=["junk", "other name", "over", "other key", "other root", "without intermediate"],
)
def test_what_devices_would_refuse_is_refused_and_the_one_before_stays(volume: Volume, chain: object, why: str) -> None:
    before = volume.accept(volume.signed())
    with pytest.raises(OperatorError, match=why) as caught:
        volume.accept(chain(volume))  # type: ignore[operator]
    assert len(caught.value.faults) == 1
    volume.roots.write_bytes(before.root_pem)
    assert volume.load() == before


def test_a_key_that_cannot_be_read_is_told(volume: Volume) -> None:
    chain = volume.signed()
    (volume.folder / public.KEY).write_text("junk")
    with pytest.raises(OperatorError, match="holds no private key"):
        volume.accept(chain)
    with pytest.raises(OperatorError, match="holds no private key"):
        public.ensure_request(volume.folder, NAMES)
