"""GET /v1/models and /v1/models/{id}."""

from typing import Any

from aiohttp import web
from hotseat import pb

from hotseat_edge.core_client import Core
from hotseat_edge.openai import names

_CREATED = 1735689600  # the field is required; a model behind a profile has no date of its own


class Models:
    """Lists what a request may put into `model`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def index(self, _: web.Request) -> web.Response:
        """Every profile, and every model that one is known to take."""
        return web.json_response({"object": "list", "data": [*(await self._listed()).values()]})

    async def show(self, request: web.Request) -> web.Response:
        """One of them, with or without a conversation behind its name."""
        asked_for = request.match_info["id"]
        found = (await self._listed()).get(names.parse_model(asked_for).base)
        if found is None:
            raise names.model_not_found(asked_for)
        return web.json_response(found)

    async def _listed(self) -> dict[str, dict[str, Any]]:
        return {
            name: _model(name, profile)
            for profile in await self._core.profiles()
            for name in (profile.name, *(f"{profile.name}/{model}" for model in profile.models))
        }


def _model(name: str, profile: pb.Profile) -> dict[str, Any]:
    limits = {"context_window": profile.context_window, "max_completion_tokens": profile.max_output_tokens}
    known = {limit: tokens for limit, tokens in limits.items() if tokens}
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "hotseat", **known}
