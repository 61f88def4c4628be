"""Carries a reply out on a connection: pauses, events, and the faults at their place."""

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from hotseat_demo.directives import error_type_of
from hotseat_demo.record import Recorded
from hotseat_demo.reply import Cut, Fault, Hang, HttpError, Reply, StreamError
from hotseat_demo.stream import Spoken, events, message

Progress = Callable[[], None]  # called after the headers and after each delta


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A reply ready to be sent."""

    reply: Reply
    spoken: Spoken
    request_id: str
    message_id: str
    model: str
    usage: dict[str, Any]
    stream: bool


class _HungUp(Exception):
    """The demo model dropped the connection, as asked."""


def error_body(error_type: str, message: str, request_id: str) -> dict[str, Any]:
    """An error in Anthropic's form."""
    return {"type": "error", "error": {"type": error_type, "message": message}, "request_id": request_id}


def error_response(
    status: int, message: str, request_id: str, *, error_type: str = "", retry_after: str | int = ""
) -> web.Response:
    """An HTTP error as the API sends it."""
    headers = {"request-id": request_id, **({"retry-after": str(retry_after)} if retry_after != "" else {})}
    body = error_body(error_type or error_type_of(status), message, request_id)
    return web.json_response(body, status=status, headers=headers)


async def send(request: web.Request, answer: Answer, recorded: Recorded, progress: Progress) -> web.StreamResponse:
    """Send the answer with its pauses and faults, and note in the record what went out."""
    if answer.reply.ttft_ms:
        await asyncio.sleep(answer.reply.ttft_ms / 1000)
    try:
        for fault in answer.reply.faults:
            if isinstance(fault, HttpError):
                return _http_error(fault, answer, recorded)
        if answer.stream:
            return await _Stream(request, answer, recorded, progress).run()
        return await _whole(request, answer, recorded)
    except _HungUp:
        return web.Response(status=500)  # never sent: the connection is gone


def _http_error(fault: HttpError, answer: Answer, recorded: Recorded) -> web.Response:
    recorded.fault, recorded.status = "error", fault.status
    text = fault.message or f"the demo model was asked for HTTP {fault.status}"
    return error_response(
        fault.status, text, answer.request_id, error_type=fault.error_type, retry_after=fault.retry_after
    )


async def _whole(request: web.Request, answer: Answer, recorded: Recorded) -> web.Response:
    """The whole message at once; what would befall a stream befalls it before its first byte."""
    for fault in answer.reply.faults:
        if isinstance(fault, StreamError):
            recorded.fault, recorded.status = "sse-error", 529 if fault.error_type == "overloaded_error" else 500
            return error_response(
                recorded.status,
                "the demo model was asked for this error",
                answer.request_id,
                error_type=fault.error_type,
            )
        await _suffer(fault, request, recorded)
    recorded.status, recorded.stop_reason = 200, answer.spoken.stop_reason
    body = message(answer.spoken, message_id=answer.message_id, model=answer.model, usage=answer.usage)
    return web.json_response(body, headers={"request-id": answer.request_id})


async def _suffer(fault: Fault, request: web.Request, recorded: Recorded) -> None:
    """Act out a hang or a cut."""
    if isinstance(fault, Hang):
        recorded.fault = "hang"
        await asyncio.sleep(fault.seconds)
    elif isinstance(fault, Cut):
        recorded.fault = "cut"
        if request.transport is not None:
            request.transport.abort()
        raise _HungUp


class _Stream:
    """One streamed answer on its way out."""

    def __init__(self, request: web.Request, answer: Answer, recorded: Recorded, progress: Progress) -> None:
        self._request, self._answer, self._recorded, self._progress = request, answer, recorded, progress
        self._faults = [fault for fault in answer.reply.faults if not isinstance(fault, HttpError)]
        headers = {"content-type": "text/event-stream", "cache-control": "no-cache", "request-id": answer.request_id}
        self._response = web.StreamResponse(headers=headers)

    async def run(self) -> web.StreamResponse:
        await self._befall(before_headers=True)
        self._recorded.status = 200
        await self._response.prepare(self._request)
        self._progress()
        if await self._events():
            self._recorded.stop_reason = self._answer.spoken.stop_reason
        await self._response.write_eof()
        return self._response

    async def _events(self) -> bool:
        """Write the events; whether they all went out."""
        answer = self._answer
        for event in events(answer.spoken, message_id=answer.message_id, model=answer.model, usage=answer.usage):
            if event["type"] == "content_block_delta" and not _is_signature(event):
                if await self._befall():
                    return False
                await self._pause()
                await self._write(event)
                self._recorded.deltas += 1
                self._progress()
            else:
                if event["type"] == "message_delta" and await self._befall(at_the_end=True):
                    return False
                await self._write(event)
        return True

    async def _pause(self) -> None:
        """Between deltas: as long as asked, and long enough for each delta to be a write of its own."""
        await asyncio.sleep(self._answer.reply.delay_ms / 1000 if self._recorded.deltas else 0)

    async def _befall(self, *, before_headers: bool = False, at_the_end: bool = False) -> bool:
        """Act out the faults whose place is here; whether the stream is over."""
        for fault in list(self._faults):
            here = fault.after == 0 if before_headers else at_the_end or fault.after <= self._recorded.deltas
            if not here or (before_headers and isinstance(fault, StreamError)):
                continue
            self._faults.remove(fault)
            if isinstance(fault, StreamError):
                self._recorded.fault = "sse-error"
                await self._write(error_body(fault.error_type, "asked for in mid-stream", self._answer.request_id))
                return True
            await _suffer(fault, self._request, self._recorded)
        return False

    async def _write(self, event: dict[str, Any]) -> None:
        data = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        await self._response.write(f"event: {event['type']}\ndata: {data}\n\n".encode())


def _is_signature(event: dict[str, Any]) -> bool:
    return bool(event["delta"]["type"] == "signature_delta")


class Ids:
    """Ids that never repeat: a mark of this demo model and a counter."""

    def __init__(self, mark: str) -> None:
        self._mark, self._next = mark, itertools.count(1)

    def new(self, prefix: str) -> str:
        """The next id with this prefix."""
        return f"{prefix}_demo{self._mark}{next(self._next):06d}"
