"""The setup page as a program of its own."""

import os
import plistlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.doctor.report import CHECKS
from app.trust.own import WRONG_ORDER
from tests.appliance import (
    HOSTNAME,
    PROGRAMS,
    Appliance,
    bootstrap,
    children,
    clean,
    command_line,
    folder_for_all,
    owner,
    running,
    settings_in,
)
from tests.fakes.pki import Authority
from tests.internet import Internet

pytestmark = pytest.mark.server

NO_LIST = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": "/nowhere.txt"}
"""The program that keeps the lists runs, and has nothing to fetch."""


STARTSECS_S = 3.0


def program(appliance: Appliance, words: str) -> int:
    """The process id of the program whose command line holds `words`."""
    return next(pid for pid in children(appliance.process.pid) if words in command_line(pid))


def test_tells_once_that_it_is_not_healthy_however_often_it_is_asked(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, **internet.environment)
    assert bootstrap(environment).returncode == 0
    with subprocess.Popen([*PROGRAMS, "web"], env=clean(environment), stderr=subprocess.PIPE, text=True) as page:
        assert page.stderr is not None
        assert "the setup page is on port" in page.stderr.readline()
        for _ in range(3):
            url = f"http://127.0.0.1:{environment['HOMEDOT_WEB__PORT']}/healthz"
            assert httpx.get(url, timeout=10).status_code == 503
        page.send_signal(signal.SIGTERM)
        said = page.stderr.read()
    assert said.count("not healthy: ") == 1


def test_the_page_has_the_doctor_work_as_its_own_user(folder: Path, internet: Internet) -> None:
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        page = f"http://127.0.0.1:{appliance.web_port}/doctor?format=json"
        web = program(appliance, "programs web")
        assert httpx.get(page).status_code == 202
        while not (working := [pid for pid in children(web) if "app doctor --json" in command_line(pid)]):
            time.sleep(0.01)  # until it has started
        assert owner(working[0]) == owner(web) != 0
        while (answer := httpx.get(page)).status_code == 202:
            assert len(children(web)) <= 1
            time.sleep(0.5)  # as a script would
    report = answer.json()
    assert (answer.status_code, report["schema"], report["verdict"]) == (200, 2, "pass")
    assert len(report["checks"]) == len(CHECKS)


FLOOD = """
import asyncio, random, sys
from urllib.parse import urlencode

port, sources, connections = map(int, sys.argv[1:])

def request():
    names = ["".join(chr(random.randrange(0x4E00, 0x7000)) for _ in range(10)) for _ in range(8)]
    query = urlencode([("when", "wifi"), *(("ssid", name) for name in names)])
    return f"GET /?{query} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n".encode()

async def visit(source):
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
            writer.write(request())
            sys.stdout.write("asked\\n")
            sys.stdout.flush()
            while octets := await reader.read(65536):
                if b"</html>" in octets:
                    writer.write(request())
            writer.close()
        except OSError:
            await asyncio.sleep(0.1)

async def main():
    addresses = [f"127.0.9.{number + 1}" for number in range(sources)]
    await asyncio.gather(*(visit(address) for address in addresses for _ in range(connections)))

asyncio.run(main())
"""
"""Visitors' connections: each has one long QR code drawn after another, and comes back when turned away."""


@pytest.mark.parametrize(("visitors", "connections"), [(1, 20), (1, 60), (20, 32)])
def test_whatever_visitors_do_all_learn_at_once_that_this_box_is_there(
    folder: Path, internet: Internet, visitors: int, connections: int
) -> None:
    """One visitor that floods learns it too, of a crowd only who is not of it."""
    with running(folder, settings_in(folder, **internet.environment)) as appliance:
        command = [sys.executable, "-c", FLOOD, str(appliance.web_port), str(visitors), str(connections)]
        with (folder / "asked").open("wb") as asked, subprocess.Popen(command, stdout=asked) as flood:
            try:
                while (folder / "asked").read_bytes().count(b"asked") < visitors * connections:
                    time.sleep(0.05)  # until all have been there
                for source in ("127.0.0.8", "127.0.9.1")[: 2 if visitors == 1 else 1]:
                    taken_s = list(asking(appliance, source))
                    assert max(taken_s) < 0.5, (source, taken_s)
            finally:
                flood.kill()


def asking(appliance: Appliance, source: str) -> Iterator[float]:
    """Seconds that the page works from each of some questions, which machines ask, to its answer.

    They are those that pass while nobody else wants the processor: other tests do.
    """
    web = Path(f"/proc/{program(appliance, 'programs web')}/stat")
    transport = httpx.HTTPTransport(local_address=source)
    for _ in range(10):
        for path in ("/probe", "/healthz"):
            begun_s = worked_s(web)
            with httpx.Client(transport=transport, timeout=20) as client:
                answer = client.get(f"http://127.0.0.1:{appliance.web_port}{path}")
            assert answer.text == "ok\n"
            yield worked_s(web) - begun_s


def worked_s(stat: Path) -> float:
    """Processor time of a process: utime and stime of proc(5)."""
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_page_is_for_those_who_may_ask(folder: Path, internet: Internet) -> None:
    environment = settings_in(folder, HOMEDOT_DOT__ALLOW_FROM="127.0.0.1, 127.0.0.9", **internet.environment)
    with running(folder, environment) as appliance:
        url = f"http://127.0.0.1:{appliance.web_port}/"
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.9")) as friend:
            assert friend.get(url).status_code == 200
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.8")) as stranger:
            for path in ("", "probe", "healthz", "ca.pem"):
                with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                    stranger.get(url + path)
        assert "127.0.0.8 refused: it is not in dot.allow_from" in appliance.log


def test_that_everybody_may_ask_is_told_at_the_start_by_the_doctor_and_on_the_page(
    folder: Path, internet: Internet
) -> None:
    environment = settings_in(folder, HOMEDOT_DOT__ALLOW_FROM="0.0.0.0/0, ::/0", **internet.environment)
    with running(folder, environment) as appliance:
        said = "dot.allow_from holds the whole internet"
        assert f"warning homedot: {said}" in appliance.log
        assert said in httpx.get(f"http://127.0.0.1:{appliance.web_port}/").text
        done = appliance.homedot("doctor", "--bogus-name", "bogus.test")
        assert done.returncode == 1
        assert re.search(rf"^1\. {said}", done.stdout, re.MULTILINE)


def test_an_own_certificate_on_an_empty_volume_signs_the_profile_and_tells_of_its_end(
    folder: Path, internet: Internet
) -> None:
    authority = Authority()
    begins, ends = timedelta(days=-84.5), timedelta(days=5.5)
    leaf = authority.intermediate.sign(HOSTNAME, names=[HOSTNAME], addresses=["127.0.0.1"], starts=begins, ends=ends)
    (folder / "cert.pem").write_bytes(authority.intermediate.pem + leaf.pem)  # upside down
    (folder / "key.pem").write_bytes(leaf.key_pem)
    (folder / "key.pem").chmod(0o600)
    (folder / "root.pem").write_bytes(authority.root.pem)
    tls = {"HOMEDOT_TLS__CERTIFICATE": str(folder / "cert.pem"), "HOMEDOT_TLS__KEY": str(folder / "key.pem")}
    with running(folder, settings_in(folder, **tls, **internet.environment)) as appliance:

        def get(path: str) -> bytes:
            command = ["curl", "-fsS", f"http://127.0.0.1:{appliance.web_port}{path}"]
            return subprocess.run(command, capture_output=True, check=True).stdout

        (folder / "profile").write_bytes(get("/homedot.mobileconfig"))
        command = ["openssl", "cms", "-verify", "-inform", "DER", "-in", "profile", "-CAfile", "root.pem", "-binary"]
        verified = subprocess.run([*command, "-purpose", "sslserver"], cwd=folder, capture_output=True, check=True)
        (payload,) = plistlib.loads(verified.stdout)["PayloadContent"]
        assert payload["DNSSettings"]["ServerName"] == HOSTNAME
        end = f"{leaf.certificate.not_valid_after_utc:%Y-%m-%d}"
        assert f"ends on {end}, in 5 days" in get("/").decode()
        seconds = f"{leaf.certificate.not_valid_after_utc.timestamp():.0f}"
        assert f"homedot_certificate_not_after_timestamp_seconds {seconds}\n" in get("/metrics").decode()
        assert f"certificate 2 ends on {end}, in less than 6 days: renew it" in appliance.log
        assert WRONG_ORDER in appliance.log
        assert "which is no root that is known here" in appliance.log
        assert not (folder / "data/ca").exists()


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("nas.home.arpa", 200),
        ("www.home.arpa", 200),
        ("pi.fritz.box", 200),
        ("{hostname}", 200),
        ("127.0.0.5", 200),
        ("tv.home.arpa", 421),
        ("evil.example", 421),
    ],
)
def test_the_page_opens_under_every_name_that_leads_to_this_box(page: Appliance, host: str, status: int) -> None:
    url = f"http://127.0.0.5:{page.web_port}/healthz"
    assert httpx.get(url, headers={"Host": host.format(hostname=socket.gethostname())}).status_code == status


@pytest.fixture(scope="module")
def page(internet: Internet) -> Iterator[Appliance]:
    local = "nas.home.arpa=127.0.0.1, www.home.arpa=CNAME nas.home.arpa, tv.home.arpa=192.168.1.9"
    with folder_for_all() as folder:
        more = {"HOMEDOT_LOCAL": local, "HOMEDOT_WEB__NAMES": "pi.fritz.box"}
        with running(folder, settings_in(folder, **more, **internet.environment)) as appliance:
            yield appliance


def test_who_reads_the_code_in_the_log_signs_in_once_and_the_page_may_write_nothing_else(
    folder: Path, internet: Internet
) -> None:
    (folder / "list.txt").write_text("ads.example\n")
    more = {"HOMEDOT_BLOCKING__ENABLED": "true", "HOMEDOT_BLOCKING__LISTS": str(folder / "list.txt")}
    with (
        running(folder, settings_in(folder, **more, **internet.environment)) as appliance,
        httpx.Client(base_url=f"http://127.0.0.1:{appliance.web_port}") as owner,
        httpx.Client(base_url=f"http://127.0.0.1:{appliance.web_port}") as second,
        httpx.Client(base_url=f"http://[::1]:{appliance.web_port}") as third,
    ):

        def sign_in(browser: httpx.Client, **fields: str) -> int:
            key = re.findall('name="key" value="([0-9a-f]{64})"', browser.get("/sign-in").text)[0]
            return browser.post("/sign-in", data={"key": key, **fields}).status_code

        (code,) = re.findall(r"code ([a-z2-9-]{11}), once and within 15 minutes", appliance.log)
        assert sign_in(owner, first="1") == 303
        assert "You are signed in" in owner.get("/sign-in").text
        assert sign_in(second, first="1") == 403
        assert sign_in(second, secret=code) == 303
        second.cookies.clear()
        assert sign_in(second, secret=code) == 403
        assert sign_in(third, secret=appliance.homedot("token").stdout.strip()) == 303
        assert appliance.homedot("token", "new").returncode == 0
        for browser in (owner, third):
            assert "You are signed in" not in browser.get("/sign-in").text
        assert list((folder / "run/web").iterdir()) == []
