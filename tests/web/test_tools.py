"""Tools and schemas that are defined in the page, and the request as gRPC: in Chromium, with the real CLI."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from hotseat import pb
from playwright.async_api import Browser, Page, expect

from tests.e2e.house import House, said, tag
from tests.web.accessibility import serious
from tests.web.conftest import visiting
from tests.web.talking import answered, answers, ask, begin, questions, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

CALL = '[[call get_weather {"city": "Rome"}]] [[then]] [[say Take a coat.]]'
BOTH = '[[call get_weather {"city": "Rome"}]] [[call get_weather {"city": "Oslo"}]] [[then]] [[say Both.]]'


async def define(page: Page, tools: str | None = None) -> None:
    """Have the example of a tool, or these."""
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("button", name="Example: Tools that you run").click()
    if tools is not None:
        await page.get_by_label("Tools that you run", exact=True).fill(tools)


def results(house: House, mark: str) -> list[str]:
    """What the model read of the tools' results."""
    messages = house.asked(mark)[-1].messages
    blocks = [block for message in messages for block in message["content"] if isinstance(block, dict)]
    return [json.dumps(block["content"]) for block in blocks if block["type"] == "tool_result"]


async def test_a_tool_s_call_is_a_card_and_its_result_is_typed(page: Page, house: House) -> None:
    await begin(page)
    await define(page)
    mark = tag()
    await say(page, f"{CALL} {mark}")
    card = page.get_by_role("form", name="Tool calls")
    await expect(card).to_contain_text("get_weather")
    await expect(card).to_contain_text('"city": "Rome"')
    await expect(page.get_by_text("First give the results of the tool calls.")).to_be_visible()
    await page.reload()  # a call waits as long as it takes
    await card.get_by_label("Result of get_weather").fill("rain, 9 degrees")
    await card.get_by_role("button", name="Send result").click()
    await expect(answers(page).last).to_contain_text("Take a coat.")
    await answered(page)
    assert ["rain, 9 degrees" in result for result in results(house, mark)] == [True]
    await page.reload()
    await expect(answers(page).last).to_contain_text("Take a coat.")
    await expect(page.get_by_role("region", name="Tool calls")).to_contain_text("get_weather")
    await page.get_by_role("article", name="Tool result").locator("summary").click()
    await expect(page.get_by_role("article", name="Tool result")).to_contain_text("rain, 9 degrees")


async def test_several_calls_are_answered_at_once(page: Page, house: House) -> None:
    await begin(page)
    await define(page)
    mark = tag()
    await say(page, f"{BOTH} {mark}")
    fields = page.get_by_label("Result of get_weather")
    await expect(fields).to_have_count(2)
    await fields.first.fill("rain")
    await fields.last.fill("snow")
    await page.get_by_role("button", name="Send results").click()
    await expect(answers(page).last).to_contain_text("Both.")
    told = results(house, mark)
    assert [sum(word in result for result in told) for word in ("rain", "snow")] == [1, 1]


async def test_what_is_no_tool_or_schema_is_said_and_not_sent(page: Page) -> None:
    await begin(page)
    await define(page, '[{"name": "two words"}]')
    await expect(page.get_by_role("alert")).to_contain_text("Tool 1 needs a name")
    await page.get_by_label("Message", exact=True).fill("hello")
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_disabled()
    await page.get_by_label("Tools that you run", exact=True).fill("[")
    await expect(page.get_by_role("alert")).to_contain_text("This is no JSON")
    await page.get_by_role("button", name="Clear: Tools that you run").click()
    await page.get_by_label("Schema of the answer", exact=True).fill("[]")
    await expect(page.get_by_role("alert")).to_contain_text("A JSON Schema is an object")
    await expect(page.get_by_text("The answer's schema in the settings can't be read.")).to_be_visible()
    await page.get_by_role("button", name="Clear: Schema of the answer").click()
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_enabled()


async def test_an_answer_fits_its_schema_and_is_laid_out(page: Page, house: House) -> None:
    await begin(page)
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("button", name="Example: Schema of the answer").click()
    mark = tag()
    answer = await ask(page, f'[[say {{"title": "Rivers", "points": ["long"]}}]] {mark}')
    await expect(answer.locator("figure.code")).to_contain_text('"title": "Rivers"')
    sent = house.asked(mark)[-1].body
    assert sent is not None
    assert '"points"' in json.dumps(sent)


async def test_the_request_is_shown_as_grpc_has_it_and_it_runs(page: Page, house: House) -> None:
    await begin(page)
    await define(page)
    first, second = tag(), tag()
    await ask(page, f"one {first}")
    await questions(page).first.hover()
    await questions(page).first.get_by_role("button", name="Edit message").click()
    await page.get_by_label("Edit your message").fill(f"it's other {second}")
    await page.get_by_role("button", name="Send as a branch").click()
    await answered(page)
    await page.get_by_role("button", name="The request, for programs").click()
    await page.get_by_role("tab", name="gRPC").click()
    request = converse_request(await page.get_by_role("tabpanel").inner_text())
    assert [tool.name for tool in request.open.settings.tools] == ["get_weather"]
    request.open.conversation_id = ""
    async with house.grpc.converse(request.open) as talk:
        ends = [event async for event in talk.turn(request.open.first_input.request_id)]
    assert ends[-1].turn_completed.outcome == pb.TurnCompleted.OUTCOME_SUCCEEDED
    assert [said(recorded.messages) for recorded in house.asked(second)] == [[("user", f"it's other {second}")]] * 2


def converse_request(snippet: str) -> Any:
    """The message that a grpcurl command sends."""
    found = re.search(r"-d '(.*)' \\\n", snippet, re.DOTALL)
    assert found is not None, snippet
    return json_format.Parse(found[1].replace("'\\''", "'"), pb.ConverseRequest())


@pytest.mark.parametrize("width", [360, 1280])
async def test_calls_and_editors_are_accessible_and_fit(
    browser: Browser, house: House, pictures: Path, width: int
) -> None:
    size = {"width": width, "height": 900}
    scheme = "dark" if width == 360 else "light"
    async with visiting(browser, house.edge.address, viewport=size, color_scheme=scheme) as page:
        await begin(page)
        await define(page)
        assert await serious(page) == []
        await page.screenshot(path=pictures / f"editors-{width}.png")
        await page.get_by_role("button", name="Close settings").click()
        await say(page, f"{CALL} {tag()}")
        await expect(page.get_by_role("form", name="Tool calls")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert await serious(page) == []
        await page.screenshot(path=pictures / f"calls-{width}.png")
