"""A renewal beside open connections: nobody is hung up on, and the pin stays."""

import base64
import hashlib
import socket
import ssl
import subprocess
import time
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.onboarding.guides import AFTER_A_MOVE
from app.programs.bootstrap import SCAN_AGAIN
from tests.appliance import HOSTNAME, folder_for_all, running, settings_in
from tests.internet import Internet
from tests.ticking import upkeep

pytestmark = pytest.mark.server


def connect(context: ssl.SSLContext, port: int, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", port), 10)
    return context.wrap_socket(raw, server_hostname=HOSTNAME, session=session)


def ask(connection: ssl.SSLSocket) -> int:
    """The RCODE of a signed name's answer, which must be validated."""
    query = dns.message.make_query("signed.test", "A", want_dnssec=True)
    dns.query.send_tcp(connection, query)
    answer, _ = dns.query.receive_tcp(connection, time.time() + 10)
    assert answer.flags & dns.flags.AD
    return answer.rcode()


def leaf(connection: ssl.SSLSocket) -> x509.Certificate:
    return x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"")


def pin(certificate: x509.Certificate) -> str:
    der = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_open_connection_and_a_session_live_through_a_renewal(internet: Internet, version: ssl.TLSVersion) -> None:
    with folder_for_all() as folder:
        environment = settings_in(folder, **internet.environment)
        with running(folder, environment) as appliance:
            context = ssl.create_default_context(cafile=appliance.root)
            context.minimum_version = context.maximum_version = version
            context.set_alpn_protocols(["dot"])
            with connect(context, appliance.dot_port) as open_before:
                assert ask(open_before) == 0
                session, old = open_before.session, leaf(open_before)
                assert session is not None
                moved = environment | {"HOMEDOT_ADDRESSES": "127.0.0.1,127.0.0.2,::1"}
                with upkeep(folder, moved, []) as minute:
                    minute.tick()
                new = until_served(context, appliance.dot_port, old)
                assert pin(new) == pin(old)
                assert "127.0.0.2" in {str(name.value) for name in names(new)}
                assert ask(open_before) == 0
                with connect(context, appliance.dot_port, session) as resumed:
                    assert resumed.session_reused
                    assert ask(resumed) == 0
            page = httpx.get(f"http://127.0.0.1:{appliance.web_port}/", trust_env=False).text
            assert AFTER_A_MOVE not in page


def until_served(context: ssl.SSLContext, port: int, old: x509.Certificate) -> x509.Certificate:
    """The next leaf, once a full handshake shows another than `old`."""
    deadline_s = time.monotonic() + 30
    while True:
        with connect(context, port) as fresh:
            if leaf(fresh) != old:
                return leaf(fresh)
        assert time.monotonic() < deadline_s
        time.sleep(0.1)  # the front door looks at its file every two seconds


def names(certificate: x509.Certificate) -> x509.SubjectAlternativeName:
    return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_a_new_authority_is_served_by_a_running_homedot(internet: Internet, tmp_path: Path) -> None:
    with folder_for_all() as folder:
        environment = settings_in(folder, **internet.environment)
        with running(folder, environment) as appliance:
            before = tmp_path / "before.pem"
            before.write_bytes(appliance.root.read_bytes())
            with connect(ssl.create_default_context(cafile=before), appliance.dot_port) as connection:
                old = leaf(connection)
            assert appliance.homedot("ca", "new", "--yes").returncode == 0
            with upkeep(folder, environment, []) as minute:
                minute.tick()
                assert SCAN_AGAIN in minute.log
            unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
            until_served(unverified, appliance.dot_port, old)
            with connect(ssl.create_default_context(cafile=appliance.root), appliance.dot_port) as connection:
                assert ask(connection) == 0
            with pytest.raises(ssl.SSLCertVerificationError):
                connect(ssl.create_default_context(cafile=before), appliance.dot_port)
            profile = subprocess.run(
                ["curl", "-fsS", f"http://127.0.0.1:{appliance.web_port}/ca.pem"], capture_output=True, check=True
            ).stdout
            assert profile == appliance.root.read_bytes()
