"""What stands around every request: its id, its time, its log line, and errors as JSON."""

import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.web_protocol import RequestHandler

from hotseat_edge.metrics import Metrics
from hotseat_edge.openai.errors import INVALID_REQUEST, SERVER_ERROR, ApiError
from hotseat_edge.openai.names import sane_request_id

logger = logging.getLogger(__name__)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

REQUEST_ID = web.RequestKey("request_id", str)
STARTED = web.RequestKey("started", float)
HEADERS = web.RequestKey("headers", dict[str, str])  # what the response carries, whatever becomes of the request
ANSWERED = web.RequestKey("answered", int)  # the status of a response that is out, whole
SERVER = "hotseat"

_HTTP_CODES = {
    404: (
        "unknown_url",
        "Unknown request URL: {method} {path}. Check the path, and whether /v1 is missing or doubled.",
    ),
    405: ("method_not_allowed", "Not allowed: {method} {path}; see the Allow header."),
    413: ("request_too_large", "The body is larger than this server takes."),
    417: ("expectation_failed", "The only expectation that is met is 100-continue."),
}


def guarded(handle: Handler, metrics: Metrics) -> Handler:
    """The same handler, with an id and a log line for each request, all of them counted, and JSON for each error."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        started = request[STARTED] = time.monotonic()
        request[REQUEST_ID] = sane_request_id(request.headers.get("X-Request-ID")) or f"req_{uuid.uuid4().hex}"
        request[HEADERS] = {}
        try:
            with metrics.in_progress.track_inprogress():
                response = await _answer(handle, request)
            request[ANSWERED] = response.status
        finally:
            took_s, status = time.monotonic() - started, request.get(ANSWERED, 499)  # 499: the client hung up
            metrics.note_request(request, status, took_s)
            logger.info(
                "request",
                extra={
                    "method": request.method,
                    "path": request.rel_url.raw_path[:200],  # still encoded: no line of the client's making
                    "status": status,
                    "duration_ms": round(took_s * 1000, 1),
                    "request_id": request[REQUEST_ID],
                },
            )
        return response

    return answer


async def _answer(handle: Handler, request: web.BaseRequest) -> web.StreamResponse:
    try:
        return await handle(request)
    except ApiError as error:
        return error_response(error)
    except web.HTTPException as error:
        return error_response(_from_http(error, request))
    except ConnectionError:
        raise
    except Exception:
        logger.exception("request failed", extra={"request_id": request[REQUEST_ID]})
        if request.writer.output_size:  # too late for a status: cut the answer off rather than end it well
            raise ConnectionResetError("the answer had begun") from None
        message = f"The server failed; its log says more under {request[REQUEST_ID]}."
        return error_response(ApiError(message, status=500, kind=SERVER_ERROR, code="internal_error"))


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
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Server"] = SERVER
    response.headers.update(request[HEADERS])


class Connection(RequestHandler):
    """A connection whose parser answers what is no HTTP with JSON, and logs no traceback for it."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never reached a handler; the connection ends after it."""
        self.log_exception(exc_info=exc)
        if request.writer.output_size:
            raise ConnectionResetError("the answer had begun")
        code = "internal_error" if status >= 500 else "bad_request"
        if isinstance(exc, LineTooLong) or "too many headers" in (message or "").lower():
            status, code = 431, "header_too_large"
        text = "The server failed; its log says more." if status >= 500 else "This is not a valid HTTP/1.1 request."
        error = ApiError(text, status=status, kind=SERVER_ERROR if status >= 500 else INVALID_REQUEST, code=code)
        response = error_response(error)
        response.headers["x-request-id"] = f"req_{uuid.uuid4().hex}"
        response.headers["Server"] = SERVER
        response.force_close()
        return response

    def log_exception(self, *_: object, **fields: Any) -> None:
        """One line for a client's mistake, at a level that no stranger can flood the log with."""
        error = fields.get("exc_info")
        if isinstance(error, HttpProcessingError | web.RequestPayloadError | ConnectionError):
            logger.debug("bad request", extra={"reason": type(error).__name__})
        else:
            logger.error("request failed outside its handler", exc_info=error)


class JsonServer(web.Server):
    """aiohttp's low-level server with our connections."""

    def __call__(self) -> RequestHandler:
        """Make the protocol of a new connection."""
        return Connection(self, loop=self._loop, **self._kwargs)
