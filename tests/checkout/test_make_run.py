"""`make run` in a fresh clone, without Docker: the same appliance, as root and as an ordinary user."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from app.doctor.healthcheck import check
from app.errors import OperatorError
from app.networks import HEALTH_CHECK
from app.onboarding.steps import OPEN_PAGE
from tests.appliance import CHECKOUT, clean, folder_for_all, free_ports
from tests.documents import run_in
from tests.fakes.screen import codes_in
from tests.internet import Internet

pytestmark = pytest.mark.server

NOBODY = 65534
AS_NOBODY = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
INSTALLED_WITHIN_S = 240


@pytest.fixture
def clone() -> Iterator[Path]:
    """The files of this checkout, as git would hand them out, where every user can read them."""
    with folder_for_all() as folder:
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=CHECKOUT, capture_output=True, check=True
        ).stdout
        archive = subprocess.run(["tar", "-cT", "-"], input=listed, cwd=CHECKOUT, capture_output=True, check=True)
        subprocess.run(["tar", "-x"], input=archive.stdout, cwd=folder, check=True)
        yield folder


@contextmanager
def make_run(clone: Path, internet: Internet, port: int, prefix: Sequence[str]) -> Iterator[Path]:
    """Run it until it answers on `port`, which must be nobody else's; gives its log."""
    with socket.create_server(("", port)):
        pass
    web, resolver = free_ports(2)
    listed = clone / "list.txt"
    listed.write_text("ads.example\n")
    environment = clean(
        {
            "HOME": str(clone),
            "HOMEDOT_ADDRESSES": "127.0.0.1",
            "HOMEDOT_BLOCKING__LISTS": str(listed),
            "HOMEDOT_WEB__PORT": str(web),
            "HOMEDOT_RESOLVER__PORT": str(resolver),
            **internet.environment,
        }
    )
    environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    environment |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    log = clone / "log"
    with log.open("wb") as output:
        os.fchown(output.fileno(), clone.stat().st_uid, -1)
        process = subprocess.Popen(
            [*prefix, "make", "run"], cwd=clone, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        deadline = time.monotonic() + INSTALLED_WITHIN_S
        while not _answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)  # pip and the first start give no event to wait for
        yield log
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        check(port, "dns.home.arpa", 2.0, HEALTH_CHECK)
    except OperatorError:
        return False
    return True


@pytest.mark.parametrize(("prefix", "port"), [([], 853), (AS_NOBODY, 8530)], ids=["root", "an ordinary user"])
def test_make_run_is_the_whole_appliance(clone: Path, internet: Internet, prefix: list[str], port: int) -> None:
    if prefix:
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(clone)], check=True)
    with make_run(clone, internet, port, prefix) as log:
        command = ["kdig", "@127.0.0.1", "-p", str(port), f"+tls-ca={clone}/data/run/public/root.pem", "+dnssec"]
        asked = subprocess.run([*command, "+tls-hostname=dns.home.arpa", "signed.test"], capture_output=True, text=True)
        answer = asked.stdout
        assert "status: NOERROR" in answer, asked.stderr + log.read_text()
        assert re.search(r"Flags:.* ad", answer)
        bogus = subprocess.run([*command, "+tls-hostname=dns.home.arpa", "bogus.test"], capture_output=True, text=True)
        assert "status: SERVFAIL" in bogus.stdout
        assert "EDE: 6" in bogus.stdout
        (page,) = codes_in(log.read_text())
        assert f"{OPEN_PAGE} {page}\n" in log.read_text()
        assert (clone / "data/ca/intermediate.key").stat().st_mode & 0o777 == 0o600
        if not prefix:
            documented_commands_work_beside_it(clone)


def documented_commands_work_beside_it(clone: Path) -> None:
    run, *others = run_in("debian")
    assert run.text == "make run\n"
    assert others
    for block in others:
        done = subprocess.run(
            ["sh", "-e", "-c", block.text],
            cwd=clone, capture_output=True, text=True, timeout=INSTALLED_WITHIN_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{block.where}\n{done.stdout}{done.stderr}"
