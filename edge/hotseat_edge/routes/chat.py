"""POST /v1/chat/completions and /v1/completions."""

import time
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Protocol

import msgspec
from aiohttp import web
from hotseat import pb

from hotseat_edge.core_client import Core
from hotseat_edge.metrics import Metrics
from hotseat_edge.middleware import HEADERS
from hotseat_edge.openai import asking, completions, idempotency, names, request, schema, stored
from hotseat_edge.openai.completions import TextCollector, TextWriter
from hotseat_edge.openai.stream import Answer, ChunkWriter, Collector, error_event
from hotseat_edge.routes.answering import Answering
from hotseat_edge.routes.body import read_json
from hotseat_edge.settings import Settings


class _Gatherer(Protocol):
    def take(self, event: pb.ConverseResponse) -> None: ...

    def completion(self, completed: pb.TurnCompleted) -> bytes: ...


class _Form(msgspec.Struct, frozen=True):
    """What an API makes of answers."""

    prefix: str  # of their ids
    chunk: str  # what it calls a piece of one
    stream: Callable[..., asking.Writer]
    whole: Callable[..., _Gatherer]


_CHAT = _Form("chatcmpl", "chat.completion.chunk", ChunkWriter, Collector)


class _Turn(msgspec.Struct, frozen=True):
    """One request, ready to run."""

    chat: schema.ChatRequest
    asked: request.Asked
    profile: pb.Profile
    answer: Answer
    form: _Form

    def named(self) -> Answer:
        """The answer with its name, which is known once the turn is asked for."""
        name = stored.answer_id(self.form.prefix, self.asked.input.request_id)
        return msgspec.structs.replace(self.answer, id=name)


class Chat:
    """Answers chat requests, and prompts as their early form."""

    def __init__(self, core: Core, settings: Settings, metrics: Metrics) -> None:
        self._core = core
        self._settings = settings
        self._answering = Answering(settings, metrics)

    async def create(self, http: web.Request) -> web.StreamResponse:
        """Answer one chat request, streamed or whole."""
        body = await read_json(http, self._settings.body_timeout_s)
        return await self._serve(http, body, schema.parse(body), _CHAT)

    async def complete(self, http: web.Request) -> web.StreamResponse:
        """Answer one prompt, streamed or whole."""
        body = await read_json(http, self._settings.body_timeout_s)
        asked = completions.parse(body)
        writer, collector = partial(TextWriter, echo=asked.echo), partial(TextCollector, echo=asked.echo)
        form = _Form("cmpl", "text_completion", writer, collector)
        return await self._serve(http, body, asked.chat, form)

    async def _serve(self, http: web.Request, body: bytes, chat: schema.ChatRequest, form: _Form) -> web.StreamResponse:
        header = http.headers.get(names.CONVERSATION_HEADER)
        model = names.parse_model(chat.model)
        conversation_id = names.conversation_id(header, model.conversation)
        identity = idempotency.identify(http.headers, http.path, conversation_id, body)
        finishes = idempotency.finishes(http.headers)
        asked = request.build(chat, model, conversation_id, identity, finishes=finishes)
        if (policy := asking.policy(http.headers, stream=bool(chat.stream))) is not None:
            asked.opening.settings.permission_policy.CopyFrom(policy)
        http[HEADERS].update(ignored_headers(chat.ignored, asked))
        if conversation_id:
            http[HEADERS][names.CONVERSATION_HEADER] = conversation_id
        profile = await self._core.profile(model.profile, chat.model)
        answer = Answer(
            id="",  # until the turn has one
            created=int(time.time()),
            model=chat.model,
            is_json=bool(asked.input.options.output_schema_json),
            activity=self._settings.activity,
        )
        turn = _Turn(chat, asked, profile, answer, form)
        if chat.store and form is _CHAT:
            asked.input.note.CopyFrom(_note(turn))
        return await (self._stream(http, turn) if chat.stream else self._whole(http, turn))

    async def _whole(self, http: web.Request, turn: _Turn) -> web.StreamResponse:
        collector: _Gatherer | None = None

        def body(event: pb.ConverseResponse) -> bytes | None:
            nonlocal collector
            collector = collector or turn.form.whole(turn.named())
            collector.take(event)
            return collector.completion(event.turn_completed) if event.HasField("turn_completed") else None

        return await self._answering.whole(http, self._run(http, turn), body)

    async def _stream(self, http: web.Request, turn: _Turn) -> web.StreamResponse:
        writer: asking.Writer | None = None

        def write(event: pb.ConverseResponse) -> bytes:
            nonlocal writer
            writer = writer or _writer(turn)
            return writer.write(event)

        return await self._answering.streamed(http, self._run(http, turn), write, error_event)

    def _run(self, http: web.Request, turn: _Turn) -> AsyncGenerator[pb.ConverseResponse, None]:
        return self._core.run(turn.asked, turn.profile, http[HEADERS].__setitem__)


def _writer(turn: _Turn) -> asking.Writer:
    options, answer = turn.chat.stream_options, turn.named()
    writer = turn.form.stream(answer, include_usage=bool(options and options.include_usage))
    if not asking.asks(turn.asked.opening):
        return writer
    head = {"id": answer.id, "object": turn.form.chunk, "created": answer.created, "model": answer.model}
    return asking.AskingWriter(writer, head)


def _note(turn: _Turn) -> pb.TurnNote:
    """What is kept of a completion that its client wants to find again."""
    chat, opening = turn.chat, turn.asked.opening
    fields = ("temperature", "top_p", "tools", "tool_choice", "response_format", "parallel_tool_calls")
    echo = {name: msgspec.to_builtins(value) for name in fields if (value := getattr(chat, name)) is not None}
    kept = stored.Kept(
        answer=turn.answer,
        said_count=len(opening.history) + 1,
        system=opening.settings.system_prompt.text,
        echo=echo,
    )
    return stored.note(kept, chat.metadata)


def ignored_headers(ignored: list[str], asked: request.Asked) -> dict[str, str]:
    """The headers that name the parameters which had no effect, or another than asked for."""
    headers = {}
    if named := [name for name in ignored if name.isascii() and name.isprintable()]:
        headers["x-ignored-params"] = ", ".join(named)[:1024]
    if asked.adjusted:
        headers["x-adjusted-params"] = ", ".join(asked.adjusted)
    return headers
