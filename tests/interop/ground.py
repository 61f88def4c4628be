"""Where the runners run: a live core with the real CLI behind a proxy, and who cuts that."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hotseat import Client

from tests.e2e.house import House, running
from tests.fakes.proxy import Proxy, proxying
from tests.interop.languages import LANGUAGES, Language

KEY = "hs_interop-interop-interop-interop-0"
_RUN_S = 240.0

Reports = dict[str, str | None]


class Ground:
    """A live core, the proxy that leads to it, and what the runners have said."""

    def __init__(self, house: House, proxy: Proxy) -> None:
        self.house = house
        self.proxy = proxy
        self.control = ""
        self.cuts = 0
        self.builds: dict[str, asyncio.Task[None]] = {}
        self._reports: dict[str, Reports] = {}

    @property
    def heard(self) -> list[str]:
        """The languages whose runner has run, the first one first."""
        return list(self._reports)

    async def serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Cut, and say so by hanging up."""
        self.cuts += 1
        self.proxy.cut()
        writer.close()

    async def reports(self, language: Language, scenarios: Sequence[Any], **environment: str) -> Reports:
        """What the language's runner says of each scenario; it runs once."""
        if language.name not in self._reports:
            await self.builds[language.name]
            self._reports[language.name] = await self._run(language, scenarios, environment)
        return self._reports[language.name]

    async def _run(self, language: Language, scenarios: Sequence[Any], environment: dict[str, str]) -> Reports:
        path = self.house.directory / f"{language.name}.json"
        path.write_text(json.dumps(scenarios))
        core = {"HOTSEAT_CORE_TARGET": self.proxy.address, "HOTSEAT_INTEROP_CUT": self.control, "HOTSEAT_API_KEY": KEY}
        async with asyncio.timeout(_RUN_S):
            code, out, err = await language.run(path, **core, **environment)
        assert code == 0, f"the runner ended with {code}:\n{out}\n{err}"
        reports = [json.loads(line) for line in out.splitlines()]
        return {report["name"]: report["error"] for report in reports}


@asynccontextmanager
async def standing(request: pytest.FixtureRequest, directory: Path, **settings: str) -> AsyncIterator[Ground]:
    """The ground, on which every runner that will be asked is being built."""
    async with (
        running(directory, POOL_SIZE="4", HOTSEAT_WARM_WORKERS="1", HOTSEAT_API_KEY=KEY, **settings) as house,
        proxying(house.core.address) as proxy,
    ):
        ground = Ground(house, proxy)
        server = await asyncio.start_server(ground.serve, "127.0.0.1", 0)
        async with server:
            host, port = server.sockets[0].getsockname()[:2]
            ground.control = f"{host}:{port}"
            for language in _wanted(request):
                ground.builds[language.name] = asyncio.create_task(language.build(), name=f"build {language.name}")
            try:
                yield ground
            finally:
                for build in ground.builds.values():
                    build.cancel()
                await asyncio.gather(*ground.builds.values(), return_exceptions=True)


def _wanted(request: pytest.FixtureRequest) -> list[Language]:
    """The languages of this module's tests whose toolchain is here."""
    items = [item for item in request.session.items if item.path == request.path]
    asked = [item.callspec.params.get("reports") for item in items if hasattr(item, "callspec")]
    return [language for language in LANGUAGES if language in asked and not language.absent()]


def require(language: Language) -> None:
    """Skip the test where the language's toolchain is absent; where nothing may be skipped, fail."""
    if absent := language.absent():
        reason = f"the client for {language.name} needs {', '.join(absent)} in PATH"
        if os.environ.get("HOTSEAT_REQUIRE_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)


def named(scenario: dict[str, Any], name: str) -> Any:
    """The scenario with an id of its own."""
    return json.loads(json.dumps(scenario).replace("$ID", f"interop-{name}"))


async def resumed(ground: Ground) -> None:
    """The pool in order: a runner that failed may have left it drained."""
    async with Client(ground.house.core.address, api_key=KEY) as operator:
        await operator.resume_pool()
