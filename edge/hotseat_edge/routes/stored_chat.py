"""GET /v1/chat/completions, GET, POST, DELETE /v1/chat/completions/{id}, GET .../messages: those that are kept."""

from aiohttp import web
from hotseat import Client, pb

from hotseat_edge.core_client import as_problems
from hotseat_edge.kept_turns import KeptTurns
from hotseat_edge.openai import stored
from hotseat_edge.openai.errors import ApiError, invalid
from hotseat_edge.openai.fields import FieldTable, taken
from hotseat_edge.openai.schema import Metadata
from hotseat_edge.routes.body import read_json
from hotseat_edge.routes.pages import ItemPage, listed
from hotseat_edge.settings import Settings

UPDATE = FieldTable({"metadata": taken(Metadata | None)}, required=("metadata",))


class StoredChat:
    """Keeps house among chat completions that were made with store."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._turns = KeptTurns(client)
        self._settings = settings

    async def index(self, http: web.Request) -> web.Response:
        """A page of them, the first one first unless ?order=desc; by ?model and ?metadata[name]=value."""
        page = ItemPage.of(http, latest_first=False)
        after = stored.request_of(page.after) if page.after else ""
        if after is None:
            raise invalid("after", "after must be the id of a stored chat completion")
        with as_problems():
            found = await self._client.list_noted_turns(
                stored.LABEL,
                model=http.query.get("model", ""),
                metadata=_wanted(http),
                page_size=page.limit,
                page_token=after,
                latest_first=page.latest_first,
            )
        data = [
            stored.completion(kept, turn.turn) for turn in found.turns if (kept := stored.read(turn.turn)) is not None
        ]
        return web.json_response(listed(data, has_more=bool(found.next_page_token)))

    async def show(self, http: web.Request) -> web.Response:
        """One of them."""
        found, kept = await self._find(http)
        return web.json_response(stored.completion(kept, found.turn))

    async def update(self, http: web.Request) -> web.Response:
        """Change its metadata."""
        values, _ = UPDATE.read(await read_json(http, self._settings.body_timeout_s))
        found, kept = await self._find(http)
        note = pb.TurnNote(label=found.turn.note.label, model=found.turn.note.model, body=found.turn.note.body)
        note.metadata.update(values["metadata"] or {})
        with as_problems():
            await self._client.update_turn_note(found.turn.request_id, note)
        found.turn.note.CopyFrom(note)
        return web.json_response(stored.completion(kept, found.turn))

    async def delete(self, http: web.Request) -> web.Response:
        """Forget it."""
        found, _ = await self._find(http)
        with as_problems():
            await self._client.update_turn_note(found.turn.request_id, None)
        return web.json_response({"object": "chat.completion.deleted", "id": http.match_info["id"], "deleted": True})

    async def messages(self, http: web.Request) -> web.Response:
        """A page of the messages that it answers, the first one first unless ?order=desc."""
        page = ItemPage.of(http, latest_first=False)
        found, kept = await self._find(http)
        said = await self._turns.said(found, kept.said_count)
        return web.json_response(page.cut(stored.messages(kept, said, http.match_info["id"])))

    async def _find(self, http: web.Request) -> tuple[pb.GetTurnResponse, stored.Kept]:
        name = http.match_info["id"]
        request_id = stored.request_of(name)
        found = await self._turns.find(request_id, stored.LABEL) if request_id is not None else None
        kept = stored.read(found.turn) if found is not None else None
        if found is None or kept is None:
            message = f"No stored chat completion found with ID '{name[:100]}'."
            raise ApiError(message, status=404, code="completion_not_found", param="completion_id")
        return found, kept


def _wanted(http: web.Request) -> dict[str, str]:
    """The metadata that a query asks for, as metadata[name]=value."""
    return {
        key[len("metadata[") : -1]: value
        for key, value in http.query.items()
        if key.startswith("metadata[") and key.endswith("]")
    }
