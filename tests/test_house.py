"""The house rules: doors between rooms, pure modules, sizes, one test file for each module."""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
APP = CHECKOUT / "app"
MODULES = sorted(path for path in APP.rglob("*.py"))
ROOMS = {"dot", "answer", "lists", "trust", "onboarding", "unbound", "doctor", "host"}
GROUND = {
    "app", "app.__version__", "app.dnsname", "app.errors", "app.files", "app.holders", "app.lifetime", "app.networks",
    "app.ports", "app.specialnames", "app.svcparams", "app.text",
}  # fmt: skip
"""What everybody may import, and what imports nothing of ours."""
CONFIG = {"app.config", "app.config.values", "app.config.forwarding", "app.config.sources"}
"""What rooms may know of the settings: the types of their values."""
DOING_IO = {"asyncio", "os", "pathlib", "socket", "subprocess", "tempfile", "time"}
KINDS_OF_ADDRESS = {
    f"is_{kind}"
    for kind in ("global", "private", "link_local", "loopback", "multicast", "reserved", "site_local", "unspecified")
}
MOST_LINES = 250
LONGER = {"app.config.settings": 320, "app.dot.connection": 270, "app.programs.front": 260}
"""Where a seam would be a lie: one state machine."""
MOST_PATHS = 12
MOST_LATE_IMPORTS = 15
DISPATCHING = {"app.cli.commands", "app.programs.starting"}
"""What imports a module by the word that somebody typed."""
ONLY_TYPES = {"app.dot.contract", "app.answer.contract", "app.lists.contract"}


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_BRANCHES = (ast.If, ast.IfExp, ast.Assert, ast.ExceptHandler, ast.match_case)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def name_of(path: Path) -> str:
    return path.relative_to(CHECKOUT).with_suffix("").as_posix().replace("/", ".")


def imports_of(path: Path) -> Iterator[str]:
    """Absolute names of everything that a module imports, wherever in it."""
    package = name_of(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def is_one_of(name: str, modules: set[str]) -> bool:
    """True for a module and for what is imported out of it."""
    return name in modules or name.rpartition(".")[0] in modules - {"app", "app.config"}


def is_pure(path: Path) -> bool:
    """True if it says so of itself."""
    return re.search(r"\bPure(\.| but for)", ast.get_docstring(ast.parse(path.read_text())) or "") is not None


def paths_through(function: ast.AST) -> int:
    """McCabe's number as radon counts it: 1, and 1 for each branch, loop and further operand of `and` and `or`.

    A function inside of another is counted for itself.
    """

    def of(node: ast.AST) -> int:
        found = sum(map(of, (each for each in ast.iter_child_nodes(node) if not isinstance(each, FUNCTIONS))))
        if isinstance(node, ast.BoolOp):
            return found + len(node.values) - 1
        if isinstance(node, ast.comprehension):
            return found + 1 + len(node.ifs)
        if isinstance(node, _LOOPS):
            return found + 1 + bool(node.orelse)
        if isinstance(node, ast.Try):
            return found + bool(node.orelse)
        return found + isinstance(node, _BRANCHES)

    return 1 + of(function)


def late_imports(path: Path) -> list[str]:
    """The lines on which a function imports something."""
    text = path.read_text()
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, FUNCTIONS)]
    late = {
        node.lineno
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    return [text.splitlines()[number - 1].strip() for number in sorted(late)]


def room_of(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "app" and parts[1] in ROOMS else None


@pytest.mark.parametrize("path", [path for path in MODULES if room_of(name_of(path))], ids=name_of)
def test_a_room_knows_no_other_room(path: Path) -> None:
    own = room_of(name_of(path))
    ours = {name for name in imports_of(path) if name == "app" or name.startswith("app.")}
    strangers = {name for name in ours if room_of(name) != own and not is_one_of(name, GROUND | CONFIG)}
    assert strangers == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_programs_and_commands_know_the_rooms(path: Path) -> None:
    if name_of(path).startswith(("app.cli.", "app.programs.")) or room_of(name_of(path)):
        return
    assert {name for name in imports_of(path) if room_of(name)} == set()


@pytest.mark.parametrize("name", sorted(GROUND - {"app.__version__"}))
def test_shared_ground_imports_nothing_of_ours_but_shared_ground(name: str) -> None:
    path = APP / "__init__.py" if name == "app" else CHECKOUT / f"{name.replace('.', '/')}.py"
    ours = {imported for imported in imports_of(path) if imported.split(".")[0] == "app"}
    assert {imported for imported in ours if not is_one_of(imported, GROUND)} == set()


def test_few_imports_are_inside_functions_and_each_says_why() -> None:
    found = [(name_of(path), line) for path in MODULES for line in late_imports(path)]
    assert [(name, line) for name, line in found if "  # " not in line] == []
    assert len(found) <= MOST_LATE_IMPORTS
    by_name = {name_of(path) for path in MODULES if "importlib.import_module" in imports_of(path)}
    assert by_name == DISPATCHING


def test_modules_import_one_another_in_no_circle() -> None:
    known = {name_of(path): path for path in MODULES}
    edges = {name: {to for to in imports_of(path) if to in known and to != name} for name, path in known.items()}
    while leaves := {name for name, targets in edges.items() if not targets}:
        edges = {name: targets - leaves for name, targets in edges.items() if name not in leaves}
    assert edges == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_program_itself_touches_the_environment(path: Path) -> None:
    touching = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "putenv"}
    ]
    taken = {"os.environ", "os.getenv", "os.putenv"} & set(imports_of(path))
    assert not (touching or taken) or path.name == "__main__.py"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_asks_the_library_what_kind_of_address_it_has(path: Path) -> None:
    """Its answer hangs on the patch level of Python; app/networks.py decides."""
    asking = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert asking & KINDS_OF_ADDRESS == set()


@pytest.mark.parametrize("path", [path for path in MODULES if is_pure(path)], ids=name_of)
def test_a_pure_module_does_no_io_and_reads_no_clock(path: Path) -> None:
    imported = {imported.split(".")[0] for imported in imports_of(path)}
    assert imported & DOING_IO == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_can_be_read_in_one_go(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGER.get(name_of(path), MOST_LINES)


def test_a_class_name_exists_once_in_the_house() -> None:
    places = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name_of(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_function_can_be_held_in_the_head(path: Path) -> None:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, FUNCTIONS)]
    assert {node.name: paths_through(node) for node in functions if paths_through(node) > MOST_PATHS} == {}


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if not path.name.startswith("__") and name_of(path) not in ONLY_TYPES],
    ids=name_of,
)
def test_every_module_has_its_tests_at_the_same_place(path: Path) -> None:
    relative = path.relative_to(APP)
    assert (CHECKOUT / "tests" / relative.parent / f"test_{relative.name}").is_file()


def test_every_test_file_in_a_room_is_about_a_module_of_it() -> None:
    about_several = {
        "test_verifiers.py",
        "test_linter.py",
        "test_store_interrupted.py",
        "test_interrupted.py",
        "test_every_argument.py",
    }
    for room in (*ROOMS, "cli", "programs", "config"):
        for path in (CHECKOUT / "tests" / room).glob("test_*.py"):
            assert path.name in about_several or (APP / room / path.name.removeprefix("test_")).is_file(), path


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for_and_has_no_catch_all_name(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or not tree.body
    assert path.stem not in {"utils", "helpers", "manager", "core", "common", "misc"}


def test_the_supported_versions_are_the_ones_that_are_promised() -> None:
    assert (3, 11) <= sys.version_info[:2] <= (3, 13)
