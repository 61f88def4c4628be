"""/admin/keys: keys listed, made and revoked, for the dashboard. The core decides who may."""

import time
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from hotseat import pb

from hotseat_edge.core_client import Core, as_problems
from hotseat_edge.openai.errors import invalid
from hotseat_edge.pool_told import told
from hotseat_edge.routes.body import read_json
from hotseat_edge.routes.own_pages import check_origin, check_steering
from hotseat_edge.settings import Settings

_SHOWN = 1000
_SCOPES = {"converse": pb.SCOPE_CONVERSE, "admin": pb.SCOPE_ADMIN}
_WHILE = 10 * 365 * 86_400  # seconds

_Count = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
_Tokens = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
_Dollars = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class _Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    requests_per_minute: _Count = 0
    concurrent_turns: _Count = 0
    tokens_per_day: _Tokens = 0
    usd_per_day: _Dollars = 0.0
    concurrent_calls: _Count = 0


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    tenant: str = ""
    scopes: Annotated[list[Literal["converse", "admin"]], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: ["converse"]
    )
    limits: _Limits = _Limits()
    expires_in_seconds: Annotated[float, msgspec.Meta(ge=1, le=_WHILE)] | None = None


class Keys:
    """Shows keys to operators, and lets them make and revoke some."""

    def __init__(self, core: Core, settings: Settings) -> None:
        self._client = core.client
        self._settings = settings

    async def index(self, request: web.Request) -> web.Response:
        """Every key that there is or was, with what it was used for today; never a secret."""
        check_origin(request)
        keys: list[pb.Key] = []
        token = ""
        with as_problems():
            while True:
                page = await self._client.list_keys(page_size=_SHOWN, page_token=token)
                keys += page.keys
                token = page.next_page_token
                if not token:
                    break
        return web.json_response({"keys": [_shown(key) for key in keys]})

    async def create(self, request: web.Request) -> web.Response:
        """Make a key; its `secret` is told here and never again."""
        check_steering(request)
        body = await read_json(request, self._settings.body_timeout_s)
        try:
            given = msgspec.json.decode(body, type=_Wanted)
        except msgspec.DecodeError as error:
            raise invalid("body", str(error)) from error
        wanted = pb.CreateKeyRequest(
            name=given.name,
            tenant=given.tenant,
            scopes=[_SCOPES[scope] for scope in given.scopes],
            limits=pb.KeyLimits(**msgspec.structs.asdict(given.limits)),
        )
        if given.expires_in_seconds is not None:
            wanted.expire_time.FromMicroseconds(round((time.time() + given.expires_in_seconds) * 1e6))
        with as_problems():
            made = await self._client.create_key(wanted)
        headers = {"Cache-Control": "no-store"}
        return web.json_response({"key": _shown(made.key), "secret": made.secret}, headers=headers)

    async def revoke(self, request: web.Request) -> web.Response:
        """Let a key open nothing any more, and end what it has open."""
        check_steering(request)
        with as_problems():
            key = await self._client.revoke_key(request.match_info["id"])
        return web.json_response({"key": _shown(key)})


def _shown(key: pb.Key) -> dict[str, Any]:
    scopes = [pb.Scope.Name(scope).removeprefix("SCOPE_").lower() for scope in key.scopes]
    return told(key) | {"scopes": scopes}
