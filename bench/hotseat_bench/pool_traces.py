"""Synthetic traffic for a pool: who says something when, as far as that does not depend on the answers."""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation: each turn begins so long after the one before has ended."""

    id: str
    begin_s: float
    turns: tuple[tuple[float, float], ...]  # think time before it (0 for the first), duration
    is_named: bool = True  # its client says which conversation it is; else the first turn may be a one-shot
    tenant: str = ""


def people(dice: random.Random, hours: float = 2.0, per_hour: float = 90.0) -> Iterator[Talk]:
    """Chats in a window: some turns, think times of half a minute and now and then of many."""
    for number, begin_s in enumerate(_arrivals(dice, hours, per_hour)):
        count = 1 + min(int(dice.expovariate(1 / 7)), 40)
        turns = [(0.0, _answer(dice))]
        turns += [(dice.lognormvariate(math.log(35), 1.1), _answer(dice)) for _ in range(count - 1)]
        yield Talk(f"person-{number}", begin_s, tuple(turns), is_named=number % 2 == 0)


def favourites(dice: random.Random, hours: float = 2.0, per_hour: float = 900.0, count: int = 60) -> Iterator[Talk]:
    """Named conversations that live for ever, a few of which get most turns: Zipf."""
    weights = [1 / (rank + 1) for rank in range(count)]
    times: dict[int, list[float]] = {}
    for at in _arrivals(dice, hours, per_hour):
        times.setdefault(dice.choices(range(count), weights)[0], []).append(at)
    for rank, begins in times.items():
        thinks = [0.0, *(later - at for at, later in pairwise(begins))]
        yield Talk(f"favourite-{rank}", begins[0], tuple((think, _answer(dice)) for think in thinks))


def agents(dice: random.Random, hours: float = 2.0, per_hour: float = 40.0) -> Iterator[Talk]:
    """Programs that call again within a second, some dozens of times, pause for minutes, and come back."""
    for number, begin_s in enumerate(_arrivals(dice, hours, per_hour)):
        turns: list[tuple[float, float]] = []
        for burst in range(dice.randint(1, 4)):
            turns.append((dice.uniform(60, 600) if burst else 0.0, _answer(dice, 3)))
            turns += [(dice.uniform(0.05, 1.0), _answer(dice, 3)) for _ in range(dice.randint(8, 30))]
        yield Talk(f"agent-{number}", begin_s, tuple(turns))


def one_shots(dice: random.Random, hours: float = 2.0, per_hour: float = 500.0) -> Iterator[Talk]:
    """Questions that nobody comes back to."""
    for number, begin_s in enumerate(_arrivals(dice, hours, per_hour)):
        yield Talk(f"once-{number}", begin_s, ((0.0, _answer(dice, 3)),), is_named=False)


def people_and_one_shots(dice: random.Random) -> Iterator[Talk]:
    """Both."""
    yield from people(dice)
    yield from one_shots(dice)


def flood(dice: random.Random) -> Iterator[Talk]:
    """One tenant's people, and another that asks two hundred things at once every half hour."""
    yield from (Talk(talk.id, talk.begin_s, talk.turns, talk.is_named, "people") for talk in people(dice, per_hour=45))
    for wave in range(4):
        for number in range(200):
            turns = ((0.0, _answer(dice, 3)),)
            yield Talk(f"flood-{wave}-{number}", 900.0 + 1800 * wave, turns, is_named=False, tenant="flood")


TRACES: dict[str, Callable[[random.Random], Iterator[Talk]]] = {
    "people": people,
    "favourites (Zipf)": favourites,
    "agent bursts": agents,
    "one-shots": one_shots,
    "people and one-shots": people_and_one_shots,
    "a flood beside people": flood,
}


def _arrivals(dice: random.Random, hours: float, per_hour: float) -> Iterator[float]:
    at = dice.expovariate(per_hour / 3600)
    while at < hours * 3600:
        yield at
        at += dice.expovariate(per_hour / 3600)


def _answer(dice: random.Random, median_s: float = 6.0) -> float:
    return min(dice.lognormvariate(math.log(median_s), 0.7), 120.0)
