import ssl
import subprocess
from pathlib import Path

import pytest

from app.dot.certificate import Certificate
from app.dot.counters import Count, Counters
from app.dot.tls import TlsSession, bare_context
from app.errors import OperatorError
from tests.dot.test_tls import Client
from tests.fakes.pair import write_pair
from tests.fakes.pki import Authority


def test_a_change_is_noticed_once(pair: Path, tmp_path: Path) -> None:
    counters = Counters()
    certificate = Certificate(pair)
    certificate.refresh(counters.row(0))
    assert counters.total(Count.CERTIFICATE_CHANGES) == 0
    write_pair(tmp_path / "new.pem").replace(pair)
    certificate.refresh(counters.row(0))
    certificate.refresh(counters.row(0))
    assert counters.total(Count.CERTIFICATE_CHANGES) == 1


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("no certificate")])
def test_a_pair_that_is_no_good_any_more_is_refused_once(pair: Path, damage: object) -> None:
    counters = Counters()
    certificate = Certificate(pair)
    damage(pair)  # type: ignore[operator]
    certificate.refresh(counters.row(0))
    certificate.refresh(counters.row(0))
    assert counters.total(Count.CERTIFICATE_REFUSED) == 1


def test_without_a_pair_there_is_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"pair\.pem"):
        Certificate(tmp_path / "pair.pem")


def test_a_key_of_another_kind_is_really_served(pair: Path, tmp_path: Path) -> None:
    certificate = Certificate(pair)
    before = certificate.context
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=rsa -keyout key -out cert"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    pair.write_text((tmp_path / "key").read_text() + (tmp_path / "cert").read_text())
    counters = Counters()
    certificate.refresh(counters.row(0))
    assert counters.total(Count.CERTIFICATE_CHANGES) == 1
    assert certificate.context is not before
    client, server = Client(["dot"], ssl.TLSVersion.TLSv1_3), TlsSession(certificate.context)
    client.handshake(server)
    assert b"rsa" in (client.tls.getpeercert(binary_form=True) or b"")


PUBLIC = "mybox.example.org"


def write_public(path: Path) -> Path:
    return Authority().intermediate.sign(PUBLIC, names=[PUBLIC]).write_chain(path)


def shown(certificate: Certificate, name: str, keys: ssl.SSLContext | None = None) -> bytes:
    """What a client sees that asks for `name`."""
    client = Client(["dot"], ssl.TLSVersion.TLSv1_3, name)
    client.handshake(TlsSession(certificate.contexts.of, keys))
    return client.tls.getpeercert(binary_form=True) or b""


@pytest.mark.parametrize("keys", [None, bare_context()], ids=["its own tickets", "shared tickets"])
def test_who_asks_for_the_public_name_gets_the_public_chain_and_all_others_the_boxs_own(
    pair: Path, tmp_path: Path, keys: ssl.SSLContext | None
) -> None:
    certificate = Certificate(pair, write_public(tmp_path / "public.pem"), PUBLIC)
    for name in (PUBLIC, PUBLIC.upper(), f"phone.{PUBLIC}"):
        assert PUBLIC.encode() in shown(certificate, name, keys), name
    for name in ("dns.home.arpa", "other.example.org", f"not{PUBLIC}", f"a.b.{PUBLIC}", "192.168.1.1"):
        assert PUBLIC.encode() not in shown(certificate, name, keys), name


def test_the_public_chain_comes_changes_and_goes_while_it_runs(pair: Path, tmp_path: Path) -> None:
    counters, public = Counters(), tmp_path / "public.pem"
    certificate = Certificate(pair, public, PUBLIC)
    own = shown(certificate, PUBLIC)
    seen = []
    for change in (write_public, write_public, Path.unlink):
        change(public)
        certificate.refresh(counters.row(0))
        certificate.refresh(counters.row(0))
        seen.append(shown(certificate, PUBLIC))
    assert seen[0] != seen[1] != own == seen[2]
    assert counters.total(Count.CERTIFICATE_CHANGES) == 2
    assert counters.total(Count.CERTIFICATE_REFUSED) == 0


def test_a_public_chain_that_is_no_good_leaves_the_one_before(pair: Path, tmp_path: Path) -> None:
    counters, public = Counters(), write_public(tmp_path / "public.pem")
    certificate = Certificate(pair, public, PUBLIC)
    before = shown(certificate, PUBLIC)
    public.write_text("junk")
    certificate.refresh(counters.row(0))
    assert shown(certificate, PUBLIC) == before
    assert counters.total(Count.CERTIFICATE_REFUSED) == 1


def test_a_box_without_a_public_name_does_not_look_for_one(pair: Path, tmp_path: Path) -> None:
    certificate = Certificate(pair, write_public(tmp_path / "public.pem"), None)
    assert PUBLIC.encode() not in shown(certificate, PUBLIC)


def test_the_boxs_own_may_change_without_the_public_one(pair: Path, tmp_path: Path) -> None:
    counters, certificate = Counters(), Certificate(pair, write_public(tmp_path / "public.pem"), PUBLIC)
    before, public = shown(certificate, "dns.home.arpa"), shown(certificate, PUBLIC)
    write_pair(tmp_path / "new.pem").replace(pair)
    certificate.refresh(counters.row(0))
    assert shown(certificate, "dns.home.arpa") != before
    assert shown(certificate, PUBLIC) == public
