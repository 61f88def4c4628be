"""Clears away what is kept no longer, while the core runs."""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable

from hotseat_core.conversation.retention import Retention
from hotseat_core.conversation.tenants import Key, Tenants
from hotseat_core.conversation.wary_clock import WaryClock
from hotseat_core.errors import StorageFailed
from hotseat_core.journal.store import Due

logger = logging.getLogger(__name__)

LONGEST_INTERVAL_S = 60.0
_LONGEST_BETWEEN_WORKSPACES_S = 600.0
_SHORTEST_INTERVAL_S = 0.05
BATCH = 32  # conversations between two looks at what is in use


class Reaper:
    """Looks for conversations that are kept no longer, and has them cleared away."""

    def __init__(self, tenants: Tenants, retention: Retention, clock: Callable[[], float] | None = None) -> None:
        self._tenants = tenants
        self._retention = retention
        self._clock = clock or WaryClock()

    @property
    def interval_s(self) -> float:
        """How often to look: no conversation outstays by more than this, or by a tenth."""
        return min(max(self._retention.shortest_s / 10, _SHORTEST_INTERVAL_S), LONGEST_INTERVAL_S)

    async def run(self) -> None:
        """Sweep until cancelled; first after a while, so that clients of an earlier core find what they had."""
        while True:
            await asyncio.sleep(self.interval_s)
            try:
                await self.sweep()
            except StorageFailed as exc:
                logger.warning("conversations that are kept no longer can't be looked up", extra={"error": str(exc)})
            except Exception:
                logger.exception("conversations that are kept no longer could not be cleared away")

    async def sweep(self) -> int:
        """Clear away all that is kept no longer and not in use, one after another; return how many went.

        Each is a short write of its own, so that turns need not wait for many.
        """
        count = 0
        left: set[Key] = set()  # those that can't go now: another time
        while chosen := await self._tenants.overdue(self._due(), limit=BATCH, besides=left):
            for key in chosen:
                if await self._clear(key):
                    count += 1
                else:
                    left.add(key)
        if count:
            logger.info("conversations were not used any more and went", extra={"count": count})
        return count

    async def run_for_workspaces(self) -> None:
        """Sweep the workspaces that clients named until cancelled."""
        kept_s = self._retention.workspace_s
        while True:
            await asyncio.sleep(min(max(kept_s / 10, _SHORTEST_INTERVAL_S), _LONGEST_BETWEEN_WORKSPACES_S))
            try:
                await self._tenants.named_workspaces.sweep(self._clock() - kept_s)
            except (StorageFailed, OSError) as exc:
                logger.warning("workspaces that are kept no longer can't be looked up", extra={"error": str(exc)})
            except Exception:
                logger.exception("workspaces that are kept no longer could not be removed")

    @property
    def ends_workspaces(self) -> bool:
        """Whether named ones go by themselves."""
        return not math.isinf(self._retention.workspace_s)

    async def _clear(self, key: Key) -> bool:
        try:
            return await self._tenants.expire(key, self._due())
        except Exception:
            # It must not keep the others from going, and may well succeed another time.
            logger.exception("a conversation could not be cleared away", extra={"conversation": key[1]})
            return False

    def _due(self) -> Due:
        return self._retention.due(self._clock())


@contextlib.asynccontextmanager
async def reaping(reaper: Reaper) -> AsyncIterator[None]:
    """Sweep until the block is left."""
    tasks = [asyncio.create_task(reaper.run(), name="reaper")]
    if reaper.ends_workspaces:
        tasks.append(asyncio.create_task(reaper.run_for_workspaces(), name="reaper of workspaces"))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=5.0)
