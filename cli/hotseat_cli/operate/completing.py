"""What the shell offers where a conversation's id is wanted."""

import asyncio
from collections.abc import Mapping

from hotseat import HotseatError

from hotseat_cli import settings
from hotseat_cli.connecting import connected

_OFFERED = 200  # the latest used
_PATIENCE_S = 1.0  # nobody waits longer for a Tab


def conversation_ids(target: str | None, begun: str) -> list[str]:
    """The ids that begin so, the latest used first; none where no core answers."""
    try:
        values = settings.load({"HOTSEAT_CORE_TARGET": target}).values
        return asyncio.run(_fetch(values, begun))
    except (HotseatError, settings.SettingsError):  # a Tab has nowhere to say why
        return []


async def _fetch(values: Mapping[str, str], begun: str) -> list[str]:
    async with connected(values, call_timeout_s=_PATIENCE_S) as client:
        page = await client.list_conversations(page_size=_OFFERED)
    ids = [conversation.conversation_id for conversation in page.conversations]
    return [conversation_id for conversation_id in ids if conversation_id.startswith(begun)]
