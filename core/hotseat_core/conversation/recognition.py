"""What clients send again and again with each request, recognised by its bytes. No I/O."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

MAX_BYTES = 32 * 1024 * 1024

Known = TypeVar("Known")


class Recognition(Generic[Known]):
    """Holds what was told last, with all that was computed of it. weigh: about the bytes of memory that it takes."""

    def __init__(self, weigh: Callable[[Known], int], max_bytes: int = MAX_BYTES) -> None:
        self._weigh = weigh
        self._max_bytes = max_bytes
        self._size = 0
        self._held: OrderedDict[bytes, Known] = OrderedDict()  # the one that was told last at the end

    def known(self, told: bytes, read: Callable[[], Known]) -> Known:
        """Return what these bytes say; read it where they are new. Raises what reading does."""
        name = hashlib.sha256(told).digest()
        found = self._held.get(name)
        if found is not None:
            self._held.move_to_end(name)
            return found
        found = self._held[name] = read()
        self._size += self._weigh(found)
        while self._size > self._max_bytes:
            _, gone = self._held.popitem(last=False)
            self._size -= self._weigh(gone)
        return found
