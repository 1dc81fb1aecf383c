"""What is said of settings of the public name that do not belong together."""

from pathlib import Path

import pytest

from app.config.load import load
from app.errors import SettingsError

WHOLE = {
    "HOMEDOT_PUBLIC__NAME": "mybox.duckdns.org",
    "HOMEDOT_PUBLIC__PROVIDER": "duckdns",
    "HOMEDOT_PUBLIC__TOKEN": "t0ken",
    "HOMEDOT_PUBLIC__TERMS": "true",
}


def faults(**more: str) -> tuple[str, ...]:
    """Those of WHOLE with `more`, by their names in the branch."""
    variables = WHOLE | {f"HOMEDOT_{name.upper()}": value for name, value in more.items()}
    with pytest.raises(SettingsError) as caught:
        load(variables)
    return caught.value.faults


def test_four_settings_are_all_it_takes() -> None:
    public = load(WHOLE).settings.public
    assert (public.name, public.provider, str(public.token)) == ("mybox.duckdns.org", "duckdns", "hidden")
    assert public.records


def test_without_a_name_nothing_else_is_allowed_to_look_as_if_it_did_something() -> None:
    told = faults(public__name="", public__hook=__file__)
    assert told == tuple(
        f"public.name: must be set too, because public.{name} is" for name in ("provider", "token", "hook")
    )


def test_before_it_starts_three_things_are_said() -> None:
    (told,) = faults(public__terms="")
    assert told.startswith("public.terms: must be true")
    for words in ("https://letsencrypt.org/repository", "public logs for ever", "public.records is false"):
        assert words in told


def test_the_terms_are_those_of_the_authority_that_is_asked() -> None:
    (told,) = faults(public__terms="", public__directory="https://ca.example.com/directory")
    assert "https://ca.example.com/directory" in told


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"public__token": ""}, "public.token: must be set too, because public.provider is duckdns"),
        ({"public__provider": ""}, "public.provider: must be set too, because public.name is"),
        ({"public__name": "a.b.duckdns.org"}, "public.name: must be like mybox.duckdns.org, as duckdns has it"),
        ({"public__hook": __file__}, "public.provider: must be hook, because public.hook is set"),
        ({"public__server": "192.0.2.1"}, "public.server: must be a URL, https://HOST, for duckdns"),
        ({"public__eab_id": "kid"}, "public.eab_key: must be set too, because public.eab_id is"),
        ({"public__eab_key": "key"}, "public.eab_id: must be set too, because public.eab_key is"),
        (
            {"hostname": "mybox.duckdns.org"},
            "public.name: must be another name than hostname, which devices know by another certificate",
        ),
        (
            {"local": "mybox.duckdns.org=192.168.1.5"},
            "local: mybox.duckdns.org: is public.name, and has the addresses of this box: remove it here",
        ),
        (
            {"public__name": "box.lan", "public__provider": "desec"},
            "public.name: must be a name of public DNS, like mybox.duckdns.org",
        ),
        (
            {"public__name": "a.example.org", "public__provider": "rfc2136", "public__server": "192.0.2.1"},
            "public.token: must be NAME:SECRET, the name of a TSIG key and its base64",
        ),
        (
            {"public__name": "a.example.org", "public__provider": "acme-dns", "public__token": "u:p:s"},
            "public.server: must be set too, because public.provider is acme-dns",
        ),
        (
            {
                "public__name": "a.example.org",
                "public__provider": "rfc2136",
                "public__server": "https://a.example",
                "public__token": "key:AAAA",
            },
            "public.server: must be an address for rfc2136",
        ),
        (
            {"public__name": "a.example.org", "public__provider": "hook"},
            "public.hook: must be set too, because public.provider is hook",
        ),
    ],
)
def test_what_does_not_belong_together_is_said_with_what_to_do(more: dict[str, str], told: str) -> None:
    assert told in faults(**more)


def test_a_token_in_a_file_is_read_from_it(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    loaded = load(WHOLE | {"HOMEDOT_PUBLIC__TOKEN": "", "HOMEDOT_PUBLIC__TOKEN_FILE": str(file)})
    token = loaded.settings.public.token
    assert token is not None
    assert token.text == "from-a-file"
    assert loaded.sources["public.token"] == "HOMEDOT_PUBLIC__TOKEN_FILE"


def test_a_file_of_a_token_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (told, _) = faults(public__token="", public__token_file=str(tmp_path / "none"))
    assert told.startswith("HOMEDOT_PUBLIC__TOKEN_FILE: ")
    assert "is it mounted into the container?" in told


def test_a_token_is_given_in_one_way(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("other")
    assert faults(public__token_file=str(file)) == (
        "HOMEDOT_PUBLIC__TOKEN_FILE: must not be set where HOMEDOT_PUBLIC__TOKEN is: remove one of them",
    )


def test_only_secrets_have_files_of_their_own() -> None:
    assert "there is no such setting" in faults(public__name_file="/x")[0]


def test_a_token_that_is_refused_is_not_told() -> None:
    bad = "two s3crets"
    assert not any("s3crets" in told for told in faults(public__token=bad))
