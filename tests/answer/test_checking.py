from ipaddress import ip_address

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer import wire
from app.answer.checking import CheckNames
from app.answer.contract import Requestor

ADDRESSES = (ip_address("192.168.1.10"), ip_address("fd00::10"), ip_address("192.168.1.11"))
NONCE_OCTETS = 17
NONCE = bytes(range(NONCE_OCTETS))
DOMAIN = "check.dns.home.arpa"


class Client:
    client = "192.168.1.23"

    def how(self) -> dict[str, str | bool | None]:
        return {}

    def here(self) -> str:
        return "192.168.1.10"


def asked(name: str, kind: str = "A") -> tuple[tuple[bytes, ...] | None, list[bytes]]:
    """The records, and the nonces that were seen."""
    seen: list[bytes] = []

    def saw(nonce: bytes, _: Requestor) -> None:
        seen.append(nonce)

    query = wire.read_query(dns.message.make_query(name, kind).to_wire())
    made = CheckNames(DOMAIN, NONCE_OCTETS, lambda: ADDRESSES, saw).answer(query, Client())
    return None if made is None else made.answer, seen


@pytest.mark.parametrize(("kind", "count"), [("A", 2), ("AAAA", 1), ("HTTPS", 0), ("TXT", 0)])
def test_gives_the_addresses_of_this_box_and_no_other_records(kind: str, count: int) -> None:
    records, seen = asked(f"{NONCE.hex()}.{DOMAIN}.", kind)
    assert records is not None
    assert len(records) == count
    assert seen == [NONCE]


def test_knows_a_name_in_any_case() -> None:
    name = f"{NONCE.hex()}.{DOMAIN}."
    assert asked(name.upper()) == asked(name)


@pytest.mark.parametrize(
    "name",
    [
        f"{DOMAIN}.",
        "dns.home.arpa.",
        f"{NONCE.hex()}.check.dnt.home.arpa.",
        f"{NONCE.hex()}.dns.home.arpa.",
        f"{NONCE.hex()}.{DOMAIN}.evil.example.",
        f"a.{NONCE.hex()}.{DOMAIN}.",
        f"{NONCE.hex()[2:]}.{DOMAIN}.",
        f"{NONCE.hex()}00.{DOMAIN}.",
        f"{'zz' * NONCE_OCTETS}.{DOMAIN}.",
        f"{NONCE.hex()[:-2]}\\032\\032.{DOMAIN}.",
        r"\255" * 2 * NONCE_OCTETS + f".{DOMAIN}.",
    ],
)
def test_leaves_every_other_name_alone(name: str) -> None:
    assert asked(name) == (None, [])


@given(label=st.binary(min_size=1, max_size=63))
def test_no_label_breaks_it(label: bytes) -> None:
    records, seen = asked("".join(f"\\{octet:03}" for octet in label) + f".{DOMAIN}.")
    assert (records is None) is (seen == [])
