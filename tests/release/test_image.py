from release.commit import Commit
from release.image import labels

COMMIT = Commit("0123456789abcdef", 1_767_225_600, "1.2.3", b"")


def test_labels_say_when_from_what_and_on_what_it_was_built() -> None:
    assert labels(COMMIT, "debian:trixie-slim@sha256:12", "https://git.example.org/homedot") == {
        "org.opencontainers.image.created": "2026-01-01T00:00:00Z",
        "org.opencontainers.image.base.name": "debian:trixie-slim",
        "org.opencontainers.image.base.digest": "sha256:12",
        "org.opencontainers.image.source": "https://git.example.org/homedot",
    }


def test_what_nobody_told_is_no_label() -> None:
    assert set(labels(COMMIT, "debian:trixie-slim", "")) == {
        "org.opencontainers.image.created", "org.opencontainers.image.base.name",
    }  # fmt: skip
