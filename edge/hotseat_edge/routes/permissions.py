"""POST /conversations/{id}/permissions/{permission_id}."""

import re

from aiohttp import web
from hotseat import HotseatError, pb

from hotseat_edge.core_client import Core, as_problems
from hotseat_edge.openai.asking import decision
from hotseat_edge.openai.errors import invalid
from hotseat_edge.openai.names import check_conversation_id
from hotseat_edge.routes.body import read_json
from hotseat_edge.settings import Settings

_PERMISSION = re.compile(r"[!-~]{1,128}")


class Permissions:
    """Takes the answers to an agent's questions."""

    def __init__(self, core: Core, settings: Settings) -> None:
        self._client = core.client
        self._settings = settings

    async def decide(self, request: web.Request) -> web.Response:
        """Answer a running turn's question whether the agent may use a tool."""
        conversation_id = check_conversation_id(request.match_info["id"], "id")
        permission_id = request.match_info["permission_id"]
        if not _PERMISSION.fullmatch(permission_id):
            raise invalid("permission_id", "permission_id is the id of a permission_request")
        decided = decision(await read_json(request, self._settings.body_timeout_s))
        with as_problems():
            await self._decide(conversation_id, permission_id, decided)
        word = "allow" if isinstance(decided, pb.PermissionAllow) else "deny"
        return web.json_response({"id": permission_id, "object": "permission.decided", "decision": word})

    async def _decide(
        self, conversation_id: str, permission_id: str, decided: pb.PermissionAllow | pb.PermissionDeny
    ) -> None:
        opening = pb.OpenConversation(conversation_id=conversation_id, disposition=pb.OpenConversation.DISPOSITION_OPEN)
        async with self._client.converse(opening) as talk:
            await talk.decide(permission_id, decided)
            await talk.done_writing()  # the core ends the stream once it has said whether it has taken the answer
            async for event in talk.events():
                if event.HasField("input_rejected") and event.input_rejected.id == permission_id:
                    raise HotseatError.from_error(event.input_rejected.error)
