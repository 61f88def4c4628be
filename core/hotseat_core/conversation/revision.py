"""A change of a conversation between its turns, by no turn."""

from collections.abc import Sequence
from dataclasses import replace

from hotseat_core.conversation.calling import appended
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.history import Message
from hotseat_core.errors import ConversationBusy


async def revise(found: Conversation, metadata: dict[str, str] | None, said: Sequence[Message]) -> None:
    """Change what its client keeps with it, unless None, and add to what was said.

    Raises ConversationBusy where a turn runs or waits.
    """
    async with found.book.revising:
        if found.is_busy:
            raise ConversationBusy("a turn is running; wait for its end", retry_delay_s=1.0)
        settings = found.settings if metadata is None else replace(found.settings, metadata=metadata)
        messages = appended(found.messages, said)
        await found.book.move(messages, settings)
        found.settings, found.messages = settings, messages
