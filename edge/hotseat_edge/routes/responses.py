"""POST /v1/responses."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec
from aiohttp import web
from hotseat import pb

from hotseat_edge.core_client import Core
from hotseat_edge.kept_turns import KeptTurns
from hotseat_edge.metrics import Metrics
from hotseat_edge.middleware import HEADERS
from hotseat_edge.openai import idempotency, names
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.openai.request import Asked
from hotseat_edge.responses import notes, request, schema
from hotseat_edge.responses.frame import Frame
from hotseat_edge.responses.ids import response_id
from hotseat_edge.responses.output import Collector
from hotseat_edge.responses.stream import ResponseWriter, finished
from hotseat_edge.routes.answering import Answering
from hotseat_edge.routes.body import read_json
from hotseat_edge.routes.chat import ignored_headers
from hotseat_edge.routes.references import References
from hotseat_edge.settings import Settings

# That a request in the background waits for its turn to begin once the core has it, so that refusals have a status.
_BEGINNING_S = 1.0
_AWAY = frozenset({"core_unavailable", "core_timeout"})  # what became of the turn is not known then


class _Turn(msgspec.Struct, frozen=True):
    """One request, ready to run."""

    wanted: schema.ResponseRequest
    asked: Asked
    profile: pb.Profile
    created_at: int

    @property
    def request_id(self) -> str:
        """What the turn is known by, once it has been asked for."""
        return self.asked.input.request_id

    def frame(self) -> Frame:
        """The response around the answer; its id is known once the turn is."""
        return Frame(
            id=response_id(self.request_id),
            created_at=self.created_at,
            model=self.wanted.model,
            conversation_id=self.wanted.conversation_id,
            echo=request.echo(self.wanted),
        )


class Responses:
    """Answers requests for responses."""

    def __init__(self, core: Core, settings: Settings, metrics: Metrics) -> None:
        self._core = core
        self._turns = KeptTurns(core.client)
        self._settings = settings
        self._answering = Answering(settings, metrics)

    async def create(self, http: web.Request) -> web.StreamResponse:
        """Answer one request, streamed or whole."""
        header = http.headers.get(names.CONVERSATION_HEADER)
        body = await read_json(http, self._settings.body_timeout_s)
        wanted = schema.parse(body)
        wanted.input = await References(self._turns).resolved(wanted.input)
        model = names.parse_model(wanted.model)
        named = names.conversation_id(header, model.conversation)
        conversation_id = names.same_conversation(named, wanted.conversation_id, "conversation")
        identity = idempotency.identify(http.headers, http.path, conversation_id, body)
        finishes = idempotency.finishes(http.headers)
        asked = request.build(wanted, model, conversation_id, identity, finishes=finishes)
        http[HEADERS].update(ignored_headers(wanted.ignored, asked))
        if conversation_id:
            http[HEADERS][names.CONVERSATION_HEADER] = conversation_id
        profile = await self._core.profile(model.profile, wanted.model)
        turn = _Turn(wanted, asked, profile, int(time.time()))
        if wanted.is_kept:
            kept = request.kept(wanted, turn.created_at, said_count=len(asked.opening.history) + 1)
            asked.input.note.CopyFrom(notes.note(kept, wanted.metadata))
        try:
            if wanted.stream:
                return await self._stream(http, turn)
            return await (self._background(http, turn) if wanted.background else self._whole(http, turn))
        except ApiError as error:
            if error.param == "previous_response_id" and error.status == 404:
                raise request.previous_not_found(wanted.previous_response_id or "") from error
            raise

    async def _background(self, http: web.Request, turn: _Turn) -> web.StreamResponse:
        """Answer once the turn has begun, or when the core has it for longer than a client needs to wait."""
        status, loop, waiting = "queued", asyncio.get_running_loop(), asyncio.timeout(None)

        def note(name: str, value: str) -> None:
            http[HEADERS][name] = value
            waiting.reschedule(loop.time() + _BEGINNING_S)  # the core has it

        try:
            async with waiting, aclosing(self._core.run(turn.asked, turn.profile, note)) as events:
                async for event in events:
                    if event.HasField("turn_completed"):
                        return web.json_response(_told(turn, event.turn_completed, Collector()))
                    status = "queued" if event.HasField("input_queued") else "in_progress"
                    break
        except TimeoutError:
            if not waiting.expired():
                raise
        return web.json_response(turn.frame().body(status, []))

    async def _whole(self, http: web.Request, turn: _Turn) -> web.StreamResponse:
        collector = Collector()

        def body(event: pb.ConverseResponse) -> bytes | None:
            collector.take(event)
            return _body(turn, event.turn_completed, collector) if event.HasField("turn_completed") else None

        return await self._answering.whole(http, self._run(http, turn), body)

    async def _stream(self, http: web.Request, turn: _Turn) -> web.StreamResponse:
        writer: ResponseWriter | None = None

        def write(event: pb.ConverseResponse) -> bytes:
            nonlocal writer
            writer = writer or _writer(turn)
            begun = writer.begin() if turn.wanted.background else b""
            return begun + writer.write(event)

        def ending(error: ApiError) -> bytes:
            return _ending(writer or _writer(turn), error)

        return await self._answering.streamed(http, self._run(http, turn), write, ending)

    def _run(self, http: web.Request, turn: _Turn) -> AsyncGenerator[pb.ConverseResponse, None]:
        return self._core.run(turn.asked, turn.profile, http[HEADERS].__setitem__)


def _writer(turn: _Turn) -> ResponseWriter:
    return ResponseWriter(turn.frame(), turn.request_id, summary=turn.wanted.wants_summary)


def _body(turn: _Turn, completed: pb.TurnCompleted, collector: Collector) -> bytes:
    return msgspec.json.encode(_told(turn, completed, collector))


def _told(turn: _Turn, completed: pb.TurnCompleted, collector: Collector) -> dict[str, Any]:
    pieces = collector.pieces(completed)
    return finished(turn.frame(), completed, pieces, turn.request_id, summary=turn.wanted.wants_summary)


def _ending(writer: ResponseWriter, error: ApiError) -> bytes:
    if error.code == "turn_interrupted":
        return writer.cancel()
    return writer.break_off(error) if error.code in _AWAY else writer.fail(error)
