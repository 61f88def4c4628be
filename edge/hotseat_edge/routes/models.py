"""GET /v1/models and /v1/models/{id}."""

from typing import Any

from aiohttp import web

from hotseat_edge.core_client import Core
from hotseat_edge.openai import names

_CREATED = 1735689600  # the field is required; a model behind a profile has no date of its own


class Models:
    """Lists what a request may put into `model`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def index(self, _: web.Request) -> web.Response:
        """Every profile, and every model that one is known to take."""
        return web.json_response({"object": "list", "data": [_model(name) for name in await self._names()]})

    async def show(self, request: web.Request) -> web.Response:
        """One of them, with or without a conversation behind its name."""
        asked_for = request.match_info["id"]
        base = names.parse_model(asked_for).base
        if base not in await self._names():
            raise names.model_not_found(asked_for)
        return web.json_response(_model(base))

    async def _names(self) -> list[str]:
        found: list[str] = []
        for profile in await self._core.profiles():
            found += [profile.name, *(f"{profile.name}/{model}" for model in profile.models)]
        return found


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "hotseat"}
