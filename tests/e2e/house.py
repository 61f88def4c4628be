"""A whole house for a test: the demo model, the core and the edge on real sockets, with the real `claude` CLI."""

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
from hotseat import Client, pb
from hotseat_bench.census import Census
from hotseat_demo.record import Recorded
from hotseat_demo.server import DemoModel

from tests.e2e import processes
from tests.e2e.processes import Found, until

_START_S = 30.0
_END_S = 15.0
_KEPT = ("PATH", "LANG", "HOME")  # of our own environment: a developer's settings must not reach the house


class Server:
    """One server process: started when it has said where it listens."""

    def __init__(self, module: str, process: asyncio.subprocess.Process, address: str, log: Path) -> None:
        self.module = module
        self.process = process
        self.address = address
        self.log = log

    @property
    def pid(self) -> int:
        return self.process.pid

    @classmethod
    async def start(cls, module: str, log: Path, environment: dict[str, str]) -> "Server":
        inherited = {name: os.environ[name] for name in _KEPT if name in os.environ} | {"HOTSEAT_CONFIG": os.devnull}
        with log.open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module),
                env=inherited | environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
                cwd=log.parent,
            )
        assert process.stdout is not None
        async with asyncio.timeout(_START_S):
            line = (await process.stdout.readline()).decode()
        server = cls(module, process, line.split()[-1] if line else "", log)
        assert " listening on " in line, f"{module} did not start: {line}\n{server.last_words()}"
        return server

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text()[-4000:]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, seconds: float = _END_S) -> int:
        """Its exit code, once it has one."""
        async with asyncio.timeout(seconds):
            return await self.process.wait()

    async def kill(self) -> None:
        """SIGKILL, as the kernel's out-of-memory killer would."""
        self.process.kill()
        await self.ended()

    async def close(self) -> int | None:
        """End it as an operator would; its exit code, or None where a test has ended it already."""
        if self.process.returncode is not None:
            return None
        self.process.terminate()
        try:
            return await self.ended()
        except TimeoutError:
            self.process.kill()
            await self.ended()
            raise AssertionError(f"{self.module} did not end on SIGTERM:\n{self.last_words()}") from None


class House:
    """The servers, and a client of every kind for them."""

    def __init__(self, directory: Path, demo: DemoModel, settings: dict[str, str]) -> None:
        self.directory = directory
        self.data_dir = directory / "data"
        self.demo = demo
        self._settings = settings
        self.core: Server
        self.edge: Server
        self.http: httpx.AsyncClient  # to the edge
        self.sdk: openai.AsyncOpenAI  # to the edge; it never retries by itself
        self.grpc: Client  # to the core

    # -- servers

    async def start_core(self, port: str = "0") -> None:
        """Start the core; a port given is one that an earlier core listened on."""
        environment = {
            "HOTSEAT_CORE_PORT": port,
            "HOTSEAT_DATA_DIR": str(self.data_dir),
            "ANTHROPIC_BASE_URL": self.demo.url,
            "ANTHROPIC_API_KEY": "demo",
            "HOTSEAT_DEMO": "1",
            **self._settings,
        }
        self.core = await Server.start("hotseat_core", self.directory / "core.log", environment)

    async def start_edge(self, target: str = "", **settings: str) -> None:
        """Start an edge before the core, or before what stands in front of it."""
        address = {"PORT": "0", "HOTSEAT_CORE_TARGET": target or self.core.address}
        environment = {**address, "HOTSEAT_DEMO": "1", **settings}
        self.edge = await Server.start("hotseat_edge", self.directory / "edge.log", environment)

    def openai(self) -> openai.OpenAI:
        """The synchronous SDK, for a thread."""
        return openai.OpenAI(base_url=f"{self.edge.address}/v1", api_key="unused", max_retries=0, timeout=30)

    # -- what the model was asked

    def asked(self, text: str) -> list[Recorded]:
        """The conversations' requests whose last user message holds this text, oldest first."""
        return [recorded for recorded in self.demo.main_requests if text in last_said(recorded.messages)]

    async def until_asked(self, text: str, *, deltas: int = 0, seconds: float = 10) -> Recorded:
        """The latest request that holds this text, once the model has sent that many deltas."""
        await self.demo.wait_until(
            lambda: bool(self.asked(text)) and self.asked(text)[-1].deltas >= deltas, timeout=seconds
        )
        return self.asked(text)[-1]

    # -- what runs

    def processes(self) -> list[Found]:
        return processes.of_house(self.data_dir)

    def of(self, worker_id: str) -> list[Found]:
        """The processes of one worker."""
        return [found for found in self.processes() if found.worker_id == worker_id]

    def census(self) -> Census:
        return Census(self.core.pid)

    async def workers(self) -> dict[str, pb.Worker]:
        """The pool's workers that hold a conversation, by that."""
        listed = await self.grpc.list_workers()
        return {worker.conversation_id: worker for worker in listed.workers if worker.conversation_id}

    async def worker(self, conversation: str) -> pb.Worker:
        """The worker that holds this conversation."""
        return (await self.workers())[conversation]

    async def until_cold(self, conversation: str) -> None:
        """Return once the core knows that no worker holds this conversation."""
        async with asyncio.timeout(5):
            while (await self.grpc.get_conversation(conversation)).worker_id:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)

    async def until_queued(self, count: int) -> None:
        """Return once so many turns wait for a worker."""
        async with asyncio.timeout(10):
            while (await self.grpc.get_pool()).stats.queued_turns != count:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)

    async def until_idle(self, conversation: str) -> pb.Worker:
        """The worker of this conversation, once it waits for the next turn."""
        async with asyncio.timeout(10):
            while True:
                found = (await self.workers()).get(conversation)
                if found is not None and found.state == pb.Worker.STATE_IDLE:
                    return found
                await asyncio.sleep(0.01)

    async def until_no_process_is_left(self, seconds: float = 3) -> float:
        """How long it took until no process of a worker was left; it fails where one stays."""
        try:
            return await until(lambda: not self.processes(), seconds, "no process of a worker is left")
        except AssertionError:
            raise AssertionError(f"left behind: {self.processes()}") from None


@asynccontextmanager
async def running(directory: Path, **settings: str) -> AsyncIterator[House]:
    """A house in an existing directory; leaving the block ends it and checks that no process is left."""
    async with DemoModel() as demo:
        house = House(directory, demo, settings)
        try:
            await house.start_core()
            await house.start_edge()
            async with AsyncExitStack() as clients:
                await _connect(house, clients)
                yield house
        finally:
            await _end(house)


async def _connect(house: House, clients: AsyncExitStack) -> None:
    url = house.edge.address
    house.http = await clients.enter_async_context(httpx.AsyncClient(base_url=url, trust_env=False, timeout=30))
    house.sdk = await clients.enter_async_context(
        openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0, timeout=30)
    )
    house.grpc = await clients.enter_async_context(Client(house.core.address))


async def _end(house: House) -> None:
    killed = any(server.process.returncode not in (None, 0) for server in _started(house))
    codes = [await server.close() for server in _started(house)]
    try:
        # A core that ends well leaves nothing; what contains the workers of one that was killed ends them.
        await house.until_no_process_is_left(3 if killed else 0)
    finally:
        for found in house.processes():  # ours by mark and directory
            os.kill(found.pid, signal.SIGKILL)
    assert all(code in (0, None) for code in codes), f"exit codes of the edge and the core: {codes}"


def _started(house: House) -> Iterable[Server]:
    return [server for name in ("edge", "core") if (server := getattr(house, name, None)) is not None]


# -- small words that every test needs


def tag() -> str:
    """A word that no other test says: it finds a request again, and keeps the demo model's counts apart."""
    return f"#{uuid.uuid4().hex[:10]}"


def new_id() -> str:
    """A conversation id of the test's own."""
    return f"c-{uuid.uuid4().hex[:10]}"


def user(text: str) -> Any:
    """A user's message, as the OpenAI API takes it."""
    return {"role": "user", "content": text}


def assistant(text: str) -> Any:
    """An assistant's message, as the OpenAI API takes it."""
    return {"role": "assistant", "content": text}


def text_of(message: dict[str, Any]) -> str:
    """The texts of a message that the model got, the client's reminders left out."""
    content = message["content"]
    if isinstance(content, str):
        return content
    texts = [block["text"] for block in content if block["type"] == "text"]
    return "\n".join(text for text in texts if not text.startswith("<system-reminder>"))


def said(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What the model got, as (role, text)."""
    return [(message["role"], text_of(message)) for message in messages if message["role"] != "system"]


def last_said(messages: list[dict[str, Any]]) -> str:
    """The last user message with a text of its own: tool results have none."""
    users = [text_of(message) for message in messages if message["role"] == "user"]
    return next((text for text in reversed(users) if text), "")
