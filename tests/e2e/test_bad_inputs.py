"""Every row of the tables of bad inputs, sent to a real edge and a real core."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
import pytest_asyncio
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from hotseat import pb

from tests.bad_inputs import table
from tests.bad_inputs.sending import check
from tests.bad_inputs.table import GrpcRow, HttpRow
from tests.core.service.conftest import is_misheard, outcome
from tests.e2e.house import House, new_id, running, tag, user
from tests.e2e.logged import failures

pytestmark = pytest.mark.asyncio(loop_scope="session")


def named(row: HttpRow | GrpcRow) -> str:
    return f"{row.group}: {row.says}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def locked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house that asks for API keys."""
    key = "a-key-that-no-row-knows-0123456789"
    async with running(tmp_path_factory.mktemp("locked"), POOL_SIZE="1", HOTSEAT_API_KEY=key) as made:
        yield made


@pytest.mark.parametrize("row", [row for row in table.http() if row.is_locked], ids=named)
async def test_what_is_sent_to_an_edge_that_asks_for_keys(locked: House, row: HttpRow) -> None:
    await check(locked, row)


@pytest.mark.parametrize("row", [row for row in table.http() if not row.is_locked and not row.when], ids=named)
async def test_what_is_sent_to_the_edge(house: House, row: HttpRow) -> None:
    await check(house, row)


async def converse(house: House, row: GrpcRow, conversation: str) -> tuple[str, str, str]:
    """The code, the reason and the violated field that a stream ends with, or an input is rejected with."""
    seen: list[pb.ConverseResponse] = []
    call: Any = house.grpc._conversations.Converse()
    try:
        for message in table.filled(row.messages, conversation):
            await call.write(ParseDict(message, pb.ConverseRequest()))
        await call.done_writing()
        while (event := await call.read()) is not grpc.aio.EOF:
            seen.append(event)
    except grpc.aio.AioRpcError as error:
        return await converse(house, row, conversation) if is_misheard(error) else _ended(error)
    except asyncio.InvalidStateError:  # it had ended before all was written
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        return _ended(caught.value)
    for event in seen:
        if event.HasField("input_rejected"):
            failed = event.input_rejected.error
            return (
                "OK",
                pb.ErrorReason.Name(failed.reason).removeprefix("ERROR_REASON_"),
                failed.metadata.get("field", ""),
            )
    return "OK", "", ""


def _ended(error: grpc.aio.AioRpcError) -> tuple[str, str, str]:
    code, reason, details = outcome(error)
    violations = details["BadRequest"].field_violations if "BadRequest" in details else []
    return code.name, reason, violations[0].field if violations else ""


async def call_once(house: House, row: GrpcRow) -> tuple[str, str, str]:
    service, _, method = row.call.partition("/")
    channel: Any = house.grpc._channel
    request = b"" if row.data is None else row.data
    if row.data is None:
        kind: type[Message] = getattr(pb, f"{method}Request")
        request = ParseDict(row.messages[0], kind()).SerializeToString()
    try:
        await channel.unary_unary(f"/hotseat.v1.{service}/{method}")(request)
    except grpc.aio.AioRpcError as error:
        return _ended(error)
    return "OK", "", ""


@pytest.mark.parametrize("row", [*table.grpc()], ids=named)
async def test_what_is_sent_to_the_core(house: House, row: GrpcRow) -> None:
    conversation = new_id()
    if "{conversation}" in str(row.messages):
        await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(f"[[say hi]] {tag()}")])
    async with asyncio.timeout(20):
        found = await (call_once(house, row) if row.call else converse(house, row, conversation))
    assert found == (row.code, row.reason, row.violated)


async def test_after_all_of_it_the_house_serves_and_its_logs_tell_of_no_failure(house: House) -> None:
    """It comes last in this file, after every row."""
    answer = await house.sdk.chat.completions.create(model="claude", messages=[user(f"[[say still here]] {tag()}")])
    assert answer.choices[0].message.content == "still here"
    for server in (house.edge, house.core):
        assert failures(server.log) == []
