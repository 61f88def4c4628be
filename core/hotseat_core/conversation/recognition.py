"""Messages that clients send again and again with each request, recognised by their bytes. No I/O."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable

from hotseat_core.conversation.history import Message

MAX_BYTES = 32 * 1024 * 1024


class Recognition:
    """Holds the messages that were told last, with all that was computed of them."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._held: OrderedDict[bytes, Message] = OrderedDict()  # the one that was told last at the end

    def message(self, told: bytes, read: Callable[[], Message]) -> Message:
        """Return the message of these bytes; read it where it is new. Raises what reading does."""
        name = hashlib.sha256(told).digest()
        found = self._held.get(name)
        if found is not None:
            self._held.move_to_end(name)
            return found
        found = self._held[name] = read()
        self._size += found.weight
        while self._size > self._max_bytes:
            _, gone = self._held.popitem(last=False)
            self._size -= gone.weight
        return found
