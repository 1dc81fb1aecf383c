from pathlib import Path

import marisa_trie
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ListError
from app.lists.compile import compile_list
from app.lists.names import key_of, name_of
from app.lists.parse import parse
from app.lists.parsed import Parsed
from app.lists.trie import Blocklist

LABELS = st.sampled_from(["a", "b", "ab", "a-b", "x1"])
NAMES = st.builds(".".join, st.lists(LABELS, min_size=2, max_size=4))
LINES = st.builds(str.format, st.sampled_from(["{}", "0.0.0.0 {}", "||{}^", "@@||{}^"]), NAMES)


def test_what_another_rule_covers_is_dropped_and_nothing_else() -> None:
    text = b"example.com\nads.example.com\n0.0.0.0 example.com\nexample.com\nexample.community\nexample-a.com\n"
    header, _ = compile_list(parse([text]), "source", "title")
    assert (header.names, header.exceptions) == (3, 0)


def test_an_exact_rule_covers_nothing_but_itself() -> None:
    text = b"0.0.0.0 example.com\n0.0.0.0 example.com\n0.0.0.0 ads.example.com\n@@||c.example.com^\n"
    header, _ = compile_list(parse([text]), "source", "title")
    assert (header.names, header.exceptions) == (2, 1)


def blocks(lines: list[str], name: str) -> bool:
    """What the formats mean, said in another way than the code does."""
    labels = name.split(".")
    parents = {".".join(labels[at:]) for at in range(len(labels))}
    covering = {line.strip("|^") for line in lines if " " not in line and "@" not in line}
    exact = {line.partition(" ")[2] for line in lines if " " in line}
    exceptions = {line[2:].strip("|^") for line in lines if "@" in line}
    return not parents & exceptions and (bool(parents & covering) or name in exact)


@given(st.lists(LINES, max_size=12), st.lists(NAMES, min_size=1, max_size=12))
def test_the_compiled_list_blocks_what_its_lines_mean(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], names: list[str]
) -> None:
    path = tmp_path_factory.mktemp("lists") / "a.list"
    path.write_bytes(compile_list(parse(["\n".join(lines).encode()]), "source", "title")[1])
    blocklist = Blocklist(path)
    for name in names:
        rule = blocklist.covering(key_of(name))
        assert (rule is not None) is blocks(lines, name)
        assert rule is None or name == rule or name.endswith(f".{rule}")


def test_the_rules_given_away_are_not_kept(tmp_path: Path) -> None:
    parsed = parse([b"a.example\n@@||b.a.example^"])
    compile_list(parsed, "source", "title")
    assert parsed == Parsed()


def test_what_the_trie_cannot_do_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object, **options: object) -> None:
        raise RuntimeError("MARISA_MEMORY_ERROR")

    monkeypatch.setattr(marisa_trie, "BinaryTrie", broken)
    with pytest.raises(ListError, match="MARISA_MEMORY_ERROR"):
        compile_list(parse([b"a.example"]), "source", "title")


def test_name_of_a_rule_reads_as_written() -> None:
    assert name_of(parse([b"a.example"]).rules[0]) == "a.example"
