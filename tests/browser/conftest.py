"""A real Chromium."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, async_playwright

# Two names that lead here, and no others anywhere.
_NAMES = "MAP evil.example 127.0.0.1, MAP rebound.example 127.0.0.1, MAP * ~NOTFOUND"
_REACHED = "EXCLUDE 127.0.0.1, EXCLUDE 0.0.0.0, EXCLUDE localhost"
_FLAGS = (
    "--no-sandbox",  # as root it has none
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules={_NAMES}, {_REACHED}",
)


def chromium() -> str:
    """Where it is; the test is skipped where it is not, and fails where nothing may be skipped."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        missing = "there is no Chromium here: install Debian's `chromium`, or run .ci/run as root, which does"
        if os.environ.get("HOTSEAT_REQUIRE_ALL"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A browser without a window."""
    executable = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=[*_FLAGS])
        try:
            yield browser
        finally:
            await browser.close()
