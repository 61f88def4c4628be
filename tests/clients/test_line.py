"""One stream over several calls: what is asked of the next call, where one broke."""

import asyncio
from typing import Any

import grpc
import pytest
from hotseat import Client, HotseatError, pb
from hotseat.call import GrpcCall
from hotseat.line import Line

from tests.core.conftest import until

READY = pb.ConverseResponse(ready=pb.Ready(next_sequence=5, log_id="log"))
BROKEN = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())


class Call:
    """Answers what the test says, and breaks where that is an error."""

    def __init__(self, *answers: pb.ConverseResponse | grpc.aio.AioRpcError) -> None:
        self.answers = list(answers)
        self.written: list[pb.ConverseRequest] = []
        self.is_half_closed = False

    async def done_writing(self) -> None:
        self.is_half_closed = True

    async def write(self, request: pb.ConverseRequest) -> None:
        self.written.append(request)

    async def read(self) -> pb.ConverseResponse:
        answer = self.answers.pop(0)
        if isinstance(answer, grpc.aio.AioRpcError):
            raise answer
        return answer

    def cancel(self) -> None:
        """A call that is over."""

    def done(self) -> bool:
        return True


async def opened_again(opening: pb.OpenConversation) -> pb.OpenConversation:
    """How a stream is opened again whose connection broke before its first event."""
    again = Call(READY, pb.ConverseResponse(sequence=1))
    calls: list[Any] = [Call(READY, BROKEN), again]
    line = Line(lambda: GrpcCall(calls.pop(0)), resume_s=5)
    await line.open(opening, None)
    assert (await line.read()) == pb.ConverseResponse(sequence=1)
    return again.written[0].open


async def test_a_replay_that_broke_before_its_first_event_begins_again_where_it_was_to() -> None:
    found = await opened_again(pb.OpenConversation(conversation_id="c", start_sequence=1))
    assert (found.start_sequence, found.log_id) == (1, "log")


async def test_a_stream_that_broke_before_its_first_event_begins_where_the_server_had_said() -> None:
    found = await opened_again(pb.OpenConversation(conversation_id="c"))
    assert (found.start_sequence, found.log_id) == (5, "log")


def saying(text: str) -> pb.ConverseRequest:
    return pb.ConverseRequest(user_input=pb.UserInput(request_id=text))


async def test_who_has_no_more_to_say_says_so_again_on_the_next_call_after_all_that_was_said() -> None:
    broken, again = Call(READY, BROKEN), Call(READY, pb.ConverseResponse(sequence=1))
    calls: list[Any] = [broken, again]
    line = Line(lambda: GrpcCall(calls.pop(0)), resume_s=5)
    await line.open(pb.OpenConversation(conversation_id="c"), None)
    for text in ("one", "two"):
        await line.write(saying(text))
    await line.done_writing()
    assert broken.is_half_closed
    await line.read()
    assert again.is_half_closed
    assert [message.WhichOneof("message") for message in again.written] == ["open", "user_input"]


async def test_who_ends_while_the_call_is_made_again_ends_the_next_one_once_that_has_heard_everything() -> None:
    class Slow(Call):
        async def read(self) -> pb.ConverseResponse:
            if not is_open.is_set():
                await line.done_writing()
                assert not self.is_half_closed
                is_open.set()
            return await super().read()

    is_open, again = asyncio.Event(), Slow(READY, pb.ConverseResponse(sequence=1))
    calls: list[Any] = [Call(READY, BROKEN), again]
    line = Line(lambda: GrpcCall(calls.pop(0)), resume_s=5)
    await line.open(pb.OpenConversation(conversation_id="c"), None)
    await line.read()
    assert again.is_half_closed


async def test_what_waits_to_be_written_when_the_call_breaks_comes_after_the_next_ones_opening() -> None:
    class Stuck(Call):
        async def write(self, request: pb.ConverseRequest) -> None:
            await super().write(request)
            if request.HasField("user_input"):
                await has_broken.wait()
                raise BROKEN

    has_broken, again = asyncio.Event(), Call(READY, pb.ConverseResponse(sequence=1))
    calls: list[Any] = [Stuck(READY, BROKEN), again]
    line = Line(lambda: GrpcCall(calls.pop(0)), resume_s=5)
    await line.open(pb.OpenConversation(conversation_id="c"), None)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        for text in ("one", "two"):
            tasks.create_task(line.write(saying(text)))
        await until(lambda: calls == [again])
        reading = tasks.create_task(line.read())
        await until(lambda: calls == [])
        has_broken.set()
        await reading
    said = [message.WhichOneof("message") for message in again.written]
    assert said == ["open", "user_input"]


async def refuse(_request: object, context: Any) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such key")


async def test_who_refuses_a_stream_is_heard_though_it_does_so_while_the_opening_is_sent() -> None:
    server = grpc.aio.server()
    handlers: dict[str, Any] = {"Converse": grpc.stream_stream_rpc_method_handler(refuse)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("hotseat.v1.ConversationService", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with Client(f"127.0.0.1:{port}", opens_ahead=True) as client:
            for _ in range(200):  # one in thirty meets the moment
                with pytest.raises(HotseatError) as told:
                    async with client.converse(pb.OpenConversation()):
                        pass
                assert (told.value.code, told.value.message) == (grpc.StatusCode.UNAUTHENTICATED, "no such key")
    finally:
        await server.stop(None)
