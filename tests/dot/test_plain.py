from app.dot.plain import PlainSession


def test_octets_pass_unchanged_both_ways() -> None:
    session = PlainSession()
    assert not session.established
    assert session.receive(memoryview(b"abc")) == b"abc"
    assert session.established
    assert session.send(b"abc") == b"abc"
    assert session.how() == {"transport": "tcp"}
    assert (session.take_output(), session.close(), session.is_resumed) == (b"", b"", None)
