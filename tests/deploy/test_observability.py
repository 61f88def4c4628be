"""The dashboard, the alert rules and what runs them: every metric and label in them is one that the servers have."""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hotseat_core.metrics.pool import PoolCollector
from hotseat_core.metrics.provider import ProviderMeter
from hotseat_core.metrics.running import RunningMeter
from hotseat_core.metrics.turns import TurnMeter
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_edge.metrics import Metrics
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from tests.fakes.clock import ManualClock

ROOT = Path(__file__).parents[2]
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
DASHBOARD = json.loads((ROOT / "deploy/grafana/dashboards/hotseat.json").read_text())
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OF_PROMETHEUS = {"job", "instance"}  # labels that it adds to all
# Those that are made where they are served; tests of both servers compare their names with docs/metrics.md.
ELSEWHERE = {
    "hotseat_build_info": {"version", "cli_version", "containment"},
    "hotseat_disk_free_bytes": set[str](),
    "hotseat_event_loop_lag_seconds_bucket": {"le"},
    "process_cpu_seconds_total": set[str](),
    "process_resident_memory_bytes": set[str](),
    "up": set[str](),
}

_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
_NAME = re.compile(r"\b(hotseat_\w+|process_\w+|up)\b(\{[^}]*\})?")
_IN_BRACES = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_IN_LEGEND = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")


@cache
def exported() -> Mapping[str, set[str]]:
    """The labels of each series that the servers export, by its name."""
    registry = CollectorRegistry()
    TurnMeter(registry), ProviderMeter(registry), RunningMeter(registry)

    async def nobody(*_: object) -> Any:
        raise AssertionError("no worker is started")

    registry.register(PoolCollector(Pool(PoolSettings(WorkerSpec("claude")), nobody, clock=ManualClock()).stats))
    found: dict[str, set[str]] = {name: set(labels) for name, labels in ELSEWHERE.items()}
    for collector in [*registry._collector_to_names, *Metrics().registry._collector_to_names]:
        found |= _series(collector)
    return found


def _series(collector: Any) -> Iterator[tuple[str, set[str]]]:
    if isinstance(collector, MetricWrapperBase):
        for suffix in _SUFFIXES.get(str(collector._type), ()):
            extra = {"le"} if suffix == "_bucket" else set()
            yield collector._name + suffix, {*collector._labelnames, *extra}
        return
    for family in collector.collect():
        for sample in family.samples:
            yield sample.name, set(sample.labels)


def wrong(expression: str, legend: str = "") -> list[str]:
    """What is wrong with the names in a query, and in the text that shows its labels."""
    series, problems = exported(), []
    known = set(OF_PROMETHEUS)
    for name, braces in _NAME.findall(_GROUPED.sub("", expression)):
        if name not in series:
            problems.append(f"there is no {name}")
            continue
        known |= series[name]
        used = set(_IN_BRACES.findall(re.sub(r'"[^"]*"', '""', braces)))
        problems += [f"{name} has no label {label}" for label in used - series[name] - OF_PROMETHEUS]
    if not known - OF_PROMETHEUS and "hotseat" not in expression:
        problems.append(f"no metric in {expression}")
    grouped = {label.strip() for labels in _GROUPED.findall(expression) for label in labels.split(",")}
    problems += [f"nothing there has a label {label}" for label in (grouped | set(_IN_LEGEND.findall(legend))) - known]
    return problems


def queries() -> Iterator[tuple[str, str, str]]:
    """Each query of the dashboard: its panel's title, itself, its legend."""
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"], target["legendFormat"]


@pytest.mark.parametrize(("title", "expression", "legend"), [*queries()])
def test_a_panel_shows_what_there_is(title: str, expression: str, legend: str) -> None:
    assert wrong(expression, legend) == []


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_watches_what_there_is_and_leads_to_what_to_do(rule: dict[str, Any]) -> None:
    told = rule["annotations"]
    assert wrong(rule["expr"], told["summary"] + told["description"]) == []
    assert rule["labels"]["severity"] in {"info", "warning", "critical"}
    document, _, anchor = told["runbook"].partition("#")
    headings = re.findall(r"^## (\w+)$", (ROOT / document).read_text(), re.MULTILINE)
    assert anchor in [heading.lower() for heading in headings]


def test_the_runbook_is_about_the_alerts_and_nothing_else() -> None:
    text = (ROOT / "docs/runbook.md").read_text()
    assert re.findall(r"^## (\w+)$", text, re.MULTILINE) == [rule["alert"] for rule in ALERTS]


@pytest.mark.parametrize(
    ("expression", "legend", "problem"),
    [
        ("hotseat_turns", "", "there is no hotseat_turns"),
        ('hotseat_turns_total{outcom="failed"}', "", "hotseat_turns_total has no label outcom"),
        ("sum by (reasons) (hotseat_turns_total)", "", "nothing there has a label reasons"),
        ("hotseat_turns_total", "{{worker}}", "nothing there has a label worker"),
        ("rate(nothing_of_ours[5m])", "", "no metric in rate(nothing_of_ours[5m])"),
    ],
)
def test_a_name_that_there_is_not_is_found(expression: str, legend: str, problem: str) -> None:
    """Or the tests above would prove nothing."""
    assert wrong(expression, legend) == [problem]


def test_every_panel_has_a_place_of_its_own() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        mine = {(place["x"] + column, place["y"] + line) for column in range(place["w"]) for line in range(place["h"])}
        assert not mine & cells, panel["title"]
        assert max(column for column, _ in mine) < 24
        cells |= mine
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_prometheus_scrapes_what_the_containers_serve_and_with_the_key_that_they_want() -> None:
    scraping = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    jobs = {job["job_name"]: job for job in scraping["scrape_configs"]}
    targets = {name: job["static_configs"][0]["targets"] for name, job in jobs.items()}
    assert targets == {"hotseat-core": ["core:9464"], "hotseat-edge": ["edge:3000"]}
    (secret,) = COMPOSE["services"]["prometheus"]["secrets"]
    assert COMPOSE["secrets"][secret] == {"environment": "HOTSEAT_API_KEY"}
    assert {job["authorization"]["credentials_file"] for job in jobs.values()} == {f"/run/secrets/{secret}"}
    assert scraping["rule_files"] == ["/etc/prometheus/alerts.yml"]
    # What docs/observability.md has people put into .env agrees with that, and with the collector.
    said = (ROOT / "docs/observability.md").read_text()
    assert "HOTSEAT_METRICS_PORT=9464" in said
    collector = yaml.safe_load((ROOT / "deploy/otel/collector.yml").read_text())
    assert collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"] == "0.0.0.0:4318"
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318" in said


def test_the_profile_starts_what_the_files_name() -> None:
    beside = {name for name, service in COMPOSE["services"].items() if service.get("profiles") == ["observability"]}
    assert beside == {"prometheus", "grafana", "collector", "jaeger"}
    sources = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/hotseat.yml").read_text())["datasources"]
    assert {re.match(r"http://(\w+):\d+$", source["url"])[1] for source in sources} <= beside  # type: ignore[index]
    (provider,) = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/hotseat.yml").read_text())["providers"]
    mounted = [volume.split(":")[1] for volume in COMPOSE["services"]["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounted
    collector = yaml.safe_load((ROOT / "deploy/otel/collector.yml").read_text())
    for pipeline in collector["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(collector[kind])
