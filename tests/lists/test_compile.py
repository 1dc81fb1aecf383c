from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ListError
from app.lists import compile as compiling
from app.lists import spool
from app.lists.blocklist import Blocklist
from app.lists.compile import Rules, compile_list
from app.lists.names import BLOCKS, BLOCKS_BELOW, LIFTS, key_of, number_of
from app.lists.parsed import Parsed
from tests.fakes.compiled_list import compiled_list

LABELS = st.sampled_from(["a", "b", "ab", "a-b", "x1"])
NAMES = st.builds(".".join, st.lists(LABELS, min_size=2, max_size=4))
LINES = st.builds(
    str.format, st.sampled_from(["*.{} CNAME .", "{}", "0.0.0.0 {}", "||{}^", "@@||{}^", "||{}^$badfilter"]), NAMES
)


def test_a_name_counts_once_whatever_the_list_says_about_it_and_exceptions_apart() -> None:
    text = "example.com\nads.example.com\n0.0.0.0 example.com\nexample.com\n@@||example.com^\n@@|c.example.com^\n"
    header, _ = compiled_list(text, "source")
    assert (header.names, header.exceptions) == (2, 2)


def blocks(lines: list[str], name: str) -> bool:
    """What the formats mean, said in another way than the code does."""
    labels = name.split(".")
    parents = {".".join(labels[at:]) for at in range(len(labels))}
    void = {line.removesuffix("$badfilter").strip("|^") for line in lines if "$" in line}
    only_below = {line.split()[0].removeprefix("*.") for line in lines if "CNAME" in line}
    plain = [line for line in lines if "$" not in line and "CNAME" not in line]
    covering = {line.strip("|^") for line in plain if "|" in line and "@" not in line} - void
    covering |= {line for line in plain if not {" ", "|"} & {*line}}  # which is no rule of Adblock's, and never void
    exact = {line.partition(" ")[2] for line in plain if " " in line}
    exceptions = {line[2:].strip("|^") for line in plain if "@" in line}
    return not parents & exceptions and (bool(parents & covering or parents - {name} & only_below) or name in exact)


@pytest.mark.parametrize("run_numbers", [2, 1 << 16])
@given(lines=st.lists(LINES, max_size=12), names=st.lists(NAMES, min_size=1, max_size=12))
def test_the_compiled_list_blocks_what_its_lines_mean(
    tmp_path_factory: pytest.TempPathFactory, run_numbers: int, lines: list[str], names: list[str]
) -> None:
    path = tmp_path_factory.mktemp("lists") / "a.list"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "_RUN_NUMBERS", run_numbers)
        path.write_bytes(compiled_list("\n".join(lines), "source")[1])
    blocklist = Blocklist(path)
    for name in names:
        rule = blocklist.covering(key_of(name))
        assert (rule is not None) is blocks(lines, name)
        assert rule is None or name == rule or name.endswith(f".{rule}")


def test_rules_come_in_the_order_of_their_numbers_with_all_their_kinds(tmp_path: Path) -> None:
    with Rules(tmp_path, "x") as rules:
        for kind in (BLOCKS, BLOCKS_BELOW, LIFTS):
            rules.keep(b"a.example", kind)
        rules.take_back(b"a.example", LIFTS)
        rules.keep(b"b.example", BLOCKS)
        found = list(rules.numbers())
    assert found == sorted([(number_of(b"a.example"), BLOCKS | BLOCKS_BELOW), (number_of(b"b.example"), BLOCKS)])


def test_names_that_were_chosen_to_be_slow_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "number_of", lambda name: int.from_bytes(name[:3], "big"))
    with Rules(tmp_path, "x") as rules:
        for number in range(11_000):
            rules.keep(number.to_bytes(3, "big"), BLOCKS)
        with pytest.raises(ListError, match="chosen for that"):
            compile_list(rules, "source", "title", Parsed(rules))


def test_names_are_spread_over_buckets_of_some_dozen() -> None:
    header, content = compiled_list("\n".join(f"ads{index}.example.com" for index in range(70_000)), "source")
    assert (header.names, header.bucket_bits) == (70_000, 11)
    assert len(content) < 70_000 * 6.2
