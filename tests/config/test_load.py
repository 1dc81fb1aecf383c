import os
from ipaddress import ip_address
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.config import load as loading
from app.config import presence, values
from app.config.forwarding import Forwarder, Route
from app.config.load import load
from app.config.settings import Leaf, Settings, leaves
from app.errors import OperatorError, SettingsError
from tests.documents import CHECKOUT, shown_settings
from tests.fakes.pair import write_pair


def with_yaml(tmp_path: Path, text: str, **variables: str) -> dict[str, str]:
    path = tmp_path / "homedot.yaml"
    path.write_text(text)
    return {"HOMEDOT_CONFIG": str(path), **variables}


def faults(environment: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(OperatorError) as caught:
        load(environment)
    return caught.value.faults


def test_without_anything_the_defaults_hold() -> None:
    settings = load({}).settings
    assert settings == Settings()
    assert (settings.hostname, settings.dot.port, settings.web.port) == ("dns.home.arpa", 853, 8853)
    assert settings.resolver.mode == "auto"
    assert settings.resolver.forward[0] == Forwarder(ip_address("9.9.9.9"), 853, "dns.quad9.net")


def test_without_a_word_about_files_the_one_in_the_mounted_folder_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())
    (mounted,) = (
        volume.split(":")[1]
        for service in compose["services"].values()
        for volume in service["volumes"]
        if volume.startswith("./config:")
    )
    assert Path(mounted, "homedot.yaml") == Path(loading.CONFIG_DEFAULT)
    monkeypatch.setattr(loading, "CONFIG_DEFAULT", with_yaml(tmp_path, "dot: {port: 8530}")["HOMEDOT_CONFIG"])
    assert load({}).settings.dot.port == 8530


def test_environment_beats_yaml_and_yaml_beats_the_default(tmp_path: Path) -> None:
    loaded = load(with_yaml(tmp_path, "dot: {port: 8530}\nweb: {port: 80}\n", HOMEDOT_WEB__PORT="81"))
    assert (loaded.settings.dot.port, loaded.settings.web.port, loaded.settings.plain.port) == (8530, 81, 53)
    sources = [loaded.sources[name] for name in ("dot.port", "web.port", "plain.port")]
    assert sources == [str(tmp_path / "homedot.yaml"), "HOMEDOT_WEB__PORT", "default"]


def test_later_yaml_files_win(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("dot: {port: 1}\nweb: {port: 2}")
    (tmp_path / "b.yaml").write_text("web: {port: 3}")
    settings = load({"HOMEDOT_CONFIG": f"{tmp_path}/a.yaml:{tmp_path}/b.yaml"}).settings
    assert (settings.dot.port, settings.web.port) == (1, 3)


def test_lists_are_yaml_lists_or_text_with_commas(tmp_path: Path) -> None:
    addresses = (ip_address("192.168.1.10"), ip_address("fd00::2"))
    assert load({"HOMEDOT_ADDRESSES": "192.168.1.10, fd00::2"}).settings.addresses == addresses
    assert load(with_yaml(tmp_path, "addresses: [192.168.1.10, 'fd00::2']")).settings.addresses == addresses


def test_routes_are_a_mapping_or_text_with_equal_signs(tmp_path: Path) -> None:
    routes = (Route("fritz.box", (Forwarder(ip_address("192.168.1.1"), 53),)),)
    yaml = with_yaml(tmp_path, "resolver: {routes: {fritz.box: 192.168.1.1}}")
    assert load(yaml).settings.resolver.routes == routes
    assert load({"HOMEDOT_RESOLVER__ROUTES": "fritz.box=192.168.1.1"}).settings.resolver.routes == routes
    told = faults({"HOMEDOT_RESOLVER__ROUTES": "fritz.box=router"})
    assert told[0].startswith("resolver.routes: must be like 9.9.9.9")


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({"HOMEDOT_ADDRESSES": "", "HOMEDOT_HOSTNAME": " "}).settings == Settings()


def test_a_key_without_value_counts_as_not_set(tmp_path: Path) -> None:
    assert load(with_yaml(tmp_path, "hostname:\ndot:\n  port:\nweb:\n")).settings == Settings()


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = "dot: {prot: 853}\nweb: {port: 99999}\n"
    told = faults(with_yaml(tmp_path, text, HOMEDOT_TLS__CERTIFICATE="/nowhere/cert.pem", HOMEDOT_HOSTNME="x.y"))
    assert len(told) == 4
    assert any(fault.startswith("dot.prot: there is no such setting; did you mean dot.port?") for fault in told)
    assert any(fault.startswith("web.port: must be 1..65535 (got '99999', from ") for fault in told)
    assert any(fault.startswith("tls.certificate: must be a file") for fault in told)
    assert any("HOMEDOT_HOSTNME: there is no such setting; did you mean HOMEDOT_HOSTNAME?" in fault for fault in told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hostname: 2026-02-30", "hostname: must"),
        ("dot: {port: 18:53}", "dot.port: must be 1..65535"),
        ("[" * 3000, "is not YAML"),
        ("data_dir: [1]", "data_dir: must be a path"),
        ("dot: [", "is not YAML"),
        ("- dot", "must hold settings"),
        ("dot: 853", "dot: must be followed by settings of its own"),
        ("hostname: a.b\nhostname: c.d", "homedot.yaml: is not YAML: line 2, column 1: a key that is given twice"),
        ("a: &a [x, x]\nb: &b [*a, *a]\naddresses: [*b, *b]", "an alias: write out what it stands for"),
        ("xyzzy: 1", "xyzzy: there is no such setting; `homedot config` lists them all"),
    ],
)
def test_what_is_wrong_with_the_yaml_is_told(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in fault for fault in faults(with_yaml(tmp_path, text)))


def test_a_named_file_that_is_missing_is_a_fault() -> None:
    assert faults({"HOMEDOT_CONFIG": "/nowhere/homedot.yaml"}) == (
        "HOMEDOT_CONFIG: there is no file /nowhere/homedot.yaml",
    )


EXAMPLE = shown_settings()
OF_PARSER: dict[object, object] = {
    values.hostname: "dns.example.org",
    values.path: "/srv/other",
    presence.is_file: __file__,
    presence.is_folder: str(Path(__file__).parent),
}

OF_NAME = {
    "public.name": "mybox.example.org",
    "public.provider": "hook",
    "public.server": "https://dns.example.org",
    "public.directory": "https://ca.example.org/directory",
}
"""Of those that do not all go together."""


def otherwise(leaf: Leaf) -> object:
    """Another value than the default, as YAML has it: what the example shows, where it shows another one."""
    default = None if leaf.default is None else leaf.parse(leaf.default)
    if leaf.name in OF_NAME:
        return OF_NAME[leaf.name]
    if (leaf.look or leaf.parse) in OF_PARSER:
        return OF_PARSER[leaf.look or leaf.parse]
    if isinstance(leaf.parse, values.OneOf):
        return next(word for word in leaf.parse.allowed if word != default)
    if isinstance(default, bool):
        return not default
    if isinstance(default, int):
        return default + 1
    assert leaf.name in EXAMPLE, f"{leaf.name}: the example shows none"
    shown = EXAMPLE[leaf.name]
    return [] if isinstance(shown, list) and leaf.parse(shown) == default else shown


def as_variable(value: object) -> str:
    """The same in the environment."""
    if isinstance(value, dict):
        pairs = value.items()
        return ", ".join(f"{key}={' '.join(each) if isinstance(each, list) else each}" for key, each in pairs)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "[]"
    return str(value)


EVERY_SETTING = {leaf.name: otherwise(leaf) for leaf in leaves()}


def value_of(settings: Settings, name: str) -> object:
    return attrgetter(name)(settings)


def test_the_environment_alone_sets_every_setting_as_yaml_does(tmp_path: Path) -> None:
    known = {leaf.name: leaf.variable for leaf in leaves()}
    by_environment = load({known[name]: as_variable(value) for name, value in EVERY_SETTING.items()}).settings
    tree: dict[str, Any] = {}
    for name, value in EVERY_SETTING.items():
        branch, _, leaf = name.rpartition(".")
        (tree.setdefault(branch, {}) if branch else tree)[leaf] = value
    assert load(with_yaml(tmp_path, yaml.safe_dump(tree, sort_keys=False))).settings == by_environment
    unchanged = {name for name in known if value_of(by_environment, name) == value_of(Settings(), name)}
    assert unchanged == set()


@pytest.mark.parametrize("name", [name for name, value in EVERY_SETTING.items() if isinstance(value, list)])
def test_a_list_is_emptied_from_the_environment_too(name: str, tmp_path: Path) -> None:
    parse = next(leaf.parse for leaf in leaves() if leaf.name == name)
    assert parse("[]") == parse([]) == ()


def test_settings_in_the_example_which_is_not_read_are_a_fault(tmp_path: Path) -> None:
    (tmp_path / "checkout.yaml").write_text("data_dir: data\n")
    environment = {"HOMEDOT_CONFIG": str(tmp_path / "checkout.yaml")}
    example = tmp_path / "homedot.example.yaml"
    shipped = (CHECKOUT / "config/homedot.example.yaml").read_text(encoding="utf-8")
    example.write_text(shipped)
    load(environment)
    example.write_text(shipped.replace("  #port: 853\n", "  port: 8853  # changed\n"))
    number = shipped[: shipped.index("  #port: 853\n")].count("\n") + 1
    assert faults(environment) == (
        f"{example}: is not read, but something is set in line {number}: rename it to homedot.yaml",
    )
    (tmp_path / "homedot.yaml").touch()
    load(environment)


@pytest.mark.parametrize("before", [b"hostname: a.b\n", b"\n"])
def test_a_file_that_is_not_text_is_a_fault(tmp_path: Path, before: bytes) -> None:
    path = tmp_path / "homedot.yaml"
    path.write_bytes(before + b"\xff\xfe\x00")
    (told,) = faults({"HOMEDOT_CONFIG": str(path)})
    assert told == f"{path}: is not YAML: line 2: an octet that is not UTF-8: save the file in that encoding"


@pytest.mark.parametrize(
    "raw",
    [
        "https://user:hunter2@lists.example/a.txt",
        "https://user:12/hunter2@lists.example/a.txt",
        "https://user:hunter2,a@hunter2@lists.example/a.txt",
        "https://cdn.example/a@b/c.txt,https://user:hunter2@lists.example/a.txt",
        "ftp://user:hunter2@lists.example/a.txt",
        "user:hunter2@lists.example/a.txt",
        "https:/user:hunter2@lists.example/a.txt",
        "https:user:hunter2@lists.example/a.txt",
        "https://user:/hunter2@lists.example/a.txt",
        "https://user:it@hunter:2/hunter2@lists.example/a.txt",
    ],
)
@pytest.mark.parametrize("name", ["blocking.lists", "blocking.deny", "resolver.forward", "resolver.routes", "local"])
def test_a_password_in_an_address_is_in_no_fault(tmp_path: Path, name: str, raw: str) -> None:
    variable = f"HOMEDOT_{name.upper().replace('.', '__')}"
    branch, _, leaf = name.rpartition(".")
    quoted = f"{leaf}: ['{raw}']"
    yaml = f"{branch}: {{{quoted}}}" if branch else quoted
    for environment in ({variable: raw}, with_yaml(tmp_path, yaml), with_yaml(tmp_path, f"'{raw}': x")):
        told = " ".join(faults(environment))
        assert "***@lists.example/a.txt" in told
        assert "hunter2" not in told


def test_a_password_before_an_ip_address_is_in_no_fault() -> None:
    (told,) = faults({"HOMEDOT_BLOCKING__LISTS": "user:hunter2@192.168.1.5/a.txt"})
    assert "got '***@192.168.1.5/a.txt'" in told


def test_the_port_of_a_forwarder_is_no_password() -> None:
    (told,) = faults({"HOMEDOT_RESOLVER__FORWARD": "tls://9.9.9.9@853"})
    assert "got 'tls://9.9.9.9@853'" in told


def test_c1_the_port_is_853_unless_another_is_set() -> None:
    assert load({}).settings.dot.port == 853
    assert load({"HOMEDOT_DOT__PORT": "8530"}).settings.dot.port == 8530


def test_c1_port_53_is_refused_for_dot() -> None:
    assert "dot.port: must not be 53" in faults({"HOMEDOT_DOT__PORT": "53"})[0]


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"HOMEDOT_WEB__PORT": "853"}, "dot.port: is 853, and so is web.port"),
        ({"HOMEDOT_RESOLVER__PORT": "8853"}, "resolver.port: is 8853, and so is web.port"),
        ({"HOMEDOT_PLAIN__PORT": "853", "HOMEDOT_PLAIN__ENABLED": "yes"}, "dot.port: is 853, and so is plain.port"),
        (
            {"HOMEDOT_DOT__PORT": "8530", "HOMEDOT_RESOLVER__PORT": "853"},
            "resolver.port: must not be 853, on which unbound speaks TLS",
        ),
        ({"HOMEDOT_RESOLVER__PORT": "443"}, "resolver.port: must not be 443"),
        (
            {"HOMEDOT_LOCAL": "_dns.dns.home.arpa=192.168.1.5"},
            "local: _dns.dns.home.arpa: would have no effect",
        ),
        ({"HOMEDOT_SPECIAL__RELEASED": "localhost"}, "special.released: must be other names than localhost"),
        ({"HOMEDOT_DOT__CONNECTIONS": "10"}, "dot.connections_per_client: must not be more than dot.connections"),
        ({"HOMEDOT_DOT__FIRST_BYTE_TIMEOUT": "60"}, "dot.first_byte_timeout: must not be longer than"),
        ({"HOMEDOT_TLS__KEY": __file__}, "tls.certificate: must be set too, because tls.key is"),
        ({"HOMEDOT_RESOLVER__FORWARD": "9.9.9.9"}, "resolver.forward: must be tls:// when resolver.mode is auto"),
        (
            {"HOMEDOT_RESOLVER__FORWARD": "9.9.9.9,tls://9.9.9.9#a.b"},
            "resolver.forward: must be all tls:// or all plain",
        ),
        ({"HOMEDOT_RESOLVER__MODE": "forward", "HOMEDOT_RESOLVER__FORWARD": ","}, "resolver.forward: must name"),
    ],
)
def test_contradictions_are_told(variables: dict[str, str], told: str) -> None:
    assert [fault[: len(told)] for fault in faults(variables)] == [told]


def test_limits_may_be_equal() -> None:
    limits = load(
        {
            "HOMEDOT_DOT__CONNECTIONS": "20", "HOMEDOT_DOT__CONNECTIONS_PER_CLIENT": "20",
            "HOMEDOT_DOT__FIRST_BYTE_TIMEOUT": "9", "HOMEDOT_DOT__HANDSHAKE_TIMEOUT": "9",
        }
    ).settings.dot  # fmt: skip
    assert (limits.connections_per_client, limits.first_byte_timeout) == (20, 9)


def test_a_port_of_a_web_server_that_is_off_collides_with_nothing() -> None:
    assert load({"HOMEDOT_WEB__PORT": "853", "HOMEDOT_WEB__ENABLED": "false"}).settings.web.enabled is False


def test_what_an_orchestrator_puts_into_the_environment_is_passed_over() -> None:
    links = {"HOMEDOT_PORT": "tcp://10.0.0.1:853", "HOMEDOT_SERVICE_HOST": "10.0.0.1", "HOMEDOT_PORT_853_TCP": "x"}
    assert load(links).settings == Settings()
    assert load(links | {"HOMEDOT_WEB__PORT": "81"}).settings.web.port == 81


def test_what_kubernetes_says_of_services_beside_homedot_is_passed_over() -> None:
    service = {
        "HOMEDOT_WEB_SERVICE_HOST": "10.96.0.9",
        "HOMEDOT_WEB_SERVICE_PORT": "8853",
        "HOMEDOT_WEB_SERVICE_PORT_HTTP": "8853",
        "HOMEDOT_WEB_PORT": "tcp://10.96.0.9:8853",
        "HOMEDOT_WEB_PORT_8853_TCP": "tcp://10.96.0.9:8853",
        "HOMEDOT_WEB_PORT_8853_TCP_PROTO": "tcp",
        "HOMEDOT_DNS_UDP_PORT_53_UDP_ADDR": "10.96.0.10",
    }
    assert load(service).settings == Settings()
    (told,) = faults({"HOMEDOT_WEB_PORT": "81"})
    assert told == "HOMEDOT_WEB_PORT: there is no such setting; did you mean HOMEDOT_WEB__PORT?"


@pytest.mark.parametrize("value", ['"dns.home.arpa"', "'dns.home.arpa'", ' "/data" '])
def test_quotes_that_an_env_file_kept_are_told(value: str) -> None:
    (told,) = faults({"HOMEDOT_HOSTNAME": value})
    assert told.startswith("HOMEDOT_HOSTNAME: must be without the quotes around it")


def test_a_hostname_of_another_script_is_told_as_certificates_have_it() -> None:
    (told,) = faults({"HOMEDOT_HOSTNAME": "dns.müller.example"})
    assert told.startswith("hostname: must be in ASCII, as certificates have it: write dns.xn--mller-kva.example (got")


@pytest.mark.parametrize("name", ["co.uk", "www.paypal.com"])
def test_a_hostname_that_is_not_ones_own_is_refused_unless_another_authority_certified_it(
    tmp_path: Path, name: str
) -> None:
    (told,) = faults({"HOMEDOT_HOSTNAME": name})
    assert told.startswith("hostname: must be a name ")
    pair = write_pair(tmp_path / "pair.pem")
    own = {"HOMEDOT_TLS__CERTIFICATE": str(pair), "HOMEDOT_TLS__KEY": str(pair), "HOMEDOT_HOSTNAME": name}
    assert load(own).settings.hostname == name


@pytest.mark.parametrize("kind", ["folder", "pipe", "huge"])
def test_a_yaml_file_that_is_none_is_told_and_waited_for_by_nobody(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "homedot.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        with path.open("wb") as file:
            file.truncate(1 << 30)
    with pytest.raises(SettingsError) as caught:
        load({"HOMEDOT_CONFIG": str(path)})
    assert f"{path}: cannot be read: " in str(caught.value)
    assert ("as Docker makes one" in str(caught.value)) == (kind == "folder")
