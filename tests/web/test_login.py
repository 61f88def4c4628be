"""Signing a browser in and out, before a real core that asks for keys."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hotseat import Client, pb
from playwright.async_api import Browser, Page, expect

from tests.e2e.house import House, running, tag, user
from tests.web.accessibility import serious
from tests.web.conftest import visiting
from tests.web.talking import ask

pytestmark = pytest.mark.asyncio(loop_scope="session")

KEEPER = "hs_keeper-of-this-house"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def locked(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house that needs a key."""
    directory = tmp_path_factory.mktemp("locked")
    async with running(directory, POOL_SIZE="1", HOTSEAT_WARM_WORKERS="1", HOTSEAT_API_KEY=KEEPER) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, locked: House) -> AsyncIterator[Page]:
    async with visiting(browser, locked.edge.address) as visited:
        yield visited


@pytest_asyncio.fixture(loop_scope="session")
async def keeper(locked: House) -> AsyncIterator[Client]:
    async with Client(locked.core.address, api_key=KEEPER) as client:
        yield client


async def link(keeper: Client) -> str:
    return f"/#/login/{(await keeper.create_login()).code}"


_KEPT = """async () => {
    const opening = indexedDB.open("hotseat", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("threads").createIndex("at", "at");
    await new Promise((resolve) => (opening.onsuccess = resolve));
    const reading = opening.result.transaction("threads").objectStore("threads").getAll();
    await new Promise((resolve) => (reading.onsuccess = resolve));
    opening.result.close();
    return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href, reading.result]);
}"""


async def kept(page: Page) -> str:
    """All that a script, or who copies the browser's storage, could read."""
    found: str = await page.evaluate(_KEPT)
    return found


async def test_a_login_link_signs_a_browser_in_once_until_it_signs_out(page: Page, keeper: Client) -> None:
    where = await link(keeper)
    await page.goto(where)
    await expect(page.get_by_label("Model", exact=True)).to_have_value("claude-code")
    assert "hs_" not in await kept(page)
    await page.get_by_label("Model", exact=True).select_option("claude")
    said = tag()
    await ask(page, f"hello {said}")
    await expect(page.get_by_role("link", name=said)).to_be_visible()
    assert said in await kept(page)
    await page.goto("/dashboard")
    await expect(page.get_by_role("heading", name="Processes")).to_be_visible()
    await page.get_by_role("button", name="Drain").click()
    await page.get_by_role("dialog").get_by_role("button", name="Drain").click()
    await page.get_by_role("button", name="Resume").click()
    await page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    await expect(page.get_by_role("button", name="Drain")).to_be_visible()
    await page.get_by_role("button", name="API key").click()
    await expect(page.get_by_role("dialog", name="Signed in")).to_contain_text("converse, admin")
    assert await serious(page) == []
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("alert").first).to_contain_text("needs an API key")
    assert said not in await kept(page)
    await page.goto("about:blank")
    await page.goto(where)
    await expect(page.get_by_role("alert").first).to_contain_text("this login link was used already")


async def test_a_key_begins_a_session_that_every_tab_has_and_that_ends_with_the_key(page: Page, keeper: Client) -> None:
    made = await keeper.create_key(pb.CreateKeyRequest(name="visitor"))
    await page.goto("/")
    dialog = page.get_by_role("dialog", name="API key")
    await dialog.get_by_label("Key", exact=True).fill(made.secret)
    await dialog.get_by_role("checkbox").check()
    await dialog.get_by_role("button", name="Use this key").click()
    await expect(page.get_by_role("button", name="Signed in")).to_be_visible()
    assert made.secret not in await kept(page)
    other = await page.context.new_page()
    await other.goto("/")
    await expect(other.get_by_label("Model", exact=True)).to_have_value("claude-code")
    await other.close()
    await keeper.revoke_key(made.key.key_id)
    await page.reload()
    await expect(page.get_by_role("dialog", name="API key")).to_be_visible()


async def test_a_key_is_made_shown_once_used_and_revoked(page: Page, keeper: Client, locked: House) -> None:
    await page.goto((await link(keeper)).replace("/#", "/dashboard#"))
    name = f"<img src=x onerror=alert(1)> {tag()}"
    await page.get_by_role("button", name="Make a key").click()
    dialog = page.get_by_role("dialog", name="Make a key")
    await dialog.get_by_label("Name", exact=True).fill(name)
    await dialog.get_by_label("Tenant", exact=True).fill("acme")
    await dialog.get_by_label("US dollars a day").fill("2.5")
    assert await serious(page) == []
    await dialog.get_by_role("button", name="Make it").click()
    shown = page.get_by_role("dialog", name="The key")
    secret = await shown.locator("code").inner_text()
    await shown.get_by_role("button", name="I have it").click()
    await expect(shown).to_be_hidden()
    assert secret not in await page.content()
    row = page.get_by_role("row").filter(has_text=name)
    await expect(row).to_contain_text("$2.5/day")
    assert await row.locator("img").count() == 0
    headers = {"Authorization": f"Bearer {secret}"}
    body = {"model": "claude", "messages": [user(f"hello {tag()}")]}
    assert (await locked.http.post("/v1/chat/completions", json=body, headers=headers)).status_code == 200
    await page.reload()
    await expect(row).to_contain_text("1 turn,")
    await expect(page.get_by_role("region", name="Models").first).to_contain_text("Tokens in")
    await row.get_by_role("button", name="Revoke").click()
    await page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
    await expect(row).to_be_hidden()
    await page.get_by_role("button", name="Revoked and expired ones, too").click()
    await expect(row).to_contain_text("revoked")
    assert (await locked.http.post("/v1/chat/completions", json=body, headers=headers)).status_code == 401


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_keys_are_accessible_and_fit(
    browser: Browser, locked: House, keeper: Client, pictures: Path, width: int
) -> None:
    await keeper.create_key(pb.CreateKeyRequest(name="web", limits=pb.KeyLimits(tokens_per_day=2_000_000)))
    scheme = "dark" if width == 360 else "light"
    size = {"width": width, "height": 800}
    async with visiting(browser, locked.edge.address, viewport=size, color_scheme=scheme) as page:
        await page.goto((await link(keeper)).replace("/#", "/dashboard#"))
        await expect(page.get_by_role("row").filter(has_text="2.0M tokens/day").first).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await serious(page) == []
        await page.screenshot(path=pictures / f"keys-{width}.png", full_page=True)
