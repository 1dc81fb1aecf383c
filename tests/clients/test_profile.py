"""The profile is enough: what it brings lets a strict client in, everywhere it points to."""

import plistlib
import ssl
from pathlib import Path

import httpx
import pytest

from .conftest import Box
from .kdig import kdig

pytestmark = pytest.mark.server


@pytest.mark.parametrize("query", ["", "?when=wifi&ssid=Home", "?when=always&strict=1"])
def test_root_name_and_addresses_of_the_profile_let_kdig_in(own_authority: Box, tmp_path: Path, query: str) -> None:
    page = f"http://127.0.0.1:{own_authority.appliance.web_port}"
    payloads = plistlib.loads(httpx.get(f"{page}/homedot.mobileconfig{query}").content)["PayloadContent"]
    root, dns = payloads
    settings = dns["DNSSettings"]
    (tmp_path / "root.pem").write_text(ssl.DER_cert_to_PEM_cert(root["PayloadContent"]))
    assert len(settings["ServerAddresses"]) == 2
    for address in settings["ServerAddresses"]:
        root_file = tmp_path / "root.pem"
        reply = kdig(own_authority, "signed.test", address=address, hostname=settings["ServerName"], root=root_file)
        assert reply.status == "NOERROR", reply.text


def test_the_probes_of_the_profile_answer_where_the_box_is(own_authority: Box) -> None:
    page = f"http://127.0.0.1:{own_authority.appliance.web_port}"
    dns = plistlib.loads(httpx.get(f"{page}/homedot.mobileconfig").content)["PayloadContent"][1]
    probes = [rule["URLStringProbe"] for rule in dns["OnDemandRules"][:-1]]
    assert len(probes) == 2
    for probe in probes:
        answer = httpx.get(probe)
        assert (answer.status_code, answer.is_redirect) == (200, False)
