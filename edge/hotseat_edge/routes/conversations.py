"""GET /conversations, GET and DELETE /conversations/{id}, POST /conversations/{id}/interrupt."""

from typing import Any

from aiohttp import web
from hotseat import pb

from hotseat_edge.core_client import Core, as_problems
from hotseat_edge.openai import told
from hotseat_edge.openai.errors import invalid
from hotseat_edge.openai.names import check_conversation_id
from hotseat_edge.routes.body import flag, whole_number

_DEFAULT_LIMIT = 50
_DEFAULT_MESSAGES = 100
_MOST = 1000
_RUNNING = (pb.Conversation.STATE_RUNNING, pb.Conversation.STATE_REQUIRES_ACTION)


class Conversations:
    """Keeps house among conversations."""

    def __init__(self, core: Core) -> None:
        self._client = core.client

    async def index(self, request: web.Request) -> web.Response:
        """One page, the latest used first; `next_after` of one page is `after` of the next."""
        limit = whole_number(request, "limit", _DEFAULT_LIMIT, _MOST)
        with as_problems():
            page = await self._client.list_conversations(page_size=limit, page_token=request.query.get("after", ""))
        data = [describe(conversation) for conversation in page.conversations]
        return web.json_response(_page(data, page.next_page_token))

    async def show(self, request: web.Request) -> web.Response:
        """One conversation with a page of what was said in it; with ?messages=false without."""
        conversation_id = _id(request)
        limit = whole_number(request, "limit", _DEFAULT_MESSAGES, _MOST)
        latest_first = _latest_first(request)
        with as_problems():
            conversation = await self._client.get_conversation(conversation_id)
            found = describe(conversation)
            found["system_prompt"] = conversation.settings.system_prompt.text or None
            if flag(request, "messages", default=True):
                page = await self._client.list_messages(
                    conversation_id,
                    page_size=limit,
                    page_token=request.query.get("after", ""),
                    latest_first=latest_first,
                )
                found["messages"] = _page(told.messages(page.messages), page.next_page_token)
        return web.json_response(found)

    async def interrupt(self, request: web.Request) -> web.Response:
        """Stop what the conversation runs, whoever asked for it; its process stays hot."""
        conversation_id = _id(request)
        opening = pb.OpenConversation(conversation_id=conversation_id, disposition=pb.OpenConversation.DISPOSITION_OPEN)
        with as_problems():
            async with self._client.converse(opening) as talk:
                runs = talk.ready.conversation.state in _RUNNING
                if runs:
                    await talk.interrupt()
        return web.json_response({"id": conversation_id, "object": "conversation.interrupted", "interrupted": runs})

    async def delete(self, request: web.Request) -> web.Response:
        """Take a conversation off its worker; with ?purge=true delete it for good."""
        conversation_id = _id(request)
        force, purge = flag(request, "force"), flag(request, "purge")
        with as_problems():
            if purge:
                worker = await self._client.delete_conversation(conversation_id, only_if_idle=not force)
            else:
                worker = await self._client.evict_conversation(conversation_id, force=force)
        kind = "conversation.deleted" if purge else "conversation.evicted"
        return web.json_response({"id": conversation_id, "object": kind, "deleted": purge, "evicted": bool(worker)})


def _id(request: web.Request) -> str:
    return check_conversation_id(request.match_info["id"], "id")


def _latest_first(request: web.Request) -> bool:
    given = request.query.get("order", "asc")
    if given not in ("asc", "desc"):
        raise invalid("order", "order must be asc or desc")
    return given == "desc"


def _page(data: list[dict[str, Any]], next_token: str) -> dict[str, Any]:
    """A page of an OpenAI list; `next_after` is `after` of the next one."""
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": bool(next_token),
        "next_after": next_token or None,
    }


def describe(conversation: pb.Conversation) -> dict[str, Any]:
    """A conversation in JSON: an OpenAI conversation object, and what we know beside it."""
    usage = conversation.usage
    return {
        "id": conversation.conversation_id,
        "object": "conversation",
        "created_at": conversation.create_time.seconds,
        "updated_at": conversation.update_time.seconds,
        "expires_at": conversation.expire_time.seconds if conversation.HasField("expire_time") else None,
        "metadata": dict(conversation.settings.metadata),
        "state": pb.Conversation.State.Name(conversation.state).removeprefix("STATE_").lower(),
        "profile": conversation.settings.profile,
        "model": conversation.settings.model or None,
        "worker_id": conversation.worker_id or None,
        "turn_count": conversation.turn_count,
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "cost_usd": usage.cost_usd,
        },
    }
