"""One question of a client's, over gRPC, and what came of it."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration
from hotseat import Client, Talk, pb
from hotseat.talk import user_input

from tests.properties.model import Exchange, History

ANSWER_S = 20.0

_ROLES = {"user": pb.HistoryMessage.ROLE_USER, "assistant": pb.HistoryMessage.ROLE_ASSISTANT}


@dataclass(frozen=True)
class Ask:
    """What a client says, to whom, and how long it listens."""

    prompt: str
    name: str = ""  # empty: it knows no id
    history: History = ()  # empty: what the conversation holds
    system: str | None = None  # None: as it is
    leaves: str = ""  # "interrupt" or "hang up": what it does once the turn has said something
    is_mute: bool = False  # the turn says nothing before that
    strike: Callable[[str], None] | None = None  # called with the conversation's id as soon as the turn has begun
    request_id: str = ""


@dataclass(frozen=True)
class Result:
    """What became of it."""

    ask: Ask
    conversation: str
    turn: int
    exchange: Exchange


def opening(ask: Ask) -> pb.OpenConversation:
    """What the stream begins with."""
    settings = pb.ConversationSettings(profile="claude")
    if ask.system is not None:
        settings.system_prompt.text = ask.system
        settings.system_prompt.mode = pb.SystemPrompt.MODE_REPLACE
    history = [
        pb.HistoryMessage(role=_ROLES[said.role], content=[pb.HistoryBlock(text=said.text)]) for said in ask.history
    ]
    opened = pb.OpenConversation(conversation_id=ask.name, settings=settings, history=history)
    if ask.leaves == "hang up":
        opened.detach_timeout.CopyFrom(Duration())
    return opened


async def carry_out(client: Client, ask: Ask) -> Result:
    """Ask, and return how the turn ended, also where the client left before."""
    request_id = ask.request_id or str(uuid.uuid4())
    async with asyncio.timeout(ANSWER_S):
        async with client.converse(opening(ask), first=user_input(ask.prompt, request_id=request_id)) as talk:
            conversation = talk.ready.conversation.conversation_id
            ended = await _listen(talk, ask, request_id, conversation)
        while ended is None:  # the client is gone; the turn ends by itself
            ended = await _ended(client, conversation, request_id)
    number, completed = ended
    outcome = pb.TurnCompleted.Outcome.Name(completed.outcome).removeprefix("OUTCOME_")
    return Result(ask, conversation, number, Exchange(request_id, outcome, completed.text))


async def _listen(talk: Talk, ask: Ask, request_id: str, conversation: str) -> tuple[int, pb.TurnCompleted] | None:
    async for event in talk.turn(request_id):
        if event.HasField("turn_completed"):
            return event.turn, event.turn_completed
        if event.HasField("turn_started") and ask.strike is not None:
            ask.strike(conversation)
        if event.HasField("turn_started" if ask.is_mute else "text_delta"):
            if ask.leaves == "hang up":
                return None
            if ask.leaves == "interrupt":
                await talk.interrupt(request_id=request_id)
    raise AssertionError("the turn has no end")


async def _ended(client: Client, conversation: str, request_id: str) -> tuple[int, pb.TurnCompleted] | None:
    found = await client.get_turn(conversation, request_id=request_id)
    if found.HasField("completed"):
        return found.turn, found.completed
    await asyncio.sleep(0.005)
    return None


async def say_again(client: Client, conversation: str, prompt: str, request_id: str) -> None:
    """Send an input that the conversation knows, as a client does that heard no answer, and listen to all of it."""
    opened = pb.OpenConversation(conversation_id=conversation, disposition=pb.OpenConversation.DISPOSITION_OPEN)
    async with asyncio.timeout(ANSWER_S), client.converse(opened) as talk:
        await talk.say(user_input(prompt, request_id=request_id))
        await talk.done_writing()
        async for _ in talk.events():
            pass
