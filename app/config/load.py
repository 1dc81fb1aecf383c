"""Environment and YAML -> Settings. The only reader of the environment and of the YAML files.

The files may be root's alone: programs of other users take what was read as `handed`.

Defaults < YAML < environment, read anew at every start; an empty variable counts as not set. HOMEDOT_CONFIG may name
several YAML files with colons between them; later ones win.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, cast

from app.errors import SettingsError
from app.reading import read

from .contradictions import contradictions
from .settings import PREFIX, Leaf, Settings, leaves

CONFIG_VARIABLE = "HOMEDOT_CONFIG"
CONFIG_DEFAULT = "/config/homedot.yaml"
_EXAMPLE = "homedot.example.yaml"
_MOST_OCTETS = 1 << 20
_A_FOLDER = "it is a folder, as Docker makes one where a file to be mounted is not there: put the file in its place"
_NOT_SET = (None, "", "null", "~")
_CREDENTIALS = re.compile(
    r"(?<=://)(?<!tls://).*@|(?<![^'\"])(?:https?:/?(?!/))?[^':/@\[]+:[^':]*@(?=[A-Za-z]|\d+\.)", re.DOTALL
)
_OF_AN_ORCHESTRATOR = re.compile(
    r"HOMEDOT_([A-Z0-9]+_)*?(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)=|PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?=|PORT=\w+://)"
)
"""What Kubernetes and Docker links put into the environment of services named homedot, homedot-web and so on."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Effective settings, and for each setting's name where its value came from, and what was given there."""

    settings: Settings
    sources: Mapping[str, str]
    given: Mapping[str, object]


def load(environment: Mapping[str, str]) -> Loaded:
    """Read YAML and environment into Settings.

    Raises SettingsError with one line per fault: syntax, unknown keys, bad values and contradictions together.
    """
    faults: list[str] = []
    known = {leaf.name: leaf for leaf in leaves()}
    given: dict[str, tuple[object, str]] = {}
    named = environment.get(CONFIG_VARIABLE)
    paths = [Path(path) for path in (named.split(":") if named else [CONFIG_DEFAULT])]
    for path in paths:
        given |= _from_yaml(path, known, faults, is_named=bool(named))
    faults += filter(None, map(_unread, {path.parent for path in paths}))
    given |= _from_environment(environment, known, faults)
    parsed = dict(_parsed(given, known, faults))
    settings = build(parsed)
    bad = {fault.split(":")[0] for fault in faults}
    faults += [text for names, text in contradictions(settings) if not bad & set(names)]
    if faults:
        raise SettingsError(faults)
    sources = dict.fromkeys(known, "default") | {name: source for name, (_, source) in given.items()}
    return Loaded(settings, sources, {name: raw for name, (raw, _) in given.items()})


def _parsed(
    given: Mapping[str, tuple[object, str]], known: Mapping[str, Leaf], faults: list[str]
) -> Iterator[tuple[str, object]]:
    for name, (raw, source) in given.items():
        leaf = known[name]
        try:
            value = leaf.parse(raw)
            if leaf.look is not None:
                leaf.look(value)
            yield name, value
        except ValueError as error:
            got = "" if leaf.is_secret else f"got {_masked(repr(raw))}, "
            faults.append(f"{name}: {_masked(str(error))} ({got}from {source})")


def _from_yaml(
    path: Path, known: Mapping[str, Leaf], faults: list[str], *, is_named: bool
) -> dict[str, tuple[object, str]]:
    try:
        text = read(path, _MOST_OCTETS).decode()
        from .yamltext import tree_of  # where there is no file, no program keeps the parser in memory

        tree = tree_of(text)
    except FileNotFoundError:
        if is_named:
            faults.append(f"{CONFIG_VARIABLE}: there is no file {path}")
        return {}
    except OSError as error:
        is_folder = not isinstance(error, PermissionError) and path.is_dir()
        faults.append(f"{path}: cannot be read: {_A_FOLDER if is_folder else error.strerror}")
        return {}
    except ValueError as error:
        faults.append(f"{path}: is not YAML: {_not_utf8(error) if isinstance(error, UnicodeDecodeError) else error}")
        return {}
    if isinstance(tree, dict):
        return dict(_flatten(tree, "", str(path), known, faults))
    if tree not in _NOT_SET:
        faults.append(f"{path}: must hold settings like 'hostname: dns.home.arpa'")
    return {}


def _unread(folder: Path) -> str | None:
    """What to do about settings in the example, which is read by nobody. git moves them there when it merges a changed
    homedot.yaml of somebody's own with the commit that made it the example."""
    try:
        is_there = (folder / Path(CONFIG_DEFAULT).name).exists()
        text = "" if is_there else read(folder / _EXAMPLE, _MOST_OCTETS).decode()
    except (OSError, ValueError):
        return None
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].strip()
        if said and not said.endswith(":"):
            fault = f"is not read, but something is set in line {number}"
            return f"{folder / _EXAMPLE}: {fault}: rename it to {Path(CONFIG_DEFAULT).name}"
    return None


def _not_utf8(error: UnicodeDecodeError) -> str:
    line = error.object.count(b"\n", 0, error.start) + 1
    return f"line {line}: an octet that is not UTF-8: save the file in that encoding"


def _flatten(
    tree: Mapping[object, object], prefix: str, source: str, known: Mapping[str, Leaf], faults: list[str]
) -> Iterator[tuple[str, tuple[object, str]]]:
    branches = {name.rpartition(".")[0] for name in known}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if name in known:
            if value not in _NOT_SET:
                yield name, (value, source)
        elif name not in branches:
            faults.append(f"{_masked(name)}: there is no such setting{_nearest(name, known)} (from {source})")
        elif isinstance(value, dict):
            yield from _flatten(value, f"{name}.", source, known, faults)
        elif value not in _NOT_SET:
            faults.append(f"{name}: must be followed by settings of its own, indented below it (from {source})")


def _from_environment(
    environment: Mapping[str, str], known: Mapping[str, Leaf], faults: list[str]
) -> dict[str, tuple[object, str]]:
    variables = {leaf.variable: leaf.name for leaf in known.values()}
    files = {f"{leaf.variable}_FILE": leaf.variable for leaf in known.values() if leaf.is_secret}
    found: dict[str, tuple[object, str]] = {}
    for variable, value in sorted(environment.items()):
        if not _is_a_setting(variable, value):
            continue
        if value.strip()[0] == value.strip()[-1] and value.strip()[0] in "\"'":
            faults.append(f"{variable}: must be without the quotes around it, which some env files keep: remove them")
        elif variable in variables:
            found[variables[variable]] = (value, variable)
        elif variable in files:
            if environment.get(files[variable], "").strip():
                faults.append(f"{variable}: must not be set where {files[variable]} is: remove one of them")
            found |= _from_file(variables[files[variable]], Path(value.strip()), variable, faults)
        else:
            faults.append(f"{variable}: there is no such setting{_nearest(variable, variables)}")
    return found


def _is_a_setting(variable: str, value: str) -> bool:
    if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE or not value.strip():
        return False
    return not _OF_AN_ORCHESTRATOR.match(f"{variable}={value}")


def _from_file(name: str, path: Path, variable: str, faults: list[str]) -> dict[str, tuple[object, str]]:
    """What stands in the file of a secret."""
    try:
        return {name: (read(path, _MOST_OCTETS).decode().strip(), variable)}
    except OSError as error:
        faults.append(f"{variable}: {path} cannot be read: {error.strerror}: is it mounted into the container?")
    except ValueError:
        faults.append(f"{variable}: {path} must be a text of one line")
    return {}


def _nearest(name: str, names: Mapping[str, object]) -> str:
    from difflib import get_close_matches  # only a mistaken name is worth it

    near = get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else "; `homedot config` lists them all"


def _masked(text: str) -> str:
    """Without the user name and password of a URL: what is between `://` and the last @, so that they may hold any
    character. Faults end in logs. With tls:// that is the address of a forwarder, whose port follows."""
    return _CREDENTIALS.sub("***@", text)


def build(parsed: Mapping[str, object]) -> Settings:
    """The tree with the values of `parsed` by the names of settings, and defaults for all others."""
    return cast(Settings, _build(Settings, parsed, ""))


def _build(branch: type, parsed: Mapping[str, object], prefix: str) -> Any:
    chosen: dict[str, object] = {}
    for item in fields(branch):
        name = prefix + item.name
        if is_dataclass(item.default):
            chosen[item.name] = _build(type(item.default), parsed, f"{name}.")
        elif name in parsed:
            chosen[item.name] = parsed[name]
    return branch(**chosen)
