"""Hotseat as its clients see it: over HTTP and over gRPC."""

import asyncio
import json
import time
import uuid
from typing import Any

import aiohttp
from hotseat import Client, Talk, pb

_TURN_S = 60.0
MODEL = "claude"  # the bare profile: what the bare CLI runs


class OverHttp:
    """The edge, through one client session with its connection kept alive."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def first_token(self, text: str, conversation_id: str) -> float:
        """Seconds from the request to the first content, the stream read to its end."""
        body: dict[str, Any] = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": text}]}
        headers = {"X-Conversation-ID": conversation_id}
        first = 0.0
        begun = time.perf_counter()
        async with (
            asyncio.timeout(_TURN_S),
            self._session.post(f"{self._url}/v1/chat/completions", json=body, headers=headers) as answer,
        ):
            if answer.status != 200:
                raise RuntimeError(f"the edge answered {answer.status}: {await answer.text()}")
            async for line in answer.content:
                if not first and line.startswith(b"data: {") and _content(line):
                    first = time.perf_counter() - begun
        if not first:
            raise RuntimeError("the edge's answer has no content")
        return first

    async def evict(self, conversation_id: str) -> None:
        """Free the conversation's worker."""
        async with self._session.delete(f"{self._url}/conversations/{conversation_id}") as answer:
            answer.raise_for_status()


def _content(line: bytes) -> bool:
    chunk = json.loads(line.removeprefix(b"data: "))
    if "error" in chunk:
        raise RuntimeError(f"the turn failed: {chunk['error']}")
    return any(choice["delta"].get("content") for choice in chunk["choices"])


async def first_token_on(talk: Talk, text: str) -> float:
    """Seconds from an input on an open stream to its first text, the turn read to its end."""
    first = 0.0
    begun = time.perf_counter()
    async with asyncio.timeout(_TURN_S):
        async for event in talk.ask(text):
            if not first and event.HasField("text_delta"):
                first = time.perf_counter() - begun
            if event.HasField("turn_completed") and event.turn_completed.HasField("error"):
                raise RuntimeError(f"the turn failed: {event.turn_completed.error.message}")
    return first


async def new_conversation(client: Client, text: str) -> float:
    """Seconds from opening a new conversation to its first text; its worker is freed afterwards."""
    conversation_id = f"bench-{uuid.uuid4()}"
    begun = time.perf_counter()
    async with client.converse(opening(conversation_id)) as talk:
        opened = time.perf_counter() - begun
        seconds = opened + await first_token_on(talk, text)
    await client.evict_conversation(conversation_id, force=True)
    return seconds


def opening(conversation_id: str) -> pb.OpenConversation:
    """Opens a conversation with the profile that the bench compares."""
    return pb.OpenConversation(conversation_id=conversation_id, settings=pb.ConversationSettings(profile=MODEL))


async def until_spare(client: Client) -> None:
    """Wait for a parked spare and nothing else in motion."""
    async with asyncio.timeout(_TURN_S):
        while not _at_rest((await client.get_pool()).stats):  # noqa: ASYNC110 - the pool is another process
            await asyncio.sleep(0.05)


def _at_rest(stats: pb.PoolStats) -> bool:
    return stats.warm_workers > 0 and stats.starting_workers == stats.stopping_workers == stats.running_workers == 0
