"""Reading what a client sends."""

import asyncio

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from hotseat_edge.connection import SLOWEST_BYTES_S
from hotseat_edge.openai.errors import ApiError, invalid

_MOST_DIGITS = 10  # of a number in a query


async def read_json(request: web.Request, timeout_s: float) -> bytes:
    """The body of a request that says it is JSON; a web page cannot say so without asking first."""
    if request.content_type != "application/json":
        message = "Content-Type must be application/json"
        raise ApiError(message, status=415, code="unsupported_media_type", param="Content-Type")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        message = "Content-Encoding is not supported; send the body as it is"
        raise ApiError(message, status=415, code="unsupported_media_type", param="Content-Encoding")
    if request.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
        message = "chunked is the only Transfer-Encoding that is supported"
        raise ApiError(message, status=415, code="unsupported_media_type", param="Transfer-Encoding")
    if (request.content_length or 0) > request.client_max_size:
        raise _too_large(request.client_max_size)
    try:
        return await _read(request, timeout_s)
    except TimeoutError:
        raise ApiError("The body came too slowly.", status=408, code="request_timeout") from None
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise ApiError("The body ended early or is badly framed.", code="bad_request") from error


async def _read(request: web.Request, timeout_s: float) -> bytes:
    if request.content.is_eof():  # it came with the head, as a rule: nothing to wait for
        return _bounded(request.content.read_nowait(), request.client_max_size)
    loop = asyncio.get_running_loop()
    began, size, parts = loop.time(), 0, []
    async with asyncio.timeout(timeout_s) as deadline:
        while part := await request.content.readany():
            parts.append(part)
            size += len(part)
            if size > request.client_max_size:
                raise _too_large(request.client_max_size)
            if not request.content.is_eof():
                deadline.reschedule(began + timeout_s + size / SLOWEST_BYTES_S)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _bounded(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> ApiError:
    return ApiError(f"The body may have {limit} bytes at most.", status=413, code="request_too_large")


def flag(request: web.Request, name: str, *, default: bool = False) -> bool:
    """A query parameter that is true or false."""
    given = request.query.get(name, str(default)).lower()
    if given not in ("true", "false", "1", "0", ""):
        raise invalid(name, f"{name} must be true or false")
    return given in ("true", "1", "")


def whole_number(request: web.Request, name: str, default: int, most: int) -> int:
    """A query parameter that is a number from 1 to `most`."""
    given = request.query.get(name, str(default))
    if not (given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS and 1 <= int(given) <= most):
        raise invalid(name, f"{name} must be a number from 1 to {most}")
    return int(given)
