"""One conversation with the core: its settings, and a turn at a time."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import grpc
from hotseat import Client, HotseatError, Talk, pb

from hotseat_cli.script import Script, question
from hotseat_cli.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for on the command line."""

    target: str  # the core
    conversation_id: str = ""
    profile: str = ""
    model: str = ""
    system: str = ""
    ask: bool = True  # there is somebody who can be asked for permission
    verbose: bool = False
    colour: bool = True
    values: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)  # the settings: a key may be there


@dataclass
class Dialogue:
    """A conversation that goes on turn by turn; each turn is a stream of its own."""

    client: Client
    wish: Wish
    terminal: Terminal
    conversation_id: str = ""
    _opened: bool = field(default=False, init=False)

    async def turn(self, text: str, stop: asyncio.Event) -> pb.TurnCompleted:
        """Say something and show what comes back; `stop` interrupts the answer."""
        said = pb.UserInput(request_id=str(uuid.uuid4()), content=[pb.ContentBlock(text=text)])
        # Opened first, said then: grpc.aio may lose the reason of a refused opening if more was being written.
        async with self.client.converse(await self._opening()) as talk:
            self._opened = True
            self.conversation_id = talk.ready.conversation.conversation_id
            await talk.say(said)
            try:
                return await self._show(talk, said.request_id, stop)
            except ExceptionGroup as group:  # from the tasks of the turn: the first failure is the reason
                raise group.exceptions[0] from group

    async def _opening(self) -> pb.OpenConversation:
        if self._opened:
            return pb.OpenConversation(conversation_id=self.conversation_id)
        settings = wanted(self.wish, await self._held())
        return pb.OpenConversation(conversation_id=self.conversation_id, settings=settings)

    async def _held(self) -> pb.ConversationSettings | None:
        if not self.conversation_id:
            return None
        try:
            return (await self.client.get_conversation(self.conversation_id)).settings
        except HotseatError as error:
            if error.code is grpc.StatusCode.NOT_FOUND:
                return None
            raise

    async def _show(self, talk: Talk, request_id: str, stop: asyncio.Event) -> pb.TurnCompleted:
        script = Script(verbose=self.wish.verbose)
        questions: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            stopping = tasks.create_task(_interrupt(talk, request_id, stop), name="interrupt")
            async for event in talk.turn(request_id):
                for piece in script.read(event):
                    self.terminal.write(piece)
                match event.WhichOneof("event"):
                    case "permission_request":
                        request = event.permission_request
                        questions[request.permission_id] = tasks.create_task(self._ask(talk, request), name="question")
                    case "requests_cancelled":
                        for permission_id in event.requests_cancelled.permission_ids:
                            if task := questions.pop(permission_id, None):
                                task.cancel()
                    case "turn_completed":
                        completed = event.turn_completed
            for task in (stopping, *questions.values()):
                task.cancel()
        self.terminal.end_line()
        return completed

    async def _ask(self, talk: Talk, request: pb.PermissionRequest) -> None:
        if self.wish.ask and await self.terminal.allows(question(request)):
            await talk.decide(request.permission_id, pb.PermissionAllow())
        else:
            await talk.decide(request.permission_id, pb.PermissionDeny(message="The user said no."))


async def _interrupt(talk: Talk, request_id: str, stop: asyncio.Event) -> None:
    await stop.wait()
    await talk.interrupt(request_id=request_id)


def wanted(wish: Wish, held: pb.ConversationSettings | None) -> pb.ConversationSettings:
    """The conversation's settings: what it holds already, under what the command line says."""
    settings = pb.ConversationSettings()
    if held is not None:
        settings.CopyFrom(held)
    if wish.profile:
        settings.profile = wish.profile
    if wish.model:
        settings.model = wish.model
    if wish.system:
        settings.system_prompt.text = wish.system
    if wish.ask:
        settings.permission_policy.mode = pb.PermissionPolicy.MODE_ASK
    return settings
