"""A response that runs, and whose first events the core keeps no more."""

import asyncio
import json
import uuid

import grpc
import pytest
from hotseat import pb
from hotseat_edge.responses import notes
from hotseat_edge.responses.ids import response_id

from tests.core.conftest import until
from tests.edge.conftest import Edge
from tests.fakes.calls import Context
from tests.fakes.core import FakeCore, send

REQUEST = str(uuid.UUID(int=7))
ADDRESS = f"/v1/responses/{response_id(REQUEST)}"


class Forgetful(FakeCore):
    """Runs one turn, until a test ends it."""

    def __init__(self) -> None:
        super().__init__()
        note = notes.note(notes.Kept(model="claude", created_at=1, echo={}, background=True), None)
        self.found = pb.GetTurnResponse(conversation_id="c", turn=pb.Turn(turn=1, request_id=REQUEST, note=note))
        self.ended = asyncio.Event()

    def end(self) -> None:
        turn = self.found.turn
        turn.completed.MergeFrom(pb.TurnCompleted(request_id=REQUEST, text="At last."))
        turn.completed.outcome = pb.TurnCompleted.OUTCOME_SUCCEEDED
        turn.output.append(pb.OutputBlock(text="At last."))
        self.ended.set()

    async def GetTurn(self, request: pb.GetTurnRequest, context: Context) -> pb.GetTurnResponse:  # noqa: N802
        await self.unary(context, "GetTurn")
        assert request.request_id == REQUEST
        return self.found

    async def Converse(self, _: object, context: Context) -> None:  # noqa: N802
        first = await context.read()
        if first is grpc.aio.EOF:
            return  # it was opened ahead of need
        self.openings.append(first.open)
        await send(context, pb.ConverseResponse(ready=pb.Ready()))
        await self.ended.wait()
        await send(context, pb.ConverseResponse(turn=1, turn_completed=self.found.turn.completed))


@pytest.fixture
def core() -> Forgetful:
    return Forgetful()


async def test_it_is_told_whole_once_it_has_ended_and_the_core_is_left_in_peace_until_then(
    edge: Edge, core: Forgetful
) -> None:
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(edge.http.get(ADDRESS, params={"stream": "true"}))
        await until(lambda: core.calls.count("GetTurn") == 2)  # once to find it, once when its events are listened to
        core.end()
    told = [json.loads(line[6:]) for line in asking.result().text.splitlines() if line.startswith("data: ")]
    assert [event["sequence_number"] for event in told] == list(range(len(told)))
    assert (told[0]["type"], told[-1]["type"]) == ("response.created", "response.completed")
    assert told[-1]["response"]["output"][0]["content"][0]["text"] == "At last."
    assert len(core.openings) == 1


async def test_it_is_not_gone_on_with_in_the_middle(edge: Edge) -> None:
    answer = await edge.http.get(ADDRESS, params={"stream": "true", "starting_after": "3"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "events_not_kept")
