"""Which responses in the background are acknowledged."""

import asyncio

import pytest
from hotseat_edge.routes import responses
from hotseat_edge.settings import Settings

from tests.core.conftest import until
from tests.edge.conftest import Edge
from tests.fakes.core import failure

BODY = {"model": "claude", "input": "hello", "background": True}
STOPPING = failure("POOL_DRAINING", "the core stops", stopping="true")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(responses, "_BEGINNING_S", 0.05)
    return Settings(port=0, core_wait_s=60)


async def test_one_is_acknowledged_once_the_core_has_it_and_no_sooner(edge: Edge) -> None:
    edge.core.refuse_open = STOPPING
    asking = asyncio.create_task(edge.http.post("/v1/responses", json=BODY))
    await until(lambda: asking.done() or len(edge.core.openings) > 2)  # longer than it waits for a turn to begin
    assert not asking.done()
    edge.core.refuse_open = None
    answer = await asking
    assert (answer.status_code, answer.json()["status"]) == (200, "in_progress")
    assert len(edge.core.inputs) == 1


async def test_one_that_the_core_never_gets_is_refused(edge: Edge) -> None:
    edge.core.refuse_open = STOPPING
    asking = asyncio.create_task(edge.http.post("/v1/responses", json=BODY))
    await until(lambda: asking.done() or len(edge.core.openings) > 2)
    edge.core.refuse_open = failure("POOL_FULL", "no seat is free")
    answer = await asking
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "queue_full")
