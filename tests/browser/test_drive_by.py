"""Another site's page in a real browser, on the machine where Hotseat serves: it gets nothing done and sees nothing."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from hotseat_edge.app import serve
from hotseat_edge.settings import Settings
from playwright.async_api import Page

from tests.browser.conftest import browsing
from tests.fakes.core import FakeCore, serving

CHAT = {"model": "claude", "messages": [{"role": "user", "content": "run something"}]}
# Each tries its way, and tells what the page has seen of an answer. {edge} is the server's address.
VECTORS = {
    "fetch": """fetch(edge + "/v1/chat/completions", {method: "POST", mode: "no-cors", body: chat,
                headers: {"Content-Type": "text/plain"}}).then(r => r.text())""",
    "form": """submit(edge + "/v1/chat/completions", "text/plain")""",
    "unspecified": """fetch(edge.replace("127.0.0.1", "0.0.0.0") + "/v1/chat/completions",
                {method: "POST", mode: "no-cors", body: chat}).then(r => r.text())""",
    "localhost": """fetch(edge.replace("127.0.0.1", "localhost") + "/v1/chat/completions",
                {method: "POST", mode: "no-cors", body: chat}).then(r => r.text())""",
    "events": """new Promise(done => { const found = new EventSource(edge + "/v1/models/events");
                found.onmessage = e => done(e.data); found.onerror = () => { found.close(); done(""); } })""",
    "socket": """new Promise(done => { const found = new WebSocket(edge.replace("http", "ws") + "/v1/models/socket");
                found.onopen = () => done("open"); found.onclose = () => done(""); })""",
    "beacon": """(navigator.sendBeacon(edge + "/v1/chat/completions", chat), later(""))""",
    "preflight": """fetch(edge + "/v1/chat/completions", {method: "POST", body: chat,
                headers: {"Content-Type": "application/json"}}).then(r => r.text())""",
    "image": """load("img", "src", edge + "/v1/models/image")""",
    "script": """load("script", "src", edge + "/v1/models/script")""",
    "frame": """load("iframe", "src", edge + "/v1/models/frame")
                .then(() => { const frame = document.querySelector("iframe:last-of-type");
                              try { return frame.contentDocument.body.innerText } catch (e) { return "" } })""",
    "prefetch": """load("link", "href", edge + "/v1/models/prefetch", {rel: "prefetch"})""",
}
HELPERS = """
const later = seen => new Promise(done => setTimeout(() => done(seen), 300));
const load = (tag, name, url, more = {}) => new Promise(done => {
  const found = Object.assign(document.createElement(tag), more);
  found.onload = () => done(tag === "iframe" || tag === "link" ? "" : "loaded"); found.onerror = () => done("");
  found[name] = url; document.body.append(found); setTimeout(() => done(""), 3000);
});
const submit = (url, kind) => { const form = document.createElement("form");
  const frame = document.createElement("iframe"); frame.name = "target"; document.body.append(frame);
  Object.assign(form, {action: url, method: "POST", enctype: kind, target: "target"});
  const input = document.createElement("input"); input.name = chat.slice(0, -1) + ', "x": "'; input.value = '"}';
  form.append(input); document.body.append(form); form.submit(); return later(""); };
"""


class Evil:
    """A site that serves a page, and a server beside it."""

    def __init__(self, page: Page, edge: str, core: FakeCore, requests: list[Any]) -> None:
        self.page, self.edge, self.core, self.requests = page, edge, core, requests

    async def attempt(self, vector: str) -> str:
        """What the page has seen of an answer; empty: nothing."""
        script = f"""async ([edge, chat]) => {{ {HELPERS}
            try {{ return await ({VECTORS[vector]}) || "" }} catch (error) {{ return "" }} }}"""
        seen: str = await self.page.evaluate(script, [self.edge, json.dumps(CHAT)])
        return seen


@asynccontextmanager
async def attacking(caplog: pytest.LogCaptureFixture, *, is_allowed: bool = False) -> AsyncIterator[Evil]:
    """A page of another site in a browser, and an edge before a core."""
    app = web.Application()
    app.router.add_get("/", _page)
    site = web.AppRunner(app)
    await site.setup()
    await web.TCPSite(site, "127.0.0.1", 0).start()
    origin = f"http://evil.example:{site.addresses[0][1]}"
    core = FakeCore()
    caplog.set_level(logging.INFO, "hotseat_edge.middleware")
    try:
        async with serving(core) as target:
            settings = Settings(port=0, core_target=target, cors_origins=(origin,) if is_allowed else ())
            async with serve(settings) as url, browsing() as browser:
                page = await browser.new_page()
                await page.goto(origin)
                yield Evil(page, url, core, caplog.records)
    finally:
        await site.cleanup()


async def _page(_: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>kittens</title><body></body>", content_type="text/html")


@pytest.mark.timeout(120)
async def test_another_sites_page_gets_nothing_done_and_sees_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with attacking(caplog) as evil:
        for vector in VECTORS:
            before = len(evil.requests)
            async with asyncio.timeout(20):
                seen = await evil.attempt(vector)
            assert (vector, seen) == (vector, "")
            answered = [record.status for record in evil.requests[before:] if record.getMessage() == "request"]
            assert set(answered) <= {403}, (vector, answered)
            # The browser itself keeps a page from 0.0.0.0.
            assert answered or vector == "unspecified", f"{vector} never reached the server: it shows nothing"
        assert evil.core.openings == []


@pytest.mark.timeout(120)
async def test_a_name_that_was_rebound_to_the_server_gets_nothing_done(caplog: pytest.LogCaptureFixture) -> None:
    async with attacking(caplog) as evil:
        rebound = evil.edge.replace("127.0.0.1", "rebound.example")
        answer = await evil.page.goto(f"{rebound}/v1/models")
        assert answer is not None
        assert answer.status == 403
        # From here on the page is, for the browser, of the server's own site.
        status = await evil.page.evaluate(
            """async chat => (await fetch("/v1/chat/completions", {method: "POST", body: chat,
                headers: {"Content-Type": "application/json"}}).catch(() => ({status: 0}))).status""",
            json.dumps(CHAT),
        )
        assert status in (0, 403)
        assert evil.core.openings == []


@pytest.mark.timeout(120)
async def test_a_page_whose_origin_the_operator_allows_is_served(caplog: pytest.LogCaptureFixture) -> None:
    """So the attempts above fail for what they are, and not because nothing could have come of them."""
    async with attacking(caplog, is_allowed=True) as evil:
        seen = json.loads(await evil.attempt("preflight"))
        assert seen["choices"][0]["message"]["content"] == "You said: run something"
        assert len(evil.core.openings) == 1
