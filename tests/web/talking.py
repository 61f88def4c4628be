"""What a person does on the playground, in words."""

from playwright.async_api import Locator, Page, expect


async def begin(page: Page, model: str = "claude") -> None:
    """Go to the playground, with this model chosen."""
    await page.goto("/")
    await page.get_by_label("Model", exact=True).select_option(model)


async def say(page: Page, text: str) -> None:
    """Type it and send it."""
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")


async def ask(page: Page, text: str) -> Locator:
    """Send it, and return the answer once that is complete."""
    count = await answers(page).count()
    await say(page, text)
    return await answered(page, count)


async def answered(page: Page, index: int = -1) -> Locator:
    """The answer at this place, once it is complete."""
    answer = answers(page).nth(index)
    await expect(answer).to_have_attribute("aria-busy", "false")
    return answer


def answers(page: Page) -> Locator:
    """All that are shown."""
    return page.get_by_role("article", name="Answer")


def questions(page: Page) -> Locator:
    """All that are shown."""
    return page.get_by_role("article", name="You")
