"""Which addresses may be back soon, by a clock in a test's hands."""

from ipaddress import ip_address

from app.host.grace_period import GRACE_S, GracePeriod

A, B, PUBLIC = ip_address("192.168.1.10"), ip_address("fd00::10"), ip_address("203.0.113.5")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_an_address_lingers_for_a_while_after_it_was_seen_last() -> None:
    clock = Clock()
    grace_period = GracePeriod(clock)
    grace_period.see([A, B])
    clock.now_s += 600
    grace_period.see([B])
    assert grace_period.lost([B], []) == (A,)
    clock.now_s += GRACE_S - 601
    assert grace_period.lost([], []) == (A, B)
    clock.now_s += 1
    assert grace_period.lost([], [A]) == (B,)


def test_what_was_relied_upon_before_lingers_from_the_beginning() -> None:
    clock = Clock()
    grace_period = GracePeriod(clock)
    assert grace_period.lost([B], [A, B]) == (A,)
    clock.now_s += GRACE_S
    assert grace_period.lost([B], [A, B]) == ()


def test_a_public_address_does_not_linger_for_an_authority_may_not_certify_it() -> None:
    assert GracePeriod(Clock()).lost([], [PUBLIC]) == ()


def test_what_is_long_gone_is_forgotten() -> None:
    clock = Clock()
    grace_period = GracePeriod(clock)
    for number in range(100):
        grace_period.see([ip_address(f"192.168.1.{number}")])
        clock.now_s += GRACE_S / 10
    assert len(vars(grace_period)["_seen_s"]) <= 11
