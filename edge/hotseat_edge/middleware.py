"""What stands around every request: its id, its time, its log line, and errors as JSON."""

import logging
import time
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion11, web
from hotseat_serving.tracing import Tracer

from hotseat_edge import request_trace
from hotseat_edge.connection import SAFE_HEADERS, SERVER, new_request_id
from hotseat_edge.gate import Gate, preflight
from hotseat_edge.metrics import REFUSED, Metrics, route_of
from hotseat_edge.openai.errors import SERVER_ERROR, ApiError
from hotseat_edge.openai.names import CONVERSATION_HEADER, sane_request_id
from hotseat_edge.story import Story, begin

logger = logging.getLogger(__name__)

REQUEST_ENDED = "request"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

REQUEST_ID = web.RequestKey("request_id", str)
STARTED = web.RequestKey("started", float)
HEADERS = web.RequestKey("headers", dict[str, str])  # what the response carries, whatever becomes of the request
ANSWERED = web.RequestKey("answered", int)  # the status of a response that is out, whole

_HTTP_CODES = {
    404: (
        "unknown_url",
        "Unknown request URL: {method} {path}. Check the path, and whether /v1 is missing or doubled.",
    ),
    405: ("method_not_allowed", "Not allowed: {method} {path}; see the Allow header."),
    413: ("request_too_large", "The body is larger than this server takes."),
    417: ("expectation_failed", "The only expectation that is met is 100-continue."),
}


def guarded(handle: Handler, gate: Gate, metrics: Metrics, tracer: Tracer | None = None) -> Handler:
    """The same handler behind a gate; each request has an id and a log line and is counted, and errors are JSON."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        started = request[STARTED] = time.monotonic()
        request[REQUEST_ID] = sane_request_id(request.headers.get("X-Request-ID")) or new_request_id()
        request[HEADERS] = {}
        story = begin()
        span = request_trace.begun(tracer, request, story)
        try:
            with metrics.in_progress.track_inprogress():
                response = await _turn_away(gate, request) or await _answer(handle, request)
            request[ANSWERED] = response.status
        finally:
            took_s, status = time.monotonic() - started, request.get(ANSWERED, 499)  # 499: the client hung up
            metrics.note_request(request, status, took_s)
            line = _line(request, story, status, took_s)
            logger.info(REQUEST_ENDED, extra=line)
            if span is not None:
                request_trace.end(span, line)
        return response

    return answer


def _line(request: web.BaseRequest, story: Story, status: int, took_s: float) -> dict[str, object]:
    """What the log says of a request: all of it in one line."""
    headers = request[HEADERS]
    return {
        "method": request.method,
        "path": request.rel_url.raw_path[:200],  # still encoded: no line of the client's making
        "route": route_of(request),
        "status": status,
        "duration_ms": round(took_s * 1000, 1),
        "request_id": request[REQUEST_ID],
        "conversation": headers.get(CONVERSATION_HEADER),
        "worker_source": headers.get("x-hotseat-worker"),
        **story.fields(),
    }


async def _turn_away(gate: Gate, request: web.BaseRequest) -> web.Response | None:
    """The answer to what may not come in, and to a browser that asks whether it may; None: it is in."""
    target_host = None if request.raw_path[:1] in ("/", "*") else request.host
    response: web.Response | None = None
    try:
        _check_line(request)
        allowed = gate.check(request.method, request.headers, target_host)
    except ApiError as error:
        response = error_response(error)
        response.force_close()  # what a page has sent beside is not even read
    else:
        request[HEADERS].update(allowed)
        granted = preflight(request.method, request.headers, allowed)
        if granted is not None:
            response = web.Response(status=204, headers=granted)
    if response is not None:
        request[REFUSED] = True
        await stamp(request, response)
    return response


def _check_line(request: web.BaseRequest) -> None:
    if request.version > HttpVersion11:
        message = "This server speaks HTTP/1.1."
        raise ApiError(message, status=505, code="http_version_not_supported")
    if request.method == "CONNECT":
        message = "Not allowed: CONNECT; this server is no proxy."
        raise ApiError(message, status=405, code="method_not_allowed", headers={"Allow": ""})


async def _answer(handle: Handler, request: web.BaseRequest) -> web.StreamResponse:
    try:
        return await handle(request)
    except ConnectionError:
        raise
    except ApiError as error:
        failure = error
    except web.HTTPException as error:
        failure = _from_http(error, request)
    except Exception:
        logger.exception("request failed", extra={"request_id": request[REQUEST_ID]})
        message = f"The server failed; its log says more under {request[REQUEST_ID]}."
        failure = ApiError(message, status=500, kind=SERVER_ERROR, code="internal_error")
    if request.writer.output_size:  # too late for a status: cut the answer off rather than end it well
        logger.warning("an answer was cut off", extra={"request_id": request[REQUEST_ID], "reason": failure.code})
        raise ConnectionResetError("the answer had begun")
    return error_response(failure)


def error_response(error: ApiError) -> web.Response:
    """The response that carries this error."""
    return web.Response(body=error.body(), status=error.status, headers=error.headers, content_type="application/json")


def _from_http(error: web.HTTPException, request: web.BaseRequest) -> ApiError:
    code, text = _HTTP_CODES.get(error.status, ("bad_request", error.reason))
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    message = text.format(method=request.method, path=request.path[:200])
    return ApiError(message, status=error.status, code=code, headers=headers)


async def stamp(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Put on what every response carries, just before its headers are sent."""
    response.headers["x-request-id"] = request[REQUEST_ID]
    response.headers["openai-processing-ms"] = str(int((time.monotonic() - request[STARTED]) * 1000))
    response.headers["Server"] = SERVER  # in place of aiohttp's, which tells versions
    for name, value in SAFE_HEADERS.items():
        response.headers.setdefault(name, value)  # a page of ours knows better what it may load
    response.headers.update(request[HEADERS])
