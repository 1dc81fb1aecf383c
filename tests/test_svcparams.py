from ipaddress import ip_address

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from app import svcparams
from app.config.values import IPAddress

FOUR, SIX = ip_address("192.0.2.1"), ip_address("2001:db8::1")


def test_says_nothing_about_the_port_when_it_is_the_usual_one() -> None:
    assert svcparams.of_dot(853) == bytes.fromhex("0001 0004 03 646f74")
    assert svcparams.of_dot(8530) == bytes.fromhex("0001 0004 03 646f74 0003 0002 2152")


def test_hints_come_in_the_order_of_their_keys() -> None:
    octets = svcparams.of_dot(853, [SIX, FOUR, ip_address("192.0.2.2")])
    assert octets[8:] == b"\0\4\0\x08" + FOUR.packed + b"\xc0\0\2\2" + b"\0\6\0\x10" + SIX.packed


@given(st.lists(st.ip_addresses()), st.integers(1, 65535))
def test_hints_are_read_as_they_were_written(addresses: list[IPAddress], port: int) -> None:
    written = sorted(addresses, key=lambda address: address.version)
    assert list(svcparams.hints(svcparams.of_dot(port, addresses))) == written


@pytest.mark.parametrize("octets", [b"\0", b"\0\4\0", b"\0\4\0\4\xc0\xa8\1", b"\0\4\0\3\xc0\xa8\1", b"\0\6\0\4abcd"])
def test_what_is_malformed_is_said(octets: bytes) -> None:
    with pytest.raises(ValueError, match="malformed"):
        list(svcparams.hints(octets))


PARAMETER = st.tuples(st.sampled_from([1, 3, 4, 6, 7]), st.sampled_from([0, 1, 4, 8, 16, 20, 32]))


@given(st.lists(PARAMETER, max_size=6), st.binary(max_size=3))
def test_almost_right_parameters_are_read_or_malformed(parameters: list[tuple[int, int]], tail: bytes) -> None:
    octets = b"".join(key.to_bytes(2, "big") + length.to_bytes(2, "big") + bytes(length) for key, length in parameters)
    is_good = not tail and all(length % {4: 4, 6: 16}.get(key, 1) == 0 for key, length in parameters)
    event(f"good: {is_good}")
    if not is_good:
        with pytest.raises(ValueError, match="malformed"):
            list(svcparams.hints(octets + tail))
        return
    count = sum(length // {4: 4, 6: 16}[key] for key, length in parameters if key in {4, 6})
    assert len(list(svcparams.hints(octets))) == count
