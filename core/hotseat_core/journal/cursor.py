"""Where a page of a list ended, as text for the client. No I/O."""

import base64
import binascii
import math

from hotseat_core.errors import InvalidMessage
from hotseat_core.journal.store import StoredConversation


def cursor_after(conversation: StoredConversation) -> str:
    """Return the cursor that goes on after the conversation."""
    position = f"{conversation.update_time!r}:{conversation.conversation_id}"
    return base64.urlsafe_b64encode(position.encode()).decode()


def position_of(cursor: str) -> tuple[float, str]:
    """Return update time and id of the last conversation before; empty: the beginning. Raises InvalidMessage."""
    if not cursor:
        return math.inf, ""
    try:
        time_text, _, conversation_id = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        update_time = float(time_text)
    except (ValueError, binascii.Error):
        raise InvalidMessage("page_token is none of ours", metadata={"field": "page_token"}) from None
    return update_time, conversation_id
