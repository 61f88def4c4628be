"""Hotseat as its clients see it: over HTTP and over gRPC."""

import asyncio
import json
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hotseat import Client, Talk, pb

_TURN_S = 60.0
MODEL = "claude"  # the bare profile: what the bare CLI runs


_CONTENT = re.compile(rb'"delta":\{"content":"[^"]')


class OverHttp:
    """The edge, over one connection that is kept alive, with as little client around it as the bare CLI has."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, api_key: str = "") -> None:
        self._shown = f"Authorization: Bearer {api_key}\r\n" if api_key else ""
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str, api_key: str = "") -> AsyncIterator["OverHttp"]:
        """Connect, and disconnect on the way out."""
        host, _, port = url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            yield cls(reader, writer, api_key)
        finally:
            writer.close()

    async def first_token(self, text: str, conversation_id: str) -> float:
        """Seconds from the request to the first content, the stream read to its end."""
        begun = time.perf_counter()
        body = json.dumps({"model": MODEL, "stream": True, "messages": [{"role": "user", "content": text}]}).encode()
        self._writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + f"{self._shown}X-Conversation-ID: {conversation_id}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        first, answer = 0.0, b""
        async with asyncio.timeout(_TURN_S):
            while not answer.endswith(b"\r\n0\r\n\r\n"):  # the last chunk
                piece = await self._reader.read(1 << 16)
                answer += piece
                if not first and _CONTENT.search(answer):
                    first = time.perf_counter() - begun
                if not piece or b'"error"' in piece:
                    raise RuntimeError(f"the edge answered: {answer.decode(errors='replace')[-500:]}")
        if not first:
            raise RuntimeError(f"the edge's answer has no content: {answer.decode(errors='replace')[:500]}")
        return first


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
