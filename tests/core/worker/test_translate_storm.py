"""Random answers of a provider that breaks off at random: the client's text is always the turn's text."""

import itertools
import random
from collections.abc import Iterator

import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import Event, Outcome, ToolCompleted, ToolStarted
from hotseat_core.worker.translate import TurnTranslator

from tests.core.worker.speaking import (
    RESULT,
    Json,
    abandoned,
    block,
    client_text,
    feed,
    results,
    start,
    stop,
    text,
    tool,
    use,
    whole,
)


class Provider:
    """Says messages of text, thinking and tools; breaks off, begins anew, falls back to no streaming."""

    def __init__(self, seed: int, *, is_faithful: bool) -> None:
        self.chance = random.Random(seed)
        self.is_faithful = is_faithful  # its attempts say the same
        self.number = 0

    def name(self, letter: str) -> str:
        self.number += 1
        return f"{letter}{self.number}"

    def words(self) -> list[str]:
        return [self.chance.choice(["a ", "b ", "long word ", "é "]) for _ in range(self.chance.randint(1, 5))]

    def plan(self) -> list[tuple[str, list[str]]]:
        """The blocks of a message: at most one tool, at its end."""
        kinds = [self.chance.choice(["text", "thinking"]) for _ in range(self.chance.randint(1, 3))]
        plan = [(kind, self.words()) for kind in kinds]
        return [*plan, ("tool", [self.name("t")])] if self.chance.random() < 0.3 else plan

    def frames(self, index: int, kind: str, pieces: list[str], message_id: str) -> list[Json]:
        if kind == "tool":
            return [*tool(index, pieces[0], "{}"), whole(message_id, use(pieces[0]))]
        content = text("".join(pieces)) if kind == "text" else {"type": "thinking", "thinking": "".join(pieces)}
        return [*block(index, *pieces, kind=kind), whole(message_id, content)]

    def attempt(self, plan: list[tuple[str, list[str]]]) -> tuple[str, list[Json]]:
        message_id = self.name("m")
        frames = [start(message_id)]
        for index, (kind, pieces) in enumerate(plan):
            frames += self.frames(index, kind, pieces, message_id)
        return message_id, frames

    def message(self) -> Iterator[list[Json]]:
        """Attempts that broke off, and one that did not."""
        plan = self.plan()
        while self.chance.random() < 0.5:
            said = plan if self.is_faithful else self.chance.choice([plan, self.plan()])
            message_id, frames = self.attempt(said)
            cut = self.chance.randint(1, len(frames) - 1)
            yield [*frames[:cut], *abandoned(message_id, open_block=None)]
        if self.chance.random() < 0.2:
            message_id = self.name("m")
            yield [
                whole(message_id, use(pieces[0]) if kind == "tool" else {"type": kind, kind: "".join(pieces)})
                for kind, pieces in plan
            ]
        else:
            yield [*self.attempt(plan)[1], *stop("tool_use" if plan[-1][0] == "tool" else "end_turn")]
        if plan[-1][0] == "tool":
            yield [results((plan[-1][1][0], "out"))]

    def turn(self) -> Iterator[list[Json]]:
        for _ in range(self.chance.randint(1, 4)):
            yield from self.message()
        yield [RESULT]


def balanced(events: list[Event]) -> bool:
    """Every tool that was completed had begun, once."""
    begun = [event.tool_use_id for event in events if isinstance(event, ToolStarted)]
    done = [event.tool_use_id for event in events if isinstance(event, ToolCompleted)]
    return set(done) <= set(begun)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("allow_retraction", [True, False])
@pytest.mark.parametrize("is_faithful", [True, False])
def test_the_client_has_the_turns_text_at_every_moment(seed: int, allow_retraction: bool, is_faithful: bool) -> None:
    translator = TurnTranslator(allow_retraction=allow_retraction)
    events: list[Event] = []
    for frames in Provider(seed, is_faithful=is_faithful).turn():
        for frame in frames:
            events += feed(translator, [frame])
            assert client_text(events) == translator.text
            roles = [row.role for row in translator.rows()]
            assert all(left != right for left, right in itertools.pairwise(roles))
    assert balanced(events)
    ending = translator.ending
    assert ending is not None
    if ending.outcome is Outcome.FAILED:
        assert not is_faithful
        assert not allow_retraction
        assert ending.failure is not None
        assert ending.failure.reason is Reason.ATTEMPT_ABANDONED
    else:
        assert ending.clean
        texts = [b["text"] for row in translator.rows() for b in row.content if b["type"] == "text"]
        assert "\n\n".join(texts) == translator.text
