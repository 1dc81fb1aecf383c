from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from app.onboarding.enrolment import from_json
from tests.appliance import settings_in
from tests.namespace import Namespace, namespace
from tests.ticking import upkeep

WELL: dict[str, list[str]] = {"faults": [], "news": [], "warnings": []}


@pytest.fixture
def box_apart(folder: Path) -> Iterator[tuple[Namespace, dict[str, str]]]:
    """A network with one LAN address, a volume of 512 kB, and an appliance that has been prepared there."""
    environment = settings_in(folder, HOMEDOT_ADDRESSES="", HOMEDOT_RESOLVER__MODE="recursive")
    (folder / "data").mkdir()
    with namespace() as apart:
        apart.run("mount", "-t", "tmpfs", "-o", "size=512k", "none", str(folder / "data"))
        apart.run("ip", "address", "add", "192.168.77.10/24", "dev", "lo")
        done = apart.bootstrap(environment)
        assert done.returncode == 0, done.stderr
        yield apart, environment


def addresses_served(folder: Path) -> tuple[list[str], set[str]]:
    """Those in the enrolment, and those in the certificate, loopback left out."""
    told = from_json((folder / "run/public/enrolment.json").read_text()).addresses
    chain = x509.load_pem_x509_certificates((folder / "run/tls/pair.pem").read_bytes())
    names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    certified = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return [str(address) for address in told], certified - {"127.0.0.1", "::1"}


@pytest.mark.server
def test_upkeep_follows_the_addresses_of_the_machine(folder: Path, box_apart: tuple[Namespace, dict[str, str]]) -> None:
    apart, environment = box_apart
    with upkeep(folder, environment, apart.enter) as running:
        running.tick()
        assert addresses_served(folder) == (["192.168.77.10"], {"192.168.77.10"})
        assert running.log == ""
        apart.run("ip", "address", "add", "192.168.77.20/24", "dev", "lo")
        running.tick()
        assert addresses_served(folder) == (["192.168.77.10", "192.168.77.20"], {"192.168.77.10", "192.168.77.20"})
        assert "renewed the certificate: its names changed (+192.168.77.20)" in running.log
        assert "every device must scan the code again" not in running.log
        apart.run("ip", "address", "flush", "dev", "lo")
        apart.run("ip", "address", "add", "127.0.0.1/8", "dev", "lo")
        running.tick()
        running.tick()
        assert running.log.count("no LAN address was found") == 1
        assert addresses_served(folder)[0] == ["192.168.77.10", "192.168.77.20"]
        apart.run("ip", "address", "add", "192.168.77.20/24", "dev", "lo")
        running.tick()
        assert addresses_served(folder) == (["192.168.77.20"], {"192.168.77.10", "192.168.77.20"})
        assert "every device must scan the code again" not in running.log


@pytest.mark.server
def test_a_renewal_on_a_full_disk_is_told_once_and_what_was_served_is_served_on(
    folder: Path, box_apart: tuple[Namespace, dict[str, str]]
) -> None:
    apart, environment = box_apart
    pair = (folder / "run/tls/pair.pem").read_bytes()
    filler = str(folder / "data/filler")
    with upkeep(folder, environment, apart.enter) as running:
        apart.run("sh", "-c", f"! dd if=/dev/zero of={filler} bs=1k 2>&1")
        apart.run("ip", "address", "add", "192.168.77.20/24", "dev", "lo")
        running.tick()
        running.tick()
        assert (folder / "run/tls/pair.pem").read_bytes() == pair
        told = running.log
        assert f"{folder}/data: cannot be written, the disk is full: free some space" in told
        assert told.count("Still serving the previous certificate, but its names changed (+192.168.77.20)") == 1
        assert "Traceback" not in told
        running.tick()
        assert running.log == told
        apart.run("rm", filler)
        apart.run("ip", "address", "del", "192.168.77.20/24", "dev", "lo")
        apart.run("ip", "address", "add", "192.168.77.30/24", "dev", "lo")
        running.tick()
        assert addresses_served(folder) == (
            ["192.168.77.10", "192.168.77.30"],
            {"192.168.77.10", "192.168.77.20", "192.168.77.30"},
        )


@pytest.mark.server
def test_upkeep_stays_small(folder: Path, box_apart: tuple[Namespace, dict[str, str]]) -> None:
    apart, environment = box_apart
    with upkeep(folder, environment, apart.enter) as running:
        running.tick()
        loaded = Path(f"/proc/{running.process.pid}/maps").read_text()
        assert "cryptography" not in loaded
        rollup = Path(f"/proc/{running.process.pid}/smaps_rollup").read_text()
        proportional_kb = int(rollup.partition("\nPss:")[2].split()[0])
        print(f"upkeep has {proportional_kb} kB of its own")
        assert proportional_kb < 14 * 1024
