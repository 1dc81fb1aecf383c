"""What is really answered, in words."""

from app.programs.answer_words import _WORDS, document, remarks, sentence
from app.programs.outcomes import RealAnswer, RealOutcome


def test_scripts_get_what_people_do() -> None:
    answer = RealAnswer("A", RealOutcome.FAILED, where="the forwarder x", reason="a circle")
    assert document(answer) == {
        "type": "A",
        "outcome": "failed",
        "records": (),
        "from": "the forwarder x",
        "zones": (),
        "validated": False,
        "known_before": False,
        "old": False,
        "reason": "a circle",
        "says": "not answered: a circle",
    }


def test_has_words_for_every_outcome() -> None:
    assert set(_WORDS) == set(RealOutcome) - {RealOutcome.ANSWERED}
    assert sentence([]) == ""


def test_an_address_of_any_type_counts_before_what_others_lack() -> None:
    answers = [RealAnswer("A", RealOutcome.NO_RECORD), RealAnswer("AAAA", RealOutcome.ANSWERED, ("2001:db8::1",))]
    assert sentence(answers) == "has the address 2001:db8::1"
    assert remarks(answers) == []


def test_a_type_that_fares_worse_is_remarked_by_itself() -> None:
    answers = [
        RealAnswer("A", RealOutcome.ANSWERED, ("192.0.2.1",)),
        RealAnswer("HTTPS", RealOutcome.FAILED, reason="a circle"),
    ]
    assert sentence(answers) == "has the address 192.0.2.1"
    assert remarks(answers) == ["for HTTPS: not answered: a circle"]


def test_many_records_are_counted_and_some_shown() -> None:
    answers = [RealAnswer("A", RealOutcome.ANSWERED, tuple(f"192.0.2.{number}" for number in range(6)))]
    assert sentence(answers) == "has the addresses 192.0.2.0, 192.0.2.1, 192.0.2.2, 192.0.2.3 and 2 more"
    assert sentence([RealAnswer("TXT", RealOutcome.ANSWERED, ("\\# 1 00",) * 2)]) == "has 2 TXT records"


def test_what_was_known_and_what_is_old_are_told_of_a_no_as_well() -> None:
    no = RealAnswer("A", RealOutcome.NO_NAME, where="the forwarder x", zones=("example",), is_validated=True)
    says = "there is no such name: the zone example says so, and proves it with DNSSEC (from the forwarder x, "
    assert sentence([no]) == f"{says}asked just now)"
    assert sentence([no._replace(is_known=True)]) == f"{says}known from before)"
    assert sentence([no._replace(is_stale=True)]) == f"{says}some time ago)"
    assert "the root says so" in sentence([no._replace(zones=("",))]).replace("the zone the root", "the root")
