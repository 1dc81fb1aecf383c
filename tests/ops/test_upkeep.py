from io import BytesIO

from app.ops.upkeep import listen


def event(name: str, payload: bytes) -> bytes:
    header = f"ver:3.0 server:s serial:1 pool:upkeep poolserial:1 eventname:{name} len:{len(payload)}\n"
    return header.encode() + payload


def test_does_its_job_at_every_tick_and_answers_every_event() -> None:
    stdin = BytesIO(event("TICK_60", b"when:1") + event("PROCESS_STATE_EXITED", b"x") + event("TICK_60", b"when:2"))
    stdout = BytesIO()
    ticks: list[int] = []
    listen(stdin, stdout, lambda: ticks.append(1))
    assert len(ticks) == 2
    assert stdout.getvalue() == b"READY\nRESULT 2\nOK" * 3 + b"READY\n"
