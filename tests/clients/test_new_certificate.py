"""The user's own certificate, replaced while clients are connected: in every way that tools do it, and badly."""

import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import dns.message
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.appliance import PROGRAMS, Appliance, clean, folder_for_all, running, settings_in
from tests.fakes.dot_client import unverified_context
from tests.fakes.pki import Authority, Identity
from tests.internet import Internet

pytestmark = pytest.mark.server

NAME = "dns.example.org"
AUTHORITY = Authority()
DEADLINE_S = 30.0
TICK = b"ver:3.0 server:supervisor serial:1 pool:upkeep poolserial:1 eventname:TICK_60 len:0\n"

Files = dict[str, bytes]


def new_leaf() -> Identity:
    return AUTHORITY.intermediate.sign(NAME, names=[NAME])


def files_of(leaf: Identity) -> Files:
    return {"cert.pem": leaf.pem + AUTHORITY.intermediate.pem, "key.pem": leaf.key_pem}


@dataclass(frozen=True)
class Client:
    """A connection that asks, sees the certificate, and can come back with its ticket."""

    tls: ssl.SSLSocket

    @classmethod
    def connect(cls, port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> "Client":
        plain = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        client = cls(context.wrap_socket(plain, server_hostname=NAME, session=session))
        client.ask()
        return client

    def ask(self) -> None:
        query = dns.message.make_query("localhost", "A").to_wire()
        self.tls.sendall(len(query).to_bytes(2, "big") + query)
        assert self.tls.recv(65535)[2:4] == query[:2]

    @property
    def leaf(self) -> bytes | None:
        return self.tls.getpeercert(binary_form=True)


@dataclass(frozen=True)
class Own:
    """An appliance with a certificate of the user's own in `certs`. `tick` is what supervisord does every minute."""

    appliance: Appliance
    certs: Path
    upkeep: subprocess.Popen[bytes]

    def tick(self) -> None:
        assert self.upkeep.stdin is not None
        assert self.upkeep.stdout is not None
        assert self.upkeep.stdout.readline() == b"READY\n"
        self.upkeep.stdin.write(TICK)
        self.upkeep.stdin.flush()
        assert self.upkeep.stdout.readline() + self.upkeep.stdout.read(2) == b"RESULT 2\nOK"

    @property
    def upkeep_log(self) -> str:
        return (self.appliance.folder / "upkeep.log").read_text(encoding="utf-8")

    @property
    def pair(self) -> Path:
        """What the front door reads."""
        return self.appliance.folder / "run/tls/pair.pem"

    def connect(self, context: ssl.SSLContext | None = None, session: ssl.SSLSession | None = None) -> Client:
        return Client.connect(self.appliance.dot_port, context or unverified_context(), session)

    def serves(self, leaf: Identity) -> bool:
        """Whether a new client gets `leaf`, within the time that the front door takes to look."""
        deadline_s = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline_s:
            client = self.connect()
            served = client.leaf
            client.tls.close()
            if served == leaf.certificate.public_bytes(Encoding.DER):
                return True
            time.sleep(0.2)  # the front door looks every two seconds
        return False


@pytest.fixture(scope="module")
def own(internet: Internet) -> Iterator[Own]:
    with folder_for_all() as folder:
        certs = folder / "certs"
        whole_folder(certs, files_of(new_leaf()))
        environment = settings_in(
            folder,
            HOMEDOT_HOSTNAME=NAME,
            HOMEDOT_TLS__CERTIFICATE=str(certs / "cert.pem"),
            HOMEDOT_TLS__KEY=str(certs / "key.pem"),
            HOMEDOT_WEB__ENABLED="false",
            **internet.environment,
        )
        with (
            running(folder, environment) as appliance,
            (folder / "upkeep.log").open("wb") as log,
            subprocess.Popen(
                [*PROGRAMS, "upkeep"],
                env=clean(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            ) as upkeep,
        ):
            yield Own(appliance, certs, upkeep)
            assert upkeep.stdin is not None
            upkeep.stdin.close()  # which is how supervisord ends it


# --- the ways in which files are replaced -----------------------------------------------------------------------------


def renamed(certs: Path, files: Files) -> None:
    for name, content in files.items():
        (certs / f"{name}.new").write_bytes(content)
        (certs / f"{name}.new").replace(certs / name)


def in_place(certs: Path, files: Files) -> None:
    for name, content in files.items():
        (certs / name).write_bytes(content)


def links_switched(certs: Path, files: Files) -> None:
    """As certbot does: links from `live` to numbered files in `archive`."""
    number = time.monotonic_ns()
    archive = certs.parent / "archive"
    archive.mkdir(exist_ok=True)
    for name, content in files.items():
        (archive / f"{number}-{name}").write_bytes(content)
        (certs / name).unlink(missing_ok=True)
        (certs / name).symlink_to(f"../archive/{number}-{name}")


def data_folder_switched(certs: Path, files: Files) -> None:
    """As Kubernetes does: links to `..data`, a link to a folder, which is renamed over."""
    version = certs / f"..{time.monotonic_ns()}"
    version.mkdir()
    for name, content in files.items():
        (version / name).write_bytes(content)
    (certs / "..data_tmp").symlink_to(version.name)
    (certs / "..data_tmp").replace(certs / "..data")
    for name in files:
        if not (certs / name).is_symlink():
            (certs / name).unlink(missing_ok=True)
            (certs / name).symlink_to(f"..data/{name}")


def whole_folder(certs: Path, files: Files) -> None:
    fresh = certs.with_name(f"certs-{time.monotonic_ns()}")
    fresh.mkdir()
    in_place(fresh, files)
    if certs.exists():
        certs.rename(fresh.with_name(f"{fresh.name}-before"))
    fresh.rename(certs)


@pytest.mark.parametrize(
    "replace", [renamed, in_place, links_switched, data_folder_switched, whole_folder], ids=lambda way: way.__name__
)
def test_c18_a_new_certificate_is_served_and_nobody_is_disturbed(
    own: Own, replace: Callable[[Path, Files], None]
) -> None:
    whole_folder(own.certs, {})
    before, after = new_leaf(), new_leaf()
    replace(own.certs, files_of(before))
    own.tick()
    assert own.serves(before)
    contexts = [of_version(ssl.TLSVersion.TLSv1_2), of_version(ssl.TLSVersion.TLSv1_3)]
    connected = [own.connect(context) for context in contexts]
    replace(own.certs, files_of(after))
    own.tick()
    assert own.serves(after)
    for client, context in zip(connected, contexts, strict=True):
        client.ask()  # on the connection of before
        returned = own.connect(context, client.tls.session)
        assert returned.tls.session_reused
        returned.tls.close()
        client.tls.close()


def of_version(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = unverified_context()
    context.minimum_version = context.maximum_version = version
    return context


def another_key(leaf: Identity) -> Files:
    return files_of(leaf) | {"key.pem": new_leaf().key_pem}


def garbage(leaf: Identity) -> Files:
    return dict.fromkeys(files_of(leaf), b"\x00\xff garbage")


def half_a_certificate(leaf: Identity) -> Files:
    return files_of(leaf) | {"cert.pem": leaf.pem[: len(leaf.pem) // 2]}


def half_a_key(leaf: Identity) -> Files:
    return files_of(leaf) | {"key.pem": leaf.key_pem[: len(leaf.key_pem) // 2]}


def nothing(leaf: Identity) -> Files:
    return dict.fromkeys(files_of(leaf), b"")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (another_key, "key.pem: does not belong to"),
        (garbage, "cert.pem: holds no certificate in PEM that can be read"),
        (half_a_certificate, "cert.pem: holds no certificate in PEM that can be read"),
        (half_a_key, "key.pem: holds no private key in PEM that can be read"),
        (nothing, "cert.pem: holds no certificate in PEM that can be read"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_a_bad_new_pair_is_refused_with_a_reason_until_a_good_one_comes(
    own: Own, damage: Callable[[Identity], Files], reason: str
) -> None:
    good, better = new_leaf(), new_leaf()
    whole_folder(own.certs, files_of(good))
    own.tick()
    assert own.serves(good)
    told = len(own.upkeep_log)
    served = own.pair.read_bytes()
    in_place(own.certs, damage(better))
    own.tick()
    assert reason in own.upkeep_log[told:]
    assert "Traceback" not in own.upkeep_log
    told = len(own.upkeep_log)
    own.tick()
    assert own.upkeep_log[told:] == ""  # once is enough
    assert own.pair.read_bytes() == served
    assert own.serves(good)
    in_place(own.certs, files_of(better))
    own.tick()
    assert own.serves(better)
    assert "Traceback" not in own.appliance.log
