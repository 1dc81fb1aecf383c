import pytest

from app.config.providers import https_address, server, word


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("https://desec.example/api/", "https://desec.example/api"),
        ("192.0.2.1", "192.0.2.1@53"),
        ("192.0.2.1@5353", "192.0.2.1@5353"),
        ("2001:db8::1", "2001:db8::1@53"),
    ],
)
def test_a_server_is_an_address_or_a_url(raw: str, meant: str) -> None:
    assert server(raw) == server(meant) == meant


@pytest.mark.parametrize("raw", ["ns.example.com", "192.0.2.1@0", "192.0.2.1@x", "http://a.example", "https://"])
def test_what_is_no_server_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        server(raw)


@pytest.mark.parametrize(
    "raw", ["http://ca.example/dir", "https://u:p@ca.example", "https://ca.example/?a", "ca.example", "https://[::1"]
)
def test_a_directory_is_an_address_of_https_without_more(raw: str) -> None:
    with pytest.raises(ValueError, match="like https://"):
        https_address(raw)


def test_a_profile_is_a_word() -> None:
    assert word(" shortlived ") == "shortlived"
    with pytest.raises(ValueError, match="one word"):
        word("a b")
