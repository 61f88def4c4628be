"""What a stream said of the conversation when it opened it, applied to what the conversation holds. No I/O."""

from hotseat_core.conversation.calling import appended
from hotseat_core.conversation.history import Message, common_length, reconcile
from hotseat_core.conversation.terms import Attachment, ConversationSettings, HistoryPolicy
from hotseat_core.errors import HistoryMismatch, SettingsMismatch


def check_settings(conversation_id: str, held: ConversationSettings, attachment: Attachment) -> None:
    """Raise SettingsMismatch where the stream wants what can't change."""
    if attachment.settings is None:
        return
    wanted = held.changed(attachment.settings, attachment.given & {"profile", "workspace"})
    if (wanted.profile, wanted.workspace) != (held.profile, held.workspace):
        raise SettingsMismatch(
            f"conversation {conversation_id} runs with profile {held.profile}; the profile and the workspace of a "
            "conversation can't change: open another one",
            metadata={"conversationId": conversation_id, "profile": held.profile},
        )


def introduced(
    conversation_id: str, settings: ConversationSettings, messages: tuple[Message, ...], attachment: Attachment
) -> tuple[ConversationSettings, tuple[Message, ...]]:
    """Return how the conversation goes on with this stream, and from what. Raises HistoryMismatch."""
    if attachment.settings is not None:
        settings = settings.changed(attachment.settings, attachment.given)
    claimed = attachment.history
    if not claimed or attachment.history_policy is HistoryPolicy.IGNORE:
        return settings, messages
    if attachment.history_policy is HistoryPolicy.APPEND:
        return settings, appended(messages, claimed)
    same = common_length(messages, claimed)
    if attachment.history_policy is HistoryPolicy.REQUIRE and not same == len(claimed) == len(messages):
        raise HistoryMismatch(
            f"the history differs from the conversation's at message {same + 1}; read it and try again",
            metadata={"conversationId": conversation_id, "sameMessages": str(same)},
        )
    return settings, reconcile(messages, claimed)
