"""The dashboard, as an operator uses it: in Chromium, before real servers and real processes."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.house import House, new_id, tag, user
from tests.web.accessibility import serious
from tests.web.conftest import visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask(house: House, conversation: str, text: str) -> int:
    body = {"model": f"claude:{conversation}", "messages": [user(text)]}
    return (await house.http.post("/v1/chat/completions", json=body)).status_code


async def test_processes_are_shown_as_they_work_and_a_conversation_is_evicted(page: Page, house: House) -> None:
    await page.goto("/dashboard")
    await expect(page.get_by_role("heading", name="Processes")).to_be_visible()
    name, mark = new_id(), tag()
    asking = asyncio.create_task(ask(house, name, f"[[hang after=1 secs=60]] [[say a b]] {mark}"))
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("running")
    await expect(row).to_contain_text(str((await house.worker(name)).pid))
    await row.get_by_role("button", name=f"Evict {name}").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Its running turn is stopped.")
    await page.get_by_role("button", name="Evict", exact=True).click()
    await expect(row).to_be_hidden()
    assert await asking == 503  # it was interrupted


async def test_the_pool_is_drained_and_resumed(page: Page, house: House) -> None:
    await page.goto("/dashboard")
    await page.get_by_role("button", name="Drain").click()
    await page.get_by_role("dialog").get_by_role("button", name="Drain").click()
    await expect(page.get_by_role("button", name="Resume")).to_be_visible()
    try:
        assert await ask(house, new_id(), f"hello {tag()}") == 503
        await page.get_by_role("button", name="Resume").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        await page.get_by_role("button", name="Resume").click()
        await page.get_by_role("dialog").get_by_role("button", name="Resume").click()
        await expect(page.get_by_role("button", name="Drain")).to_be_visible()
    finally:
        await house.grpc.resume_pool()
    assert await ask(house, new_id(), f"hello {tag()}") == 200


async def test_the_pool_is_resized(page: Page, house: House) -> None:
    await page.goto("/dashboard")
    try:
        await page.get_by_role("button", name="Resize").click()
        await page.get_by_label("Processes at most").fill("2")
        await page.get_by_role("dialog").get_by_role("button", name="Resize").click()
        await expect(page.locator(".tiles")).to_contain_text(re.compile(r"Running\s*0 / 2"))
        assert (await house.grpc.get_pool()).size.max_workers == 2
    finally:
        await house.grpc.resize_pool(max_workers=3)


# What stands beyond the left edge of its chart.
CUT_OFF = "labels => labels.filter(label => label.getBBox().x < 0).map(label => label.textContent)"


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_dashboard_is_accessible_and_fits(browser: Browser, house: House, pictures: Path, width: int) -> None:
    async with visiting(browser, house.edge.address, viewport={"width": width, "height": 800}) as page:
        await page.goto("/dashboard")
        name = new_id()
        assert await ask(house, name, f"hello {tag()}") == 200
        await expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("idle")
        for card in ("First token", "Queue wait"):
            chart = page.get_by_role("region", name=card).locator(".chart")
            await expect(chart.locator("circle").first).to_be_attached()
            assert await chart.locator("text").evaluate_all(CUT_OFF) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.screenshot(path=pictures / f"dashboard-{width}.png", full_page=True)
        assert await serious(page) == []
