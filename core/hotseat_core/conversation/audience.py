"""The streams on a conversation: who may join, who must go, and what becomes of the inputs of those who left."""

import asyncio
from collections.abc import Callable

from hotseat_core.conversation.terms import Attachment, GoAwayReason, RawLine
from hotseat_core.errors import ConversationOwned


class Audience:
    """One owner with its client id, or any number of streams that share; observers besides."""

    def __init__(self, conversation_id: str, has_inputs: Callable[[str], bool], abandon: Callable[[str], None]) -> None:
        self._conversation_id = conversation_id
        self._has_inputs = has_inputs  # asks whether inputs of this owner wait or run
        self._abandon = abandon  # ends them
        self._attachments: list[Attachment] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}  # by the owner that may still come back

    @property
    def has_reader(self) -> bool:
        """Somebody is there who may decide."""
        return any(not attachment.is_observer for attachment in self._attachments)

    @property
    def wants_raw(self) -> bool:
        """Somebody asked for the CLI's own lines."""
        return any(attachment.wants_raw for attachment in self._attachments)

    @property
    def is_empty(self) -> bool:
        """Nobody is attached."""
        return not self._attachments

    @property
    def is_introduced(self) -> bool:
        """Nobody is attached who has yet to say what the conversation was and is."""
        return all(attachment.is_introduced or attachment.is_observer for attachment in self._attachments)

    def attach(self, attachment: Attachment, *, take_over: bool) -> list[Attachment]:
        """Let a stream join; return those that had to go for it. Raises ConversationOwned."""
        rivals = self._rivals(attachment, take_over=take_over) if not attachment.is_observer else []
        if not attachment.is_observer:
            for other in rivals:
                other.dismiss(GoAwayReason.TAKEN_OVER)
                self._attachments.remove(other)
            timer = self._timers.pop(attachment.owner, None)
            if timer is not None:
                timer.cancel()
        self._attachments.append(attachment)
        return rivals

    def detach(self, attachment: Attachment, *, for_good: bool = False) -> None:
        """The stream is gone: its inputs end when its client does not come back in time."""
        if attachment not in self._attachments:
            return  # taken over: its inputs have a new stream
        self._attachments.remove(attachment)
        patience_s, owner = attachment.detach_timeout_s, attachment.owner
        if patience_s is None or attachment.is_observer or not self._has_inputs(owner):
            return
        if patience_s == 0 or for_good:
            self._abandon(owner)
        else:
            self._timers[owner] = asyncio.get_running_loop().call_later(patience_s, self._give_up, owner)

    def dismiss(self, reason: GoAwayReason) -> None:
        """Send everybody away."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for attachment in self._attachments:
            attachment.dismiss(reason)

    def waiting_for(self, request_id: str) -> list[Attachment]:
        """Return the streams that wait for the answer to this input."""
        return [attachment for attachment in self._attachments if request_id in attachment.open_inputs]

    def note_answered(self, request_id: str) -> None:
        """The input has got its answer: no stream waits for it any more."""
        for attachment in self._attachments:
            attachment.open_inputs.discard(request_id)

    def tell_raw(self, line: RawLine) -> None:
        """Pass on a line of the CLI's to those who asked."""
        for attachment in self._attachments:
            if attachment.wants_raw:
                attachment.send(line)

    def _rivals(self, attachment: Attachment, *, take_over: bool) -> list[Attachment]:
        """Return the streams that this one replaces."""
        rivals = [
            other for other in self._attachments if not other.is_observer and (other.client_id or attachment.client_id)
        ]
        if not take_over and any(other.client_id != attachment.client_id for other in rivals):
            raise ConversationOwned(
                f"another client has conversation {self._conversation_id} open; wait until it leaves, or take over",
                metadata={"conversationId": self._conversation_id},
            )
        return rivals

    def _give_up(self, owner: str) -> None:
        del self._timers[owner]
        self._abandon(owner)
