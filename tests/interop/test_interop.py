"""Every client carries out the same scenarios against a live core with the real CLI."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.interop.ground import Ground, Reports, named, require, resumed, standing
from tests.interop.languages import LANGUAGES, Language

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

HERE = Path(__file__).parent
SCENARIOS: list[dict[str, Any]] = json.loads((HERE / "scenarios.json").read_text())
WRONG: list[dict[str, Any]] = json.loads((HERE / "wrong.json").read_text())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with standing(request, tmp_path_factory.mktemp("interop")) as shared:
        yield shared


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=LANGUAGES, ids=lambda language: language.name)
async def reports(request: pytest.FixtureRequest, ground: Ground) -> Reports:
    """What the runner of each language says, one language after the other."""
    language: Language = request.param
    require(language)
    scenarios = [named(scenario, f"{language.name}-{number}") for number, scenario in enumerate(SCENARIOS)]
    scenarios += [named(scenario, f"{language.name}-wrong") for scenario in WRONG]
    try:
        return await ground.reports(language, scenarios)
    finally:
        await resumed(ground)


@pytest.mark.parametrize("name", [scenario["name"] for scenario in SCENARIOS])
async def test_every_client_carries_it_out(reports: Reports, name: str) -> None:
    assert name in reports
    assert reports[name] is None


@pytest.mark.parametrize("name", [scenario["name"] for scenario in WRONG])
async def test_no_runner_passes_what_is_wrong(reports: Reports, name: str) -> None:
    assert reports[name]


async def test_the_model_was_asked_once_for_what_a_broken_connection_interrupted(
    reports: Reports, ground: Ground
) -> None:
    """Asked of the language that ran last: each broken scenario cut, and ran its turn once."""
    language = ground.heard[-1]
    [number] = [
        number for number, scenario in enumerate(SCENARIOS) if scenario["name"].startswith("a broken connection")
    ]
    assert len(ground.house.asked(f"interop-{language}-{number}")) == 2  # two questions, each once
    assert ground.cuts >= 5 * len(ground.heard)
