"""/v1/conversations and their items, as OpenAI's SDKs know them."""

import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from aiohttp import web
from hotseat import Client, pb

from hotseat_edge.core_client import as_problems
from hotseat_edge.openai.errors import ApiError, invalid
from hotseat_edge.openai.fields import FieldTable, taken
from hotseat_edge.openai.messages import MAX_MESSAGES
from hotseat_edge.openai.names import check_conversation_id
from hotseat_edge.openai.schema import Metadata
from hotseat_edge.responses.input import read_items
from hotseat_edge.responses.told import items_of
from hotseat_edge.routes.body import read_json
from hotseat_edge.routes.pages import ItemPage, listed
from hotseat_edge.settings import Settings

_Items = Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=MAX_MESSAGES)]
CREATE = FieldTable({"metadata": taken(Metadata | None), "items": taken(list[dict[str, Any]] | None)})
UPDATE = FieldTable({"metadata": taken(Metadata | None)}, required=("metadata",))
ADD = FieldTable({"items": taken(_Items)}, required=("items",))
_PERMANENT = (
    "What was said can't be taken out of a conversation: the ids of all later items stand for it, too. To go on without"
    " it, send the previous_response_id of an earlier response in place of the conversation, or create a conversation"
    " with the items that shall stay."
)


class OpenAIConversations:
    """Makes conversations ahead of their first response, marks them, reads them and adds to them."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    async def create(self, http: web.Request) -> web.Response:
        """A conversation with a name of its own, in which so much was said."""
        values, _ = CREATE.read(await read_json(http, self._settings.body_timeout_s))
        opening = pb.OpenConversation(
            conversation_id=f"conv_{uuid.uuid4().hex}",
            settings=pb.ConversationSettings(metadata=values.get("metadata")),
            history=read_items(values.get("items") or [], "items", goes_on=False),
        )
        with as_problems():
            async with self._client.converse(opening) as talk:
                made = talk.ready.conversation
        return web.json_response(_conversation(made))

    async def show(self, http: web.Request) -> web.Response:
        """One of them, whichever way it was made."""
        with as_problems():
            return web.json_response(_conversation(await self._client.get_conversation(_id(http))))

    async def update(self, http: web.Request) -> web.Response:
        """Change its metadata."""
        values, _ = UPDATE.read(await read_json(http, self._settings.body_timeout_s))
        with as_problems():
            updated = await self._client.update_conversation(_id(http), metadata=values["metadata"] or {})
        return web.json_response(_conversation(updated))

    async def delete(self, http: web.Request) -> web.Response:
        """Delete it with all that was said in it; its turn ends if one runs."""
        with as_problems():
            await self._client.delete_conversation(_id(http))
        return web.json_response({"id": _id(http), "object": "conversation.deleted", "deleted": True})

    async def items(self, http: web.Request) -> web.Response:
        """A page of what was said in it, the latest item first, unless ?order=asc."""
        page = ItemPage.of(http)
        found: list[dict[str, Any]] = []
        is_beyond = not page.after
        async with aclosing(self._items(_id(http), latest_first=page.latest_first)) as items:
            async for item in items:
                if is_beyond:
                    found.append(item)
                is_beyond = is_beyond or item["id"] == page.after
                if len(found) > page.limit:
                    break
        if not is_beyond:
            raise invalid("after", "after must be the id of an item of this conversation")
        return web.json_response(listed(found[: page.limit], has_more=len(found) > page.limit))

    async def item(self, http: web.Request) -> web.Response:
        """One item."""
        name = http.match_info["item"]
        async with aclosing(self._items(_id(http), latest_first=True)) as items:
            async for item in items:
                if item["id"] == name:
                    return web.json_response(item)
        message = f"Item with id '{name[:100]}' not found in this conversation."
        raise ApiError(message, status=404, code="item_not_found", param="item_id")

    async def add(self, http: web.Request) -> web.Response:
        """Add items to what was said, without an answer of the model's."""
        values, _ = ADD.read(await read_json(http, self._settings.body_timeout_s))
        said = read_items(values["items"], "items", goes_on=True)
        with as_problems():
            await self._client.update_conversation(_id(http), messages=said)
            page = await self._client.list_messages(_id(http), page_size=len(said), latest_first=True)
        data = [item for message in reversed(page.messages) for item in _items_of(message)]
        return web.json_response(listed(data, has_more=False))

    async def remove(self, http: web.Request) -> web.Response:
        """Refuse, and say what to do instead."""
        message = f"Item '{http.match_info['item'][:100]}' stays. {_PERMANENT}"
        raise ApiError(message, code="items_are_permanent", param="item_id")

    async def _items(self, conversation_id: str, *, latest_first: bool) -> AsyncGenerator[dict[str, Any], None]:
        token = ""
        while True:
            with as_problems():
                page = await self._client.list_messages(
                    conversation_id, page_token=token, latest_first=latest_first, page_size=100
                )
            for message in page.messages:
                found = _items_of(message)
                for item in reversed(found) if latest_first else found:
                    yield item
            token = page.next_page_token
            if not token:
                return


def _id(http: web.Request) -> str:
    return check_conversation_id(http.match_info["id"], "conversation_id")


def _items_of(message: pb.ConversationMessage) -> list[dict[str, Any]]:
    return items_of(message, message.message_id[:32], 0)


def _conversation(found: pb.Conversation) -> dict[str, Any]:
    return {
        "id": found.conversation_id,
        "object": "conversation",
        "created_at": found.create_time.seconds,
        "metadata": dict(found.settings.metadata),
    }
