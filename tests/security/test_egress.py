"""What an agent's shell reaches where hosts are listed, through the real CLI."""

import asyncio
import json
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests import containments
from tests.e2e.house import House, running, tag, user

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(containments.bwrap() is None, reason="bubblewrap does not work on this machine"),
]


@asynccontextmanager
async def greeting() -> AsyncIterator[int]:
    """A server that greets whoever connects, and its port."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"welcome\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def tunnel(target: str) -> str:
    """A command that asks the proxy for a tunnel, and prints what it hears; Bash alone can do it."""
    return (
        'address=${HTTPS_PROXY#http://}; exec 3<>"/dev/tcp/${address%:*}/${address#*:}"; '
        f"printf 'CONNECT {target} HTTP/1.1\\r\\n\\r\\n' >&3; timeout 10 cat <&3"
    )


async def run(house: House, command: str) -> str:
    """What the agent's Bash prints."""
    mark = tag()
    text = f"[[call Bash {json.dumps({'command': f'bash -c {shlex.quote(command)}'})}]] [[then]] [[say done]] {mark}"
    answer = await house.sdk.chat.completions.create(model="claude-code", messages=[user(text)])
    assert answer.choices[0].message.content == "done"
    (result,) = [block for block in house.asked(mark)[-1].messages[-1]["content"] if block["type"] == "tool_result"]
    return str(result["content"])


async def test_an_agent_reaches_the_hosts_that_are_listed_and_no_other(tmp_path: Path) -> None:
    async with greeting() as port, greeting() as other:
        settings = {
            "HOTSEAT_SANDBOX": "required",
            "HOTSEAT_PERMISSION_MODE": "bypass",
            "HOTSEAT_EGRESS_ALLOW": f"localhost:{port}",
            "HOTSEAT_EGRESS_NETWORKS": "127.0.0.0/8",
            "PATH": containments.PATH,
        }
        async with running(tmp_path, POOL_SIZE="1", HOTSEAT_WARM_WORKERS="0", **settings) as house:
            assert (await house.http.get("/health")).json()["pool"]["sandbox"]["network"] == "listed"
            assert (await run(house, tunnel(f"localhost:{port}"))).endswith("welcome")
            refused = await run(house, tunnel(f"localhost:{other}"))
            assert "403" in refused
            assert "HOTSEAT_EGRESS_ALLOW" in refused
            past = f"exec 3<>/dev/tcp/127.0.0.1/{port} && cat <&3 || echo no way past"
            assert (await run(house, past)).endswith("no way past")
            assert "an agent was kept from a host" in house.core.log.read_text()
