import os
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import values
from app.values import Forwarder, Route

QUAD9 = ip_address("9.9.9.9")


@pytest.mark.parametrize(("raw", "value"), [("DNS.Home.ARPA.", "dns.home.arpa"), (" a-b.c1 ", "a-b.c1")])
def test_a_host_name_is_lower_case_without_a_trailing_dot(raw: str, value: str) -> None:
    assert values.hostname(raw) == value


@pytest.mark.parametrize(
    "raw",
    ["numa", "*.home.arpa", "a..b", "-a.b", "a_b.c", "192.168.1.10", "a." + "b" * 64, ".".join(["a" * 60] * 5), ""],
)
def test_what_strict_clients_refuse_is_no_host_name(raw: str) -> None:
    with pytest.raises(ValueError, match="must"):
        values.hostname(raw)


@pytest.mark.parametrize("raw", ["0.0.0.0", "::", "224.0.0.1", "fe80::1%eth0", "dns.home.arpa", "1.2.3", 7])
def test_what_no_device_can_reach_is_no_address(raw: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        values.address(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("9.9.9.9", Forwarder(QUAD9, 53)),
        ("9.9.9.9@5353", Forwarder(QUAD9, 5353)),
        ("tls://9.9.9.9#dns.quad9.net", Forwarder(QUAD9, 853, "dns.quad9.net")),
        ("tls://9.9.9.9@8853#dns.quad9.net", Forwarder(QUAD9, 8853, "dns.quad9.net")),
        ("tls://[2620:fe::fe]#dns.quad9.net", Forwarder(ip_address("2620:fe::fe"), 853, "dns.quad9.net")),
        ("2620:fe::fe", Forwarder(ip_address("2620:fe::fe"), 53)),
    ],
)
def test_reads_a_forwarder(raw: str, value: Forwarder) -> None:
    assert values.forwarder(raw) == value
    assert values.forwarder(str(value)) == value


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("tls://9.9.9.9", "needs the name in the forwarder's certificate"),
        ("9.9.9.9#dns.quad9.net", "write tls://9.9.9.9#dns.quad9.net"),
        ("https://9.9.9.9/dns-query", "not https://"),
        ("dns.quad9.net", "must be like 9.9.9.9 or tls://"),
        ("9.9.9.9@x", "must be 1..65535"),
    ],
)
def test_says_what_is_wrong_with_a_forwarder(raw: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        values.forwarder(raw)


@given(st.text(max_size=40))
def test_any_text_is_a_forwarder_or_a_sentence(raw: str) -> None:
    with suppress(ValueError):  # anything else is a traceback for the operator
        values.forwarder(raw)


def test_forwarders_are_all_encrypted_or_all_plain() -> None:
    assert len(values.forwarders("9.9.9.9, 149.112.112.112")) == 2
    with pytest.raises(ValueError, match="must be all tls:// or all plain"):
        values.forwarders("9.9.9.9, tls://9.9.9.9#dns.quad9.net")


@pytest.mark.parametrize("raw", ["Fritz.Box.", "lan", "_tcp.example", "178.168.192.in-addr.arpa"])
def test_a_zone_is_any_domain_but_the_root(raw: str) -> None:
    assert values.zone(raw) == raw.lower().removesuffix(".")


@pytest.mark.parametrize("raw", ["", ".", "*.box", "a..b", "a b", 'a"b', "a" * 64, ".".join(["a" * 60] * 5), "-a"])
def test_what_is_no_domain_is_no_zone(raw: object) -> None:
    with pytest.raises(ValueError, match=r"must name domains like fritz\.box"):
        values.zone(raw)


ROUTER, OTHER = Forwarder(ip_address("192.168.1.1"), 53), Forwarder(ip_address("192.168.1.2"), 53)


@pytest.mark.parametrize(
    "raw",
    [
        "fritz.box=192.168.1.1, 192.168.1.2, 1.168.192.in-addr.arpa=192.168.1.1",
        ["fritz.box=192.168.1.1", "192.168.1.2", "1.168.192.in-addr.arpa=192.168.1.1"],
        {"Fritz.Box.": ["192.168.1.1", "192.168.1.2"], "1.168.192.in-addr.arpa": "192.168.1.1"},
        {"fritz.box": "192.168.1.1, 192.168.1.2", "1.168.192.in-addr.arpa": ["192.168.1.1"]},
    ],
)
def test_reads_routes_from_text_and_from_yaml(raw: object) -> None:
    routes = values.routes(raw)
    assert routes == (Route("fritz.box", (ROUTER, OTHER)), Route("1.168.192.in-addr.arpa", (ROUTER,)))
    assert values.routes(", ".join(map(str, routes))) == routes


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("192.168.1.1", "must be like fritz.box=192.168.1.1"),
        ("=192.168.1.1", "must name domains"),
        ("fritz.box=", "must name a forwarder for fritz.box, like fritz.box: 192.168.1.1"),
        ({"fritz.box": []}, "must name a forwarder for fritz.box"),
        ({"fritz.box": {"a": "b"}}, "must be like 9.9.9.9"),
        ("a.b=192.168.1.1, A.b.=192.168.1.2", "names a.b twice"),
        ("a.b=192.168.1.1, tls://192.168.1.2#c.d", "must be all tls:// or all plain"),
    ],
)
def test_says_what_is_wrong_with_a_route(raw: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        values.routes(raw)


@given(st.text(alphabet=st.sampled_from("a1.:=,#@/ [tls]*"), max_size=40) | st.text(max_size=40))
def test_any_text_is_routes_that_read_the_same_again_or_a_sentence(raw: str) -> None:
    with suppress(ValueError):
        routes = values.routes(raw)
        assert values.routes(", ".join(map(str, routes))) == routes


@pytest.mark.parametrize("raw", ["0", "65536", "8o53", "", True, 1.5, None])
def test_a_port_is_a_whole_number_in_range(raw: object) -> None:
    with pytest.raises(ValueError, match=r"must be 1\.\.65535"):
        values.port(raw)


def test_an_integer_names_its_unit() -> None:
    with pytest.raises(ValueError, match=r"must be 1\.\.600 s"):
        values.integer(1, 600, "s")(0)


@pytest.mark.parametrize(("raw", "value"), [("Yes", True), ("off", False), (True, True), (0, False)])
def test_truth_has_several_spellings(raw: object, value: bool) -> None:
    assert values.boolean(raw) is value
    with pytest.raises(ValueError, match="true or false"):
        values.boolean("maybe")


def test_a_choice_names_what_there_is() -> None:
    assert values.choice("auto", "forward")("Auto") == "auto"
    with pytest.raises(ValueError, match="must be auto, recursive or forward"):
        values.choice("auto", "recursive", "forward")("x")


def test_a_list_keeps_its_order_and_drops_duplicates() -> None:
    assert values.sequence(values.port)("3, 1,3,,2") == (3, 1, 2)
    assert values.sequence(values.port)([3, 1]) == (3, 1)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert values.existing_file(__file__) == Path(__file__)
    with pytest.raises(ValueError, match="must be a file"):
        values.existing_file(str(tmp_path))


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    assert values.existing_folder(str(tmp_path)) == tmp_path
    for raw in (__file__, "/nowhere"):
        with pytest.raises(ValueError, match="must be a folder"):
            values.existing_folder(raw)


@pytest.mark.parametrize("raw", ["/nowhere/cert.pem", f"{__file__}/cert.pem", "a\0b", "x" * 5000])
def test_a_file_that_is_not_there_is_a_sentence(raw: str) -> None:
    with pytest.raises(ValueError, match="must be a file"):
        values.existing_file(raw)


def test_seconds_name_their_unit() -> None:
    with pytest.raises(ValueError, match=r"must be 1\.\.600 s"):
        values.seconds(600)(-3)


def test_auto_is_the_number_of_cores() -> None:
    assert values.integer_or_cores(1, 64)("auto") == len(os.sched_getaffinity(0))
    assert values.integer_or_cores(1, 64)(3) == 3
    with pytest.raises(ValueError, match=r"must be 1\.\.64 or auto"):
        values.integer_or_cores(1, 64)("many")


def test_a_network_has_no_host_bits() -> None:
    assert str(values.network("192.168.0.0/16")) == "192.168.0.0/16"
    assert str(values.network("192.168.1.7")) == "192.168.1.7/32"
    for raw in ("192.168.1.0/16", "home", "10.0.0.0/99"):
        with pytest.raises(ValueError, match="must be networks"):
            values.network(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (" https://lists.example/a.txt?b=1#part ", "https://lists.example/a.txt?b=1"),
        ("http://192.168.1.5:8080/a", "http://192.168.1.5:8080/a"),
        ("/config//mine.txt", "/config/mine.txt"),
    ],
)
def test_a_list_is_an_address_or_a_file(raw: str, value: str) -> None:
    assert values.list_source(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        "ftp://a.example/x", "https://", "https:///x", "http://a:99999/", "http://a:0/", "http://[a/", "mine.txt", 7,
        "https://ä.example/", "https://a.example/a b", "https://a.example/\x01", "https://me:pw@a.example/",
    ],
)  # fmt: skip
def test_what_cannot_be_downloaded_is_no_list(raw: object) -> None:
    with pytest.raises(ValueError, match="must"):
        values.list_source(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [("ADS.Example.com.", "ads.example.com"), ("zip", "zip"), ("_a.b", "_a.b"), ("bücher.de", "xn--bcher-kva.de")],
)
def test_a_domain_is_lower_case_in_ascii(raw: str, value: str) -> None:
    assert values.domain(raw) == value


@pytest.mark.parametrize("raw", ["", "a..b", "a b", "a/b", "x" * 64, ".".join(["a" * 60] * 5), ".a", "*.a", "a*.b"])
def test_what_is_no_domain_is_told(raw: str) -> None:
    with pytest.raises(ValueError, match="must be names"):
        values.domain(raw)


@given(st.text())
def test_any_text_is_a_domain_or_a_sentence(text: str) -> None:
    with suppress(ValueError):
        assert values.domain(text).isascii()
