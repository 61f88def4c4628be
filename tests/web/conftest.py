"""A real Chromium before a real house."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Request, expect

from tests.browser.conftest import browsing
from tests.e2e.house import House, running

_PATIENCE_MS = 20_000  # for what takes milliseconds on an idle machine
expect.set_options(timeout=_PATIENCE_MS)
# Chromium tells of each response that is no success; the pages show those that matter.
_EXPECTED = "Failed to load resource: the server responded with a status of"


@dataclass
class Seen:
    """What a page must not do, if it did."""

    url: str
    dialogs: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)  # of the console: misses of the policy among them
    elsewhere: list[str] = field(default_factory=list)  # requests to another host

    def watch(self, page: Page) -> None:
        page.on("dialog", self._on_dialog)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))
        page.on("request", self._on_request)

    async def _on_dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        await dialog.dismiss()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_EXPECTED):
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def check(self) -> None:
        assert (self.dialogs, self.complaints, self.elsewhere) == ([], [], [])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, once for all tests."""
    async with browsing() as launched:
        yield launched


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The shared house. Its conversations pile up: each test has its own words."""
    async with running(tmp_path_factory.mktemp("web"), POOL_SIZE="3", HOTSEAT_WARM_WORKERS="1") as shared:
        yield shared


@asynccontextmanager
async def visiting(browser: Browser, url: str, **options: Any) -> AsyncIterator[Page]:
    """A page of a browser of its own, checked at the end for all that no page of ours may do."""
    context = await browser.new_context(base_url=url, **{"viewport": {"width": 1280, "height": 800}, **options})
    context.set_default_timeout(_PATIENCE_MS)
    page = await context.new_page()
    seen = Seen(url)
    seen.watch(page)
    try:
        yield page
        seen.check()
    finally:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, house: House) -> AsyncIterator[Page]:
    """A page that has not gone anywhere yet."""
    async with visiting(browser, house.edge.address) as visited:
        yield visited


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: kept where CI says, else thrown away with the test's files."""
    directory = Path(os.environ.get("HOTSEAT_SCREENSHOTS") or tmp_path)
    directory.mkdir(parents=True, exist_ok=True)
    return directory
