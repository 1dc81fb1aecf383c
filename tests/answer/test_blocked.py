import dns.edns
import dns.message
import dns.rcode
import pytest

from app.answer.blocked import answer_with
from app.answer.records import LocalResponse

MODES = ["null", "nxdomain", "nodata", "refused"]
TYPES = {"A": 1, "AAAA": 28, "HTTPS": 65, "SVCB": 64, "TXT": 16, "MX": 15, "TYPE4711": 4711}


def parsed(made: LocalResponse, qtype: int = 1) -> dns.message.Message:
    rest = made.after_question(b"\3ads\7example\0" + qtype.to_bytes(2, "big") + b"\0\1")
    return dns.message.from_wire(b"\0\0\x81" + (0x80 | made.rcode).to_bytes(1, "big") + rest)


@pytest.mark.parametrize(("kind", "address"), [("A", "0.0.0.0"), ("AAAA", "::")])
def test_x6_the_null_mode_gives_the_address_of_nowhere_and_a_soa(kind: str, address: str) -> None:
    answer = parsed(answer_with("null")("List", TYPES[kind]), TYPES[kind])
    assert answer.answer[0].to_text() == f"ads.example. 60 IN {kind} {address}"
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.authority[0].to_text().startswith("ads.example. 60 IN SOA ")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", ["HTTPS", "SVCB", "TXT", "MX", "TYPE4711"])
def test_x6_other_types_get_no_record_and_a_soa_to_keep_that(mode: str, kind: str) -> None:
    answer = parsed(answer_with(mode)("List", TYPES[kind]), TYPES[kind])
    assert answer.answer == []
    assert answer.authority[0].to_text().startswith("ads.example. 60 IN SOA ")
    assert answer.authority[0][0].minimum == 60


@pytest.mark.parametrize(("mode", "rcode"), [("nxdomain", "NXDOMAIN"), ("nodata", "NOERROR"), ("refused", "REFUSED")])
@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_x6_the_negative_modes_have_their_rcode_and_a_soa(mode: str, rcode: str, kind: str) -> None:
    answer = parsed(answer_with(mode)("List", TYPES[kind]), TYPES[kind])
    assert dns.rcode.to_text(answer.rcode()) == rcode
    assert answer.answer == []
    assert answer.authority[0].to_text().startswith("ads.example. 60 IN SOA ")


@pytest.mark.parametrize(
    ("mode", "kind", "code"),
    [
        ("null", "A", 4),
        ("null", "AAAA", 4),
        ("null", "HTTPS", 15),
        ("nxdomain", "A", 15),
        ("nodata", "A", 15),
        ("refused", "A", 15),
    ],
)
def test_x2_the_extended_error_says_what_was_done_and_by_which_list(mode: str, kind: str, code: int) -> None:
    errors = answer_with(mode)("Werbung für alle", TYPES[kind]).errors
    option = dns.edns.option_from_wire(dns.edns.OptionType.EDE, errors, 4, len(errors) - 4)
    assert isinstance(option, dns.edns.EDEOption)
    assert (option.code, option.text) == (code, "Werbung für alle")


def test_a_long_title_is_cut_between_letters() -> None:
    errors = answer_with("null")("ü" * 500, 1).errors
    assert errors[6:].decode() == "ü" * 60
