"""Messages of DNS that are right, or would be but for one octet."""

from hypothesis import strategies as st

LABEL = st.binary(min_size=1, max_size=12) | st.sampled_from([b"www", b"example", b"a" * 63])
NAME = st.lists(LABEL, max_size=4).map(lambda labels: b"".join(bytes([len(each)]) + each for each in labels) + b"\0")
QNAME = b"\xc0\x0c"
OWNER = st.just(QNAME) | NAME | st.just(b"\1a" + QNAME)
OPT = b"\0\0\x29\4\xd0\0\0\0\0\0\0"


def damaged(message: bytes, before: int | None = None) -> st.SearchStrategy[bytes]:
    """`message` as it is half of the time, else cut, longer, or with one octet (before `before`) that is another."""
    another = st.tuples(st.integers(0, (before or len(message)) - 1), st.integers(0, 255)).map(
        lambda change: message[: change[0]] + bytes([change[1]]) + message[change[0] + 1 :]
    )
    cut = st.integers(0, len(message)).map(lambda length: message[:length])
    longer = st.binary(min_size=1, max_size=12).map(lambda tail: message + tail)
    return st.one_of(st.just(message), st.just(message), st.just(message), another, cut, longer)


@st.composite
def queries(draw: st.DrawFn) -> bytes:
    """A query, damaged or not; what is damaged is the header or the question."""
    name = draw(NAME)
    kind = draw(st.sampled_from([1, 28, 65, 255, 6, 252]))
    opt = draw(st.sampled_from([b"", OPT]))
    flags = draw(st.sampled_from([0x0100, 0x0120, 0x0110, 0]))
    header = b"\0\1" + flags.to_bytes(2, "big") + b"\0\1\0\0\0\0\0" + (b"\1" if opt else b"\0")
    question = header + name + kind.to_bytes(2, "big") + b"\0\1"
    return draw(damaged(question + opt, len(question)))


def record(owner: bytes, kind: int, ttl_s: int, rdata: bytes) -> bytes:
    fixed = kind.to_bytes(2, "big") + b"\0\1" + ttl_s.to_bytes(4, "big")
    return owner + fixed + len(rdata).to_bytes(2, "big") + rdata


RECORD = st.one_of(
    st.tuples(st.just(5), OWNER),
    st.tuples(st.just(1), st.just(b"\xc0\0\2\1")),
    st.tuples(st.sampled_from([64, 65]), NAME.map(lambda name: b"\0\1" + name)),
    st.tuples(st.just(15), OWNER.map(lambda name: b"\0\1" + name)),
    st.tuples(st.just(6), st.tuples(OWNER, OWNER).map(lambda names: names[0] + names[1] + bytes(20))),
)
RECORDS = st.lists(
    st.tuples(OWNER, st.integers(0, 2**32 - 1), RECORD).map(lambda r: record(r[0], r[2][0], r[1], r[2][1]))
)


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """A response with records of types that hold names, damaged or not."""
    sections = [draw(RECORDS) for _ in range(3)]
    if draw(st.booleans()):
        sections[2].append(OPT)
    header = b"\0\0\x81\x80\0\1" + b"".join(len(section).to_bytes(2, "big") for section in sections)
    question = draw(NAME) + b"\0\1\0\1"
    return draw(damaged(header + question + b"".join(octets for section in sections for octets in section)))
