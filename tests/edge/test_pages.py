"""The pages' files: who may load what, what browsers keep of them, and that others' work is as they made it."""

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hotseat import pb
from hotseat_edge.pages import load

from tests.edge.conftest import Edge

_VENDOR = Path(str(files("hotseat_edge"))) / "web" / "vendor"


@pytest.mark.parametrize("path", ["/", "/dashboard"])
async def test_a_page_may_load_what_is_beside_it_and_nothing_else(edge: Edge, path: str) -> None:
    response = await edge.http.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|https?://", response.text)


async def test_every_file_that_a_page_or_script_names_is_served(edge: Edge) -> None:
    wanted = {"/", "/dashboard"}
    seen: set[str] = set()
    while new := wanted - seen:
        for path in new:
            response = await edge.http.get(path)
            assert response.status_code == 200, path
            seen.add(path)
            base = path.rsplit("/", 1)[0]
            if path.endswith(".js") and "/vendor/" not in path:
                wanted |= {_joined(base, name) for name in re.findall(r'from "(\.[^"]+)"', response.text)}
            wanted |= set(re.findall(r'(?:src|href)="(/web/[^"]+)"', response.text))
    assert {"/web/js/playground.js", "/web/vendor/purify.js", "/web/css/base.css", "/web/icon.svg"} <= seen
    assert {f"/web/{path}" for path in load() if not path.endswith(".html")} <= seen  # and none is served in vain


def _joined(base: str, name: str) -> str:
    parts = base.split("/")
    for part in name.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


async def test_what_a_browser_has_is_not_sent_again(edge: Edge) -> None:
    first = await edge.http.get("/web/js/api.js")
    tag = first.headers["etag"]
    again = await edge.http.get("/web/js/api.js", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    changed = await edge.http.get("/web/js/api.js", headers={"If-None-Match": '"other"'})
    assert (changed.status_code, changed.content) == (200, first.content)


@pytest.mark.parametrize("path", ["nothing.js", "../app.py", "%2e%2e/app.py", "vendor/README.md", "js"])
async def test_nothing_else_is_served(edge: Edge, path: str) -> None:
    assert (await edge.http.get(f"/web/{path}")).status_code == 404


def test_what_others_made_is_as_they_made_it() -> None:
    listed = dict(
        re.findall(r"^\| ([\w-]+\.js) \|.* ([0-9a-f]{64}) \|", (_VENDOR / "README.md").read_text(), re.MULTILINE)
    )
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in _VENDOR.glob("*.js")} == listed


async def test_a_turn_is_stopped_by_the_name_of_its_conversation(edge: Edge) -> None:
    edge.core.conversations["c1"] = pb.Conversation(conversation_id="c1", state=pb.Conversation.STATE_RUNNING)
    edge.core.conversations["c2"] = pb.Conversation(conversation_id="c2", state=pb.Conversation.STATE_IDLE)
    running = await edge.http.post("/conversations/c1/interrupt")
    assert running.json() == {"id": "c1", "object": "conversation.interrupted", "interrupted": True}
    assert len(edge.core.interrupts) == 1
    idle = await edge.http.post("/conversations/c2/interrupt")
    assert idle.json()["interrupted"] is False
    assert len(edge.core.interrupts) == 1
