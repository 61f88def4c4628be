"""The playground, as a person uses it: in Chromium, before real servers and the real CLI."""

import asyncio
import base64
import json
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.e2e.house import House, new_id, said, tag, user
from tests.web.accessibility import serious
from tests.web.conftest import visiting
from tests.web.talking import answered, answers, ask, begin, questions, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
_MARKDOWN = """## Primes

A **sieve**:

```python
def primes(limit):
    return [2, 3]  # so far
```

| n | prime |
|---|---|
| 2 | yes |"""


async def test_a_newcomer_asks_and_sees_the_answer_and_what_it_took(page: Page) -> None:
    await page.goto("/")
    await expect(page.get_by_text("a scripted model answers, not Claude")).to_be_visible()
    await page.get_by_label("Model", exact=True).select_option("claude")
    answer = await ask(page, f"[[say {_MARKDOWN}]] {tag()}")
    await expect(answer.get_by_role("heading", name="Primes")).to_be_visible()
    await expect(answer.get_by_role("cell", name="yes")).to_be_visible()
    await expect(answer.locator("code .hl-word").first).to_have_text("def")
    figures = answer.locator(".figures")
    await expect(figures).to_contain_text(re.compile(r"first token\s*\d+(\.\d)? m?s"))
    await expect(figures).to_contain_text(re.compile(r"tokens\s*\d+ → \d+"))
    await expect(figures).to_contain_text(re.compile("process(warm|cold)"))
    again = await ask(page, f"Say exactly: once more {tag()}")
    await expect(again).to_contain_text("once more")
    await expect(again.locator(".figures")).to_contain_text("processhot")


async def test_code_is_copied_by_its_button(browser: Browser, house: House) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    async with visiting(browser, house.edge.address, permissions=permissions) as page:
        await begin(page)
        answer = await ask(page, f"[[say {_MARKDOWN}]] {tag()}")
        await answer.get_by_role("button", name="Copy python").click()
        await expect(answer.get_by_role("button", name="Copy python")).to_have_text("Copied")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied == "def primes(limit):\n    return [2, 3]  # so far"


async def test_an_answer_that_is_stopped_keeps_its_words_and_its_process(page: Page, house: House) -> None:
    await begin(page)
    mark = tag()
    await say(page, f"[[tokens 2000]] [[delay 20]] {mark}")
    await expect(answers(page).last).to_contain_text("w9 ")
    await page.get_by_role("button", name="Stop").click()
    answer = await answered(page)
    await expect(answer).to_contain_text("Stopped before its end.")
    await expect(answer).to_contain_text("w9 ")
    recorded = house.asked(mark)[-1]
    await house.demo.wait_until(lambda: recorded.client_gone)
    await expect((await ask(page, f"hello {tag()}")).locator(".figures")).to_contain_text("processhot")


async def test_another_answer_stands_beside_the_first(page: Page, house: House) -> None:
    await begin(page)
    mark = tag()
    await ask(page, f"Say exactly: the same {mark}")
    await page.get_by_role("button", name="Regenerate").click()
    await expect(answers(page)).to_contain_text("2 / 2")
    await answered(page)
    asked = [said(recorded.messages) for recorded in house.asked(mark)]
    assert asked == [[("user", f"Say exactly: the same {mark}")]] * 2
    await answers(page).get_by_role("button", name="Earlier version").click()
    await expect(answers(page)).to_contain_text("1 / 2")
    await page.reload()
    await expect(answers(page)).to_contain_text("2 / 2")  # what was used last, and the other one beside it
    await answers(page).get_by_role("button", name="Earlier version").click()
    await expect(answers(page)).to_contain_text("the same")


async def test_an_edited_message_is_a_branch_and_the_model_sees_that_branch_alone(page: Page, house: House) -> None:
    await begin(page)
    first, second, third = tag(), tag(), tag()
    await ask(page, f"one {first}")
    await ask(page, f"two {second}")
    await questions(page).first.hover()
    await questions(page).first.get_by_role("button", name="Edit message").click()
    await page.get_by_label("Edit your message").fill(f"other {third}")
    await page.get_by_role("button", name="Send as a branch").click()
    await expect(answers(page)).to_have_count(1)
    await answered(page)
    seen = json.dumps(house.asked(third)[-1].messages)
    assert first not in seen
    assert second not in seen
    await questions(page).first.get_by_role("button", name="Earlier version").click()
    await expect(questions(page)).to_have_count(2)
    await expect(questions(page).last).to_contain_text(second)
    await page.reload()  # to the branch that the server holds
    await expect(questions(page)).to_have_count(1)
    await questions(page).first.get_by_role("button", name="Earlier version").click()
    await expect(questions(page).last).to_contain_text(second)
    fourth = tag()
    await ask(page, f"three {fourth}")
    seen = json.dumps(house.asked(fourth)[-1].messages)
    assert (first in seen, second in seen, third in seen) == (True, True, False)


async def test_a_reload_in_the_middle_of_an_answer_goes_on_with_it(page: Page, house: House) -> None:
    await begin(page)
    mark = tag()
    await say(page, f"[[tokens 100]] [[delay 20]] {mark}")
    await expect(answers(page).last).to_contain_text("w9 ")
    await page.reload()
    await expect(questions(page).last).to_contain_text(mark)
    await expect(answers(page).last).to_have_attribute("aria-busy", "true")
    answer = await answered(page)
    await expect(answer).to_contain_text("w99")
    assert len(house.asked(mark)) == 1  # it was joined, not asked again
    await page.reload()
    await expect(answers(page).last).to_contain_text("w99")
    await expect(answers(page)).to_have_count(1)
    await expect(answers(page).locator(".versions")).to_have_count(0)


async def test_conversations_are_found_read_and_deleted(page: Page, house: House) -> None:
    name, words = new_id(), f"The tide table {tag()}"
    body = {"model": f"claude:{name}", "messages": [{"role": "system", "content": "Be brief."}, user(words)]}
    assert (await house.http.post("/v1/chat/completions", json=body)).status_code == 200
    await page.goto("/")
    entry = page.get_by_role("link", name=words)
    await expect(entry).to_be_visible()
    await page.get_by_label("Search conversations").fill("no such thing at all")
    await expect(entry).to_be_hidden()
    await page.get_by_label("Search conversations").fill(words[4:20].upper())
    await entry.click()
    await expect(questions(page)).to_contain_text(words)
    await expect(answers(page)).to_contain_text("You said")
    await page.get_by_role("button", name="Settings").click()
    await expect(page.get_by_label("System prompt")).to_have_value("Be brief.")
    await page.get_by_role("button", name=f"Delete {words}").click()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(entry).to_be_hidden()
    assert (await house.http.get(f"/conversations/{name}")).status_code == 404
    await expect(questions(page)).to_have_count(0)


async def test_settings_reach_the_model(page: Page, house: House) -> None:
    await begin(page)
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_label("System prompt").fill("Answer like a pirate.")
    await page.get_by_label("Effort").select_option("high")
    await page.get_by_label("Longest answer, in tokens").fill("77")
    mark = tag()
    await ask(page, f"hello {mark}")
    sent = house.asked(mark)[-1].body
    assert sent is not None
    assert "Answer like a pirate." in json.dumps(sent)
    assert sent["max_tokens"] == 77
    assert sent["output_config"]["effort"] == "high"


async def test_a_pasted_picture_is_sent(page: Page, house: House) -> None:
    await begin(page)
    await page.evaluate(
        """(pixel) => {
            const bytes = Uint8Array.from(atob(pixel), (character) => character.charCodeAt(0));
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([bytes], "dot.png", { type: "image/png" }));
            const area = document.querySelector("#composer");
            area.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        _PIXEL,
    )
    await expect(page.get_by_alt_text("Picture 1")).to_be_visible()
    mark = tag()
    await ask(page, f"what is this {mark}")
    await expect(questions(page).get_by_alt_text("Picture 1")).to_be_visible()
    assert '"media_type": "image/png"' in json.dumps(house.asked(mark)[-1].messages)


async def test_a_dropped_file_that_cannot_be_sent_is_refused_in_words(page: Page) -> None:
    await begin(page)
    await page.get_by_label("Files to attach").set_input_files(
        {"name": "notes.exe", "mimeType": "application/octet-stream", "buffer": base64.b64decode(_PIXEL)}
    )
    await expect(page.get_by_role("alert")).to_contain_text("notes.exe: only PNG, JPEG, GIF, WebP and PDF can be sent.")


async def test_thinking_and_tools_are_cards(page: Page) -> None:
    await begin(page, "claude-code")
    call = '[[call Bash {"command": "echo hi", "description": "Greet"}]]'
    answer = await ask(page, f"[[think Well, let me see.]] {call} [[then]] [[say done]] {tag()}")
    await answer.locator("summary").click()
    await expect(answer.locator(".thought")).to_have_text("Well, let me see.")
    await expect(answer.locator("li.tool")).to_contain_text("Greet")
    await expect(answer.locator("li.tool strong")).to_have_text("Bash")


async def test_an_error_says_what_to_do_and_can_be_tried_again(page: Page) -> None:
    await begin(page)
    answer = await ask(page, f"[[error 429]] {tag()}")
    await expect(answer.get_by_role("alert")).to_contain_text("The model's provider asks for a pause.")
    await answer.get_by_role("button", name="Try again").click()
    await expect(answers(page)).to_contain_text("2 / 2")
    await expect((await answered(page)).get_by_role("alert")).to_be_visible()
    await ask(page, f"Say exactly: well again {tag()}")
    await expect(answers(page).last).to_contain_text("well again")


async def test_the_request_is_shown_as_a_program_and_the_python_one_runs(
    page: Page, house: House, tmp_path: Path
) -> None:
    await begin(page)
    mark = tag()
    await ask(page, f'Say exactly: it\'s "quoted" {mark}')
    await page.get_by_role("button", name="The request, for programs").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text(f"curl -N {house.edge.address}/v1/chat/completions")
    await page.keyboard.press("Tab")
    await page.get_by_role("tab", name="curl").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("tab", name="Python")).to_have_attribute("aria-selected", "true")
    program = tmp_path / "program.py"
    program.write_text(await page.get_by_role("tabpanel").inner_text())
    compile(program.read_text(), "program.py", "exec")
    await page.get_by_role("tab", name="curl").click()
    shell = await asyncio.create_subprocess_exec(
        "sh", "-c", await page.get_by_role("tabpanel").inner_text(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    out, _ = await shell.communicate()
    assert b"[DONE]" in out
    assert len(house.asked(mark)) == 2


async def test_all_is_done_by_keyboard_alone(page: Page) -> None:
    await begin(page)
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()
    await page.keyboard.type(f"[[tokens 900]] [[delay 20]] {tag()}")
    await page.keyboard.press("Enter")
    await expect(answers(page).last).to_contain_text("w3 ")
    await page.keyboard.press("Escape")
    await expect(answers(page).last).to_contain_text("Stopped before its end.")
    await page.get_by_role("button", name="The request, for programs").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_conversation_is_accessible_and_fits(
    browser: Browser, house: House, pictures: Path, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 740}
    async with visiting(browser, house.edge.address, viewport=size, color_scheme=scheme) as page:
        await begin(page)
        await ask(page, f"[[think Hm.]] [[say {_MARKDOWN}]] {tag()}")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.screenshot(path=pictures / f"playground-{width}-{scheme}.png")
        assert await serious(page) == []
        await page.get_by_role("button", name="Settings").click()
        assert await serious(page) == []
