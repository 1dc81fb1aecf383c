from collections.abc import Callable

import pytest

from app.errors import PublicNameError

from .conftest import Asked


def test_what_is_sent_is_what_its_document_says(asking: Callable[[str], Asked]) -> None:
    asked = asking("acme-dns")
    asked.provider.set_text("_acme-challenge.a.example.org", "t" * 43)
    (sent,) = asked.server.requests
    assert (sent.method, sent.path, sent.content) == ("POST", "/update", {"subdomain": "sub", "txt": "t" * 43})


def test_what_is_to_be_an_alias_of_what_is_told(asking: Callable[[str], Asked]) -> None:
    asked = asking("acme-dns")
    with pytest.raises(PublicNameError, match=r"have _acme-challenge\.a\.example\.org be an alias"):
        asked.provider.set_text("_acme-challenge.a.example.org", "too short")
