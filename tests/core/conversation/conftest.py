"""Conversations on a real pool of fake CLIs."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hotseat_core.conversation.conversation import Conversation
from hotseat_core.conversation.retention import FOR_EVER, Retention
from hotseat_core.conversation.tenants import Tenants
from hotseat_core.conversation.terms import Attachment, ConversationSettings, Disposition, Rejection
from hotseat_core.conversation.turn import Delivery, TurnInput
from hotseat_core.conversation.turn_runner import TurnLimits
from hotseat_core.events import Event, TurnCompleted
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.given import BareKey
from hotseat_core.worker.containment import Containment
from hotseat_core.worker.factory import FactorySettings, WorkerFactory
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import SessionSetup, TurnSetup

from tests.core.conftest import MakeCli
from tests.fakes.store import MemoryStore

EMPTY = "<Pool [Workers: 0 running, 0 idle, 0 warm, 0 starting, 0 stopping | Waiters: 0]>"


def settings(**setup: Any) -> ConversationSettings:
    return ConversationSettings("claude", SessionSetup(**setup))


class Guest:
    """A client on a conversation: says things, and waits for what happens."""

    def __init__(self, conversation: Conversation, attachment: Attachment) -> None:
        self.conversation = conversation
        self.attachment = attachment
        self._news = asyncio.Event()
        attachment.wake = self._news.set
        conversation.log.listen(self._news.set)

    def say(
        self, text: str, delivery: Delivery = Delivery.QUEUE, request_id: str = "", setup: TurnSetup | None = None
    ) -> str:
        """Submit an input; return its request id."""
        request_id = request_id or str(uuid.uuid4())
        prompt = Row("user", ({"type": "text", "text": text},))
        self.conversation.submit(self.attachment, TurnInput(request_id, prompt, setup or TurnSetup(), delivery))
        return request_id

    async def ask(self, text: str) -> TurnCompleted:
        """Say something and wait for the end of its turn."""
        return await self.completed(self.say(text))

    async def recall(self) -> str:
        """What the model has heard so far."""
        return (await self.ask("recall")).text

    @property
    def events(self) -> list[Event]:
        log = self.conversation.log
        return [entry.event for entry in log.read(log.first_sequence)]

    @property
    def rejections(self) -> list[Rejection]:
        return [message for message in self.attachment.side if isinstance(message, Rejection)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when something holds of the log, or of the messages to this stream alone."""
        while not condition():
            self._news.clear()
            await self._news.wait()

    async def first(self, kind: type[Event], count: int = 1) -> Event:
        """Return the event of a kind, by its number."""

        def found() -> list[Event]:
            return [event for event in self.events if isinstance(event, kind)]

        await self.until(lambda: len(found()) >= count)
        return found()[count - 1]

    async def completed(self, request_id: str) -> TurnCompleted:
        """Return how the input's turn ended."""

        def ends() -> list[TurnCompleted]:
            ended = [event for event in self.events if isinstance(event, TurnCompleted)]
            return [event for event in ended if event.request_id == request_id]

        await self.until(lambda: bool(ends()))
        return ends()[0]

    async def rejected(self, request_id: str) -> Rejection:
        """Return why the input was rejected."""

        def found() -> list[Rejection]:
            return [rejection for rejection in self.rejections if rejection.id == request_id]

        await self.until(lambda: bool(found()))
        return found()[0]


class House:
    """The conversations of a tenant, on a pool."""

    def __init__(self, pool: Pool, tenants: Tenants, store: MemoryStore, data_dir: Path) -> None:
        self.store = store
        self.pool = pool
        self.tenants = tenants
        self.registry = tenants.of("")
        self.data_dir = data_dir

    async def enter(
        self,
        conversation_id: str = "c",
        disposition: Disposition = Disposition.OPEN_OR_CREATE,
        **attachment: Any,
    ) -> Guest:
        """Open a conversation."""
        joined = Attachment(**attachment)
        return Guest(await self.registry.open(conversation_id, disposition, joined), joined)

    async def listed(self) -> list[str]:
        """Return the ids of all conversations, the latest used first."""
        found, _ = await self.registry.list("", 100, frozenset())
        return [summary.conversation_id for summary in found]

    async def calm(self, *, idle: int = 0, warm: int = 0) -> None:
        """Return when the pool looks like this, and nothing of it moves any more."""
        wanted = EMPTY.replace("0 idle", f"{idle} idle").replace("0 warm", f"{warm} warm")
        try:
            async with asyncio.timeout(10):
                while repr(self.pool) != wanted:
                    await self.pool.wait_for_change()
        except TimeoutError:
            assert repr(self.pool) == wanted


OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def open_house(make_cli: MakeCli, tmp_path: Path) -> OpenHouse:
    """Opens a registry on a pool of fake CLIs (by default: 2, no spares) and checks that nothing of it stays."""

    @asynccontextmanager
    async def opened(
        *faults: str,
        times: int = 0,
        limits: TurnLimits | None = None,
        max_live: int = 100,
        max_live_bytes: int = 10**9,
        store: MemoryStore | None = None,
        retention: Retention = FOR_EVER,
        **bounds: Any,
    ) -> AsyncIterator[House]:
        before = asyncio.all_tasks()
        factory = WorkerFactory(
            FactorySettings(
                cli_path=make_cli(*faults, times=times),
                gate=BareKey(Credential("ANTHROPIC_API_KEY", "sk-secret")),
                data_dir=tmp_path / "data",
                containment=Containment("none"),
                inherited_env={"PATH": os.environ["PATH"]},
            )
        )
        pool_settings = PoolSettings(WorkerSpec("claude"), **{"max_workers": 2, "warm_workers": 0, **bounds})
        journal = store or MemoryStore()
        async with Pool(pool_settings, factory.start) as pool:
            tenants = Tenants(
                journal,
                pool,
                limits or TurnLimits(),
                workspace_root=factory.workspace_root,
                default_settings=settings,
                made_workspaces=factory.made_workspaces,
                retention=retention,
                max_live=max_live,
                max_live_bytes=max_live_bytes,
            )
            async with tenants:
                yield House(pool, tenants, journal, tmp_path / "data")
        assert repr(pool) == EMPTY
        assert asyncio.all_tasks() == before
        assert list((tmp_path / "data" / "workers").iterdir()) == []

    return opened
