"""The queries of one connection that are not answered yet, and the answers that have not left. Without I/O.

A client need not wait for one answer before it asks again, and answers leave in the order in which they are known (RFC
7766 6.2.1.1, 7). What it may have under way is limited; what it asks beyond waits here, and then in the kernel.
"""

from typing import final

from .contract import Peer, Reply, ServerContext
from .framing import prefix


@final
class QueryQueue:
    """`waiting` are whole queries that nobody has looked at; of `unfinished` more the answers are still to come."""

    __slots__ = ("answers", "unfinished", "waiting")

    def __init__(self) -> None:
        self.waiting: list[bytes] = []
        self.unfinished = 0
        self.answers: list[bytes] = []  # and before each its length, to leave in one write

    @property
    def is_empty(self) -> bool:
        """True if everything that was asked is answered."""
        return not (self.unfinished or self.waiting or self.answers)

    def work(self, requestor: Peer, server: ServerContext, reply: Reply, most: int) -> int:
        """Look at up to `most` of what waits, in turn, until a portion of answers or the limit of unfinished ones is
        full. Returns at how many."""
        limits, lookup = server.limits, server.answerer.lookup
        answers, answers_bytes, done = self.answers, 0, 0
        for query in self.waiting[:most]:
            if self.unfinished >= limits.queries_per_connection or answers_bytes > limits.portion_bytes:
                break
            done += 1
            answer = lookup(query)
            if answer is None:
                self.ask(query, requestor, server, reply)
            else:
                answers.append(prefix(answer))
                answers.append(answer)
                answers_bytes += len(answer)
        del self.waiting[:done]
        return done

    def ask(self, query: bytes, requestor: Peer, server: ServerContext, reply: Reply) -> None:
        """Have `query` resolved: `reply`, which must lead to `finish`, gets the answer now or later."""
        self.unfinished += 1
        server.answerer.resolve(query, requestor, server.idle_timeout_s(), reply)

    def finish(self, answer: bytes | None) -> None:
        """One of the unfinished has its answer, or deserves none."""
        self.unfinished -= 1
        if answer is not None:
            self.answers += (prefix(answer), answer)

    def take_answers(self) -> bytes:
        """What is to be sent now."""
        answers = b"".join(self.answers)
        self.answers.clear()
        return answers
