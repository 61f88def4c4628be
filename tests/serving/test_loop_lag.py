"""How late an event loop is."""

import asyncio
import time

from hotseat_serving.loop_lag import watching_lag
from prometheus_client import CollectorRegistry

NAME = "hotseat_event_loop_lag_seconds"


def total(registry: CollectorRegistry, what: str) -> float:
    found = registry.get_sample_value(f"{NAME}_{what}")
    assert found is not None
    return found


async def until(registry: CollectorRegistry, count: int) -> None:
    async with asyncio.timeout(10):
        while total(registry, "count") < count:  # noqa: ASYNC110 -- nobody announces it
            await asyncio.sleep(0.005)


async def test_a_loop_that_is_held_up_is_late_and_one_that_is_left_is_not_looked_at() -> None:
    registry = CollectorRegistry()
    with watching_lag(registry, every_s=0.02):
        await until(registry, 2)
        before = total(registry, "sum")
        time.sleep(0.3)  # noqa: ASYNC251 -- what must not be done
        await until(registry, int(total(registry, "count")) + 1)
        assert total(registry, "sum") - before >= 0.2
    seen = total(registry, "count")
    await asyncio.sleep(0.1)
    assert total(registry, "count") == seen
