"""A core that has said that it stops, and will be back or replaced in a moment: requests wait for it."""

import asyncio
import random
import time
from collections.abc import Callable

import grpc
from hotseat import Client, HotseatError

_PAUSE_S = (0.1, 0.4)  # drawn anew each time: all that wait must not ask at the same moment


class Absence:
    """Tells a core that restarts from one that is lost."""

    def __init__(self, client: Client, wait_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._wait_s = wait_s
        self._clock = clock
        self._announced_at = -wait_s  # when a core last said so

    async def is_passing(self, error: HotseatError) -> bool:
        """Wait a moment and return True where the same request may succeed in the end; no turn has begun for it."""
        if error.reason == "POOL_DRAINING" and "stopping" in error.metadata:
            self._announced_at = self._clock()
        elif error.reason or error.code is not grpc.StatusCode.UNAVAILABLE:
            return False
        announced_at = max(self._announced_at, self._client.dismissed_at)
        if self._clock() - announced_at >= self._wait_s:
            return False
        await asyncio.sleep(random.uniform(*_PAUSE_S))  # noqa: S311 -- nothing is to be kept secret
        return True
