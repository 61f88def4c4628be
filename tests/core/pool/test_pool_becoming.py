"""Settings that change while the core serves, as the pool takes them."""

import logging

import pytest
from hotseat_core.becoming import become
from hotseat_core.settings import read_settings
from hotseat_core.worker.profile import CLAUDE_CODE

from tests.core.pool.conftest import OpenPool
from tests.fakes.clock import settled

SOME = {"POOL_SIZE": "2", "HOTSEAT_WARM_WORKERS": "0"}


async def test_every_changed_bound_is_the_pools_and_what_an_operator_has_resized_stays(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=2, warm_workers=0) as pool:
        assert pool.settings.default_spec.profile == CLAUDE_CODE.name
        pool.resize(max_workers=3, max_queue=5)
        changed = {
            **SOME,
            "HOTSEAT_WARM_WORKERS": "1",
            "HOTSEAT_QUEUE_TIMEOUT_MS": "7000",
            "IDLE_TIMEOUT_MS": "9000",
            "HOTSEAT_MEMORY_LIMIT_MB": "64",
        }
        become(pool, read_settings(SOME), read_settings(changed))
        await settled()
        now = pool.settings
        assert (now.max_workers, now.max_queue) == (3, 5)
        assert (now.warm_workers, now.queue_timeout_s, now.idle_timeout_s) == (1, 7.0, 9.0)
        assert now.memory_limit_bytes == 64 * 1024 * 1024
        become(pool, read_settings(changed), read_settings({**SOME, "HOTSEAT_MAX_QUEUE": "8", "POOL_SIZE": "1"}))
        await settled()
        now = pool.settings
        assert (now.max_workers, now.warm_workers, now.max_queue, now.memory_limit_bytes) == (1, 0, 8, 0)


async def test_never_more_spares_are_asked_for_than_there_is_room(open_pool: OpenPool) -> None:
    async with open_pool(max_workers=2, warm_workers=0) as pool:
        become(pool, read_settings(SOME), read_settings({"POOL_SIZE": "1", "HOTSEAT_WARM_WORKERS": "3"}))
        await settled()
        assert (pool.settings.max_workers, pool.settings.warm_workers) == (1, 1)


async def test_the_log_has_the_new_level(open_pool: OpenPool, monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    before = root.level
    try:
        async with open_pool() as pool:
            become(pool, read_settings(SOME), read_settings({**SOME, "HOTSEAT_LOG_LEVEL": "error"}))
            assert root.level == logging.ERROR
    finally:
        root.setLevel(before)
