"""POST /login, GET and DELETE /session: the pages log in, and out."""

import time
from typing import Annotated

import msgspec
from aiohttp import web
from hotseat import pb

from hotseat_edge.callers import Callers, showing
from hotseat_edge.cookies import halves, keeping, session_in
from hotseat_edge.core_client import Core, as_problems
from hotseat_edge.openai.errors import invalid
from hotseat_edge.routes.body import read_json
from hotseat_edge.routes.own_pages import check_steering
from hotseat_edge.settings import Settings


class _Login(msgspec.Struct, forbid_unknown_fields=True):
    code: Annotated[str, msgspec.Meta(max_length=256)] = ""  # of a login link; empty: the key that the request shows


class Session:
    """Begins, tells and ends the sessions of browsers."""

    def __init__(self, core: Core, callers: Callers, settings: Settings) -> None:
        self._client = core.client
        self._callers = callers
        self._settings = settings

    async def begin(self, request: web.Request) -> web.Response:
        """Log a page in: by the code of a login link, or as the key that the request shows."""
        check_steering(request)
        body = await read_json(request, self._settings.body_timeout_s)
        try:
            given = msgspec.json.decode(body, type=_Login)
        except msgspec.DecodeError as error:
            raise invalid("body", str(error)) from error
        with as_problems():
            made = await self._client.create_session(code=given.code)
        with showing(made.secret):
            caller = await self._callers.caller(fresh=True)
        cookie, half = halves(made.secret)
        lasts_s = max(1, round(made.expire_time.ToMicroseconds() / 1e6 - time.time()))
        headers = {"Set-Cookie": keeping(request.headers, cookie, lasts_s), "Cache-Control": "no-store"}
        told = _told(caller) | {"csrf": half, "expires_at": made.expire_time.seconds}
        return web.json_response(told, headers=headers)

    async def show(self, request: web.Request) -> web.Response:
        """Tell who is logged in, or whose key the request shows."""
        del request
        return web.json_response(_told(await self._callers.caller(fresh=True)), headers={"Cache-Control": "no-store"})

    async def end(self, request: web.Request) -> web.Response:
        """Log the page out."""
        check_steering(request)
        if secret := session_in(request.headers):
            with as_problems():
                await self._client.end_session(secret)
        headers = {"Set-Cookie": keeping(request.headers, "", 0), "Cache-Control": "no-store"}
        return web.json_response({"object": "session.ended"}, headers=headers)


def _told(caller: pb.GetCallerResponse) -> dict[str, object]:
    return {
        "object": "session",
        "needs_key": caller.auth_mode == pb.AUTH_MODE_KEYS,
        "tenant": caller.tenant,
        "scopes": [pb.Scope.Name(scope).removeprefix("SCOPE_").lower() for scope in caller.scopes],
        "key_name": caller.key_name,
    }
