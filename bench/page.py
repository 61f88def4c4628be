"""What the pages take of a browser's main thread: a conversation of 1,000 messages, and a dashboard of 50 workers.

    python bench/page.py [--messages N] [--workers N] [--json] [--check]

Needs Chromium. A core that says nothing but words stands behind a real edge. See bench/README.md.
"""

import argparse
import asyncio
import dataclasses
import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hotseat_bench import full_core
from hotseat_edge.app import serve
from hotseat_edge.settings import Settings
from playwright.async_api import CDPSession, Page, async_playwright, expect

_WORDS = 400
_KEYS = 60
_WATCHED_S = 6.0
_PATIENCE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One of the pages' works, and what it may take."""

    name: str
    figure: float
    unit: str
    aim: float

    @property
    def is_held(self) -> bool:
        """Whether it is as little as it should be."""
        return self.figure <= self.aim


class Thread:
    """The page's main thread: what it has done so far."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def busy_ms(self) -> float:
        """All its work: scripts, styles, layout."""
        metrics = (await self._session.send("Performance.getMetrics"))["metrics"]
        found = {metric["name"]: metric["value"] for metric in metrics}
        return 1000 * float(found["ScriptDuration"] + found["RecalcStyleDuration"] + found["LayoutDuration"])

    async def took(self, work: Callable[[], Awaitable[None]]) -> float:
        """What this work takes of it, in milliseconds."""
        before = await self.busy_ms()
        await work()
        return await self.busy_ms() - before


async def _conversation(page: Page, thread: Thread, messages: int) -> list[Finding]:
    async def open_it() -> None:
        await page.goto(f"/#/c/{full_core.LONG}")
        await expect(page.locator(".message")).to_have_count(messages)

    async def answer() -> None:
        await page.get_by_label("Message", exact=True).fill(str(_WORDS))
        await page.keyboard.press("Enter")
        await expect(page.locator(".message")).to_have_count(messages + 2)
        await expect(page.locator("[aria-busy=true]")).to_have_count(0)

    async def type_it() -> None:
        await page.get_by_label("Message", exact=True).press_sequentially("x" * _KEYS)

    opened = await thread.took(open_it)
    typed = await thread.took(type_it)
    answered = await thread.took(answer)
    return [
        Finding(f"open a conversation of {messages} messages", opened, "ms", 2.0 * messages),
        Finding("a key pressed in it", typed / _KEYS, "ms", 8.0),
        Finding("an answer at 80 words a second in it", answered / (_WORDS * full_core.PACE_S), "ms/s", 300.0),
    ]


async def _dashboard(page: Page, thread: Thread, workers: int) -> list[Finding]:
    await page.goto("/dashboard")
    await expect(page.locator("tbody tr", has_text="worker-")).to_have_count(workers)
    took = await thread.took(lambda: asyncio.sleep(_WATCHED_S))
    return [Finding(f"a dashboard of {workers} workers, all changing twice a second", took / _WATCHED_S, "ms/s", 100.0)]


async def measure(messages: int, workers: int) -> list[Finding]:
    """What each takes, in a browser of its own."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("there is no Chromium here: install Debian's `chromium`")
    findings = []
    expect.set_options(timeout=_PATIENCE_MS)
    async with (
        full_core.serving(messages, workers) as target,
        serve(Settings(port=0, core_target=target, log_level="warning")) as url,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        try:
            for look, count in ((_conversation, messages), (_dashboard, workers)):
                context = await browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
                context.set_default_timeout(_PATIENCE_MS)
                page = await context.new_page()
                session = await context.new_cdp_session(page)
                await session.send("Performance.enable")
                findings += await look(page, Thread(session), count)
                await context.close()
        finally:
            await browser.close()
    return findings


def main() -> int:
    """Measure and print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=1000, help="of the conversation, an even number (1000)")
    parser.add_argument("--workers", type=int, default=50, help="of the pool (50)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit code 1 where an aim is missed")
    options = parser.parse_args()
    findings = asyncio.run(measure(options.messages, options.workers))
    if options.json:
        print(json.dumps([dataclasses.asdict(finding) | {"held": finding.is_held} for finding in findings]))
    else:
        print("of the main thread: scripts, styles, layout\n")
        for found in findings:
            word = "held" if found.is_held else "MISSED"
            print(f"{found.name:<58}{found.figure:>8.1f} {found.unit:<5} aim {found.aim:.0f}  {word}")
    return int(options.check and not all(found.is_held for found in findings))


if __name__ == "__main__":
    sys.exit(main())
