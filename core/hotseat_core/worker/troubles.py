"""What a turn's calls to the model went through before they were answered. Values only."""

import msgspec

from hotseat_core.worker.frames import Message


class Troubles(msgspec.Struct, frozen=True):
    """What the CLI mended by itself."""

    retries: tuple[str, ...] = ()  # of calls that had no answer: the status of each, or "none"
    abandoned_count: int = 0  # answers that broke off in the middle, and were begun anew

    def with_message(self, message: Message) -> "Troubles":
        """Return these and what the message says of another."""
        if message.get("subtype") != "api_retry":
            return self
        status = message.get("error_status")
        told = str(status) if isinstance(status, int) and 100 <= status <= 599 else "none"
        return Troubles((*self.retries, told), self.abandoned_count)

    def with_abandoned(self) -> "Troubles":
        """Return these and one more answer that broke off."""
        return Troubles(self.retries, self.abandoned_count + 1)

    def __add__(self, other: "Troubles") -> "Troubles":
        return Troubles(self.retries + other.retries, self.abandoned_count + other.abandoned_count)
