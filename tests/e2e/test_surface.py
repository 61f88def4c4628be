"""What the edge tells about the house: health, models, conversations."""

import pytest

from tests.e2e.house import House, new_id, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_health_counts_the_real_workers_and_turns(house: House) -> None:
    before = (await house.http.get("/health")).json()
    conversation = new_id()
    for _ in range(2):
        await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(f"[[say x]] {tag()}")])
    response = await house.http.get("/health")
    after = response.json()

    assert response.status_code == 200
    assert (after["status"], after["demo"], after["core"]) == ("ok", True, "ok")
    pool = after["pool"]
    assert (pool["state"], pool["max_workers"], pool["warm_workers"]) == ("active", 4, 1)
    assert sum(pool["workers"].values()) <= 4
    gained = {kind: count - before["pool"]["turns"][kind] for kind, count in pool["turns"].items()}
    assert gained["hot"] == 1
    assert gained["warm"] + gained["cold"] == 1
    assert (pool["queued_turns"], pool["worker_start_failures"]) == (0, 0)


async def test_the_pool_lists_the_processes_that_there_are(house: House) -> None:
    conversation = new_id()
    await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(f"[[say x]] {tag()}")])
    worker = await house.until_idle(conversation)
    of_worker = {found.pid: found for found in house.of(worker.worker_id)}
    cli = of_worker.pop(worker.pid)
    assert "--input-format=stream-json" in cli.command
    outermost = [found.pid for found in of_worker.values() if found.parent == house.core.pid]
    assert len(outermost) == 1  # its containment
    assert cli.parent in of_worker
    assert worker.cli_version
    assert worker.memory_bytes > 50 * 2**20


async def test_the_sdk_lists_the_models(house: House) -> None:
    names = [model.id async for model in house.sdk.models.list()]
    assert names[0] == "claude-code"
    assert {"claude", "claude/haiku", "claude-code/opus"} <= set(names)
    assert (await house.sdk.models.retrieve("claude")).id == "claude"


async def test_conversations_are_listed_the_latest_used_first(house: House) -> None:
    conversations = [new_id() for _ in range(2)]
    for conversation in conversations:
        await house.sdk.chat.completions.create(model=f"claude:{conversation}", messages=[user(f"[[say x]] {tag()}")])
    page = (await house.http.get("/conversations", params={"limit": 2})).json()
    assert [listed["id"] for listed in page["data"]] == conversations[::-1]
    assert page["has_more"] is True
    shown = (await house.http.get(f"/conversations/{conversations[1]}")).json()
    assert (shown["state"], shown["profile"], shown["turn_count"]) == ("idle", "claude", 1)
    assert shown["worker_id"] == (await house.until_idle(conversations[1])).worker_id
