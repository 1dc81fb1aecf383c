import asyncio
from pathlib import Path

import pytest

from app.errors import OperatorError
from app.ops.metrics import read_state, render, render_lists

pytestmark = pytest.mark.anyio


async def serve(path: Path, content: bytes) -> asyncio.Server:
    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        writer.close()

    return await asyncio.start_unix_server(tell, path)


async def test_reads_what_the_front_door_tells(tmp_path: Path) -> None:
    server = await serve(tmp_path / "state.sock", b'{"connections": 2, "queries": 40}')
    assert await read_state(tmp_path / "state.sock") == {"connections": 2, "queries": 40}
    server.close()


async def test_a_front_door_that_talks_nonsense_or_is_not_there_is_an_error(tmp_path: Path) -> None:
    server = await serve(tmp_path / "state.sock", b"nonsense")
    with pytest.raises(OperatorError, match="tells nothing"):
        await read_state(tmp_path / "state.sock")
    server.close()
    with pytest.raises(OperatorError, match="tells nothing"):
        await read_state(tmp_path / "nowhere.sock")


async def test_counters_and_gauges_have_their_types() -> None:
    assert render({"connections": 2, "queries": 40}).splitlines() == [
        "# TYPE homedot_connections gauge",
        "homedot_connections 2",
        "# TYPE homedot_queries_total counter",
        "homedot_queries_total 40",
    ]


async def test_the_end_of_the_certificate_is_a_gauge() -> None:
    assert render({"certificate_not_after_timestamp_seconds": 1780315200}).splitlines() == [
        "# TYPE homedot_certificate_not_after_timestamp_seconds gauge",
        "homedot_certificate_not_after_timestamp_seconds 1780315200",
    ]


async def test_each_list_has_its_names_and_its_age() -> None:
    assert render_lists([("Pro", "/a", 12, 60.9), ('A "b" \\', "/b", 3, 0.0)]).splitlines() == [
        "# TYPE homedot_list_names gauge",
        'homedot_list_names{list="Pro",source="/a"} 12',
        'homedot_list_names{list="A \\"b\\" \\\\",source="/b"} 3',
        "# TYPE homedot_list_age_seconds gauge",
        'homedot_list_age_seconds{list="Pro",source="/a"} 60',
        'homedot_list_age_seconds{list="A \\"b\\" \\\\",source="/b"} 0',
    ]
    assert render_lists([]) == ""
