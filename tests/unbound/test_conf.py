"""unbound.conf: what the text promises, and that a real unbound keeps it in every mode."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from ipaddress import ip_address, ip_network
from pathlib import Path
from shutil import copyfile
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from app.config import forwarding
from app.doctor import healthcheck
from app.networks import INSIDE, within
from app.specialnames import ALWAYS_SPECIAL
from app.unbound import checkconf, conf
from tests.internet import LEAVES, Internet
from tests.internet.servers import running, until_answering

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
Ask = Callable[..., dns.message.Message]
Start = Callable[..., Ask]


DEFAULTS: dict[str, Any] = {
    "port": 5335,
    "mode": "recursive",
    "routes": "",
    "root_servers": ("198.51.100.1",),
    "ca_bundle": CA_BUNDLE,
    "root_hints": None,
    "trust_anchor": None,
    "rebind_protection": True,
    "released": (),
    "snippets": (),
    "health_name": healthcheck.NAME,
    "cache_bytes": 32 << 20,
    "verbosity": 0,
}


def render(folder: Path, *forwarders: str, **options: Any) -> str:
    """`conf.render` with the options that differ from DEFAULTS; `routes` as a user writes them."""
    chosen = DEFAULTS | {"followed_anchor": folder / "root.key", "control": None} | options
    parsed = [forwarding.forwarder(text) for text in forwarders]
    return conf.render(forwarders=parsed, run_dir=folder, **(chosen | {"routes": forwarding.routes(chosen["routes"])}))


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines()]


def write(folder: Path, text: str) -> Path:
    path = folder / "unbound.conf"
    path.write_text(text)
    return path


def test_serves_this_machine_only(tmp_path: Path) -> None:
    text = lines(render(tmp_path, port=5399))
    assert [line for line in text if line.startswith(("interface", "port", "access-control"))] == [
        "interface: 127.0.0.1",
        "port: 5399",
        "access-control: 127.0.0.0/8 allow_snoop  # it looks into the cache for what is behind a failure",
    ]


def test_hears_its_own_user_where_it_has_a_folder(tmp_path: Path) -> None:
    text = lines(render(tmp_path, control=tmp_path / "control"))
    assert f'control-interface: "{tmp_path}/control"' in text
    assert text.index("control-enable: yes") < text.index("server:")
    assert not [line for line in lines(render(tmp_path)) if line.startswith(("remote", "control"))]


def test_recursion_starts_from_the_internets_root(tmp_path: Path) -> None:
    text = lines(render(tmp_path, "9.9.9.9"))
    assert 'root-hints: "/usr/share/dns/root.hints"' in text
    assert f'auto-trust-anchor-file: "{tmp_path}/root.key"' in text
    assert not [line for line in text if line.startswith(("forward", "tls"))]


@pytest.mark.parametrize(("mode", "most_ms"), [("recursive", 4000), ("forward", 12000)])
def test_a_forwarder_may_seem_as_slow_as_the_names_that_it_looks_up(tmp_path: Path, mode: str, most_ms: int) -> None:
    assert f"infra-cache-max-rtt: {most_ms}  # milliseconds" in lines(render(tmp_path, "9.9.9.9", mode=mode))


def test_forwarding_over_tls_checks_the_name_against_the_bundle(tmp_path: Path) -> None:
    text = lines(
        render(tmp_path, "tls://9.9.9.9#dns.quad9.net", "tls://[2620:fe::fe]@8853#dns.quad9.net", mode="forward")
    )

    assert f'tls-cert-bundle: "{CA_BUNDLE}"' in text
    assert text[text.index('name: "."') - 1 :] == [
        "forward-zone:",
        'name: "."',
        "forward-tls-upstream: yes",
        "forward-addr: 9.9.9.9@853#dns.quad9.net",
        "forward-addr: 2620:fe::fe@8853#dns.quad9.net",
    ]


def test_forwarding_in_plain_uses_no_tls_and_still_validates(tmp_path: Path) -> None:
    text = lines(render(tmp_path, "9.9.9.9", mode="forward"))

    assert "forward-addr: 9.9.9.9@53" in text
    assert not [line for line in text if "tls" in line]
    assert {f'auto-trust-anchor-file: "{tmp_path}/root.key"', 'module-config: "validator iterator"'} <= set(text)


@pytest.mark.parametrize("which", ["root_hints", "trust_anchor"])
def test_a_private_root_decides_its_own_names_and_may_be_on_this_machine(tmp_path: Path, which: str) -> None:
    hints, anchor = (tmp_path / which if name == which else None for name in ("root_hints", "trust_anchor"))
    text = render(tmp_path, root_hints=hints, trust_anchor=anchor)

    assert '"test." nodefault' in text
    assert "do-not-query-localhost: no" in text
    assert f'"{tmp_path / which}"' in text


@pytest.mark.parametrize(("forwarder", "asked"), [("127.0.0.1@5300", True), ("::1", True), ("192.0.2.1", False)])
def test_asks_this_machine_only_where_a_forwarder_is_on_it(tmp_path: Path, forwarder: str, *, asked: bool) -> None:
    assert ("do-not-query-localhost: no" in render(tmp_path, forwarder, mode="forward")) == asked
    assert "do-not-query-localhost: no" not in render(tmp_path, forwarder, mode="recursive")


def test_where_they_cannot_be_followed_the_roots_keys_are_those_that_came_along(tmp_path: Path) -> None:
    assert 'trust-anchor-file: "/usr/share/dns/root.key"' in lines(render(tmp_path, followed_anchor=None))


def test_a_private_roots_anchor_is_not_followed(tmp_path: Path) -> None:
    text = lines(render(tmp_path, trust_anchor=tmp_path / "own.key"))
    assert f'trust-anchor-file: "{tmp_path}/own.key"' in text
    assert not [line for line in text if line.startswith("auto-trust-anchor-file")]


def test_a_route_has_forwarders_of_its_own_and_no_dnssec(tmp_path: Path) -> None:
    text = lines(render(tmp_path, routes="fritz.box=192.168.178.1, 178.168.192.in-addr.arpa=192.168.178.1@5353"))
    assert {'local-zone: "fritz.box." transparent', 'domain-insecure: "fritz.box."'} <= set(text)
    assert 'local-zone: "178.168.192.in-addr.arpa." transparent' in text
    assert text[text.index("forward-zone:") :] == [
        "forward-zone:",
        'name: "fritz.box."',
        "forward-addr: 192.168.178.1@53",
        "",
        "forward-zone:",
        'name: "178.168.192.in-addr.arpa."',
        "forward-addr: 192.168.178.1@5353",
    ]


def test_a_route_over_tls_checks_the_name_while_everything_else_recurses(tmp_path: Path) -> None:
    text = lines(render(tmp_path, routes="corp.example=tls://192.0.2.53#dns.corp.example"))
    assert f'tls-cert-bundle: "{CA_BUNDLE}"' in text
    assert 'root-hints: "/usr/share/dns/root.hints"' in text
    assert text[-2:] == ["forward-tls-upstream: yes", "forward-addr: 192.0.2.53@853#dns.corp.example"]


def test_a_route_opens_a_zone_that_else_never_leaves(tmp_path: Path) -> None:
    text = lines(render(tmp_path, routes="local=192.168.1.1"))
    assert 'local-zone: "local." static' not in text
    assert 'local-zone: "local." transparent' in text
    assert 'local-zone: "alt." static' in text


CLOSED = "do-not-query-address: "


def closed(text: str) -> list[Any]:
    """The networks in which no server is asked."""
    return [ip_network(line.removeprefix(CLOSED)) for line in lines(text) if line.startswith(CLOSED)]


def test_no_name_server_is_looked_for_at_home_but_the_forwarders_of_routes(tmp_path: Path) -> None:
    routes = "fritz.box=192.168.178.1, lan=fe80::1, corp.example=fd00::53, far.example=192.0.2.53"
    networks = closed(render(tmp_path, routes=routes))
    for address in ("192.168.178.1", "fe80::1", "fd00::53", "192.0.2.53", "9.9.9.9"):
        assert not within(ip_address(address), networks), address
    for address in ("192.168.178.0", "192.168.178.2", "10.0.0.1", "fe80::2", "fd00::54", "127.0.0.1", "::1"):
        assert within(ip_address(address), networks), address
    assert closed(render(tmp_path)) == list(INSIDE)
    assert closed(render(tmp_path, rebind_protection=False)) == []


def test_the_servers_of_a_private_root_may_stand_in_a_private_network(tmp_path: Path) -> None:
    assert closed(render(tmp_path, root_hints=tmp_path / "hints")) == []


@pytest.mark.server
@pytest.mark.parametrize("rebind_protection", [True, False])
def test_a_name_server_at_home_is_asked_only_where_it_is_a_routes(
    start: Start, internet: Internet, *, rebind_protection: bool
) -> None:
    """The root that the Internet's hints are replaced with is at home: 127.0.0.0/8."""
    ask = start(
        root_hints=None, replace={str(conf.ROOT_HINTS): str(internet.root_hints)}, rebind_protection=rebind_protection,
        routes=f"unsigned.test={internet.address(LEAVES)}", released=("test",),
    )  # fmt: skip
    assert ask("unsigned.test").rcode() == dns.rcode.NOERROR
    assert ask("fickle.test").rcode() == dns.rcode.SERVFAIL
    assert (ask("signed.test").rcode() == dns.rcode.NOERROR) is not rebind_protection


def test_a_forwarder_is_not_asked_again_and_again_for_what_proves_nothing(tmp_path: Path) -> None:
    """The name and its DS, twice each; more questions else."""
    assert "  val-max-restart: 1 " in render(tmp_path, "192.0.2.1", mode="forward")
    assert "val-max-restart" not in render(tmp_path)


def test_snippets_come_last(tmp_path: Path) -> None:
    text = lines(render(tmp_path, "192.0.2.1", mode="forward", snippets=[tmp_path / "a.conf", tmp_path / "b.conf"]))
    assert text[-3:] == [f'include-toplevel: "{tmp_path}/a.conf"', "", f'include-toplevel: "{tmp_path}/b.conf"']


@pytest.mark.parametrize(("memory_mib", "cache_mib"), [(16, 4), (64, 8), (128, 16), (512, 32), (64 * 1024, 32)])
def test_the_caches_fit_the_box(tmp_path: Path, memory_mib: int, cache_mib: int) -> None:
    cap = conf.cache_bytes(memory_mib << 20)
    sizes = [int(line.split()[1]) for line in lines(render(tmp_path, cache_bytes=cap)) if "-cache-size" in line]
    assert cap == cache_mib << 20
    assert len(sizes) == 4
    assert sum(sizes) <= cap


@pytest.mark.server
@pytest.mark.parametrize(
    ("mode", "forwarders"),
    [
        ("recursive", ()),
        ("forward", ("9.9.9.9", "2620:fe::fe")),
        ("forward", ("tls://9.9.9.9#dns.quad9.net", "tls://[2620:fe::fe]#dns.quad9.net")),
    ],
)
def test_unbound_accepts_every_mode(tmp_path: Path, mode: str, forwarders: Sequence[str]) -> None:
    copyfile(conf.TRUST_ANCHOR, tmp_path / "root.key")
    checkconf.check(write(tmp_path, render(tmp_path, *forwarders, mode=mode)))


@pytest.fixture
def start(tmp_path: Path, internet: Internet) -> Iterator[Start]:
    """Start a real unbound in the tests' internet with `render`'s arguments, some of the text made different by
    `replace`; gives a function that asks it."""
    with ExitStack() as stack:

        def start_engine(*forwarders: str, **options: Any) -> Ask:
            port = internet.resolver_port
            private = {"root_hints": internet.root_hints, "trust_anchor": internet.trust_anchor}
            here = {"port": port, "ca_bundle": internet.ca_bundle} | private
            replace = options.pop("replace", {})
            text = render(tmp_path, *forwarders, **(here | options))
            for old, new in replace.items():
                text = text.replace(old, new)
            path, log = write(tmp_path, text), tmp_path / "unbound.log"
            checkconf.check(path)
            process = stack.enter_context(running([str(checkconf.find_unbound()), "-d", "-c", str(path)], log))
            until_answering(process, log, "127.0.0.1", port, name="localhost.", flag=dns.flags.QR)
            return lambda name, rdtype="A", payload=65535: dns.query.udp(
                dns.message.make_query(name, rdtype, want_dnssec=True, payload=payload), "127.0.0.1", 20, port
            )

        yield start_engine


def extended_errors(response: dns.message.Message) -> set[int]:
    return {option.code for option in response.options if isinstance(option, dns.edns.EDEOption)}


@pytest.fixture(params=["recursive", "forward over tls", "forward in plain"])
def ask(request: pytest.FixtureRequest, start: Start, internet: Internet) -> Ask:
    match request.param:
        case "recursive":
            return start()
        case "forward over tls":
            return start(internet.forwarder_tls, mode="forward")
        case _:
            return start(internet.forwarder_plain, mode="forward")


@pytest.mark.server
def test_every_mode_validates_and_says_why_not(ask: Ask) -> None:
    signed, unsigned, bogus = ask("www.signed.test"), ask("www.unsigned.test"), ask("bogus.test")

    assert (signed.rcode(), bool(signed.flags & dns.flags.AD)) == (dns.rcode.NOERROR, True)
    assert (unsigned.rcode(), bool(unsigned.flags & dns.flags.AD)) == (dns.rcode.NOERROR, False)
    assert bogus.rcode() == dns.rcode.SERVFAIL
    assert extended_errors(bogus) & {dns.edns.EDECode.DNSSEC_BOGUS, dns.edns.EDECode.DNSKEY_MISSING}


@pytest.mark.server
def test_every_mode_gives_a_large_answer_whole_over_udp(ask: Ask) -> None:
    response = ask("big.signed.test", "TXT")

    assert len(response.to_wire()) > 20_000
    assert not response.flags & dns.flags.TC
    assert ask("big.signed.test", "TXT", payload=1232).flags & dns.flags.TC


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "rcode"),
    [
        ("printer.local", dns.rcode.NXDOMAIN),
        ("_dns.resolver.arpa", dns.rcode.NXDOMAIN),
        ("resolver.arpa", dns.rcode.NOERROR),
        ("default.service.arpa", dns.rcode.NXDOMAIN),
        ("anything.alt", dns.rcode.NXDOMAIN),
        ("nas.home.arpa", dns.rcode.NXDOMAIN),
        ("1.178.168.192.in-addr.arpa", dns.rcode.NXDOMAIN),
    ],
)
def test_names_that_never_leave_the_machine_are_absent_and_cacheable(
    start: Start, name: str, rcode: dns.rcode.Rcode
) -> None:
    response = start()(name)
    assert response.rcode() == rcode
    assert response.flags & dns.flags.AA  # said here, not by the root
    assert [rrset.rdtype for rrset in response.authority] == [dns.rdatatype.SOA]


@pytest.mark.server
def test_no_special_name_is_asked_outside_by_unbound_either(start: Start) -> None:
    ask = start()
    asked = [name for each in ALWAYS_SPECIAL for name in each.names if name != "test"]  # which this private root has
    assert [name for name in asked if not ask(f"a.{name}").flags & dns.flags.AA] == []


@pytest.mark.server
def test_an_answer_that_takes_longer_than_two_seconds_still_arrives(start: Start) -> None:
    assert start()("d2200-late.slow.test").rcode() == dns.rcode.NOERROR


@pytest.mark.server
def test_a_forwarder_that_cannot_prove_its_name_is_not_believed(start: Start, internet: Internet) -> None:
    misnamed = start(internet.forwarder_tls.replace("#forward.test", "#other.test"), mode="forward")
    assert misnamed("unsigned.test").rcode() == dns.rcode.SERVFAIL


@pytest.mark.server
def test_a_forwarder_of_an_unknown_authority_is_not_believed(start: Start, internet: Internet) -> None:
    unknown = start(internet.forwarder_tls, mode="forward", ca_bundle=CA_BUNDLE)
    assert unknown("unsigned.test").rcode() == dns.rcode.SERVFAIL


def test_a_released_name_is_asked_although_it_is_reserved(tmp_path: Path) -> None:
    text = lines(render(tmp_path, released=("test", "local")))
    assert 'local-zone: "test." transparent' in text
    assert 'local-zone: "local." transparent' in text
    assert 'local-zone: "local." static' not in text


@pytest.mark.parametrize("mode", ["recursive", "forward"])
def test_whom_it_asks_can_be_asked_past_its_cache(tmp_path: Path, mode: str) -> None:
    text = lines(render(tmp_path, "9.9.9.9", mode=mode))
    zone = text[text.index(f'name: "{conf.OUTSIDE}."') - 1 :][:4]
    assert sorted(zone) == sorted(
        {
            "recursive": ["stub-zone:", 'name: "homedot-reach."', "stub-no-cache: yes", "stub-addr: 198.51.100.1"],
            "forward": ["forward-zone:", 'name: "homedot-reach."', "forward-no-cache: yes", "forward-addr: 9.9.9.9@53"],
        }[mode]
    )
