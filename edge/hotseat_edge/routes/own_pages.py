"""What only this server's own pages, and programs, may do."""

from aiohttp import web

from hotseat_edge.cookies import CSRF_HEADER
from hotseat_edge.openai.errors import ApiError


def check_steering(request: web.Request) -> None:
    """No page but our own may steer, and no form can: only a script of the same origin can send the header."""
    check_origin(request)
    if CSRF_HEADER not in request.headers:
        message = f"Send the header {CSRF_HEADER} (any value) with whatever changes the pool, keys or a session."
        raise ApiError(message, status=403, kind="permission_error", code="csrf_header_missing", param=CSRF_HEADER)


def check_origin(request: web.Request) -> None:
    """Origins that may converse (HOTSEAT_CORS_ORIGINS) may not administer."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        message = "The pool is administered from this server's own pages and from programs, not from other sites."
        raise ApiError(message, status=403, kind="permission_error", code="origin_not_allowed", param="Origin")
