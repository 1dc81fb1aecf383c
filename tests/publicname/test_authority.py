"""What an authority may say instead of a certificate. test_work.py has those that say yes."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.errors import PublicNameError
from app.publicname.authority import CertificateAuthority
from app.publicname.contract import NameOutcome
from app.publicname.work import work
from tests.fakes.acme_server import authority, problem
from tests.fakes.name_provider import Answer, Api, ProviderApi, duckdns
from tests.publicname.jobs import job, request_pem


def outcome(folder: Path, api: Api) -> NameOutcome:
    """What comes of an order at the authority `api`."""
    (folder / "ca").mkdir()
    with ProviderApi(duckdns, folder).running() as provider, ProviderApi(api, folder / "ca").running() as server:
        request = {"request_pem": request_pem("mybox.duckdns.org"), "directory": f"{server.url}/dir"}
        roots = {"roots_pem": provider.roots_pem, "authority_roots_pem": server.roots_pem}
        return work(job(server=provider.url, **request, **roots))


@pytest.mark.parametrize(
    ("answer", "told", "is_of_settings", "later_s"),
    [
        (
            problem(429, "rateLimited", "too many new orders", Retry_After="7200"),
            "127.0.0.1 limits how often it is asked: too many new orders; it is tried again later",
            False,
            7200.0,
        ),
        (
            problem(429, "rateLimited", "too many\x1b[2J"),
            "127.0.0.1 limits how often it is asked: too many",
            False,
            3600.0,
        ),
        (
            problem(503, "serverInternal", "down", Retry_After="60"),
            "127.0.0.1 refuses: down: it is tried again",
            False,
            60.0,
        ),
        (
            problem(403, "userActionRequired", "agree at https://ca.example/terms"),
            "127.0.0.1 refuses: agree at https://ca.example/terms: do what it says",
            True,
            0.0,
        ),
        (
            problem(400, "rejectedIdentifier", "no"),
            "127.0.0.1 refuses: no: choose another public.name",
            True,
            0.0,
        ),
        (problem(400, "invalidProfile", "none"), "127.0.0.1 refuses: none: correct public.profile", True, 0.0),
        (
            Answer(500, b"<html>"),
            "127.0.0.1 answered with what nobody expects; it is tried again",
            False,
            0.0,
        ),
        (Answer(201, b"[1]"), "127.0.0.1 answered with what nobody expects; it is tried again", False, 0.0),
    ],
)
def test_a_refusal_is_one_sentence_with_what_helps_and_when_to_come_back(
    tmp_path: Path, answer: Answer, told: str, *, is_of_settings: bool, later_s: float
) -> None:
    found = outcome(tmp_path, authority(lambda _: answer))
    assert found.fault.startswith(told)
    assert "\x1b" not in found.fault
    assert (found.is_of_settings, found.retry_after_s) == (is_of_settings, later_s)
    assert found.account is not None
    assert found.account.url.endswith("/a/1")


@pytest.mark.parametrize("directory", [Answer(200, b"{}"), Answer(200, b"junk"), Answer(200, b"[]")])
def test_a_directory_that_is_none_passes(tmp_path: Path, directory: Answer) -> None:
    found = outcome(tmp_path, authority(lambda _: Answer(500, b""), directory))
    assert found.fault == "127.0.0.1 answered with what nobody expects; it is tried again"
    assert not found.is_of_settings


def test_an_authority_that_is_busy_says_when_to_come_back(tmp_path: Path) -> None:
    busy = Answer(503, b"busy", {"Retry-After": "120"})
    found = outcome(tmp_path, authority(lambda _: Answer(500, b""), busy))
    assert (found.fault.endswith("it is tried again"), found.retry_after_s) == (True, 120.0)


def test_the_next_address_of_an_authority_is_tried_and_its_name_is_verified(tmp_path: Path) -> None:
    with ProviderApi(authority(lambda _: Answer(500, b"")), tmp_path).running() as server:
        port = server.url.rpartition(":")[2]
        asked = job(directory=f"https://localhost:{port}/dir", authority_roots_pem=server.roots_pem)
        CertificateAuthority(asked, lambda _: ("127.0.0.2", "127.0.0.1"))
        assert server.requests[0].headers["Host"] == f"localhost:{port}"
        other = replace(asked, directory=f"https://other.example:{port}/dir")
        with pytest.raises(PublicNameError, match="not trusted here"):
            CertificateAuthority(other, lambda _: ("127.0.0.2", "127.0.0.1"))
