"""The pages before a server that asks for API keys."""

import pytest
from hotseat import pb
from hotseat_edge.app import serve
from hotseat_edge.settings import Settings
from playwright.async_api import Browser, Page, expect

from tests.fakes.core import FakeCore, serving
from tests.web.conftest import visiting
from tests.web.talking import answers, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

USER, KEEPER = "hs_user", "hs_keeper"


async def enter(page: Page, key: str) -> None:
    dialog = page.get_by_role("dialog", name="API key")
    await dialog.get_by_label("Key", exact=True).fill(key)
    await dialog.get_by_role("button", name="Use this key").click()


async def test_a_key_is_asked_for_and_kept_in_the_tab_and_the_dashboard_needs_an_admin_s(browser: Browser) -> None:
    core = FakeCore()
    core.callers = {
        USER: pb.GetCallerResponse(auth_mode=pb.AUTH_MODE_KEYS, tenant="acme", scopes=[pb.SCOPE_CONVERSE]),
        KEEPER: pb.GetCallerResponse(auth_mode=pb.AUTH_MODE_KEYS, tenant="acme", scopes=[pb.SCOPE_ADMIN]),
    }
    async with (
        serving(core) as target,
        serve(Settings(port=0, core_target=target)) as url,
        visiting(browser, url) as page,
    ):
        await page.goto("/")
        await enter(page, USER)
        await expect(page.get_by_label("Model", exact=True)).to_have_value("claude-code")
        await say(page, "hello there")
        await expect(answers(page)).to_contain_text("You said: hello there")
        await page.goto("/dashboard")
        await expect(page.get_by_role("alert")).to_contain_text("Use one with the scope that is needed.")
        await page.get_by_role("button", name="Enter a key").click()
        await enter(page, KEEPER)
        await expect(page.get_by_role("heading", name="Processes")).to_be_visible()
        assert KEEPER not in await page.evaluate("JSON.stringify({...localStorage}) + document.cookie")
