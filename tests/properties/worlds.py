"""What the machine acts on: a real core, with fake CLIs or with the real one, and an ear at the model."""

import json
import os
import shlex
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from hotseat import Client
from hotseat_core.server import Core, serve
from hotseat_core.settings import CoreSettings
from hotseat_core.worker.sandboxing import Wish

from tests.e2e.house import House, running
from tests.faults.test_servers import AFTER_A_KILL_S
from tests.properties.model import Heard, History, Said, folded, told

POOL_SIZE = 3

ROOT = Path(__file__).parents[2]


# The prompts that make the model do something, with a place for a word.
FAKE_ORDERS = {
    "say": "{}",
    "tool": "tool {}",
    "cut": "cut max_tokens",
    "fail": "fail 529",
    "die": "die",
    "vanish": "vanish",
    "hang": "hang {}",
    "mute": "mute {}",
}
DEMO_ORDERS = {
    "say": "[[say you said {0}]] {0}",
    "cut": "[[maxtok]] [[say cut short]] {}",
    "fail": "[[error 400]] {}",
    "hang": "[[tokens 500]] [[delay 20]] {}",
    "mute": "[[ttft 60000]] [[say never]] {}",
}


class World(Protocol):
    """A core to talk to, and what it makes the model hear."""

    client: Client
    orders: Mapping[str, str]

    async def open(self, directory: Path) -> None:
        """Start it."""

    async def aclose(self) -> None:
        """End it, and check that nothing is left."""

    async def restart(self) -> None:
        """End the core, by whatever way this world has, and start another on what it left."""

    def heard(self) -> list[Heard]:
        """What the model heard since the last call."""

    async def said(self, conversation: str) -> History | None:
        """What the journal holds of the conversation; None: this world can't look."""


class FakeWorld:
    """A core in this process, on a unix socket, with its journal on disk; its CLIs are processes, but fakes."""

    def __init__(self) -> None:
        self.orders: Mapping[str, str] = FAKE_ORDERS
        self.client: Client
        self._core: Core
        self._directory = Path()
        self._stack = AsyncExitStack()
        self._read = 0  # bytes of what the CLIs wrote down

    async def open(self, directory: Path) -> None:
        self._directory = directory
        (directory / "heard").touch()
        await self._start()

    async def aclose(self) -> None:
        await self._stack.aclose()
        assert list((self._directory / "data" / "workers").iterdir()) == []

    async def restart(self) -> None:
        await self._stack.aclose()
        await self._start()

    async def _start(self) -> None:
        settings = CoreSettings(
            socket=str(self._directory / "core.sock"),
            data_dir=str(self._directory / "data"),
            cli_path=str(self._cli()),
            credential={"ANTHROPIC_API_KEY": "sk-secret"},
            sandbox=Wish.OFF,  # the fake CLI is among what it would hide
            inherited_env={"PATH": os.environ["PATH"]},
            pool_size=POOL_SIZE,
            warm_workers=1,
            profile="claude",
            drain_timeout_ms=0,
        )
        self._core = await self._stack.enter_async_context(serve(settings))
        self.client = await self._stack.enter_async_context(Client(self._core.target))

    def _cli(self) -> Path:
        variables = {"FAKE_CLI_HEARD": str(self._directory / "heard"), "PYTHONPATH": str(ROOT)}
        exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
        command = shlex.join([sys.executable, "-s", "-S", "-m", "tests.fakes.claude_cli"])
        launcher = self._directory / "claude"
        launcher.write_text(f'#!/bin/sh\n{exports}\nexec {command} "$@"\n')
        launcher.chmod(0o755)
        return launcher

    def heard(self) -> list[Heard]:
        with (self._directory / "heard").open("rb") as file:
            file.seek(self._read)
            lines = file.read().splitlines()
            self._read = file.tell()
        asked = [json.loads(line) for line in lines]
        return [Heard(one["system"], told(one["messages"])) for one in asked]

    async def said(self, conversation: str) -> History | None:
        store = self._core.registry._store
        stored = await store.get("", conversation)
        if stored is None:
            return ()
        nodes = await store.messages("", stored.head) if stored.head else ()
        return folded(Said(node.message.role, node.message.text, None) for node in nodes)


class RealWorld:
    """The core's process with the real CLI and the demo model; a restart is kill -9."""

    def __init__(self) -> None:
        self.orders: Mapping[str, str] = DEMO_ORDERS
        self.client: Client
        self._house: House
        self._stack = AsyncExitStack()
        self._last = 0  # request that was heard

    async def open(self, directory: Path) -> None:
        bounds = {"POOL_SIZE": str(POOL_SIZE), "HOTSEAT_WARM_WORKERS": "1"}
        self._house = await self._stack.enter_async_context(running(directory, **bounds))
        self.client = self._house.grpc

    async def aclose(self) -> None:
        await self._stack.aclose()

    async def restart(self) -> None:
        house = self._house
        await house.core.kill()
        await house.until_no_process_is_left(AFTER_A_KILL_S)
        await house.start_core(house.core.address.rpartition(":")[2])
        # A new channel: the old one waits before it connects again.
        self.client = house.grpc = await self._stack.enter_async_context(Client(house.core.address))

    def heard(self) -> list[Heard]:
        new = [recorded for recorded in self._house.demo.main_requests if recorded.number > self._last]
        self._last = max([self._last, *(recorded.number for recorded in new)])
        return [Heard(_system(recorded.body or {}), told(recorded.messages)) for recorded in new]

    async def said(self, conversation: str) -> History | None:
        return None


def _system(body: dict[str, object]) -> str:
    blocks = body.get("system")
    texts = [block["text"] for block in blocks] if isinstance(blocks, list) else [str(blocks or "")]
    # The CLI puts a line of its own before the prompt that it was given.
    return "\n".join(text for text in texts if not text.startswith("x-anthropic-"))


async def strike(client: Client, conversation: str = "", pick: int = 0) -> bool:
    """Kill a worker with SIGKILL: the one that holds this conversation, or any; False: there is none."""
    listed = (await client.list_workers()).workers
    pids = [
        worker.pid for worker in listed if worker.pid and (not conversation or worker.conversation_id == conversation)
    ]
    if not pids:
        return False
    try:
        os.kill(pids[pick % len(pids)], signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
