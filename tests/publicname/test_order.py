"""test_work.py has whole orders; here is one that cannot be."""

from pathlib import Path

from tests.fakes.acme_server import authority, without_dns
from tests.publicname.test_authority import outcome


def test_an_authority_that_does_not_look_into_dns_is_told_with_what_to_set(tmp_path: Path) -> None:
    found = outcome(tmp_path, authority(without_dns))
    told = "the authority offers no way to show by DNS that mybox.duckdns.org is yours"
    assert found.fault == f"{told}: set public.directory to another one"
    assert found.is_of_settings
