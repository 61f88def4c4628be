"""Clients that edit, regenerate, branch, retry, leave and come back, and everything that may die meanwhile."""

import asyncio
import sys
import tempfile
import uuid
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hotseat import pb
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.properties.asking import Ask, Result, carry_out, say_again
from tests.properties.model import Exchange, Heard, History, Named, Said, difference, gained
from tests.properties.worlds import FakeWorld, RealWorld, World, strike

NAMES = ("plan", "trip")
WORDS = ("red", "blue")
SYSTEMS = ("Be brief.", "Be long.")
INVENTED = (Said("user", "said red", None), Said("assistant", "invented", None))

T = TypeVar("T")


@dataclass(frozen=True)
class Edit:
    """What a client makes of what it knows before it sends it."""

    story: int  # which one: 0 is the latest
    dropped: int  # messages at its end
    invents: bool  # adds what was never said
    forgets: bool  # leaves the first two messages out, as one that compacts does
    trims: bool  # what it keeps

    def made(self, stories: Sequence[History]) -> History:
        """The story as the client sends it."""
        known = stories[-1 - self.story % len(stories)]
        known = known[: max(0, len(known) - self.dropped)]
        known = (*known, *INVENTED) if self.invents else known
        known = known[2:] if self.forgets else known
        return tuple(said._replace(text=said.text.strip()) for said in known) if self.trims else known


pick = st.integers(0, 5)
words = st.sampled_from(WORDS)
names = st.sampled_from(NAMES)
systems = st.sampled_from((None, None, None, *SYSTEMS))
edits = st.builds(
    Edit,
    story=st.integers(0, 5),
    dropped=st.sampled_from((0, 0, 2, 4)),
    invents=st.booleans(),
    forgets=st.sampled_from((False, False, True)),
    trims=st.booleans(),
)


class Machine(RuleBasedStateMachine):
    """One core, two named conversations and any number of nameless ones."""

    make_world: ClassVar[type[FakeWorld] | type[RealWorld]]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def __init__(self) -> None:
        super().__init__()
        sys.stdout.write("---- a walk\n")
        self.world: World = self.make_world()
        self.scratch = tempfile.TemporaryDirectory(prefix="hotseat-properties-")
        self.named: dict[str, Named] = {}
        self.is_sound = True  # no check has failed
        self.late: list[Heard] = []  # what the model may yet hear of turns that their clients left before it spoke
        self.stories: list[History] = [()]  # all that any client has ever held to be said
        self.do(self.world.open(Path(self.scratch.name)))

    def teardown(self) -> None:
        try:
            for name in list(self.named) if self.is_sound else []:
                self.do(self.check(name))
        finally:
            self.do(self.world.aclose())
            self.scratch.cleanup()

    def do(self, action: Coroutine[Any, Any, T]) -> T:
        """Carry something out to its end."""
        return self.loop.run_until_complete(action)

    # ---- what clients do

    @rule(
        kind=st.sampled_from(("say", "say", "tool", "cut", "fail", "die", "vanish")),
        word=words,
        name=names,
        system=systems,
    )
    def say_to_a_named_one(self, kind: str, word: str, name: str, system: str | None) -> None:
        self.turn(Ask(self.prompt(kind, word), name, system=system))

    @rule(
        kind=st.sampled_from(("say", "say", "tool", "fail")),
        word=words,
        name=names,
        edit=edits,
        system=systems,
    )
    def send_a_history_to_a_named_one(self, kind: str, word: str, name: str, edit: Edit, system: str | None) -> None:
        self.turn(Ask(self.prompt(kind, word), name, edit.made(self.stories), system))

    @rule(
        kind=st.sampled_from(("say", "say", "say", "tool", "cut", "fail", "die")),
        word=words,
        edit=edits,
        system=systems,
    )
    def send_a_history_and_no_name(self, kind: str, word: str, edit: Edit, system: str | None) -> None:
        self.turn(Ask(self.prompt(kind, word), "", edit.made(self.stories), system))

    @rule(
        word=words,
        name=st.sampled_from((*NAMES, "")),
        leaves=st.sampled_from(("interrupt", "hang up")),
        is_mute=st.booleans(),
    )
    def leave_in_mid_turn(self, word: str, name: str, leaves: str, is_mute: bool) -> None:
        prompt = self.prompt("mute" if is_mute else "hang", word)
        self.turn(Ask(prompt, name, leaves=leaves, is_mute=is_mute))

    @rule(first=names, second=st.sampled_from((*NAMES, "")), left=edits, right=edits)
    def speak_all_at_once(self, first: str, second: str, left: Edit, right: Edit) -> None:
        asks = (
            Ask(self.prompt("say", "left"), first),
            Ask(self.prompt("say", "right"), second, left.made(self.stories)),
            Ask(self.prompt("say", "centre"), "", right.made(self.stories)),
        )
        self.turn(*asks)

    @rule(name=names, place=pick)
    def ask_the_same_again(self, name: str, place: int) -> None:
        turns = self.named.get(name, Named()).turns
        if turns:
            known = turns[place % len(turns)]
            self.do(say_again(self.world.client, name, self.prompt("say", "again"), known.request_id))
            assert [one for one in self.world.heard() if not self.is_late(one)] == [], "a known input was run again"
            self.do(self.check(name))

    @rule(name=names, place=pick)
    def fork(self, name: str, place: int) -> None:
        source = self.named.get(name, Named())
        if source.turns:
            turn = place % len(source.turns) + 1
            new = f"fork-{uuid.uuid4().hex[:6]}"
            self.do(self.world.client.fork_conversation(name, turn=turn, new_conversation_id=new))
            self.named[new] = Named(source.after[turn - 1], source.system)
            self.turn(Ask(self.prompt("say", "fork"), new))

    @rule(name=names)
    def delete(self, name: str) -> None:
        self.do(self.world.client.delete_conversation(name, allow_missing=True))
        self.named.pop(name, None)

    # ---- what else happens

    @rule(name=names)
    def evict(self, name: str) -> None:
        if name in self.named:
            self.do(self.world.client.evict_conversation(name))

    @rule(place=pick)
    def kill_a_worker(self, place: int) -> None:
        self.do(strike(self.world.client, pick=place))

    @rule(word=words, name=st.sampled_from((*NAMES, "")))
    def kill_the_worker_of_a_turn(self, word: str, name: str) -> None:
        def kill(conversation: str) -> None:
            killing.append(self.loop.create_task(strike(self.world.client, conversation)))

        killing: list[asyncio.Task[bool]] = []
        self.turn(Ask(self.prompt("say", word), name, strike=kill))
        self.do(asyncio.wait_for(asyncio.gather(*killing), 10))

    @rule()
    def restart(self) -> None:
        self.do(self.world.restart())

    # ---- what must hold

    def turn(self, *asks: Ask) -> None:
        """Carry these out at once, and compare what the model heard and what is kept with what their clients say."""
        self.is_sound = False
        results = self.do(self.carry_out(asks))
        heard = self.world.heard()
        # Shown where a check fails: what happened once may not happen again.
        sys.stdout.write("".join(f"{result}\n" for result in results) + "".join(f"  {one}\n" for one in heard))
        heard = [one for one in heard if not self.is_late(one)]
        for result in sorted(results, key=lambda found: found.turn):  # within a conversation, one after another
            heard = self.settle(result, heard, is_alone=len(asks) == 1)
        assert heard == [], "the model heard what nobody said"
        for name in {result.ask.name for result in results} & set(self.named):
            self.do(self.check(name))
        self.is_sound = True

    async def carry_out(self, asks: tuple[Ask, ...]) -> list[Result]:
        async with asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(carry_out(self.world.client, ask)) for ask in asks]
        return [task.result() for task in asking]

    def settle(self, result: Result, heard: list[Heard], *, is_alone: bool) -> list[Heard]:
        """Check one turn and add it to the model; return what of the heard was not of this turn."""
        ask, exchange = result.ask, result.exchange
        held = self.named.setdefault(ask.name, Named()) if ask.name else Named()
        held.system = held.system if ask.system is None else ask.system
        base = self.base(ask, held)
        mine = [one for one in heard if is_alone or one.messages[-1].text.endswith(ask.prompt)]
        for one in mine:
            assert difference((*base, Said("user", ask.prompt)), one.messages) == ""
            assert one.system == held.system
        self.check_outcome(ask, exchange, len(mine))
        if ask.is_mute and not mine:
            self.late.append(Heard(held.system, (*base, Said("user", ask.prompt))))
        has_tool = None if exchange.outcome == "INTERRUPTED" else ask.prompt.startswith("tool")
        after = (*base, *gained(ask.prompt, exchange, has_tool=has_tool))
        self.stories.append(tuple(said._replace(has_tool=None) for said in after))
        if ask.name:
            held.history = after
            held.turns.append(exchange)
            held.after.append(after)
            assert result.turn == len(held.turns)
        else:
            assert result.conversation not in self.named, "a named conversation was taken by one who did not name it"
        return [one for one in heard if one not in mine]

    def is_late(self, heard: Heard) -> bool:
        """This is what was left to be heard of a turn that has ended before; once."""
        for late in self.late:
            if late.system == heard.system and difference(late.messages, heard.messages) == "":
                self.late.remove(late)
                return True
        return False

    def base(self, ask: Ask, held: Named) -> History:
        """What was said before, as this client has it; tool use is known as far as it is the conversation's own."""
        if not ask.history:
            return held.history
        same = 0
        for ours, theirs in zip(held.history, ask.history, strict=False):
            if (ours.role, ours.text.strip()) != (theirs.role, theirs.text.strip()):
                break
            same += 1
        return (*held.history[:same], *ask.history[same:])

    def check_outcome(self, ask: Ask, exchange: Exchange, heard_count: int) -> None:
        """The reply is that of this very prompt."""
        if ask.leaves:
            assert exchange.outcome == "INTERRUPTED"
            assert bool(exchange.text) != ask.is_mute
            assert heard_count <= 1
            return
        expected = self.expected(ask.prompt)
        if ask.strike is not None and exchange.outcome == "FAILED":
            return
        if expected is None:
            assert exchange.outcome == "FAILED"
            return
        assert heard_count == 1 or ask.strike is not None
        assert (exchange.outcome, " ".join(exchange.text.split())) == expected

    def expected(self, prompt: str) -> tuple[str, str] | None:
        """How a turn with this prompt ends, and what it says; None: it fails."""
        kind, place = self.meaning(prompt)
        match kind:
            case "say":
                return "SUCCEEDED", f"you said {place}"
            case "tool":
                return "SUCCEEDED", "it Permission was refused by the server's policy. Go on without it."
            case "cut":
                return "TRUNCATED", "cut short"
        return None

    async def check(self, name: str) -> None:
        """What the journal and the service tell of a conversation is what its clients know."""
        held = self.named[name]
        client = self.world.client
        listed = (await client.list_turns(name, page_size=1000)).turns
        found = [
            Exchange(
                turn.request_id,
                pb.TurnCompleted.Outcome.Name(turn.completed.outcome).removeprefix("OUTCOME_"),
                turn.completed.text,
            )
            for turn in listed
        ]
        assert found == held.turns
        assert [turn.turn for turn in listed] == list(range(1, len(found) + 1))
        assert (await client.get_conversation(name)).turn_count == len(found)
        kept = await self.world.said(name)
        if kept is not None:
            assert difference(held.history, kept) == ""

    # ---- words

    def prompt(self, kind: str, word: str) -> str:
        """The words that make the model do this, or just answer where this one's can't."""
        orders = self.world.orders
        return orders.get(kind, orders["say"]).format(word)

    def meaning(self, prompt: str) -> tuple[str, str]:
        """What the prompt makes the model do, and with which word."""
        for kind, order in self.world.orders.items():
            for word in (*WORDS, "left", "right", "centre", "again", "fork"):
                if order.format(word) == prompt:
                    return kind, word
        raise AssertionError(prompt)
