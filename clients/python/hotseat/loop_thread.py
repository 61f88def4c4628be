"""An event loop in a thread of its own, for callers that have none."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import suppress
from typing import Any, TypeVar

_T = TypeVar("_T")
_END_S = 5.0


class LoopThread:
    """Runs coroutines for other threads, until it is closed."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        return self._loop.is_closed()

    def run(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """What the coroutine returns or raises. Ctrl-C cancels it."""
        if self.is_closed:
            coroutine.close()
            raise RuntimeError("this client is closed")
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("called from the client's own thread, which would wait for itself")
        running = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return running.result()
        except BaseException:
            running.cancel()
            raise

    def each(self, items: AsyncGenerator[_T, None]) -> Iterator[_T]:
        """What the generator yields; closing this one closes it."""
        is_used = asyncio.Lock()  # who was interrupted while waiting for an item has to end before it can be closed
        try:
            while (item := self.run(_next(items, is_used))) is not None:
                yield item
        finally:
            if not self.is_closed:
                self.run(_close(items, is_used))

    def close(self) -> None:
        """End the loop, once what it still runs is cancelled."""
        if not self.is_closed:
            try:
                self.run(_cancel_all())
            finally:
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join(_END_S)
                if not self._thread.is_alive():
                    self._loop.close()


async def _next(items: AsyncGenerator[_T, None], is_used: asyncio.Lock) -> _T | None:
    async with is_used:
        return await anext(items, None)


async def _close(items: AsyncGenerator[Any, None], is_used: asyncio.Lock) -> None:
    async with asyncio.timeout(_END_S), is_used:
        await items.aclose()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=_END_S)
    with suppress(TimeoutError):  # a callback that never returns keeps its thread, not us
        async with asyncio.timeout(_END_S):
            await asyncio.get_running_loop().shutdown_default_executor()
