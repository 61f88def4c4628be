"""A key's requests at the provider at once: how many there may be, who waits, for how long, and in which order."""

import asyncio
from dataclasses import dataclass, field

from hotseat_core.upstream.lane import USUAL, Lane, Patience, Place


@dataclass
class Heard:
    """What is told of those that wait."""

    waiting: int = 0
    ended: list[str] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        self.waiting += 1
        self.changed.set()

    def end(self, outcome: str, waited_s: float) -> None:
        assert waited_s >= 0
        self.waiting -= 1
        self.ended.append(outcome)
        self.changed.set()

    async def until(self, waiting: int, *ended: str) -> None:
        """Return once so many wait, and the others have ended so."""
        while (self.waiting, self.ended) != (waiting, list(ended)):
            self.changed.clear()
            await self.changed.wait()


class Waiting:
    """A request that notes what it is told."""

    def __init__(self, name: str, told: list[str]) -> None:
        self._name = name
        self._told = told

    def go(self) -> None:
        self._told.append(self._name)

    def give_up(self, limit: int) -> None:
        self._told.append(f"{self._name} refused, {limit}")


class Lineup:
    """A lane, and the requests that have come to it."""

    def __init__(self, limit: int, patience: Patience = USUAL) -> None:
        self.lane = Lane(limit)
        self.told: list[str] = []
        self._patience = patience

    def enter(self, *names: str) -> list[Place]:
        """The places of requests; the first letter of a name is its worker's."""
        return [self.lane.enter(name[0], Waiting(name, self.told), self._patience) for name in names]


async def settled() -> None:
    """Let the loop do what it was asked to do soon."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_workers_take_turns_however_many_requests_one_of_them_has() -> None:
    lineup = Lineup(1)
    places = lineup.enter("a0", "a1", "a2", "a3", "b1", "b2", "c1")
    for _ in range(6):
        lineup.lane.free()
        await settled()
    assert lineup.told == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert (lineup.lane.under_way, lineup.lane.waiting) == (1, 0)
    assert not any(place.is_waiting for place in places)


async def test_without_a_limit_nobody_waits_and_all_are_counted() -> None:
    lineup = Lineup(0)
    places = lineup.enter("a1", "a2", "b1")
    assert [place.is_waiting for place in places] == [False] * 3
    assert lineup.lane.under_way == 3


async def test_a_limit_that_is_changed_counts_at_once_for_what_is_under_way_too() -> None:
    lineup = Lineup(0)
    first, second = lineup.enter("a1", "a2")
    lineup.lane.change(1)
    waits, another = lineup.enter("a3", "b1")
    assert (waits.is_waiting, another.is_waiting) == (True, True)
    first.leave()
    await settled()
    assert lineup.told == []  # one is under way, which is all that there may be
    second.leave()
    await settled()
    assert lineup.told == ["a3"]
    lineup.lane.change(0)
    await settled()
    assert lineup.told == ["a3", "b1"]


async def test_nobody_gets_past_those_that_wait() -> None:
    lineup = Lineup(1)
    held, _ = lineup.enter("a1", "a2")
    held.leave()
    (late,) = lineup.enter("b1")  # the place is free, and somebody else's
    assert late.is_waiting
    await settled()
    assert lineup.told == ["a2"]


async def test_who_leaves_the_line_is_not_called_and_takes_no_place() -> None:
    lineup = Lineup(1)
    held, gone, other = lineup.enter("a1", "a2", "b1")
    gone.leave()
    held.leave()
    await settled()
    assert lineup.told == ["b1"]
    other.leave()
    assert (lineup.lane.under_way, lineup.lane.waiting) == (0, 0)


async def test_who_has_waited_long_enough_is_refused_and_is_out_of_the_line() -> None:
    heard = Heard()
    lineup = Lineup(1, Patience(0.01, heard))
    held, _ = lineup.enter("a1", "b1")
    async with asyncio.timeout(30):
        await heard.until(0, "refused")
    assert lineup.told == ["b1 refused, 1"]
    held.leave()
    await settled()
    assert (lineup.told, lineup.lane.under_way) == (["b1 refused, 1"], 0)


async def test_all_requests_of_a_worker_that_ends_at_once_go_without_one_being_sent() -> None:
    lineup = Lineup(1)
    for place in lineup.enter("a1", "a2", "a3"):
        place.leave()
    await settled()
    assert (lineup.told, lineup.lane.under_way) == ([], 0)
