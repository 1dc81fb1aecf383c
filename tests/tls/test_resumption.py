"""RFC 7858 3.4: a client that comes back resumes its session; where that is impossible, it gets a new one."""

import subprocess
from pathlib import Path

import pytest

from app.dot.tickets import WEEK_S
from tests.fakes.pair import write_pair

from .conftest import Door, opened

pytestmark = pytest.mark.server

VERSIONS = ["-tls1_2", "-tls1_3"]


def connect(door: Door, *arguments: str) -> str:
    """What s_client prints when it asks one thing, waits for the answer and leaves: a ticket came with it or before."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{door.port}", "-servername", "dns.home.arpa", *arguments]
    with subprocess.Popen(
        ["timeout", "20", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(b"\0\5hello")
        client.stdin.flush()
        text = b""
        while b"\0\5hello" not in text:
            more: bytes = client.stdout.read1(65536)  # type: ignore[attr-defined]
            assert more, text
            text += more
        text += client.communicate()[0]
    return text.decode(errors="replace")


@pytest.mark.parametrize("version", VERSIONS)
def test_c18_a_returning_client_resumes(door: Door, tmp_path: Path, version: str) -> None:
    session = str(tmp_path / "session")
    assert "New, TLSv1." in connect(door, version, "-sess_out", session)
    assert "Reused, TLSv1." in connect(door, version, "-sess_in", session)


@pytest.mark.parametrize("version", VERSIONS)
def test_c18_one_ticket_after_another_resumes(door: Door, tmp_path: Path, version: str) -> None:
    session = str(tmp_path / "session")
    connect(door, version, "-sess_out", session)
    for _ in range(3):
        assert "Reused, TLSv1." in connect(door, version, "-sess_in", session, "-sess_out", session)


@pytest.mark.parametrize("version", ["VERS-TLS1.2", "VERS-TLS1.3"])
def test_c18_gnutls_resumes(door: Door, version: str) -> None:
    command = ["gnutls-cli", "--insecure", "--resume", "--waitresumption", "--priority", f"NORMAL:-VERS-ALL:+{version}"]
    command += ["--port", str(door.port), "127.0.0.1"]
    done = subprocess.run(command, input="", capture_output=True, text=True, timeout=30, check=False)
    assert "*** This is a resumed session" in done.stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_c18_a_ticket_outlives_a_new_certificate(tmp_path: Path, version: str) -> None:
    session = str(tmp_path / "session")
    with opened(write_pair(tmp_path / "pair.pem")) as door:
        connect(door, version, "-sess_out", session)
        write_pair(tmp_path / "new.pem").replace(door.pair)
        door.do(door.house.refresh)
        assert "Reused, TLSv1." in connect(door, version, "-sess_in", session)


@pytest.mark.parametrize("version", VERSIONS)
def test_c18_a_ticket_from_before_a_restart_costs_a_full_handshake_and_no_more(tmp_path: Path, version: str) -> None:
    session = str(tmp_path / "session")
    pair = write_pair(tmp_path / "pair.pem")
    with opened(pair) as door:
        connect(door, version, "-sess_out", session)
    with opened(pair) as door:
        assert "New, TLSv1." in connect(door, version, "-sess_in", session)


@pytest.mark.parametrize("version", VERSIONS)
def test_c18_a_ticket_of_last_week_costs_a_full_handshake_and_no_more(tmp_path: Path, version: str) -> None:
    session = str(tmp_path / "session")
    with opened(write_pair(tmp_path / "pair.pem")) as door:
        connect(door, version, "-sess_out", session)
        door.house.clock.now_s += WEEK_S
        door.do(door.house.refresh)
        assert "New, TLSv1." in connect(door, version, "-sess_in", session, "-sess_out", session)
        assert "Reused, TLSv1." in connect(door, version, "-sess_in", session)
