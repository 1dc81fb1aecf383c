from app.dot.nonce_store import LIFETIME_S, SLOTS
from app.onboarding.budget import BURST, MANY, REFILL_PER_S, Budget, Cost, client_key
from tests.fakes.clock import Clock


def test_who_has_spent_all_waits_for_more() -> None:
    clock = Clock()
    budget = Budget(clock)
    assert [budget.takes("10.0.0.1", 1) for _ in range(BURST + 5)].count(True) == BURST
    clock.now_s += 1
    assert [budget.takes("10.0.0.1", 1) for _ in range(BURST)].count(True) == REFILL_PER_S
    clock.now_s += 1000
    assert [budget.takes("10.0.0.1", 1) for _ in range(BURST + 5)].count(True) == BURST


def test_what_costs_too_much_costs_nothing() -> None:
    budget = Budget(Clock())
    assert budget.takes("10.0.0.1", BURST - 1)
    assert not budget.takes("10.0.0.1", 2)
    assert budget.takes("10.0.0.1", 1)


def test_every_visitor_has_a_budget_of_its_own_however_its_address_is_written() -> None:
    budget = Budget(Clock())
    assert budget.takes("10.0.0.1", BURST)
    assert budget.takes("10.0.0.2", BURST)
    assert not budget.takes("::ffff:10.0.0.1", 1)


def test_a_gateway_that_stands_for_many_has_the_budget_of_many() -> None:
    budget = Budget(Clock(), ["172.17.0.1"])
    assert [budget.takes("::ffff:172.17.0.1", BURST) for _ in range(MANY + 1)].count(True) == MANY


def test_a_crowd_of_addresses_takes_no_more_than_some_memory() -> None:
    budget = Budget(Clock())
    assert budget.takes("10.0.0.1", BURST)
    for number in range(10_000):
        budget.takes(f"fd00::{number:x}", 1)
    assert budget.takes("10.0.0.1", 1)  # it has been forgotten


def test_one_visitor_cannot_have_the_nonces_of_others_forgotten() -> None:
    assert (BURST + LIFETIME_S * REFILL_PER_S) / (Cost.REQUEST + Cost.NONCE) < SLOTS


def test_one_client_is_an_address_however_it_is_written() -> None:
    assert client_key("::ffff:10.0.0.1") == client_key("10.0.0.1") == "10.0.0.1"
    assert client_key("fd00::1") == client_key("fd00:0::1") != client_key("fd00::2")
