"""Permission questions of an agent, answered in the page: in Chromium, with the real CLI's own tools."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.house import House, tag
from tests.web.accessibility import serious
from tests.web.conftest import visiting
from tests.web.talking import answered, answers, ask, begin, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOUCH = '[[call Bash {"command": "touch made"}]] [[then]] [[say done]]'


def question(page: Page) -> Locator:
    return page.get_by_role("region", name="Permission: Bash")


async def test_a_tool_runs_once_it_is_allowed_and_a_rule_that_is_remembered_is_not_asked_about_again(
    page: Page,
) -> None:
    await begin(page, "claude-code")
    await say(page, f"{TOUCH} {tag()}")
    await expect(question(page)).to_contain_text("touch made")
    await question(page).get_by_role("checkbox").check()
    await question(page).get_by_role("button", name="Allow").click()
    answer = await answered(page)
    await expect(answer).to_contain_text("You allowed Bash.")
    await expect(answer.locator(".prose")).to_contain_text("done")
    await expect(answer.locator("li.tool.failed")).to_have_count(0)
    again = await ask(page, f"{TOUCH} {tag()}")
    await expect(again.locator(".prose")).to_contain_text("done")
    await expect(again.locator("li.tool.failed")).to_have_count(0)


async def test_a_refusal_tells_the_model_why(page: Page, house: House) -> None:
    await begin(page, "claude-code")
    mark = tag()
    await say(page, f"{TOUCH} {mark}")
    await question(page).get_by_label("Words for the model").fill("not on a Sunday")
    await question(page).get_by_role("button", name="Refuse", exact=True).click()
    await expect(await answered(page)).to_contain_text("You refused Bash.")
    assert "not on a Sunday" in str(house.asked(mark)[-1].messages)


async def test_a_question_is_there_again_after_a_reload_and_a_refusal_may_stop_the_turn(
    page: Page, house: House
) -> None:
    await begin(page, "claude-code")
    mark = tag()
    await say(page, f"{TOUCH} {mark}")
    await expect(question(page)).to_be_visible()
    await page.reload()
    await question(page).get_by_role("button", name="Refuse and stop").click()
    await expect(question(page)).to_be_hidden()
    await expect(answers(page).last).to_have_attribute("aria-busy", "false")
    assert len(house.asked(mark)) == 1


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_question_is_accessible_and_fits(
    browser: Browser, house: House, pictures: Path, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 740}
    async with visiting(browser, house.edge.address, viewport=size, color_scheme=scheme) as page:
        await begin(page, "claude-code")
        await say(page, f'[[call Bash {{"command": "touch {"x" * 120}"}}]] [[then]] [[say done]] {tag()}')
        await expect(question(page)).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await question(page).evaluate("(card) => card.scrollWidth <= card.clientWidth")
        await page.screenshot(path=pictures / f"question-{width}-{scheme}.png")
        assert await serious(page) == []
        await page.get_by_role("button", name="Stop", exact=True).click()
        await expect(question(page)).to_be_hidden()
