"""The provider's key is the core's alone: with the real CLI, it is nowhere that a worker or its tools can look."""

import contextlib
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests import containments
from tests.e2e.house import House, new_id, running, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "sk-ant-api03-canary-in-a-coal-mine"
CANARY = b"canary-in-a-coal-mine"
LOOK = "env; tr '\\\\0' '\\\\n' </proc/$PPID/environ; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; true"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=containments.FOUND)
async def house(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """A house whose key is unmistakable, and whose model may do what it likes."""
    directory = tmp_path_factory.mktemp("key")
    settings = {"POOL_SIZE": "2", "HOTSEAT_PERMISSION_MODE": "bypass", "IS_SANDBOX": "1"}
    settings |= containments.settings(request.param)
    async with running(directory, ANTHROPIC_API_KEY=KEY, **settings) as opened:
        yield opened


async def ask(house: House, text: str, model: str = "claude-code") -> str:
    answer = await house.sdk.chat.completions.create(model=f"{model}:{new_id()}", messages=[user(text)])
    return answer.choices[0].message.content or ""


@pytest.mark.parametrize("model", ["claude", "claude-code"])
async def test_the_provider_sees_the_key_and_the_address_that_it_is_to_see(house: House, model: str) -> None:
    word = tag()
    assert await ask(house, f"[[say fine]] {word}", model) == "fine"
    (recorded,) = house.asked(word)
    assert recorded.credential is not None
    assert recorded.credential.header == "x-api-key"
    assert recorded.credential.sha256 == hashlib.sha256(KEY.encode()).hexdigest()
    assert recorded.headers["host"] == house.demo.url.removeprefix("http://")


async def test_a_tool_that_looks_everywhere_does_not_find_it(house: House) -> None:
    word = tag()
    assert await ask(house, f'[[call Bash {{"command": "{LOOK}"}}]] [[then]] [[say looked]] {word}') == "looked"
    seen = str(house.asked(word)[-1].messages)
    assert "ANTHROPIC_UNIX_SOCKET=" in seen  # it did look, and saw its own
    assert "hotseat-worker-" in seen
    assert CANARY.decode() not in seen


async def test_no_worker_holds_it(house: House) -> None:
    workers = house.processes()
    assert workers
    for worker in workers:
        proc = Path(f"/proc/{worker.pid}")
        assert CANARY not in (proc / "environ").read_bytes() + (proc / "cmdline").read_bytes()


async def test_the_core_does_not_show_it_either(house: House) -> None:
    proc = Path(f"/proc/{house.core.pid}")
    assert CANARY not in (proc / "cmdline").read_bytes()
    with contextlib.suppress(PermissionError):  # only root may look at all
        assert CANARY not in (proc / "environ").read_bytes()


async def test_it_is_in_no_file_no_log_and_no_answer(house: House) -> None:
    word = tag()
    await ask(house, f"[[say before]] {word}")
    response = await house.http.post(
        "/v1/chat/completions", json={"model": "claude", "messages": [user(f"[[error 401]] {word}")]}
    )
    assert response.status_code == 401
    assert CANARY not in response.content
    read = 0
    for path in house.directory.rglob("*"):
        if path.is_file():
            assert CANARY not in path.read_bytes(), path
            read += 1
    assert read > 3


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "wrong"}, {"authorization": "Bearer wrong"}])
async def test_the_socket_alone_opens_nothing(house: House, headers: dict[str, str]) -> None:
    (socket, *_) = (house.data_dir / "sockets").iterdir()
    before = len(house.demo.requests)
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket))) as client:
        answer = await client.post("http://x/v1/messages", headers=headers, json={})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert len(house.demo.requests) == before


async def test_the_sockets_are_the_core_s_alone_and_go_with_their_workers(house: House) -> None:
    sockets = house.data_dir / "sockets"
    assert sockets.stat().st_mode & 0o777 == 0o700
    found = {path.stem: path for path in sockets.iterdir()}
    assert found.keys() >= {worker.worker_id for worker in house.processes()}
    assert {path.stat().st_mode & 0o777 for path in found.values()} == {0o600}


async def test_the_key_can_be_left_to_the_workers(tmp_path: Path) -> None:
    async with running(
        tmp_path, POOL_SIZE="1", HOTSEAT_WARM_WORKERS="0", ANTHROPIC_API_KEY=KEY, HOTSEAT_KEY_MODE="env"
    ) as house:
        word = tag()
        assert await ask(house, f"[[say fine]] {word}", "claude") == "fine"
        environments = [Path(f"/proc/{worker.pid}/environ").read_bytes() for worker in house.processes()]
        assert any(CANARY in environment for environment in environments)
        assert not (house.data_dir / "sockets").exists()
        assert "every worker holds the credential" in house.core.last_words()


@pytest.mark.parametrize("variable", ["ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"])
async def test_every_kind_of_credential_is_shown_as_the_cli_shows_it(tmp_path: Path, variable: str) -> None:
    file = tmp_path / "token"
    file.write_text(f"{KEY}\n")
    settings = {"ANTHROPIC_API_KEY": "", f"{variable}_FILE": str(file)}
    async with running(tmp_path, POOL_SIZE="1", HOTSEAT_WARM_WORKERS="0", **settings) as house:
        word = tag()
        assert await ask(house, f"[[say fine]] {word}", "claude") == "fine"
        (recorded,) = house.asked(word)
        assert recorded.credential is not None
        assert recorded.credential.header == "authorization"
        assert recorded.credential.sha256 == hashlib.sha256(KEY.encode()).hexdigest()
        is_oauth = variable == "CLAUDE_CODE_OAUTH_TOKEN"
        assert ("oauth-2025-04-20" in recorded.headers["anthropic-beta"]) is is_oauth
        file.write_text("another\n")
        assert await ask(house, f"[[say fine]] {word} again", "claude") == "fine"
        credential = house.asked(f"{word} again")[-1].credential
        assert credential is not None
        assert credential.sha256 == hashlib.sha256(b"another").hexdigest()
