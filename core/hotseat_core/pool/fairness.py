"""Whose turn is next where several tenants wait: pure.

Every turn gets a number where it arrives, 1/weight above its tenant's last one, and whoever has the smallest is next:
start-time fair queueing. A tenant begins where those are who wait, so nobody saves turns up by not asking.
"""

from collections.abc import Iterable, Mapping
from math import ceil

from msgspec.structs import replace

from hotseat_core.pool.view import WaiterView

# How many turns a tenant may be ahead of the slowest who waits. It gets ahead by turns on its own hot workers, which
# pass the queue; what is beyond the bound is forgiven, so that nobody is kept waiting for what was long ago.
MOST_AHEAD = 4.0


def fair_order(waiters: Iterable[WaiterView]) -> list[WaiterView]:
    """The waiters, next first; of one tenant by arrival."""
    return sorted(waiters, key=lambda waiter: (waiter.number, waiter.order))


def numbered(waiter: WaiterView, waiting: Iterable[WaiterView], last: Mapping[str, float]) -> WaiterView:
    """The waiter with its number, given who waits already and the last number that each tenant got.

    Where nobody waits, nobody is owed anything: the numbers begin anew.
    """
    others = list(waiting)
    if not others:
        return replace(waiter, number=1 / waiter.weight)
    slowest = min(other.number - 1 / other.weight for other in others)
    most = slowest + MOST_AHEAD / min(waiter.weight, *(other.weight for other in others), 1.0)
    own = [other.number for other in others if other.tenant == waiter.tenant]
    reached = max([slowest, last.get(waiter.tenant, slowest), *own])
    begin = min(reached, most + len(own) / waiter.weight)
    return replace(waiter, number=max([begin + 1 / waiter.weight, *own]))


def moved_up(waiter: WaiterView, gone: WaiterView) -> WaiterView:
    """The waiter after another has left without a turn: those behind it in its tenant move up."""
    if waiter.tenant != gone.tenant or waiter.order < gone.order:
        return waiter
    return replace(waiter, number=waiter.number - 1 / gone.weight)


def share_of_queue(max_queue: int, waiter: WaiterView, waiting: Iterable[WaiterView]) -> int:
    """How many of its turns a tenant may have in the queue even where others have filled it: its part by weight."""
    weights = {other.tenant: other.weight for other in waiting} | {waiter.tenant: waiter.weight}
    return ceil(max_queue * waiter.weight / sum(weights.values()))
