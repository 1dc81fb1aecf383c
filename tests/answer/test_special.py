import dns.message

from app.answer.special import local_answer
from app.answer.wire import read_query


def test_only_any_is_answered_here() -> None:
    for kind, is_ours in (("ANY", True), ("A", False), ("HINFO", False), ("TYPE65", False)):
        query = read_query(dns.message.make_query("www.example.", kind).to_wire())
        assert (local_answer(query) is not None) is is_ours, kind
