"""What takes strangers' bytes, each as a function of chance that raises only where something is wrong."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Any

from google.protobuf.message import DecodeError, Message
from hotseat import pb
from hotseat_core import convert, parse
from hotseat_core.conversation.log import EventLog
from hotseat_core.errors import HotseatError
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.worker.command import Command
from hotseat_core.worker.frames import LineFramer, LineTooLongError, decode
from hotseat_core.worker.running_turn import RunningTurn
from hotseat_core.worker.setup import PermissionMode, SessionSetup, TurnSetup
from hotseat_core.worker.tools import Tool
from hotseat_core.worker.worker import Worker
from hotseat_edge.openai import idempotency, names, request, schema
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.responses import request as response_request
from hotseat_edge.responses import schema as response_schema

from tests.core.worker import speaking
from tests.fuzz import mutate, seeds

Target = Callable[[Random], None]


def frames(random: Random) -> None:
    """The CLI's standard output, cut anywhere: no line is lost to the one before it."""
    said = [mutate.value(random, random.choice(seeds.SPOKEN)) for _ in range(random.randrange(1, 6))]
    lines = [json.dumps(message).encode() for message in said]
    lines = [mutate.data(random, line).replace(b"\n", b"") if random.random() < 0.4 else line for line in lines]
    stream = b"\n".join(lines) + b"\n"
    framer, found = LineFramer(random.choice((64, 1 << 20))), []
    with suppress(LineTooLongError):
        while stream:
            size = random.randrange(1, len(stream) + 1)
            found += framer.feed(stream[:size])
            stream = stream[size:]
        assert found == [line for line in lines if line]
    for line in found:
        message = decode(line)
        assert message is None or isinstance(message, dict)
        json.dumps(message).encode()


def worker(random: Random) -> None:
    """What the CLI says in a turn: a worker makes events of it that every client can be told."""
    asyncio.run(_worker(random))


async def _worker(random: Random) -> None:
    spec = WorkerSpec("claude")
    subject = Worker("w", spec, Command((), {}, "/"), is_bare=True)  # type: ignore[arg-type] # it is never started
    subject.setup = SessionSetup(tools=(Tool("f", "", ""),))
    events: list[Any] = []
    setup = TurnSetup(allow_retraction=random.random() < 0.5)
    turn = subject._turn = RunningTurn("p", setup, events.extend, 60, subject._is_client_tool)
    said = list(random.choice(seeds.TURNS))
    for place, message in enumerate(said):
        if random.random() < 0.3:
            said[place] = mutate.value(random, message)
    if random.random() < 0.3:
        random.shuffle(said)
    batch = [(json.dumps(message).encode(), message) for message in said if isinstance(message, dict)]
    subject._on_batch(batch)
    turn.end(speaking.CLEAN)
    log = EventLog()
    log.append(1, events)
    for entry in log.read(1):
        convert.response(entry).SerializeToString()
    report = await turn.report()
    json.dumps([row.content for row in report.rows])


def chat(random: Random) -> None:
    """The body and headers of a chat request."""
    text = mutate.body(random, random.choice(seeds.CHATS))
    with suppress(ApiError):
        asked = schema.parse(text)
        model = names.parse_model(asked.model)
        given = {name: _header(random) for name in seeds.HEADERS if random.random() < 0.2}
        conversation = names.conversation_id(given.get(names.CONVERSATION_HEADER), model.conversation)
        identity = idempotency.identify(given, "/v1/chat/completions", conversation, text)
        built = request.build(asked, model, conversation, identity, finishes=idempotency.finishes(given))
        built.opening.SerializeToString()
        built.input.SerializeToString()


def response(random: Random) -> None:
    """The body of a request for a response."""
    text = mutate.body(random, random.choice(seeds.RESPONSES))
    with suppress(ApiError):
        wanted = response_schema.parse(text)
        model = names.parse_model(wanted.model)
        conversation = names.conversation_id(None, model.conversation)
        identity = idempotency.identify({}, "/v1/responses", conversation, text)
        built = response_request.build(wanted, model, conversation, identity)
        built.opening.SerializeToString()


def _header(random: Random) -> str:
    return mutate.data(random, b"some-value").decode("latin-1")


_PARSER = parse.Parser("claude", PermissionMode.DENY)


def messages(random: Random) -> None:
    """A message of a Converse stream, by its bytes: refused, or understood."""
    given = random.choice(seeds.MESSAGES).SerializeToString()
    data = mutate.data(random, given) if random.random() < 0.95 else random.randbytes(random.randrange(64))
    with suppress(DecodeError, HotseatError):
        read(pb.ConverseRequest.FromString(data))


def read(message: pb.ConverseRequest) -> None:
    """Read it as the core does."""
    match message.WhichOneof("message"):
        case "open":
            _PARSER.attachment(message.open)
            if message.open.conversation_id:
                parse.conversation_id(message.open.conversation_id)
            if message.open.HasField("first_input"):
                parse.turn_input(message.open.first_input)
        case "user_input":
            parse.turn_input(message.user_input)


def numbers(random: Random) -> None:
    """A message of a Converse stream whose fields hold what no client means."""
    message = pb.ConverseRequest()
    message.CopyFrom(random.choice(seeds.MESSAGES))
    for _ in range(random.randrange(1, 4)):
        _upset(random, message)
    with suppress(HotseatError):
        read(pb.ConverseRequest.FromString(message.SerializeToString()))


def _upset(random: Random, message: Message) -> None:
    """Set a field, in it or in what it holds, to something odd."""
    fields: list[Any] = (
        [field for field, _ in message.ListFields()] if random.random() < 0.7 else list(message.DESCRIPTOR.fields)
    )
    if not fields:
        return
    field = random.choice(fields)
    held: Any = getattr(message, field.name)
    if field.is_repeated:
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            return
        _upset(random, random.choice(held) if len(held) and random.random() < 0.7 else held.add())
    elif field.message_type is not None:
        held.SetInParent()
        _upset(random, held)
    else:
        setattr(message, field.name, random.choice(seeds.ODD_OF[field.type]))


TARGETS: Mapping[str, Target] = {
    "frames": frames,
    "worker": worker,
    "chat": chat,
    "response": response,
    "messages": messages,
    "numbers": numbers,
}
