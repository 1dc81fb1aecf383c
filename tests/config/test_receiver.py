"""The address that is told of a change."""

import pytest

from app.config.load import load
from app.config.receiver import receiver
from app.errors import OperatorError

SECRET = "https://ntfy.example.com:8443/7f3a-secret?auth=key"  # noqa: S105 - of nobody


def test_it_is_whole_and_is_shown_cut_short() -> None:
    told = receiver(SECRET)
    assert told.url == SECRET
    assert f"{told} {told!r}" == "https://ntfy.example.com/*** https://ntfy.example.com/***"


@pytest.mark.parametrize(
    "raw", ["ntfy.example.com/secret", "ftp://ntfy.example.com/secret", "https://", "https://me:secret@a.example/",
            "https://a.example:0/secret", "https://a.example/sec ret", "https://[::1/secret"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_being_shown(raw: str) -> None:
    with pytest.raises(OperatorError) as error:
        load({"HOMEDOT_NOTIFY__URL": raw})
    assert "notify.url: must be a web address" in str(error.value)
    assert "secret" not in str(error.value)
