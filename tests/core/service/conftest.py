"""A core that serves on a unix socket, on fake CLIs."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from hotseat import pb
from hotseat.v1.conversation_service_pb2_grpc import ConversationServiceStub
from hotseat_core.server import Core, serve
from hotseat_core.settings import CoreSettings
from hotseat_core.worker.sandboxing import Wish

from tests.core.conftest import MakeCli

Open = pb.OpenConversation
ASKING = pb.ConversationSettings(permission_policy=pb.PermissionPolicy(mode=pb.PermissionPolicy.MODE_ASK))


class Line:
    """One Converse stream, message by message."""

    def __init__(self, stub: Any) -> None:
        self.call = stub.Converse()
        self.seen: list[pb.ConverseResponse] = []

    async def open(self, conversation_id: str = "c", **fields: Any) -> Self:
        """Open, and read ready."""
        await self.send(open=Open(conversation_id=conversation_id, **fields))
        await self.until("ready")
        return self

    async def send(self, **member: Any) -> None:
        await self.call.write(pb.ConverseRequest(**member))

    async def say(self, text: str, request_id: str = "", **fields: Any) -> str:
        """Send an input; return its request id."""
        request_id = request_id or str(uuid.uuid4())
        content = [pb.ContentBlock(text=text)]
        await self.send(user_input=pb.UserInput(request_id=request_id, content=content, **fields))
        return request_id

    async def read(self) -> pb.ConverseResponse | None:
        """Return the next message; None: the stream has ended well."""
        message = await self.call.read()
        if message is grpc.aio.EOF:
            return None
        assert isinstance(message, pb.ConverseResponse)
        self.seen.append(message)
        return message

    async def until(self, kind: str) -> pb.ConverseResponse:
        """Read up to the first message of a kind."""
        while (message := await self.read()) is not None:
            if message.WhichOneof("event") == kind:
                return message
        raise AssertionError(f"the stream ended before {kind}: {self.kinds}")

    async def rest(self) -> list[pb.ConverseResponse]:
        """Read to the end."""
        found = []
        while (message := await self.read()) is not None:
            found.append(message)
        return found

    async def ask(self, text: str, **fields: Any) -> pb.TurnCompleted:
        """Say something and read to the end of its turn."""
        request_id = await self.say(text, **fields)
        while True:
            done = (await self.until("turn_completed")).turn_completed
            if done.request_id == request_id:
                return done

    async def refused(self) -> tuple[grpc.StatusCode, str, dict[str, Any]]:
        """Read to the end, which is none; return its code, its reason and its details."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await self.rest()
        return outcome(caught.value)

    @property
    def kinds(self) -> list[str | None]:
        return [message.WhichOneof("event") for message in self.seen]

    @property
    def log(self) -> list[pb.ConverseResponse]:
        return [message for message in self.seen if message.sequence]


def outcome(error: grpc.aio.AioRpcError) -> tuple[grpc.StatusCode, str, dict[str, Any]]:
    status = rpc_status.from_call(error)  # type: ignore[arg-type] # it has what is needed of a call
    found: dict[str, Any] = {}
    for packed in status.details if status is not None else []:
        name = packed.TypeName().rpartition(".")[2]
        found[name] = getattr(error_details_pb2, name)()
        packed.Unpack(found[name])
    return error.code(), found["ErrorInfo"].reason if "ErrorInfo" in found else "", found


def is_misheard(error: grpc.aio.AioRpcError) -> bool:
    """Whether grpc.aio has put an error of its own in the place of what the server said, which it does now and then
    where a call is refused while it is being written to: ask again.
    """
    return (error.code(), error.details()) == (grpc.StatusCode.INTERNAL, "Internal error from Core")


class House:
    """A core that serves, and ways to reach it."""

    def __init__(self, core: Core, channel: grpc.aio.Channel) -> None:
        self.core = core
        self.channel = channel
        self.stub: Any = ConversationServiceStub(channel)
        self.readers: list[asyncio.Task[Any]] = []  # of streams that outlive the block

    def line(self) -> Line:
        return Line(self.stub)

    def read_on(self, line: Line) -> asyncio.Task[tuple[grpc.StatusCode, str, dict[str, Any]]]:
        """Read to the end, which is none, while the server ends."""
        reading = asyncio.create_task(line.refused())
        self.readers.append(reading)
        return reading

    async def open(self, conversation_id: str = "c", **fields: Any) -> Line:
        return await self.line().open(conversation_id, **fields)

    async def refused(self, method: str, request: Any) -> tuple[grpc.StatusCode, str, dict[str, Any]]:
        """The end of a call that is refused."""
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await getattr(self.stub, method)(request)
        return outcome(caught.value)


OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def open_house(make_cli: MakeCli, tmp_path: Path) -> OpenHouse:
    """Serves on a unix socket (by default: 2 workers, no spares) until the block is left."""

    @asynccontextmanager
    async def opened(*faults: str, **fields: Any) -> AsyncIterator[House]:
        bounds: dict[str, Any] = {"pool_size": 2, "warm_workers": 0, "profile": "claude", "drain_timeout_ms": 50}
        settings = CoreSettings(
            socket=str(tmp_path / "core.sock"),
            data_dir=str(tmp_path / "data"),
            cli_path=str(make_cli(*faults)),
            credential={"ANTHROPIC_API_KEY": "sk-secret"},
            sandbox=Wish.OFF,  # the fake CLI is among what it would hide
            inherited_env={"PATH": os.environ["PATH"]},
            **(bounds | fields),
        )
        async with grpc.aio.insecure_channel(f"unix:{tmp_path}/core.sock") as channel:
            async with serve(settings) as core:
                house = House(core, channel)
                yield house
            await asyncio.gather(*house.readers)

    return opened
