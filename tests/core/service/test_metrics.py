"""The core's metrics: served where wanted, and true after turns, refusals and evictions."""

import re
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from hotseat import pb
from hotseat_core.errors import Reason
from hotseat_core.events import Failure, Outcome, TurnCompleted, Usage
from hotseat_core.metrics.failures import CannotServeMetricsError
from hotseat_core.metrics.listener import serving
from hotseat_core.metrics.provider import ProviderMeter
from hotseat_core.metrics.running import RunningMeter
from hotseat_core.metrics.turns import TurnMeter
from hotseat_core.upstream.account import Call
from hotseat_core.upstream.meter import Tokens
from hotseat_core.worker.troubles import Troubles
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from tests.core.service.conftest import OpenHouse

ROOT = Path(__file__).parents[3]


async def scraped(url: str) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus writes them."""
    async with httpx.AsyncClient(trust_env=False) as http:
        response = await http.get(f"{url}/metrics")
    assert response.status_code == 200
    found = {}
    for family in text_string_to_metric_families(response.text):
        for sample in family.samples:
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            found[sample.name + (f"{{{labels}}}" if labels else "")] = sample.value
    return found


async def test_turns_processes_and_refusals_are_counted(open_house: OpenHouse) -> None:
    async with open_house(metrics_port=0, pool_size=1, max_queue=0, warm_workers=0) as house:
        url = house.core.metrics_url
        before = await scraped(url)
        assert before["hotseat_pool_capacity"] == 1
        assert before['hotseat_workers{state="idle"}'] == 0
        line = await house.open("c")
        for text in ("one", "two"):
            await line.ask(text)
        after = await scraped(url)
        assert after['hotseat_turns_total{outcome="succeeded",reason=""}'] == 2
        assert after['hotseat_turn_duration_seconds_count{model="default",outcome="succeeded"}'] == 2
        assert (after['hotseat_leases_total{worker="cold"}'], after['hotseat_leases_total{worker="hot"}']) == (1, 1)
        assert after['hotseat_queue_wait_seconds_count{outcome="served"}'] == 2
        assert after['hotseat_queue_wait_seconds_bucket{le="+Inf",outcome="refused"}'] == 0
        assert after['hotseat_worker_spawns_total{reason="turn"}'] == 1
        assert after['hotseat_worker_spawns_total{reason="spare"}'] == 0
        assert (after['hotseat_resumes_total{path="hot"}'], after['hotseat_resumes_total{path="seed"}']) == (1, 0)
        assert after['hotseat_workers{state="idle"}'] == 1
        assert after['hotseat_store_commit_seconds_count{step="begin"}'] == 2
        assert after['hotseat_tokens_total{model="default",type="output"}'] > 0
        assert after["hotseat_pool_takes_turns"] == 1
        assert after["hotseat_disk_free_bytes"] > 0
        house.core.pool.drain(None)
        assert (await scraped(url))["hotseat_pool_takes_turns"] == 0


async def test_turns_that_fail_are_counted_with_their_reason(open_house: OpenHouse) -> None:
    async with open_house(metrics_port=0, turn_timeout_ms=100) as house:
        line = await house.open("c")
        done = await line.ask("hang")
        assert done.outcome == pb.TurnCompleted.OUTCOME_FAILED
        found = await scraped(house.core.metrics_url)
        assert found['hotseat_turns_total{outcome="failed",reason="TURN_LIMIT"}'] == 1


async def test_what_the_cli_mends_by_itself_is_counted() -> None:
    registry = CollectorRegistry()
    meter = RunningMeter(registry)
    meter.note_troubles(Troubles(("529", "529", "none"), 1))
    meter.note_troubles(Troubles())
    counted = [registry.get_sample_value("hotseat_upstream_retries_total", {"status": s}) for s in ("529", "none")]
    assert counted == [2, 1]
    assert registry.get_sample_value("hotseat_upstream_abandoned_attempts_total") == 1


async def test_tokens_are_counted_by_the_model_that_answered_of_32_at_most() -> None:
    registry = CollectorRegistry()
    meter = ProviderMeter(registry)
    for number in range(40):
        meter.note(Call("w", 200, 0.1, Tokens(f"model-{number}", 1, 2, 3, 4, is_final=True)))
    meter.note(Call("w", 200, 0.1, Tokens("model-0", 10)))
    meter.note(Call("w", 429, 0.1, Tokens()))

    def counted(model: str, kind: str) -> float | None:
        return registry.get_sample_value("hotseat_provider_tokens_total", {"model": model, "type": kind})

    assert [counted("model-0", kind) for kind in ("input", "output", "cache_read", "cache_write")] == [11, 2, 3, 4]
    assert (counted("model-31", "output"), counted("model-32", "output"), counted("other", "output")) == (2, None, 16)
    assert counted("", "input") is None


async def test_nothing_is_served_where_nobody_asked_for_it(open_house: OpenHouse) -> None:
    async with open_house() as house:
        assert house.core.metrics_url == ""


async def test_an_address_that_is_taken_is_said_so() -> None:
    async with serving(CollectorRegistry(), "127.0.0.1", 0, lambda _: True) as url:
        port = int(url.rpartition(":")[2])
        with pytest.raises(CannotServeMetricsError, match=f"127.0.0.1:{port}.*HOTSEAT_METRICS_PORT"):
            async with serving(CollectorRegistry(), "127.0.0.1", port, lambda _: True):
                raise AssertionError("both serve")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"outcome": Outcome.SUCCEEDED}, 'outcome="succeeded",reason=""'),
        (
            {"outcome": Outcome.FAILED, "failure": Failure(Reason.WORKER_LOST, "it is gone")},
            'outcome="failed",reason="WORKER_LOST"',
        ),
    ],
)
def test_what_the_journal_takes_down_is_counted(fields: dict[str, Any], name: str) -> None:
    registry = CollectorRegistry()
    usage = Usage(input_tokens=1, output_tokens=2, cache_read_tokens=3, cache_write_tokens=4, cost_usd=0.5)
    completed = TurnCompleted(request_id="r", text="t", usage=usage, duration_s=2.0, step_count=1, model="m", **fields)
    TurnMeter(registry).note_end(msgspec.json.encode(completed))
    labels = dict(pair.split("=") for pair in name.replace('"', "").split(","))
    assert registry.get_sample_value("hotseat_turns_total", labels) == 1
    assert registry.get_sample_value("hotseat_tokens_total", {"model": "m", "type": "cache_write"}) == 4
    assert registry.get_sample_value("hotseat_cost_usd_total", {"model": "m"}) == 0.5
    by = {"model": "m", "outcome": labels["outcome"]}
    assert registry.get_sample_value("hotseat_turn_duration_seconds_sum", by) == 2.0


def test_a_model_that_has_not_answered_has_no_name_among_the_metrics() -> None:
    registry = CollectorRegistry()
    completed = TurnCompleted("r", Outcome.FAILED, "", Usage(input_tokens=1), 2.0, 1, model="whatever a client wrote")
    TurnMeter(registry).note_end(msgspec.json.encode(completed))
    models = {sample.labels.get("model") for family in registry.collect() for sample in family.samples}
    assert models == {None, "default"}


async def test_every_metric_is_documented_and_nothing_else(open_house: OpenHouse) -> None:
    async with open_house(metrics_port=0) as house:
        await (await house.open("c")).ask("one")
        async with httpx.AsyncClient(trust_env=False) as http:
            text = (await http.get(f"{house.core.metrics_url}/metrics")).text
    served = set(re.findall(r"^# HELP (hotseat_\w+)", text, re.MULTILINE))
    section = (ROOT / "docs/metrics.md").read_text().partition("## The core")[2].partition("## The edge")[0]
    served = {name for name in served if not name.endswith("_created")}
    assert set(re.findall(r"^\| `(hotseat_\w+)`", section, re.MULTILINE)) == served
