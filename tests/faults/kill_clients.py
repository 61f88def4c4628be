"""Clients that talk while things die: each by another way, and each writes down what it saw."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
from hotseat import Client, HotseatError, Talk, pb

from tests.e2e.house import House, assistant, new_id, tag, user
from tests.faults.kill_history import Attempt, Dialogue

TURNS = 8  # of a conversation; then another one begins
ASK_S = 40.0  # every request has an end long before
PAUSE_S = 0.2  # before asking again
WORDS = 12


class TroubleError(Exception):
    """There was no answer; the text says why."""


class Talker:
    """Asks, and asks again where there was no answer, until it is told to stop."""

    def __init__(self, house: House, dialogues: list[Dialogue]) -> None:
        self.house = house
        self.answered = 0
        self._dialogues = dialogues
        self._numbers = itertools.count(1)

    async def talk(self, stop: asyncio.Event) -> None:
        """Have conversations; the last question of each is answered, so that all before it are heard once more."""
        while not stop.is_set():
            dialogue = Dialogue(self.name())
            self._dialogues.append(dialogue)
            async with self.conversation(dialogue.conversation) as ask:
                done = 0
                while done < TURNS and not (stop.is_set() and dialogue.attempts[-1:] and done):
                    done += await self._attempt(ask, dialogue)
                while not await self._attempt(ask, dialogue):
                    pass

    async def _attempt(self, ask: Any, dialogue: Dialogue) -> bool:
        attempt = self.attempt(dialogue)
        dialogue.attempts.append(attempt)
        try:
            async with asyncio.timeout(ASK_S):
                attempt.answer = await ask(attempt)
        except TroubleError as exc:
            attempt.trouble = str(exc)
            await asyncio.sleep(PAUSE_S)
            return False
        self.answered += 1
        return True

    # ---- how this one does it

    def name(self) -> str:
        """A new conversation's id."""
        return new_id()

    def attempt(self, dialogue: Dialogue) -> Attempt:
        """What to ask next."""
        mark = tag()
        words = [f"w{number}" for number in range(WORDS)]
        return Attempt(
            mark, f"{self.orders(mark)}[[delay 10]] [[tokens {WORDS}]] [[say {mark}]]", " ".join([*words, mark])
        )

    def orders(self, mark: str) -> str:
        """What the model has to do before it answers."""
        return ""

    @asynccontextmanager
    async def conversation(self, conversation: str) -> AsyncIterator[Any]:
        """A way to ask in a conversation: it returns the whole answer, or raises TroubleError."""
        raise NotImplementedError
        yield


class OverHttp(Talker):
    """One message at a time, by the conversation's name; streamed and whole in turn."""

    model = "claude"

    @asynccontextmanager
    async def conversation(self, conversation: str) -> AsyncIterator[Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=ASK_S) as http:

            async def ask(attempt: Attempt) -> str:
                body = {"model": f"{self.model}:{conversation}", "messages": [user(attempt.text)]}
                return await self.post(http, body)

            yield ask

    async def post(self, http: httpx.AsyncClient, body: dict[str, Any]) -> str:
        """The whole answer of one request."""
        url = f"{self.house.edge.address}/v1/chat/completions"
        try:
            if next(self._numbers) % 2:
                return await _streamed(http, url, body)
            response = await http.post(url, json=body)
            if response.status_code != 200:
                raise TroubleError(f"{response.status_code} {response.json()['error']['code']}")
            content: str = response.json()["choices"][0]["message"]["content"]
        except httpx.TransportError as exc:
            raise TroubleError(type(exc).__name__) from exc
        return content


class Agent(OverHttp):
    """The same with a tool, whose process is there to be left behind."""

    model = "claude-code"

    def orders(self, mark: str) -> str:
        return f'[[call Bash {{"command": "sleep 0.15; echo {mark[1:]}"}}]] [[then]] '


class Stateless(OverHttp):
    """A stock client: its whole history each time, and no id."""

    def name(self) -> str:
        return ""

    def attempt(self, dialogue: Dialogue) -> Attempt:
        made = super().attempt(dialogue)
        answered = [attempt for attempt in dialogue.attempts if attempt.answer is not None]
        last = answered[-1] if answered else None
        if last is not None and last.history is not None:
            made.history = (*last.history, ("user", last.text), ("assistant", last.answer or ""))
        else:
            made.history = ()
        return made

    @asynccontextmanager
    async def conversation(self, conversation: str) -> AsyncIterator[Any]:
        async with httpx.AsyncClient(trust_env=False, timeout=ASK_S) as http:

            async def ask(attempt: Attempt) -> str:
                history = [user(text) if role == "user" else assistant(text) for role, text in attempt.history or ()]
                return await self.post(http, {"model": self.model, "messages": [*history, user(attempt.text)]})

            yield ask


class OverGrpc(Talker):
    """Turn by turn on one stream, opened anew when it breaks."""

    @asynccontextmanager
    async def conversation(self, conversation: str) -> AsyncIterator[Any]:
        opening = pb.OpenConversation(conversation_id=conversation, settings=pb.ConversationSettings(profile="claude"))
        async with AsyncExitStack() as stack:
            talk: Talk | None = None

            async def ask(attempt: Attempt) -> str:
                nonlocal talk
                try:
                    if talk is None:
                        # A new channel: an old one waits longer and longer before it connects again.
                        client = await stack.enter_async_context(Client(self.house.core.address))
                        talk = await stack.enter_async_context(client.converse(opening))
                    return await _completed(talk, attempt.text)
                except (HotseatError, TroubleError) as exc:
                    talk = None
                    await stack.aclose()
                    raise TroubleError(str(exc)) from exc

            yield ask


async def _completed(talk: Talk, text: str) -> str:
    async for event in talk.ask(text):
        if event.HasField("turn_completed"):
            done = event.turn_completed
            if done.outcome == pb.TurnCompleted.OUTCOME_SUCCEEDED:
                return done.text
            raise TroubleError(f"{pb.TurnCompleted.Outcome.Name(done.outcome)} {done.error.message}")
    raise TroubleError("the stream ended")


async def _streamed(http: httpx.AsyncClient, url: str, body: dict[str, Any]) -> str:
    said, is_done = "", False
    async with http.stream("POST", url, json={**body, "stream": True}) as response:
        if response.status_code != 200:
            raise TroubleError(f"{response.status_code} {json.loads(await response.aread())['error']['code']}")
        async for line in response.aiter_lines():
            if line == "data: [DONE]":
                is_done = True
            elif line.startswith("data: "):
                chunk = json.loads(line.removeprefix("data: "))
                if "error" in chunk:
                    raise TroubleError(f"in the stream: {chunk['error']['code']}")
                said += "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
    if not is_done:
        raise TroubleError("the stream ended without [DONE]")
    return said


WAYS: tuple[type[Talker], ...] = (OverHttp, OverGrpc, Stateless, Agent, OverGrpc)
