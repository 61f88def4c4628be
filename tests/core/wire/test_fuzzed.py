"""Nearly right messages, sent to a core."""

from random import Random
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.core.service.conftest import OpenHouse, open_house
from tests.fuzz import mutate, seeds

__all__ = ["open_house"]


async def test_no_message_is_a_fault_of_the_cores(open_house: OpenHouse, caplog: pytest.LogCaptureFixture) -> None:
    random, refused = Random(7), {"INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND", "OUT_OF_RANGE", "ABORTED"}
    methods = ["GetConversation", "DeleteConversation", "ForkConversation", "GetTurn", "ListTurns", "ListMessages"]
    async with open_house() as house:
        channel: Any = house.channel
        for _ in range(200):
            data = mutate.data(random, random.choice(seeds.MESSAGES).SerializeToString())
            call = channel.stream_stream("/hotseat.v1.ConversationService/Converse")(timeout=20)
            assert await ending(call, data) in {"OK", *refused}
            method = random.choice(methods)
            call = channel.unary_stream(f"/hotseat.v1.ConversationService/{method}")(mutate.data(random, b"\x0a\x01c"))
            assert await ending(call) in {"OK", *refused}
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def ending(call: Any, *said: bytes) -> str:
    """The name of the code that a call ends with."""
    try:
        for data in said:
            await call.write(data)
        if said:
            await call.done_writing()
        while await call.read() is not grpc.aio.EOF:
            pass
    except grpc.aio.AioRpcError as error:
        return error.code().name
    code: grpc.StatusCode = await call.code()
    return code.name
