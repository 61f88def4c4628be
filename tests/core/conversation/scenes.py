"""What the tests of conversations have in common."""

from hotseat_core.conversation.history import Message
from hotseat_core.conversation.terms import (
    ConversationSettings,
)
from hotseat_core.errors import (
    Reason,
)
from hotseat_core.events import (
    TextDelta,
    TurnCompleted,
)
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import PermissionMode, SessionSetup

from tests.core.conversation.conftest import Guest


def u(text: str) -> Message:
    return Message("user", (Row("user", ({"type": "text", "text": text},)),))


def a(text: str) -> Message:
    return Message("assistant", (Row("assistant", ({"type": "text", "text": text},)),))


def reason(completed: TurnCompleted) -> Reason:
    assert completed.failure is not None
    return completed.failure.reason


async def hanging(guest: Guest, text: str = "hang") -> str:
    """Say something that is being answered without end."""
    request_id = guest.say(text)
    await guest.first(TextDelta)
    return request_id


def asking(decision_timeout_s: float = 60.0) -> ConversationSettings:
    setup = SessionSetup(permission_mode=PermissionMode.ASK)
    return ConversationSettings("claude", setup, decision_timeout_s=decision_timeout_s)
