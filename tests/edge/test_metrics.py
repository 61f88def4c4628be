"""The edge's metrics: every request by its route, first tokens by their worker, and no label of a client's making."""

import re
from pathlib import Path

from hotseat import pb
from prometheus_client.parser import text_string_to_metric_families

from tests.edge.conftest import HELLO, Edge, post
from tests.fakes.core import FakeTurn

ROOT = Path(__file__).parents[2]


async def scraped(edge: Edge) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    response = await edge.http.get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_requests_are_counted_by_their_route(edge: Edge) -> None:
    await edge.http.get("/livez")
    await post(edge, HELLO)
    await post(edge, {**HELLO, "messages": []})
    await edge.http.get("/v1/models/some-model")
    found = await scraped(edge)
    assert found["hotseat_http_requests_total", "GET", "/livez", "200"] == 1
    assert found["hotseat_http_requests_total", "POST", "/v1/chat/completions", "200"] == 1
    assert found["hotseat_http_requests_total", "POST", "/v1/chat/completions", "400"] == 1
    assert found["hotseat_http_request_duration_seconds_count", "/v1/chat/completions"] == 2
    assert found["hotseat_http_requests_in_progress",] == 1  # this very one


async def test_no_label_is_of_a_client_s_making(edge: Edge) -> None:
    await edge.http.get("/v1/models/secret-model")
    await edge.http.get("/secret-path")
    await edge.http.request("SECRETMETHOD", "/livez")
    await edge.http.get("/conversations/secret-id")
    names = await scraped(edge)
    assert not [name for name in names if "secret" in str(name).lower()]
    assert names["hotseat_http_requests_total", "GET", "other", "404"] == 1


async def test_first_tokens_are_timed_by_their_worker(edge: Edge) -> None:
    async def answer(turn: FakeTurn) -> None:
        began = pb.TurnStarted(request_id=turn.input.request_id, worker_source=pb.WORKER_SOURCE_HOT)
        await turn.send(turn_started=began)
        await turn.text("hello")
        await turn.completed()

    edge.core.script = answer
    for stream in (True, False):
        await post(edge, {**HELLO, "stream": stream})
    found = await scraped(edge)
    assert found["hotseat_time_to_first_token_seconds_count", "hot"] == 2
    assert [found["hotseat_first_token_phase_seconds_count", phase] for phase in ("queue", "bind", "upstream")] == [
        2,
        2,
        2,
    ]


async def test_every_metric_is_documented_and_nothing_else(edge: Edge) -> None:
    await post(edge, HELLO)
    served = set(re.findall(r"^# HELP (hotseat_\w+)", (await edge.http.get("/metrics")).text, re.MULTILINE))
    section = (ROOT / "docs/metrics.md").read_text().partition("## The edge")[2].partition("## What to watch")[0]
    served = {name for name in served if not name.endswith("_created")}
    assert set(re.findall(r"^\| `(hotseat_\w+)`", section, re.MULTILINE)) == served
