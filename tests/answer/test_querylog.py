import dns.message
import pytest

from app.answer.querylog import question_text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Www.Example.", "Www.Example. TYPE28"),
        (".", ". TYPE28"),
        ("a\\.b\\010\\255.example.", "a\\046b\\010\\255.example. TYPE28"),
    ],
)
def test_a_name_is_one_line_of_plain_text(name: str, text: str) -> None:
    assert question_text(dns.message.make_query(name, "AAAA").to_wire()) == text
