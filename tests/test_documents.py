"""The documents keep their promises, as far as one can tell without running what they say: tests/image runs it."""

import inspect
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from app.cli.commands import parse
from app.config.load import load
from app.config.settings import Settings
from app.programs import paths
from tests.documents import CHECKOUT, DOCUMENTS, PLACES, Block, all_blocks, anchors, blocks, links, spans, text_of

BLOCKS = all_blocks()
RUN = [block for block in BLOCKS if block.places]
NOT_RUN_AT_MOST = 8
PROGRAMS = {"apt", "cat", "curl", "dig", "docker", "git", "homedot", "kdig", "make", "resolvectl", "ss", "systemctl"}
IN_ONE_PAGE = 120
SUPERVISED = text_of("rootfs/usr/local/lib/homedot/supervisord.conf")


def by_place(block: Block) -> str:
    return block.where


@pytest.mark.parametrize("block", BLOCKS, ids=by_place)
def test_every_block_says_how_it_is_proved(block: Block) -> None:
    if block.claim.startswith("not run: "):
        return
    known = block.language == "sh" and block.places and set(block.places) <= set(PLACES)
    assert known or (block.language == "yaml" and block.claim in {"settings", "environment"}), (
        f"{block.where}: nobody knows how this is proved: {block.language} {block.claim}"
    )


def test_few_commands_cannot_be_run() -> None:
    reasons = [block.claim for block in BLOCKS if block.claim.startswith("not run: ")]
    assert all(len(reason) > len("not run: ") + 8 for reason in reasons), reasons
    assert len(reasons) <= NOT_RUN_AT_MOST, reasons


def test_a_block_without_a_claim_is_seen() -> None:
    text = "Words.\n\n    make everything\n\n```\nmake it\n```\n```sh run: moon\nls\n```\n"
    found = list(blocks("page.md", text))
    assert [(each.line, each.language, each.claim) for each in found] == [
        (3, "indented", ""), (5, "?", ""), (8, "sh", "run: moon"),
    ]  # fmt: skip
    for each in found:
        with pytest.raises(AssertionError, match="nobody knows"):
            test_every_block_says_how_it_is_proved(each)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_in_a_sentence_is_one_that_is_run_or_that_the_program_knows(document: str) -> None:
    shown = {line.strip() for block in RUN for line in block.text.splitlines()}
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    for span in spans(text_of(document)):
        words = shlex.split(span) if span.split()[0] in PROGRAMS else [""]
        match words:
            case ["homedot", _, *_]:
                parse(words[1:])
            case ["make", target, *_]:
                assert target in targets, f"{document}: make has no target {target}"
            case [program, _, *_] if program in PROGRAMS:
                assert span in shown, f"{document}: no test runs `{span}`"


@pytest.mark.parametrize("block", [each for each in BLOCKS if each.claim == "settings"], ids=by_place)
def test_the_settings_in_a_block_are_valid(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "homedot.yaml"
    file.write_text(_with_files(block.text, tmp_path), encoding="utf-8")
    assert _given(load({"HOMEDOT_CONFIG": str(file)}).sources) == {str(file)}


@pytest.mark.parametrize("block", [each for each in BLOCKS if each.claim == "environment"], ids=by_place)
def test_the_variables_in_a_block_are_valid(block: Block, tmp_path: Path) -> None:
    tree = yaml.safe_load(_with_files(block.text, tmp_path))
    assert list(tree) == ["environment"]
    variables = {name: str(value) for name, value in tree["environment"].items()}
    assert _given(load(variables).sources) == set(variables)


def _given(sources: Mapping[str, str]) -> set[str]:
    """Where values come from that are no defaults."""
    return set(sources.values()) - {"default"}


def _with_files(text: str, folder: Path) -> str:
    """`/config` stands for a folder that has every file that is named in it."""
    for name in re.findall(r"/config/([\w.]+)", text):
        path = folder / name
        path.write_text("word\n") if path.suffix else path.mkdir()
    return text.replace("/config/", f"{folder}/")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    for link in links(text_of(document)):
        if link.startswith("https://"):
            continue
        path, _, fragment = link.partition("#")
        target = (CHECKOUT / document).parent / path if path else CHECKOUT / document
        assert target.exists(), f"{document}: {link}"
        assert not fragment or fragment in anchors(target.read_text(encoding="utf-8")), f"{document}: {link}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_file_of_the_code_that_is_named_is_there(document: str) -> None:
    named = {span for span in spans(text_of(document)) if re.match(r"(app|tests|rootfs|docs|release)/[\w/.-]+$", span)}
    assert {path for path in named if not (CHECKOUT / path).exists()} == set()


def test_every_file_that_programs_share_is_in_the_map_of_files() -> None:
    settings = Settings(data_dir=Path("data"), run_dir=Path("run"))
    shared = {
        str(function(settings))
        for name, function in vars(paths).items()
        if inspect.isfunction(function) and list(inspect.signature(function).parameters) == ["settings"]
        if name not in {"authority_files", "copied_ca_bundle", "read_enrolment", "unbound_port"}
    }
    assert "run/tls/pair.pem" in shared
    assert {path for path in shared if f"`{path}`" not in text_of("docs/architecture.md")} == set()


def test_every_program_is_in_the_map_of_programs() -> None:
    configured = re.findall(r"^\[(?:program|eventlistener):(\w+)\]", SUPERVISED, re.MULTILINE)
    assert configured
    for program in ("bootstrap", "supervisor", *configured):
        assert f"\n| {program} | " in text_of("docs/architecture.md"), program


def test_the_readme_is_one_page() -> None:
    lines = text_of("README.md").splitlines()
    assert len(lines) <= IN_ONE_PAGE
    assert max(map(len, lines)) <= IN_ONE_PAGE


def test_the_readme_leads_to_every_page() -> None:
    pages = {document for document in DOCUMENTS if document.startswith("docs/")}
    assert pages <= set(links(text_of("README.md")))


def test_the_address_in_the_documents_is_one_and_the_same() -> None:
    """The tests give it to the machine."""
    for block in RUN:
        assert set(re.findall(r"192\.168\.\d+\.\d+", block.text)) <= {"192.168.1.10"}, block.where
