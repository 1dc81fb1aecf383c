from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.errors import PublicNameError
from app.publicname.api import ApiClient, Reply, retry_after_s, said
from tests.fakes.name_provider import Answer, ProviderApi
from tests.fakes.pki import Authority

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ProviderApi]:
    with ProviderApi(lambda *_: Answer(200, b"{}"), tmp_path).running() as running:
        yield running


def client(server: ProviderApi, *addresses: str) -> ApiClient:
    return ApiClient(lambda _: addresses or ("127.0.0.1",), server.roots_pem, 5.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Sun, 29 Nov 2026 12:10:00 GMT", 600.0),
        ("Sun, 29 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        (None, 0.0),
        ("9" * 30, 8 * 86400.0),
    ],
)
def test_how_long_to_wait_is_read_in_all_its_forms(header: str | None, seconds: float) -> None:
    assert retry_after_s(header, NOW) == seconds


def test_the_next_address_is_tried(server: ProviderApi) -> None:
    assert client(server, "127.0.0.2", "127.0.0.1").ask("GET", server.url).body == b"{}"


def test_an_address_that_nobody_has_is_told_by_its_host(server: ProviderApi) -> None:
    with pytest.raises(PublicNameError) as caught:
        client(server, "127.0.0.3").ask("GET", f"{server.url}/?token=s3cret")
    assert str(caught.value) == "127.0.0.1 cannot be reached (Connection refused); it is tried again"


def test_a_certificate_of_somebody_else_is_refused(server: ProviderApi) -> None:
    stranger = ApiClient(lambda _: ("127.0.0.1",), Authority().root.pem.decode(), 5.0)
    with pytest.raises(PublicNameError, match="not trusted here"):
        stranger.ask("GET", server.url)
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(server: ProviderApi) -> None:
    with pytest.raises(PublicNameError, match="not trusted here"):
        client(server).ask("GET", server.url.replace("127.0.0.1", "other.example"))


def test_an_answer_without_end_is_read_in_part(server: ProviderApi) -> None:
    server.api = lambda *_: Answer(200, b"x" * 1_000_000)
    assert len(client(server).ask("GET", server.url).body) == 1 << 18


def test_what_is_nested_too_deep_is_no_json() -> None:
    with pytest.raises(ValueError, match="too deep"):
        Reply(200, b"[" * 200_000, 0.0).tree()


def test_strangers_words_are_short_and_in_one_line() -> None:
    assert "\n" not in said("a\nb\x1b[2J" * 500)
    assert len(said("x" * 5000)) <= 201
