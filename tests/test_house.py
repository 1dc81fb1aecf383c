"""The house rules: doors between rooms, pure modules, sizes, one test file for each module."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
APP = CHECKOUT / "app"
MODULES = sorted(path for path in APP.rglob("*.py"))
ROOMS = {"dot", "answer", "lists", "trust", "onboarding", "ops"}
SHARED = {
    "app", "app.__version__", "app.dnsname", "app.errors", "app.files", "app.forwarding", "app.networks", "app.ports",
    "app.specialnames", "app.svcparams", "app.text", "app.values",
}  # fmt: skip
GROUND = {"app.dnsname", "app.networks", "app.specialnames", "app.svcparams", "app.text"}
"""Facts that several rooms need: they import nothing of app."""
PURE = [
    "dnsname", "forwarding", "hosts", "networks", "specialnames", "svcparams", "text", "yamltext", "onboarding/token",
    "dot/counters", "dot/occupancy", "dot/framing",
    "dot/clienthello", "dot/admission", "dot/protocol", "dot/query_queue", "dot/connection_log",
    "dot/rate_limited_log", "dot/plain", "dot/nonce_store",
    "answer/blocked", "answer/cache", "answer/checking", "answer/ddr", "answer/edns",
    "answer/local", "answer/never_block", "answer/pending", "answer/pipeline", "answer/policy", "answer/querylog",
    "answer/rebinding", "answer/records", "answer/ruleset", "answer/special", "answer/stale", "answer/wire",
    "lists/names", "lists/parse", "lists/resolvers", "lists/body", "lists/compile", "lists/schedule",
    "trust/authority",
    "trust/constraints", "trust/pem", "trust/signing", "onboarding/device", "onboarding/dnr", "onboarding/enrolment",
    "onboarding/expiry", "onboarding/guides", "onboarding/profile", "onboarding/qr", "onboarding/snippets",
    "onboarding/steps", "onboarding/variant",
]  # fmt: skip
DOING_IO = {"asyncio", "os", "pathlib", "socket", "subprocess", "tempfile", "time"}
KINDS_OF_ADDRESS = {
    f"is_{kind}"
    for kind in ("global", "private", "link_local", "loopback", "multicast", "reserved", "site_local", "unspecified")
}
MOST_LINES = 250
ONLY_TYPES = {"app.dot.contract", "app.answer.contract", "app.lists.contract"}


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


def room_of(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "app" and parts[1] in ROOMS else None


@pytest.mark.parametrize("path", [path for path in MODULES if room_of(name_of(path))], ids=name_of)
def test_a_room_knows_no_other_room(path: Path) -> None:
    own = room_of(name_of(path))
    ours = {name for name in imports_of(path) if name == "app" or name.startswith("app.")}
    strangers = {
        name
        for name in ours
        if room_of(name) != own and name not in SHARED and name.rpartition(".")[0] not in SHARED - {"app"}
    }
    assert strangers == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_hallway_knows_the_rooms(path: Path) -> None:
    if name_of(path).startswith("app.cli") or room_of(name_of(path)):
        return
    assert {name for name in imports_of(path) if room_of(name)} == set()


@pytest.mark.parametrize("name", sorted(GROUND))
def test_the_ground_stands_on_nothing_of_ours(name: str) -> None:
    imported = set(imports_of(APP / f"{name.removeprefix('app.')}.py"))
    assert not {each for each in imported if each == "app" or each.startswith("app.")}


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


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_does_no_io_and_reads_no_clock(name: str) -> None:
    imported = {imported.split(".")[0] for imported in imports_of(APP / f"{name}.py")}
    assert imported & DOING_IO == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_can_be_read_in_one_go(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if not path.name.startswith("__") and name_of(path) not in ONLY_TYPES],
    ids=name_of,
)
def test_every_module_has_its_tests_at_the_same_place(path: Path) -> None:
    relative = path.relative_to(APP)
    assert (CHECKOUT / "tests" / relative.parent / f"test_{relative.name}").is_file()


def test_every_test_file_in_a_room_is_about_a_module_of_it() -> None:
    about_several = {"test_verifiers.py", "test_linter.py", "test_store_interrupted.py", "test_interrupted.py"}
    for room in (*ROOMS, "cli"):
        for path in (CHECKOUT / "tests" / room).glob("test_*.py"):
            assert path.name in about_several or (APP / room / path.name.removeprefix("test_")).is_file(), path


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for_and_has_no_catch_all_name(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree) or not tree.body
    assert path.stem not in {"utils", "helpers", "manager", "core", "common", "misc"}


def test_the_supported_versions_are_the_ones_that_are_promised() -> None:
    assert (3, 11) <= sys.version_info[:2] <= (3, 13)
