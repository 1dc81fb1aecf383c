import pytest

from release.registry import pinned, repository


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("homedot", "homedot"),
        ("homedot:0.2.0", "homedot"),
        ("127.0.0.1:5000/homedot", "127.0.0.1:5000/homedot"),
        ("127.0.0.1:5000/a/homedot:0.2.0", "127.0.0.1:5000/a/homedot"),
        ("registry.example.org/homedot:0.2.0@sha256:12", "registry.example.org/homedot"),
    ],
)
def test_a_name_without_its_tag_keeps_the_registry_and_its_port(name: str, found: str) -> None:
    assert repository(name) == found


def test_what_has_a_digest_is_taken_as_it_is() -> None:
    assert pinned("debian:trixie-slim@sha256:12") == "debian:trixie-slim@sha256:12"
