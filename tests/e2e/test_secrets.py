"""Secrets and prompts in every place of a request: none reaches a log or an error, at the most talkative level."""

from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
import pytest_asyncio
from hotseat import pb

from tests.e2e.house import House, new_id, running, tag

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
WORD = "canaryword"  # stands in whatever a client says: of that nothing may be logged, whatever its shape
KEY = "sk-ant-api03-canarykey-0123456789abcdefghij"
SECRETS = [
    "sk-ant-api03-canary-0123456789abcdefghij",
    "sk-proj-canary0123456789abcdefghij",
    "hs_canary0123456789abcdefghijklmnop",
    "ghp_canary0123456789abcdefghijklmnopqrst",
    "AKIACANARY0123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.canarysignature0123456789",
    "-----BEGIN PRIVATE KEY-----\nMIIcanary0123456789\n-----END PRIVATE KEY-----",
]
MARKS = ("canary", "CANARY", "eyJzdWIiOi")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talkative(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house that logs all that it can."""
    logs = {"HOTSEAT_LOG_LEVEL": "debug", "HOTSEAT_LOG_FORMAT": "json"}
    async with running(tmp_path_factory.mktemp("talkative"), ANTHROPIC_API_KEY=KEY, **logs) as house:
        environment = {"PORT": "0", "HOTSEAT_CORE_TARGET": house.core.address, **logs}
        await house.edge.close()
        house.edge = await type(house.edge).start("hotseat_edge", house.directory / "edge.log", environment)
        yield house


def bodies(secret: str) -> list[dict[str, Any]]:
    """Requests that hold it, right ones and wrong ones."""
    said = f"[[say ok]] {WORD} {secret} {tag()}"
    tool = {"type": "function", "function": {"name": "f", "description": secret, "parameters": {"type": "object"}}}
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": f'{{"a": "{WORD}"}}'}}
    return [
        {"model": "claude", "messages": [{"role": "system", "content": secret}, {"role": "user", "content": said}]},
        {"model": "claude", "messages": [{"role": "user", "content": said}], "tools": [tool], "user": secret},
        {
            "model": "claude",
            "messages": [
                {"role": "user", "content": said},
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": secret},
            ],
            "tools": [tool],
        },
        {"model": "claude", "messages": [{"role": "user", "content": f"[[error 400]] {WORD} {secret}"}]},
        {"model": secret, "messages": [{"role": "user", "content": said}]},
        {"model": f"claude:{secret}", "messages": [{"role": secret, "content": said}]},
        {"model": "claude", "messages": [{"role": "user", "content": said}], secret: 1, "metadata": {"a": secret}},
        {"model": "claude", "messages": [{"role": "tool", "tool_call_id": secret, "content": said}]},
        {"model": "claude", "messages": [{"role": "user", "content": said}], "stream": True, "stop": [secret]},
    ]


async def test_nothing_that_a_client_says_is_logged_and_no_error_repeats_a_secret(talkative: House) -> None:
    async with httpx.AsyncClient(base_url=talkative.edge.address, trust_env=False, timeout=60) as http:
        answers = [await http.post(CHAT, json=body) for body in bodies(" ".join(SECRETS))]
        answers += [answer for secret in SECRETS for answer in await aside(http, secret.replace("\n", ""))]
    assert {answer.status_code for answer in answers} >= {200, 400, 404}
    errors = [answer.text for answer in answers if answer.status_code >= 400]
    await over_grpc(talkative)
    assert [text for text in errors if "-canary" in text or "_canary" in text or "AKIACANARY" in text] == []
    for log in (talkative.edge.log, talkative.core.log):
        text = log.read_text()
        assert len(text.splitlines()) > 20
        assert [line for line in text.splitlines() if any(mark in line for mark in MARKS)] == []


async def aside(http: httpx.AsyncClient, secret: str) -> list[httpx.Response]:
    """The answers to requests that hold it in their headers and addresses."""
    headers = {"Authorization": f"Bearer {secret}", "X-Api-Key": secret, "Cookie": f"session={secret}"}
    headers |= {"User-Agent": secret, "X-Custom": secret, "Referer": f"https://user:{secret[:20]}@example.com/"}
    paths = ("/conversations/{}", "/{}", "/v1/models/{}", "/conversations?after={}", "/livez?key={}")
    return [
        *[await http.get(path.format(secret[:100]), headers=headers) for path in paths],
        await http.get("/livez", headers=headers | {"X-Request-ID": secret}),
        await http.get("/livez", headers=headers | {"Host": secret[:30]}),
        await http.post(CHAT, content=f'{{"{WORD}": "{secret}', headers=headers),
        await http.post(CHAT, json={"model": secret, "messages": [{"role": "user", "content": WORD}]}, headers=headers),
    ]


async def over_grpc(house: House) -> None:
    """The same to the core itself."""
    channel: Any = house.grpc._channel
    for secret in SECRETS:
        line = secret.replace("\n", "")
        metadata = [("authorization", f"Bearer {line}"), ("x-custom", line)]
        for method in ("GetConversation", "DeleteConversation"):
            request = pb.GetConversationRequest(conversation_id=line[:60]).SerializeToString()
            call = channel.unary_unary(f"/hotseat.v1.ConversationService/{method}")
            with pytest.raises(grpc.aio.AioRpcError):
                await call(request, metadata=metadata)
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary("/hotseat.v1.PoolService/GetPool")(b"\xff" + line.encode(), metadata=metadata)
    opening = pb.OpenConversation(conversation_id=new_id(), client_id=SECRETS[0][:60])
    async with house.grpc.converse(opening) as talk:
        async for _ in talk.ask(f"[[say ok]] {WORD} {' '.join(SECRETS)}"):
            pass
