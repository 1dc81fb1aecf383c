from ipaddress import ip_address

import pytest
from hypothesis import strategies as st

from app.config import forwarding
from app.config.forwarding import Forwarder, Route
from tests.reaching import reaching

QUAD9 = ip_address("9.9.9.9")


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
    assert forwarding.forwarder(raw) == value
    assert forwarding.forwarder(str(value)) == value


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
        forwarding.forwarder(raw)


NAME = st.sampled_from(["dns.quad9.net", "a.b", "dns.example", "bad_.name", ""])
ADDRESS = st.one_of(st.ip_addresses().map(str), st.sampled_from(["192.168.1.1", "[fd00::1]", "9.9.9.9", "9.9.9"]))
PORT = st.one_of(st.just(""), st.just(""), st.integers(0, 70_000).map(lambda port: f"@{port}"))
PLAIN = st.tuples(ADDRESS, PORT).map("".join)
ENCRYPTED = st.tuples(st.sampled_from(["tls://", "tls://", "https://"]), PLAIN, st.just("#"), NAME).map("".join)


@reaching(0.1, raw=PLAIN | ENCRYPTED | st.text(max_size=40))
def test_any_text_is_a_forwarder_or_a_sentence(raw: str) -> bool:
    try:
        found = forwarding.forwarder(raw)
    except ValueError:  # anything else is a traceback for the operator
        return False
    assert forwarding.forwarder(str(found)) == found
    assert (found.tls_name is not None) is raw.startswith("tls://")
    return True


def test_forwarders_are_all_encrypted_or_all_plain() -> None:
    assert len(forwarding.forwarders("9.9.9.9, 149.112.112.112")) == 2
    with pytest.raises(ValueError, match="must be all tls:// or all plain"):
        forwarding.forwarders("9.9.9.9, tls://9.9.9.9#dns.quad9.net")


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
    routes = forwarding.routes(raw)
    assert routes == (Route("fritz.box", (ROUTER, OTHER)), Route("1.168.192.in-addr.arpa", (ROUTER,)))
    assert forwarding.routes(", ".join(map(str, routes))) == routes


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("192.168.1.1", "must be like fritz.box=192.168.1.1"),
        ("=192.168.1.1", "must be names"),
        ("fritz.box=", "must name a forwarder for fritz.box, like fritz.box: 192.168.1.1"),
        ({"fritz.box": []}, "must name a forwarder for fritz.box"),
        ({"fritz.box": {"a": "b"}}, "must be like 9.9.9.9"),
        ("a.b=192.168.1.1, A.b.=192.168.1.2", "names a.b twice"),
        ("a.localhost=192.168.1.1", "than a.localhost, which would have no effect: localhost is this device itself"),
        ("a.b=192.168.1.1, tls://192.168.1.2#c.d", "must be all tls:// or all plain"),
    ],
)
def test_says_what_is_wrong_with_a_route(raw: object, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        forwarding.routes(raw)


ZONE = st.sampled_from(["fritz.box", "Lan", "178.168.192.in-addr.arpa", "home.arpa", "a.b.", "bad zone"])
ROUTE = st.tuples(
    ZONE, st.sampled_from(["=", " = "]), st.sampled_from(["192.168.1.1", "fd00::1", "192.168.1.3", "x"]) | PLAIN
).map("".join)
ROUTES = st.lists(ROUTE | st.just("192.168.1.2"), min_size=1, max_size=4).map(",".join)


@reaching(0.05, raw=ROUTE | ROUTES | st.text(alphabet=st.sampled_from("a1.:=,#@/ [tls]*"), max_size=40))
def test_any_text_is_routes_that_read_the_same_again_or_a_sentence(raw: str) -> bool:
    try:
        routes = forwarding.routes(raw)
    except ValueError:
        return False
    assert forwarding.routes(", ".join(map(str, routes))) == routes
    return bool(routes)


def test_routes_may_stand_on_lines_of_their_own() -> None:
    assert forwarding.routes("fritz.box=192.168.1.1\nlan=192.168.1.2") == forwarding.routes(
        "fritz.box=192.168.1.1, lan=192.168.1.2"
    )
