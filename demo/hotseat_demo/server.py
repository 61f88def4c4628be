"""The demo model as a server on loopback, and in-process as the double in tests."""

import asyncio
import ipaddress
import json
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec
from aiohttp import web

from hotseat_demo.answer import Answer, Ids, error_response, send
from hotseat_demo.queued import as_reply
from hotseat_demo.record import Log, Recorded, credential, kept_headers
from hotseat_demo.replies import Replies
from hotseat_demo.reply import Reply, ToolUse
from hotseat_demo.seen import Seen, see
from hotseat_demo.sidecalls import side_call
from hotseat_demo.stream import speak, usage
from hotseat_demo.surface import surface
from hotseat_demo.tokens import estimate

_Response = TypeVar("_Response", bound=web.StreamResponse | None)
_MODELS = ("claude-opus-5-5", "claude-sonnet-5", "claude-haiku-4-5")  # any other name is answered too
_LARGEST_BODY = 64 * 2**20


class NotLoopback(ValueError):
    """The demo model was asked to listen where others could reach it."""


class DemoModel:
    """A scripted Messages API: `async with DemoModel() as demo:` serves it at `demo.url`."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._host, self._port = _loopback(host), port
        self._started = time.monotonic()
        self._ids = Ids(secrets.token_hex(3))
        self._changed = asyncio.Event()  # set and replaced at every change
        self._runner: web.AppRunner | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the requests, the queued replies and the counted attempts."""
        self._log = Log()
        self._arrived = self._main_count = 0
        self._replies = Replies()

    # -- serving

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(
            self._app(), handler_cancellation=True, access_log=None, shutdown_timeout=0.2, handle_signals=False
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            async with asyncio.timeout(5):
                await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it listens: the value for ANTHROPIC_BASE_URL."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.add_routes(surface(self))
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_post("/v1/messages/count_tokens", self._count_tokens)
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/v1/models/{id}", self._model)
        app.router.add_route("*", "/{path:.*}", self._unknown)
        return app

    # -- for tests

    @property
    def requests(self) -> list[Recorded]:
        """What was asked, newest last."""
        return list(self._log)

    @property
    def main_requests(self) -> list[Recorded]:
        """The conversations' own requests: those that stream and are no side call of the client's."""
        return [recorded for recorded in self._log if recorded.main]

    def queue(self, *replies: Reply | Mapping[str, Any] | str) -> None:
        """Answer the next requests (not side calls) with these, in order, before any directive or rule."""
        self._replies.queue([as_reply(reply) for reply in replies])

    @property
    def main_count(self) -> int:
        """How many main requests have arrived since the start or the last reset."""
        return self._main_count

    @property
    def queued(self) -> int:
        """How many queued replies are left."""
        return len(self._replies)

    async def wait_for_request(self, number: int = 1, *, timeout: float = 10) -> Recorded:
        """The number-th main request since the start or the last reset, as soon as it has arrived."""
        await self.wait_until(lambda: self._main_count >= number, timeout=timeout)
        found = next((recorded for recorded in self._log if recorded.main_number == number), None)
        if found is None:
            raise LookupError(f"main request {number} is no longer in the log: it keeps the latest only")
        return found

    async def wait_until(self, condition: Callable[[], bool], *, timeout: float = 10) -> None:
        """Return once the condition holds; it is looked at whenever anything happens here."""
        async with asyncio.timeout(timeout):
            while not condition():
                await self._changed.wait()

    # -- answering

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        recorded, request_id = await self._record(request), self._ids.new("req")
        if complaint := _complaint(recorded.body):
            recorded.status = 400
            return self._ended(recorded, error_response(400, complaint, request_id))
        seen = see(recorded.body or {})
        aside = side_call(seen)
        recorded.main = seen.stream and aside is None
        if recorded.main:
            self._main_count += 1
            recorded.main_number = self._main_count
        self._notify()
        reply = aside or self._replies.next(seen)
        try:
            response = await send(
                request, self._answer(reply, seen, request_id), recorded, partial(self._progress, recorded)
            )
            return self._ended(recorded, response)
        except ConnectionError:
            self._left(request, recorded)
            return web.Response(status=499)  # never sent: nobody is there, and that is no error of ours to log
        except asyncio.CancelledError:
            self._left(request, recorded)
            raise

    def _left(self, request: web.Request, recorded: Recorded) -> None:
        recorded.client_gone = request.transport is None or request.transport.is_closing()
        recorded.client_gone_at = self._now() if recorded.client_gone else None
        self._ended(recorded, None)

    def _answer(self, reply: Reply, seen: Seen, request_id: str) -> Answer:
        named = [
            msgspec.structs.replace(b, id=b.id or self._ids.new("toolu")) if isinstance(b, ToolUse) else b
            for b in reply.blocks
        ]
        reply = msgspec.structs.replace(reply, blocks=tuple(named))
        spoken = speak(reply, max_tokens=seen.max_tokens, stop_sequences=seen.stop_sequences)
        return Answer(
            reply=reply,
            spoken=spoken,
            request_id=request_id,
            message_id=self._ids.new("msg"),
            model=seen.model,
            usage=usage(reply, estimate(seen), spoken.output_tokens),
            stream=seen.stream,
        )

    async def _count_tokens(self, request: web.Request) -> web.Response:
        recorded, request_id = await self._record(request), self._ids.new("req")
        if not isinstance((recorded.body or {}).get("messages"), list):
            recorded.status = 400
            return self._ended(recorded, error_response(400, "messages: Field required", request_id))
        recorded.status = 200
        body = {"input_tokens": estimate(see(recorded.body or {}))}
        return self._ended(recorded, web.json_response(body, headers={"request-id": request_id}))

    async def _models(self, request: web.Request) -> web.Response:
        recorded = await self._record(request)
        recorded.status = 200
        models = [_model(name) for name in _MODELS]
        body = {"data": models, "has_more": False, "first_id": _MODELS[0], "last_id": _MODELS[-1]}
        return self._ended(recorded, web.json_response(body))

    async def _model(self, request: web.Request) -> web.Response:
        recorded = await self._record(request)
        recorded.status = 200
        return self._ended(recorded, web.json_response(_model(request.match_info["id"])))

    async def _unknown(self, request: web.Request) -> web.Response:
        recorded, request_id = await self._record(request), self._ids.new("req")
        recorded.status = 404
        text = f"the demo model has no {request.method} {request.path}"
        return self._ended(recorded, error_response(404, text, request_id))

    # -- recording

    async def _record(self, request: web.Request) -> Recorded:
        at, raw = self._now(), await request.read()
        self._arrived += 1
        recorded = Recorded(
            number=self._arrived,
            method=request.method,
            path=request.path_qs,
            at=at,
            body=_json_object(raw),
            size=len(raw),
            headers=kept_headers(request.headers),
            credential=credential(request.headers),
        )
        self._log.add(recorded)
        return recorded

    def _ended(self, recorded: Recorded, response: _Response) -> _Response:
        recorded.ended_at = self._now()
        self._notify()
        return response

    def _progress(self, recorded: Recorded) -> None:
        recorded.first_byte_at = recorded.first_byte_at or self._now()
        self._notify()

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _model(name: str) -> dict[str, str]:
    return {"type": "model", "id": name, "display_name": f"{name} (demo)", "created_at": "2026-01-01T00:00:00Z"}


def _json_object(raw: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _complaint(body: Mapping[str, Any] | None) -> str:
    """Why the API would refuse this body; empty if it would not."""
    if body is None:
        return "the request body is not a JSON object"
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        return "messages: at least one message is required"
    return next((f"{name}: Field required" for name in ("model", "max_tokens") if name not in body), "")


def _loopback(host: str) -> str:
    """The address to bind, or NotLoopback."""
    if host == "localhost":  # it may mean two addresses, which would get two ports
        return "127.0.0.1"
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopback(f"the demo model listens on loopback only, not on {host!r}: use 127.0.0.1 or ::1")
    return host
