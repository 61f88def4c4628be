"""A response says how its worker was had and where its time went."""

import itertools

import pytest
from hotseat import pb
from hotseat_edge.metrics import Metrics
from hotseat_edge.timing import Timing

from tests.edge.conftest import HELLO, Edge, post
from tests.fakes.core import FakeTurn

SOURCES = {"hot": pb.WORKER_SOURCE_HOT, "warm": pb.WORKER_SOURCE_WARM, "cold": pb.WORKER_SOURCE_COLD}


def started(source: pb.WorkerSource, queue_ms: int = 0) -> pb.ConverseResponse:
    began = pb.TurnStarted(worker_source=source)
    began.queue_duration.FromMilliseconds(queue_ms)
    return pb.ConverseResponse(turn_started=began)


TEXT = pb.ConverseResponse(text_delta=pb.TextDelta(text="x"))


def test_the_time_is_told_piece_by_piece() -> None:
    headers: dict[str, str] = {}
    metrics = Metrics()
    timing = Timing(headers, metrics, clock=iter([10.0, 10.5, 12.0]).__next__)
    assert headers == {}
    timing.take(started(pb.WORKER_SOURCE_COLD, queue_ms=400))
    assert headers == {"x-hotseat-worker": "cold", "server-timing": "queue;dur=400.0, bind;dur=100.0"}
    assert not timing.is_over
    timing.take(TEXT)
    assert headers["server-timing"] == "queue;dur=400.0, bind;dur=100.0, upstream;dur=1500.0"
    assert timing.is_over
    _, [told] = metrics.recent.since(0)
    assert (told.seconds, told.worker, told.queued) == (2.0, "cold", 0.4)


def test_an_older_core_tells_less() -> None:
    headers: dict[str, str] = {}
    timing = Timing(headers, Metrics(), clock=itertools.count(1.0).__next__)
    timing.take(started(pb.WORKER_SOURCE_UNSPECIFIED, queue_ms=5000))
    assert headers == {"server-timing": "queue;dur=5000.0, bind;dur=0.0"}


def test_what_is_no_answer_does_not_count() -> None:
    headers: dict[str, str] = {}
    timing = Timing(headers, Metrics())
    timing.take(pb.ConverseResponse(notice=pb.Notice()))
    assert headers == {}
    assert not timing.is_over


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", SOURCES)
async def test_every_answer_says_which_worker_it_had(edge: Edge, name: str, stream: bool) -> None:
    async def answer(turn: FakeTurn) -> None:
        began = pb.TurnStarted(request_id=turn.input.request_id, worker_source=SOURCES[name])
        began.queue_duration.FromMilliseconds(7)
        await turn.send(turn_started=began)
        await turn.text("hello")
        await turn.completed()

    edge.core.script = answer
    response = await post(edge, {**HELLO, "stream": stream})
    assert response.headers["x-hotseat-worker"] == name
    parts = dict(part.split(";dur=") for part in response.headers["server-timing"].split(", "))
    assert list(parts) == ["queue", "bind", "upstream"]
    assert parts["queue"] == "7.0"
    assert all(float(spent) >= 0 for spent in parts.values())


async def test_what_fails_before_a_worker_was_had_says_nothing_of_it(edge: Edge) -> None:
    response = await post(edge, {"model": "claude-code", "messages": []})
    assert response.status_code == 400
    assert {"x-hotseat-worker", "server-timing"} & set(response.headers) == set()
