"""What models and other clients write can do nothing to who reads it: in answers, in names, in a reader's browser."""

import json

import pytest
from playwright.async_api import Page, expect

from tests.e2e.house import House, new_id, tag, user
from tests.web.talking import answers, begin, questions, say

pytestmark = pytest.mark.asyncio(loop_scope="session")

_PAYLOADS = """
<script>alert(1)</script>
<img src=x onerror=alert(1)>
<svg onload=alert(1)>
<svg><script>alert(1)</script></svg>
<iframe src="javascript:alert(1)"></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<body onload=alert(1)>
<details open ontoggle=alert(1)>x</details>
<video><source onerror=alert(1)></video>
<audio src=x onerror=alert(1)></audio>
<input autofocus onfocus=alert(1)>
<select autofocus onfocus=alert(1)></select>
<textarea autofocus onfocus=alert(1)></textarea>
<marquee onstart=alert(1)>x</marquee>
<object data="javascript:alert(1)"></object>
<embed src="javascript:alert(1)">
<form action="javascript:alert(1)"><button>x</button></form>
<a href="javascript:alert(1)">click</a>
<base href="https://example.invalid/">
<meta http-equiv="refresh" content="0;url=https://example.invalid/">
<link rel="stylesheet" href="https://example.invalid/x.css">
<style>@import "https://example.invalid/x.css";</style>
<div style="background:url(https://example.invalid/x)">x</div>
<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<template><img src=x onerror=alert(1)></template>
[click](javascript:alert(1))
[click](JaVaScRiPt&colon;alert(1))
[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)
[click](vbscript:alert(1))
![x](https://example.invalid/track.png)
![x](javascript:alert(1))
![x" onerror="alert(1)](x)
[x](https://example.invalid/"onmouseover="alert(1))
<https://example.invalid/"onmouseover=alert(1)>
`<img src=x onerror=alert(1)>`
""".strip().splitlines()

_ACTIVE = "script, iframe, object, embed, form, input, style, link, base, meta, video, audio, img"


async def test_nothing_that_an_answer_or_a_name_says_is_obeyed(page: Page, house: House) -> None:
    assert len(_PAYLOADS) >= 30
    name, mark = new_id(), tag()
    text = "\n\n".join([*_PAYLOADS, f"```html onload=alert(1)\n{_PAYLOADS[0]}\n```", mark])
    house.demo.queue(text)
    body = {"model": f"claude:{name}", "messages": [user(f"{_PAYLOADS[1]} {mark}")]}
    assert (await house.http.post("/v1/chat/completions", json=body)).status_code == 200
    await page.goto("/")
    await page.get_by_role("link", name=mark).click()  # its name is what was said first
    answer = answers(page)
    await expect(answer).to_contain_text(mark)
    await expect(answer).to_contain_text("<script>alert(1)</script>")  # it is shown as it was written
    await expect(questions(page)).to_contain_text(_PAYLOADS[1])
    assert await answer.locator(_ACTIVE).count() == 0
    links = await answer.locator("a").evaluate_all(
        "links => links.map((link) => [link.protocol, link.rel, link.target].join(' '))"
    )
    assert {link.replace("https:", "http:") for link in links} <= {
        f"{protocol} noopener noreferrer nofollow _blank" for protocol in ("http:", ":")
    }
    names = await answer.locator("*").evaluate_all("all => all.flatMap((one) => one.getAttributeNames())")
    assert {name for name in names if name.startswith("on") or name == "style"} == set()
    for link in await answer.locator("a").all():  # whoever rests or clicks on them comes to no harm
        await link.hover()
        if await link.evaluate("(link) => !link.href.startsWith('http')"):
            await link.click()


_TOUCHY = "<img src=x onerror=alert(1)>"


async def test_nothing_that_a_question_about_a_tool_says_is_obeyed(page: Page) -> None:
    await begin(page, "claude-code")
    everything = " ".join(payload for payload in _PAYLOADS if "`" not in payload)
    asked = {"command": f"touch made # {everything}", "description": _TOUCHY}
    await say(page, f"[[call Bash {json.dumps(asked)}]] [[then]] [[say done]] {tag()}")
    question = page.get_by_role("region", name="Permission: Bash")
    await expect(question).to_contain_text("<script>alert(1)</script>")
    assert await question.locator(_ACTIVE.replace("input, ", "")).count() == 0
    await question.get_by_role("button", name="Refuse", exact=True).click()
    await expect(answers(page)).to_have_attribute("aria-busy", "false")


async def test_nothing_that_a_tool_s_call_or_its_result_says_is_obeyed(page: Page) -> None:
    await begin(page)
    await page.get_by_role("button", name="Settings").click()
    await page.get_by_role("button", name="Example: Tools that you run").click()
    everything = " ".join(payload for payload in _PAYLOADS if "`" not in payload)
    await say(page, f"[[call get_weather {json.dumps({'city': everything})}]] [[then]] [[say done]] {tag()}")
    card = page.get_by_role("form", name="Tool calls")
    await expect(card).to_contain_text("<script>alert(1)</script>")
    assert await card.locator(_ACTIVE).count() == 0
    await card.get_by_label("Result of get_weather").fill(everything)
    await card.get_by_role("button", name="Send result").click()
    await expect(answers(page).last).to_contain_text("done")
    result = page.get_by_role("article", name="Tool result")
    await result.locator("summary").click()
    await expect(result).to_contain_text("<script>alert(1)</script>")
    assert await result.locator(_ACTIVE).count() == 0


async def test_a_conversation_named_in_the_address_that_does_not_exist_is_said_to_be_gone(page: Page) -> None:
    await page.goto("/#/c/there-is-none")
    await expect(page.get_by_role("alert")).to_contain_text("It may have been deleted, or have expired.")
    await page.goto("/#/c/<img src=x onerror=alert(1)>")
    await expect(page.get_by_text("What shall we talk about?")).to_be_visible()
