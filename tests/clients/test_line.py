"""One stream over several calls: what is asked of the next call, where one broke."""

from typing import Any

import grpc
from hotseat import pb
from hotseat.line import Line

READY = pb.ConverseResponse(ready=pb.Ready(next_sequence=5, log_id="log"))
BROKEN = grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata())


class Call:
    """Answers what the test says, and breaks where that is an error."""

    def __init__(self, *answers: pb.ConverseResponse | grpc.aio.AioRpcError) -> None:
        self.answers = list(answers)
        self.written: list[pb.ConverseRequest] = []

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
    line = Line(lambda: calls.pop(0), resume_s=5)
    await line.open(opening, None)
    assert (await line.read()) == pb.ConverseResponse(sequence=1)
    return again.written[0].open


async def test_a_replay_that_broke_before_its_first_event_begins_again_where_it_was_to() -> None:
    found = await opened_again(pb.OpenConversation(conversation_id="c", start_sequence=1))
    assert (found.start_sequence, found.log_id) == (1, "log")


async def test_a_stream_that_broke_before_its_first_event_begins_where_the_server_had_said() -> None:
    found = await opened_again(pb.OpenConversation(conversation_id="c"))
    assert (found.start_sequence, found.log_id) == (5, "log")
