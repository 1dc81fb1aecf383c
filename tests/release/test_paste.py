"""The files that people paste need nothing beside them, and are the same as those of the clone."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from app import __version__
from app.config.load import load
from release.paste import FILES, main, text

CHECKOUT = Path(__file__).parent.parent.parent


def service(content: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(content)["services"]["homedot"]
    return found


@pytest.mark.parametrize("name", FILES)
def test_what_lies_in_the_repository_is_what_is_made_for_its_version(name: str, tmp_path: Path) -> None:
    main(["--into", str(tmp_path)])
    made = (tmp_path / name).read_text(encoding="utf-8")
    assert made == (CHECKOUT / "deploy" / name).read_text(encoding="utf-8"), "write it anew: make paste"
    assert service(made)["image"] == f"homedot:{__version__}"


@pytest.mark.parametrize("name", FILES)
def test_a_release_names_its_own_image_in_them_and_changes_nothing_else(name: str, tmp_path: Path) -> None:
    image = "registry.example.org:5000/homes/homedot:0.2.0"
    main(["--image", image, "--into", str(tmp_path / "made/for/it")])
    made = (tmp_path / "made/for/it" / name).read_text(encoding="utf-8")
    assert service(made)["image"] == image
    assert made.replace(image, f"homedot:{__version__}") == (CHECKOUT / "deploy" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_a_pasted_file_needs_no_file_no_folder_and_no_variable(name: str) -> None:
    content = text(name, "homedot:1")
    assert not {"build", "pull_policy", "env_file", "extends", "logging"} & set(service(content))
    assert service(content)["volumes"] == ["data:/data"]
    assert yaml.safe_load(content)["volumes"] == {"data": None}
    assert "$" not in content
    assert load(service(content)["environment"]).sources["addresses"] == "default"


@pytest.mark.parametrize("name", FILES)
def test_what_is_commented_out_in_them_is_right_when_it_is_put_in(name: str) -> None:
    put_in = service(re.sub(r"^( +)#(?! )", r"\1", text(name, "homedot:1"), flags=re.MULTILINE))
    assert put_in["volumes"] == ["data:/data", "/srv/homedot:/config:ro"]
    assert put_in["logging"] == service((CHECKOUT / name).read_text(encoding="utf-8"))["logging"]


def test_both_forms_give_the_same_rights_and_differ_in_the_network_alone() -> None:
    host, bridge = (service(text(name, "homedot:1")) for name in FILES)
    assert host.pop("network_mode") == "host"
    assert bridge.pop("ports") == ["0.0.0.0:853:853/tcp", "0.0.0.0:8853:8853/tcp"]
    assert host == bridge
    assert host["read_only"]


@pytest.mark.parametrize("name", FILES)
def test_the_clones_file_adds_what_only_a_clone_has(name: str) -> None:
    clone = service((CHECKOUT / name).read_text(encoding="utf-8"))
    assert clone.pop("extends") == {"file": f"deploy/{name}", "service": "homedot"}
    assert set(clone) == {"build", "pull_policy", "environment", "volumes", "logging"}
    assert set(clone["environment"]) == set(service(text(name, "homedot:1"))["environment"])
