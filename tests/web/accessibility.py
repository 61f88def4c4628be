"""What axe-core finds wrong with a page."""

from pathlib import Path

import axe_playwright_python
from playwright.async_api import Page

_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")


async def serious(page: Page) -> list[str]:
    """Its serious and critical findings, each with where they are."""
    await page.evaluate(_AXE)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {[node['html'][:120] for node in violation['nodes'][:3]]}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
