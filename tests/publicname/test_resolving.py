import pytest

from app.errors import PublicNameError
from app.publicname.resolving import OwnUnbound
from tests.fakes.name_server import NameServer, Records

RECORDS: Records = {
    ("api.example.org", "A"): ["192.0.2.1"],
    ("api.example.org", "AAAA"): ["2001:db8::1"],
    ("alias.example.org", "CNAME"): ["further.example.org."],
    ("further.example.org", "CNAME"): ["api.example.org."],
    ("round.example.org", "CNAME"): ["round.example.org."],
    ("example.org", "NS"): ["api.example.org."],
}


def test_a_host_is_found_through_our_own_unbound() -> None:
    with NameServer(RECORDS).running() as server:
        unbound = OwnUnbound(server.port)
        assert unbound.addresses("api.example.org") == ["192.0.2.1", "2001:db8::1"]
        assert unbound.addresses("alias.example.org") == ["192.0.2.1", "2001:db8::1"]


def test_an_address_needs_nobody() -> None:
    assert OwnUnbound(1).addresses("2001:db8::1") == ("2001:db8::1",)


def test_a_name_that_only_the_system_knows_is_found_too() -> None:
    with NameServer({}).running() as server:
        assert "127.0.0.1" in OwnUnbound(server.port).addresses("localhost")


def test_a_name_that_nobody_knows_is_told() -> None:
    with NameServer({}).running() as server, pytest.raises(PublicNameError, match="cannot be found in DNS"):
        OwnUnbound(server.port).addresses("nowhere.invalid")


def test_aliases_are_followed_to_their_end_and_not_in_circles() -> None:
    with NameServer(RECORDS).running() as server:
        unbound = OwnUnbound(server.port)
        assert unbound.target("alias.example.org") == "api.example.org"
        assert unbound.target("api.example.org") == "api.example.org"
        assert unbound.target("round.example.org") == "round.example.org"


def test_who_serves_a_name_is_who_serves_the_zone_above_it() -> None:
    with NameServer(RECORDS).running() as server:
        unbound = OwnUnbound(server.port)
        assert unbound.servers("_acme-challenge.a.example.org") == ["192.0.2.1"]
        assert unbound.servers("a.example.net") == []
