"""Somebody else on this machine who wants to be taken for unbound: whatever can be bound is bound, and answered on.

python -m tests.fakes.impostor PORT UID     until its standard input ends; says each time that it could bind
"""

import itertools
import os
import pwd
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dns.flags
import dns.message
import dns.rrset

from tests.appliance import CHECKOUT

FORGED = "192.0.2.66"
USERS = ("root", "nobody", "homedot-web", "homedot-lists")
_KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)
_ADDRESSES = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::ffff:127.0.0.1"))
_OPTIONS = ((), (socket.SO_REUSEADDR,), (socket.SO_REUSEPORT,), (socket.SO_REUSEADDR, socket.SO_REUSEPORT))
_PAUSE_S = 0.0005


@contextmanager
def impostors(port: int) -> Iterator[list[str]]:
    """One of each of USERS at work on `port`. Gives a list that holds, after the end, what they could bind."""
    bound: list[str] = []
    command = ["nice", sys.executable, "-m", "tests.fakes.impostor", str(port)]
    with ExitStack() as stack:
        started = []
        for user in USERS:
            process = subprocess.Popen(
                [*command, str(pwd.getpwnam(user).pw_uid)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT, text=True,
            )  # fmt: skip
            stack.enter_context(process)
            stack.callback(process.kill)
            started.append(process)
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield bound
        for process in started:
            said, _ = process.communicate(timeout=30)
            bound += said.splitlines()


def _forged(octets: bytes) -> bytes:
    query = dns.message.from_wire(octets)
    response = dns.message.make_response(query, recursion_available=True)
    response.flags |= dns.flags.AD
    response.answer.append(dns.rrset.from_text(query.question[0].name, 86400, "IN", "A", FORGED))
    return response.to_wire()


def _answer(bound: socket.socket) -> None:
    if bound.type == socket.SOCK_DGRAM:
        octets, address = bound.recvfrom(65535)
        bound.sendto(_forged(octets), address)
        return
    client, _ = bound.accept()
    with client:
        client.settimeout(1)
        response = _forged(client.recv(65535)[2:])
        client.sendall(len(response).to_bytes(2, "big") + response)


def _bound(port: int, kind: socket.SocketKind, place: tuple[int, str], options: tuple[int, ...]) -> socket.socket:
    family, address = place
    fresh = socket.socket(family, kind)
    try:
        for option in options:
            fresh.setsockopt(socket.SOL_SOCKET, option, 1)
        fresh.bind((address, port))
        if kind == socket.SOCK_STREAM:
            fresh.listen()
    except OSError:
        fresh.close()
        raise
    return fresh


def main(port: int, uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    print("ready", flush=True)
    held: list[socket.socket] = []
    for kind, place, options in itertools.cycle(itertools.product(_KINDS, _ADDRESSES, _OPTIONS)):
        try:
            held.append(_bound(port, kind, place, options))
            print(f"uid {uid}: {kind.name} {place[1]}", flush=True)
        except OSError:
            pass
        ready, _, _ = select.select([sys.stdin, *held], [], [], _PAUSE_S)
        if sys.stdin in ready:
            return
        for bound in held:
            if bound in ready:
                _answer(bound)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
