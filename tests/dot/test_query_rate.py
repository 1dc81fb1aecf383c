from app.dot.query_rate import OF_STRANGERS, QueryRate
from tests.fakes.clock import Clock


def is_home(client: str) -> bool:
    return client.startswith(("192.168.", "fd"))


def answered(rate: QueryRate, client: str, asked: int) -> int:
    return [rate.allows(client) for _ in range(asked)].count(True)


def test_at_home_there_is_no_limit_unless_one_is_set() -> None:
    assert answered(QueryRate(None, is_home, Clock()), "192.168.1.7", 10_000) == 10_000
    assert answered(QueryRate(5, is_home, Clock()), "192.168.1.7", 10_000) == 5


def test_a_stranger_has_one_in_any_case() -> None:
    assert answered(QueryRate(None, is_home, Clock()), "203.0.113.7", 1000) == OF_STRANGERS
    assert answered(QueryRate(50, is_home, Clock()), "203.0.113.7", 1000) == 50


def test_a_gateway_behind_which_many_stand_has_none() -> None:
    rate = QueryRate(5, is_home, Clock(), {"172.17.0.1"})
    assert [answered(rate, client, 100) for client in ("172.17.0.1", "172.17.0.9")] == [100, 5]


def test_every_client_has_its_own_and_each_second_a_new_one() -> None:
    clock = Clock()
    rate = QueryRate(5, is_home, clock)
    assert [answered(rate, client, 9) for client in ("fd00::1", "fd00::2")] == [5, 5]
    clock.now_s += 1
    assert answered(rate, "fd00::1", 9) == 5


def test_all_addresses_of_a_strangers_link_are_one_stranger() -> None:
    """Or whoever forges them floods a link that has more of them than anybody can count."""
    rate = QueryRate(None, is_home, Clock())
    assert [answered(rate, f"2001:db8::{number:x}", 10) for number in range(10)] == [10, 10, *[0] * 8]
    assert answered(rate, "2001:db8:0:1::7", 100) == OF_STRANGERS


def test_a_crowd_of_forged_addresses_takes_no_more_than_some_memory_and_no_limit_away() -> None:
    rate = QueryRate(1, is_home, Clock())
    assert answered(rate, "10.0.0.1", 2) == 1
    crowd = [f"10.1.{number // 250}.{number % 250}" for number in range(20_000)]
    assert sum(map(rate.allows, crowd)) < 10_000
    assert not rate.allows("10.0.0.1")
    assert rate.allows("192.168.1.7")
