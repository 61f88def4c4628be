"""A core that says nothing but words, holds one long conversation, and has many workers that never rest."""
# ruff: noqa: N802  # the generated base classes name the methods

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc.aio
from google.protobuf.timestamp_pb2 import Timestamp
from hotseat import pb
from hotseat.v1.conversation_service_pb2_grpc import (
    ConversationServiceServicer,
    add_ConversationServiceServicer_to_server,
)
from hotseat.v1.key_service_pb2_grpc import KeyServiceServicer, add_KeyServiceServicer_to_server
from hotseat.v1.pool_service_pb2_grpc import PoolServiceServicer, add_PoolServiceServicer_to_server

LONG = "long"  # the conversation's id
PACE_S = 0.0125  # eighty pieces a second, as a quick model says them
CHANGES_S = 0.5  # between two updates of the pool, as the dashboard asks for them

_ANSWER = """Rivers **carry** water and silt; see [the list](https://example.com).

```python
def length(river):
    return sum(reach.km for reach in river)  # of all reaches
```

- one
- two
"""


class FullConversations(ConversationServiceServicer):
    """One conversation of so many messages; each input is answered with as many words as it says."""

    def __init__(self, messages: int) -> None:
        self._messages = messages

    async def ListProfiles(self, _request: object, _context: object) -> pb.ListProfilesResponse:
        return pb.ListProfilesResponse(profiles=[pb.Profile(name="claude")])

    async def ListConversations(self, _request: object, _context: object) -> pb.ListConversationsResponse:
        return pb.ListConversationsResponse(conversations=[_conversation()])

    async def GetConversation(self, _request: object, _context: object) -> pb.GetConversationResponse:
        return pb.GetConversationResponse(conversation=_conversation())

    async def ListMessages(self, request: pb.ListMessagesRequest, _context: object) -> pb.ListMessagesResponse:
        start = int(request.page_token or 0)
        end = min(start + (request.page_size or 100), self._messages)
        token = str(end) if end < self._messages else ""
        return pb.ListMessagesResponse(messages=[_message(at) for at in range(start, end)], next_page_token=token)

    async def Converse(self, _: object, context: Any) -> None:
        first = await context.read()
        if first is grpc.aio.EOF:
            return  # it was opened ahead of need
        await context.write(pb.ConverseResponse(ready=pb.Ready(conversation=_conversation(), next_sequence=1)))
        if first.open.HasField("first_input"):
            await _answer(context, first.open.first_input)
        while await context.read() is not grpc.aio.EOF:
            pass


def _conversation() -> pb.Conversation:
    settings = pb.ConversationSettings(profile="claude")
    return pb.Conversation(conversation_id=LONG, state=pb.Conversation.STATE_IDLE, settings=settings, turn_count=1)


def _message(at: int) -> pb.ConversationMessage:
    is_question = at % 2 == 0
    role = pb.HistoryMessage.ROLE_USER if is_question else pb.HistoryMessage.ROLE_ASSISTANT
    text = f"What is river {at}?" if is_question else f"## River {at}\n\n{_ANSWER}"
    return pb.ConversationMessage(message_id=f"{at}", role=role, content=[pb.HistoryBlock(text=text)])


async def _answer(context: Any, said: pb.UserInput) -> None:
    count = int(said.content[0].text)
    await context.write(
        pb.ConverseResponse(sequence=1, turn=1, turn_started=pb.TurnStarted(request_id=said.request_id))
    )
    for number in range(count):
        word = f"**word** {number}\n\n" if number % 20 == 19 else "word "
        await context.write(pb.ConverseResponse(sequence=number + 2, turn=1, text_delta=pb.TextDelta(text=word)))
        await asyncio.sleep(PACE_S)
    done = pb.TurnCompleted(request_id=said.request_id, outcome=pb.TurnCompleted.OUTCOME_SUCCEEDED)
    await context.write(pb.ConverseResponse(sequence=count + 2, turn=1, turn_completed=done))


class BusyPool(PoolServiceServicer):
    """So many workers, each of which changes with every update."""

    def __init__(self, workers: int) -> None:
        self._count = workers

    async def GetPool(self, _request: object, _context: object) -> pb.GetPoolResponse:
        return pb.GetPoolResponse(pool=self._pool())

    async def WatchPool(self, _request: object, context: Any) -> None:
        turn = 0
        while not context.cancelled():
            await context.write(pb.WatchPoolResponse(pool=self._pool(), workers=self._workers(turn)))
            turn += 1
            await asyncio.sleep(CHANGES_S)

    def _pool(self) -> pb.Pool:
        stats = pb.PoolStats(running_workers=self._count // 2, idle_workers=self._count // 2)
        return pb.Pool(state=pb.Pool.STATE_ACTIVE, size=pb.PoolSize(max_workers=self._count), stats=stats)

    def _workers(self, turn: int) -> list[pb.Worker]:
        now = Timestamp(seconds=int(time.time()))
        return [
            pb.Worker(
                worker_id=f"worker-{number:04}",
                state=pb.Worker.STATE_RUNNING if (number + turn) % 2 else pb.Worker.STATE_IDLE,
                pid=1000 + number,
                profile="claude",
                conversation_id=f"conversation-{number}",
                turn_start_time=now,
                start_time=now,
                memory_bytes=(150 + turn % 10) * 2**20,
                turn_count=turn,
            )
            for number in range(self._count)
        ]


class OpenDoor(KeyServiceServicer):
    """Lets everybody in."""

    async def GetCaller(self, _request: object, _context: object) -> pb.GetCallerResponse:
        scopes = [pb.SCOPE_CONVERSE, pb.SCOPE_ADMIN]
        return pb.GetCallerResponse(auth_mode=pb.AUTH_MODE_OPEN, tenant="default", scopes=scopes)

    async def ListKeys(self, _request: object, _context: object) -> pb.ListKeysResponse:
        return pb.ListKeysResponse()


@asynccontextmanager
async def serving(messages: int, workers: int) -> AsyncIterator[str]:
    """Serve it, and yield where."""
    server = grpc.aio.server(options=[("grpc.http2.max_ping_strikes", 0)])
    add_ConversationServiceServicer_to_server(FullConversations(messages), server)
    add_PoolServiceServicer_to_server(BusyPool(workers), server)
    add_KeyServiceServicer_to_server(OpenDoor(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
