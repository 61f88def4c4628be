"""Every client carries out the same scenarios against a live core with the real CLI."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hotseat import Client

from tests.e2e.house import House, running
from tests.fakes.proxy import Proxy, proxying
from tests.interop.languages import LANGUAGES, Language

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

HERE = Path(__file__).parent
SCENARIOS: list[dict[str, Any]] = json.loads((HERE / "scenarios.json").read_text())
WRONG: list[dict[str, Any]] = json.loads((HERE / "wrong.json").read_text())
KEY = "hs_interop-interop-interop-interop-0"
_RUN_S = 240.0


class Ground:
    """Where the runners run: a live core behind a proxy, and who cuts that."""

    def __init__(self, house: House, proxy: Proxy) -> None:
        self.house = house
        self.proxy = proxy
        self.control = ""
        self.cuts = 0
        self.builds: dict[str, asyncio.Task[None]] = {}
        self._reports: dict[str, dict[str, str | None]] = {}

    async def serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Cut, and say so by hanging up."""
        self.cuts += 1
        self.proxy.cut()
        writer.close()

    async def reports(self, language: Language) -> dict[str, str | None]:
        """What the language's runner says of each scenario, right ones and wrong ones; it runs once."""
        if language.name not in self._reports:
            self._reports[language.name] = await self._run(language)
        return self._reports[language.name]

    async def _run(self, language: Language) -> dict[str, str | None]:
        path = self.house.directory / f"{language.name}.json"
        scenarios = [named(scenario, f"{language.name}-{number}") for number, scenario in enumerate(SCENARIOS)]
        scenarios += [named(scenario, f"{language.name}-wrong") for scenario in WRONG]
        path.write_text(json.dumps(scenarios))
        environment = {"HOTSEAT_CORE_TARGET": self.proxy.address, "HOTSEAT_INTEROP_CUT": self.control}
        environment["HOTSEAT_API_KEY"] = KEY
        try:
            async with asyncio.timeout(_RUN_S):
                code, out, err = await language.run(path, **environment)
        finally:
            async with Client(self.house.core.address, api_key=KEY) as operator:
                await operator.resume_pool()  # one that fails leaves the pool in order for the next
        assert code == 0, f"the runner ended with {code}:\n{out}\n{err}"
        reports = [json.loads(line) for line in out.splitlines()]
        return {report["name"]: report["error"] for report in reports}


def named(scenario: dict[str, Any], name: str) -> Any:
    """The scenario with an id of its own."""
    return json.loads(json.dumps(scenario).replace("$ID", f"interop-{name}"))


@asynccontextmanager
async def standing(directory: Path) -> AsyncIterator[Ground]:
    async with (
        running(directory, POOL_SIZE="4", HOTSEAT_WARM_WORKERS="1", HOTSEAT_API_KEY=KEY) as house,
        proxying(house.core.address) as proxy,
    ):
        ground = Ground(house, proxy)
        server = await asyncio.start_server(ground.serve, "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()[:2]
            ground.control = f"{host}:{port}"
            yield ground


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """The ground, on which every runner that will be asked is being built."""
    async with standing(tmp_path_factory.mktemp("interop")) as shared:
        for language in wanted(request):
            shared.builds[language.name] = asyncio.create_task(language.build(), name=f"build {language.name}")
        try:
            yield shared
        finally:
            for build in shared.builds.values():
                build.cancel()
            await asyncio.gather(*shared.builds.values(), return_exceptions=True)


def wanted(request: pytest.FixtureRequest) -> list[Language]:
    """The languages of this run whose toolchain is here."""
    calls = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    asked = [call.params.get("reports") for call in calls]
    return [language for language in LANGUAGES if language in asked and not language.absent()]


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=LANGUAGES, ids=lambda language: language.name)
async def reports(request: pytest.FixtureRequest, ground: Ground) -> dict[str, str | None]:
    """What the runner of each language says, one language after the other."""
    language: Language = request.param
    if absent := language.absent():
        reason = f"the client for {language.name} needs {', '.join(absent)} in PATH"
        if os.environ.get("HOTSEAT_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    await ground.builds[language.name]
    return await ground.reports(language)


@pytest.mark.parametrize("name", [scenario["name"] for scenario in SCENARIOS])
async def test_every_client_carries_it_out(reports: dict[str, str | None], name: str) -> None:
    assert name in reports
    assert reports[name] is None


@pytest.mark.parametrize("name", [scenario["name"] for scenario in WRONG])
async def test_no_runner_passes_what_is_wrong(reports: dict[str, str | None], name: str) -> None:
    assert reports[name]


async def test_the_model_was_asked_once_for_what_a_broken_connection_interrupted(
    reports: dict[str, str | None], ground: Ground
) -> None:
    """Asked of the language that ran last: each broken scenario cut, and ran its turn once."""
    language = list(ground._reports)[-1]
    [number] = [
        number for number, scenario in enumerate(SCENARIOS) if scenario["name"].startswith("a broken connection")
    ]
    assert len(ground.house.asked(f"interop-{language}-{number}")) == 2  # two questions, each once
    assert ground.cuts >= 5 * len(ground._reports)
