import ssl
import subprocess
from pathlib import Path

import pytest

from app.dot.certificate import Certificate
from app.dot.counters import Count, Counters
from app.dot.tls import TlsSession
from app.errors import OperatorError
from tests.dot.test_tls import Client
from tests.fakes.pair import write_pair


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
