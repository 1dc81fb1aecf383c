"""From an empty volume and a token to a chain that is served, and on through its renewals."""

import json
import os
import pwd
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.message
import pytest

from app.config.load import load
from app.programs import paths, public_name, users
from app.programs.public_name import PublicNameWatcher, PublicNotes, read_notes
from app.publicname.schedule import Life, Progress
from tests.appliance import (
    Appliance,
    children,
    command_line,
    folder_for_all,
    owner,
    running,
    settings_in,
    start_with_fast_minutes,
)
from tests.fakes import name_provider
from tests.fakes.knot import knot
from tests.fakes.name_provider import TOKEN, ProviderApi
from tests.fakes.name_server import NameServer
from tests.fakes.pebble import STRICT, Pebble, pebble
from tests.internet import Internet

NAME = "mybox.duckdns.org"
DEADLINE_S = 90.0
GIVEN = {
    "HOMEDOT_PUBLIC__NAME": NAME,
    "HOMEDOT_PUBLIC__PROVIDER": "duckdns",
    "HOMEDOT_PUBLIC__TOKEN": TOKEN,
    "HOMEDOT_PUBLIC__TERMS": "true",
}


def until(is_so: Callable[[], object], log: Callable[[], str]) -> None:
    end_s = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < end_s, log()
        time.sleep(0.2)  # what upkeep and the front door look at in their own time


def strict(root: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(root))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["dot"])
    return context


def ask(tls: ssl.SSLSocket) -> None:
    query = dns.message.make_query("localhost", "A").to_wire()
    tls.sendall(len(query).to_bytes(2, "big") + query)
    assert tls.recv(65535)[2:4] == query[:2]


def connected(port: int, context: ssl.SSLContext, name: str, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=20)
    tls = context.wrap_socket(plain, server_hostname=name, session=session)
    ask(tls)
    return tls


@dataclass(frozen=True)
class Outside:
    """What is outside of a box: a provider with its name server, and an authority."""

    api: ProviderApi
    authority: Pebble
    environment: dict[str, str]


@contextmanager
def outside(folder: Path, internet: Internet, host: int, life_s: int = 90 * 86400) -> Iterator[Outside]:
    """`host` is where its name server is in the tests' own internet."""
    api = ProviderApi(name_provider.duckdns, folder)
    address = internet.address(host)
    api.records["duckdns.org", "NS"] = ["ns.duckdns.org."]
    api.records["ns.duckdns.org", "A"] = [address]
    names = NameServer(api.records, address, 53)
    with api.running(), names.running(), pebble(folder, f"{address}:53", STRICT, life_s=life_s) as authority:
        (folder / "provider.pem").write_text(api.roots_pem)
        environment = {
            **internet.environment,
            **GIVEN,
            "HOMEDOT_PUBLIC__SERVER": api.url,
            "HOMEDOT_PUBLIC__DIRECTORY": authority.directory,
            "HOMEDOT_PUBLIC__CA_BUNDLE": str(authority.bundle),
            "HOMEDOT_RESOLVER__CA_BUNDLE": str(folder / "provider.pem"),
            "HOMEDOT_RESOLVER__ROUTES": f"duckdns.org={address}",
            "HOMEDOT_ADDRESSES": "127.0.0.1",
        }
        yield Outside(api, authority, environment)


def served(appliance: Appliance, root: Path, name: str = NAME) -> bytes | None:
    """The leaf that a strict client gets which trusts `root` alone; None if it is refused."""
    try:
        with connected(appliance.dot_port, strict(root), name) as tls:
            return tls.getpeercert(binary_form=True)
    except ssl.SSLError:
        return None


@pytest.mark.server
def test_an_empty_volume_and_a_token_are_enough_for_a_chain_that_every_client_takes(internet: Internet) -> None:
    with folder_for_all() as folder, outside(folder, internet, 130) as world:
        start = start_with_fast_minutes(folder)
        with running(folder, settings_in(folder, **world.environment), start) as appliance:
            root = world.authority.root
            until(lambda: served(appliance, root), lambda: appliance.log)
            assert world.api.records[NAME, "A"] == ["127.0.0.1"]
            assert world.api.records[f"_acme-challenge.{NAME}", "TXT"] == []
            assert served(appliance, root, f"phone.{NAME}")
            assert served(appliance, appliance.root, "dns.home.arpa")
            assert served(appliance, root, "dns.home.arpa") is None
            clients_accept(appliance, root)
            secrets_stay(appliance, folder)
            told = appliance.homedot("doctor", "--json", "--bogus-name", "bogus.test").stdout
            (check,) = (each for each in json.loads(told)["checks"] if each["name"] == "public name")
            assert check["verdict"] == "pass", check
            assert NAME in appliance.homedot("status").stdout
        with running(folder, dict(appliance.environment), start) as appliance:
            assert served(appliance, root)  # from its first moment on


def clients_accept(appliance: Appliance, root: Path) -> None:
    """With nothing but the authority's root."""
    port = str(appliance.dot_port)
    # kdig is not among them: that of Debian 13 breaks off at a leaf without a subject, as authorities now make them.
    openssl = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", NAME, "-verify_hostname", NAME]
    openssl += ["-CAfile", str(root), "-no-CApath", "-x509_strict", "-verify_return_error", "-alpn", "dot"]
    shown = subprocess.run(openssl, input="", capture_output=True, text=True, timeout=20, check=True).stdout
    assert "Verify return code: 0 (ok)" in shown
    gnutls = ["gnutls-cli", "--port", port, "--x509cafile", str(root), "--sni-hostname", NAME]
    gnutls += ["--verify-hostname", NAME, "--alpn", "dot", "127.0.0.1"]
    shown = subprocess.run(gnutls, input="", capture_output=True, text=True, timeout=20, check=True).stdout
    assert "The certificate is trusted" in shown


def secrets_stay(appliance: Appliance, folder: Path) -> None:
    """With root, and in no log, page, `config` or file of the volume."""
    for words in (("config",), ("config", "--json"), ("status",), ("setup-phone",)):
        assert TOKEN not in appliance.homedot(*words).stdout
    assert TOKEN not in appliance.log
    assert not [path for path in (folder / "data").rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    root_alone = folder / "run/settings/root.json"
    holding = [path for path in (folder / "run").rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]
    assert holding == [root_alone]
    for pid in children(appliance.process.pid):
        if owner(pid) != 0:
            assert TOKEN.encode() not in Path(f"/proc/{pid}/environ").read_bytes(), command_line(pid)
    if os.geteuid() == 0:
        acme = pwd.getpwnam(users.ACME)
        own = [
            root_alone,
            *(folder / "data/public").iterdir(),
            *(folder / "data/ca").iterdir(),
            *(folder / "run/tls").iterdir(),
        ]
        for path in own:
            command = [
                "setpriv",
                f"--reuid={acme.pw_uid}",
                f"--regid={acme.pw_gid}",
                "--clear-groups",
                "cat",
                str(path),
            ]
            assert subprocess.run(command, capture_output=True, check=False).returncode == 1, path


@pytest.mark.server
def test_a_renewal_breaks_no_connection(internet: Internet) -> None:
    with folder_for_all() as folder, outside(folder, internet, 131, life_s=60) as world:
        start = start_with_fast_minutes(folder)
        with running(folder, settings_in(folder, **world.environment), start) as appliance:
            root = world.authority.root
            until(lambda: served(appliance, root), lambda: appliance.log)
            first, context = served(appliance, root), strict(root)
            open_one = connected(appliance.dot_port, context, NAME)
            until(lambda: served(appliance, root) not in (None, first), lambda: appliance.log)
            ask(open_one)
            with connected(appliance.dot_port, context, NAME, open_one.session) as again:
                assert again.session_reused
            open_one.close()
            assert "Traceback" not in appliance.log


@pytest.mark.server
def test_a_revoked_token_is_told_with_what_to_do_and_mended_by_another(internet: Internet) -> None:
    with folder_for_all() as folder, outside(folder, internet, 132) as world:
        start = start_with_fast_minutes(folder)
        environment = settings_in(folder, **world.environment)
        with running(folder, {**environment, "HOMEDOT_PUBLIC__TOKEN": "revoked"}, start) as appliance:
            told = "duckdns refuses the token for mybox"
            until(lambda: told in appliance.log, lambda: appliance.log)
            assert told in appliance.homedot("status").stdout
            assert told in appliance.homedot("doctor").stdout
            assert served(appliance, world.authority.root) is None
            assert served(appliance, appliance.root, "dns.home.arpa")
            assert "revoked" not in appliance.log
            assert len(world.api.requests) <= 2
        notes = json.loads((folder / "data/public/progress.json").read_text())
        notes["progress"]["tried_s"] -= 61
        (folder / "data/public/progress.json").write_text(json.dumps(notes))
        with running(folder, environment, start) as appliance:
            until(lambda: served(appliance, world.authority.root), lambda: appliance.log)
            until(lambda: told not in appliance.homedot("status").stdout, lambda: appliance.log)


@pytest.mark.server
def test_a_name_server_of_ones_own_is_enough_too(internet: Internet) -> None:
    zone, address = "example.net", internet.address(133)
    with folder_for_all() as folder:
        (folder / "knot").mkdir()
        with knot(folder / "knot", zone, address, 53) as server, pebble(folder, f"{address}:53") as authority:
            environment = {
                **internet.environment,
                **GIVEN,
                "HOMEDOT_PUBLIC__NAME": f"dns.{zone}",
                "HOMEDOT_PUBLIC__PROVIDER": "rfc2136",
                "HOMEDOT_PUBLIC__TOKEN": server.token,
                "HOMEDOT_PUBLIC__SERVER": server.server,
                "HOMEDOT_PUBLIC__DIRECTORY": authority.directory,
                "HOMEDOT_PUBLIC__CA_BUNDLE": str(authority.bundle),
                "HOMEDOT_RESOLVER__ROUTES": f"{zone}={address}",
            }
            with running(folder, settings_in(folder, **environment), start_with_fast_minutes(folder)) as appliance:
                until(lambda: served(appliance, authority.root, f"dns.{zone}"), lambda: appliance.log)


# --- by itself --------------------------------------------------------------------------------------------------------


def watcher(folder: Path, **more: str) -> PublicNameWatcher:
    return PublicNameWatcher(load({**settings_in(folder), **GIVEN, **more}).settings)


def test_without_a_name_there_is_nothing_to_do(tmp_path: Path) -> None:
    assert PublicNameWatcher(load(settings_in(tmp_path)).settings).situation() is None


def test_an_empty_volume_is_to_be_prepared_for_the_name_and_all_below_it(tmp_path: Path) -> None:
    assert watcher(tmp_path).situation() == {"prepare": NAME}


def test_another_name_begins_anew(tmp_path: Path) -> None:
    watching = watcher(tmp_path)
    folder = tmp_path / "data/public"
    folder.mkdir(parents=True)
    (folder / "progress.json").write_text(PublicNotes(name="other.duckdns.org").to_json())
    assert watching.situation() == {"prepare": NAME}


def test_what_keeps_it_from_being_asked_for_is_told(tmp_path: Path) -> None:
    watching = watcher(tmp_path)
    folder = tmp_path / "data/public"
    folder.mkdir(parents=True)
    (folder / "progress.json").write_text(PublicNotes(name=NAME).to_json())
    told = watching.situation()
    assert isinstance(told, dict)
    assert "enrolment.json" in told["fault"][0]


def test_notes_are_read_again_and_junk_is_none(tmp_path: Path) -> None:
    settings = load({**settings_in(tmp_path), **GIVEN}).settings
    path = public_name.notes_path(settings)
    path.parent.mkdir(parents=True)
    notes = PublicNotes(name=NAME, life=Life(1.0, 2.0), progress=Progress(failures=3, addresses=("192.168.1.1",)))
    path.write_text(notes.to_json())
    assert read_notes(settings) == notes
    for junk in ("", "[]", '{"name": "a", "life": [1], "progress": {}}', "[" * 100_000):
        path.write_text(junk)
        assert read_notes(settings) is None


def test_addresses_of_one_link_are_not_told_to_the_world(tmp_path: Path) -> None:
    settings = load({**settings_in(tmp_path), **GIVEN}).settings
    enrolment = paths.enrolment(settings)
    enrolment.parent.mkdir(parents=True)
    for found, told in ((["192.168.1.10", "fe80::1"], ("192.168.1.10",)), (["169.254.1.2"], None)):
        enrolment.write_text(json.dumps({"addresses": found}))
        assert public_name._addresses(settings) == told
