"""OpenSSL's and GnuTLS's own programs as clients: what they say about the end, renegotiation, sizes and early data."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.appliance import free_ports

from .conftest import Door, opened

pytestmark = pytest.mark.server

VERSIONS = ["-tls1_2", "-tls1_3"]
LONG = b"x" * 2000
DEADLINE_S = 20


def framed(message: bytes) -> bytes:
    return len(message).to_bytes(2, "big") + message


@contextmanager
def program(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A client whose input stays open, with all that it prints in one pipe."""
    bounded = ("timeout", str(DEADLINE_S), "stdbuf", "-o0", *command)
    with subprocess.Popen(bounded, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        try:
            yield client
        finally:
            client.terminate()  # `timeout` passes it on


def s_client(door: Door, *arguments: str) -> tuple[str, ...]:
    return ("openssl", "s_client", "-connect", f"127.0.0.1:{door.port}", *arguments)


def printed_until(client: subprocess.Popen[bytes], wanted: bytes) -> bytes:
    """What it prints, up to `wanted`. Raises AssertionError if it ends before."""
    assert client.stdout is not None
    text = b""
    while wanted not in text:
        more = client.stdout.read1(65536)  # type: ignore[attr-defined]
        assert more, text
        text += more
    return text


def say(client: subprocess.Popen[bytes], octets: bytes) -> None:
    assert client.stdin is not None
    client.stdin.write(octets)
    client.stdin.flush()


@pytest.mark.parametrize("version", VERSIONS)
def test_c10_the_server_closes_first_with_close_notify_and_no_reset(door: Door, version: str) -> None:
    with (
        opened(door.pair, idle_timeout_s=0.5) as impatient,
        program(*s_client(impatient, "-msg", "-quiet", version)) as client,
    ):
        say(client, framed(b"hello"))
        assert client.stdout is not None
        text = client.stdout.read()
        assert client.wait(DEADLINE_S) == 0, text
    server_said = re.findall(rb"<<< TLS 1\.\d, Alert \[length 0002\], (.*)", text)
    assert server_said == [b"warning close_notify"]
    assert b"errno" not in text


@pytest.mark.parametrize("version", VERSIONS)
def test_c12_a_query_and_the_end_of_input_do_no_harm(door: Door, version: str) -> None:
    seen = len(door.seen)
    command = s_client(door, "-quiet", "-no_ign_eof", version)
    done = subprocess.run(command, input=framed(b"goodbye"), capture_output=True, timeout=DEADLINE_S, check=False)
    assert b"errno" not in done.stderr
    assert b"goodbye" in door.seen[seen:]


def test_renegotiation_is_declined(door: Door) -> None:
    with program(*s_client(door, "-tls1_2", "-msg")) as client:
        printed_until(client, b"Extended master secret")
        say(client, b"R\n")
        text = printed_until(client, b"no_renegotiation")
    assert b"<<< TLS 1.2, Alert [length 0002], warning no_renegotiation" in text


@pytest.mark.parametrize("octets", ["512", "4096"])
def test_maximum_fragment_length_is_kept_to(door: Door, octets: str) -> None:
    """RFC 6066 4."""
    with program(*s_client(door, "-maxfraglen", octets, "-quiet")) as client:
        say(client, framed(LONG))
        assert printed_until(client, framed(LONG)).endswith(framed(LONG))


@pytest.mark.parametrize("octets", ["512", "4096"])
@pytest.mark.parametrize("version", ["NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3"])
def test_a_record_size_limit_does_no_harm(door: Door, octets: str, version: str) -> None:
    """RFC 8449 from GnuTLS, which OpenSSL does not know."""
    arguments = ("--insecure", "--recordsize", octets, "--priority", version, "--port", str(door.port), "127.0.0.1")
    answerer = door.house.answerer
    with program("gnutls-cli", *arguments) as client:
        printed_until(client, b"Simple Client Mode")
        for number in range(5):  # it sends no more than that limit of what it reads at once
            say(client, framed(b"slow" + b"x" * 400))
            deadline_s = time.monotonic() + DEADLINE_S
            while len(answerer.waiting) <= number:
                assert time.monotonic() < deadline_s
                time.sleep(0.01)  # the event that says so belongs to the door's thread
        door.do(answerer.release)
        printed_until(client, 5 * framed(b"slow" + b"x" * 400))


@pytest.mark.parametrize("version", ["VERS-TLS1.2", "VERS-TLS1.3"])
def test_gnutls_hears_why_it_is_refused(door: Door, version: str) -> None:
    priority = f"NORMAL:-VERS-ALL:+{version}"
    arguments = ["--insecure", "--alpn=h2", "--priority", priority, "--port", str(door.port), "127.0.0.1"]
    done = subprocess.run(["gnutls-cli", *arguments], input=b"", capture_output=True, timeout=DEADLINE_S, check=False)
    assert b"alert [120]" in done.stdout + done.stderr


@pytest.mark.parametrize("curve", ["SECP256R1", "SECP384R1"])
def test_gnutls_is_let_in_whose_policy_knows_no_x25519(door: Door, curve: str) -> None:
    """It sends a share in a finite field beside that of its first curve."""
    others = [other for other in ("SECP256R1", "SECP384R1", "SECP521R1", "X25519", "X448") if other != curve]
    priority = "NORMAL:-VERS-ALL:+VERS-TLS1.3" + "".join(f":-GROUP-{other}" for other in others)
    arguments = ("--insecure", "--alpn=dot", "--priority", priority, "--port", str(door.port), "127.0.0.1")
    with program("gnutls-cli", *arguments) as client:
        assert f"ECDHE-{curve}".encode() in printed_until(client, b"Simple Client Mode")
        say(client, framed(b"hello"))
        printed_until(client, framed(b"hello"))


def test_c20_early_data_is_passed_over_and_the_handshake_goes_on(door: Door, tmp_path: Path) -> None:
    """The ticket is one of another server, which allows early data; ours never gives such a one."""
    (port,) = free_ports(1)
    session, early = tmp_path / "session", tmp_path / "early"
    early.write_bytes(framed(b"sent too early"))
    other = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", str(door.pair), "-key", str(door.pair)]
    with program(*other, "-tls1_3", "-early_data", "-max_early_data", "1000") as server:
        printed_until(server, b"ACCEPT")
        get = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "dns.home.arpa"]
        with program(*get, "-sess_out", str(session)) as client:
            printed_until(client, b"Max Early Data: 1000")
    arguments = ("-servername", "dns.home.arpa", "-sess_in", str(session), "-early_data", str(early))
    with program(*s_client(door, *arguments)) as client:
        printed_until(client, b"Early data was rejected")
        say(client, framed(b"sent in time"))
        printed_until(client, b"sent in time")
    assert b"sent too early" not in door.seen
