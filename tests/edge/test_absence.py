"""Which failures of the core pass by themselves, and for how long they are waited for."""

import math
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest
from hotseat import Client, HotseatError
from hotseat_edge import absence
from hotseat_edge.absence import Absence

AWAY = HotseatError("not there", code=grpc.StatusCode.UNAVAILABLE)
STOPPING = HotseatError(
    "drains", code=grpc.StatusCode.UNAVAILABLE, reason="POOL_DRAINING", metadata={"stopping": "true"}
)
DRAINED = HotseatError("drains", code=grpc.StatusCode.UNAVAILABLE, reason="POOL_DRAINING")
FULL = HotseatError("full", code=grpc.StatusCode.RESOURCE_EXHAUSTED, reason="POOL_FULL")
WAIT_S = 10.0


class Scene:
    """A core, of whose absence the test tells."""

    def __init__(self) -> None:
        self.now = 100.0
        self.client = SimpleNamespace(dismissed_at=-math.inf)
        self.absence = Absence(cast("Client", cast("Any", self.client)), WAIT_S, lambda: self.now)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(absence, "_PAUSE_S", (0.0, 0.0))
    return Scene()


@pytest.mark.parametrize("error", [AWAY, DRAINED, FULL])
async def test_what_was_not_announced_is_told_at_once(scene: Scene, error: HotseatError) -> None:
    assert not await scene.absence.is_passing(error)


async def test_a_core_that_has_said_that_it_stops_is_waited_for(scene: Scene) -> None:
    assert await scene.absence.is_passing(STOPPING)
    scene.now += WAIT_S - 0.1
    assert await scene.absence.is_passing(AWAY)
    assert not await scene.absence.is_passing(FULL), "that is the next core's own word"
    scene.now += 0.1
    assert not await scene.absence.is_passing(AWAY)


async def test_as_long_as_it_says_so_the_time_begins_anew(scene: Scene) -> None:
    for _ in range(5):
        assert await scene.absence.is_passing(STOPPING)
        scene.now += WAIT_S - 0.1
    assert await scene.absence.is_passing(AWAY)


async def test_a_stream_that_was_sent_away_counts_as_its_word(scene: Scene) -> None:
    scene.client.dismissed_at = scene.now
    assert await scene.absence.is_passing(AWAY)
    scene.now += WAIT_S
    assert not await scene.absence.is_passing(AWAY)
