"""What a key may still be used for: requests a minute, turns at once, tokens and money a day."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hotseat_core.access.caller import Caller, Limits
from hotseat_core.access.key import Use, day_of, until_next_day
from hotseat_core.errors import BudgetSpent, RateLimited
from hotseat_core.events import Usage
from hotseat_core.upstream.lane import Calls, Lane, Patience, Place, Waiter

_BUSY_RETRY_S = 1.0  # nobody knows when a running turn ends


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a key is from its limits; limits of 0 are none."""

    limits: Limits
    use: Use  # today's
    requests_left: int
    requests_reset_s: float  # until all requests of a minute are there again
    day_reset_s: float  # until tomorrow's budgets begin
    running_turns: int


class Permit(Protocol):
    """Leave for one turn, from where it is taken until its end."""

    @property
    def calls(self) -> Calls | None:
        """What it allows the turn's requests to the model; None: all."""

    def charge(self, usage: Usage) -> None:
        """Count what the turn has used."""

    def close(self) -> None:
        """The turn is over, or never began; more than once is no error."""


class Account(Protocol):
    """What a stream's inputs are counted to."""

    @property
    def weight(self) -> float:
        """How many turns it gets for each one of weight 1."""

    def check(self) -> None:
        """Raise what admit would raise now: RateLimited or BudgetSpent."""

    def admit(self) -> Permit:
        """Return leave for one more turn. Raises RateLimited or BudgetSpent."""

    def standing(self) -> Standing | None:
        """Return how far it is from its limits; None: it has none."""


class _FreePermit:
    calls = None

    def charge(self, usage: Usage) -> None:
        """Nothing is counted."""

    def close(self) -> None:
        """Nothing is counted."""


class FreeAccount:
    """Of callers without a key of their own: nothing is counted, nothing is refused."""

    weight = 1.0

    def check(self) -> None:
        """Nothing is refused."""

    def admit(self) -> Permit:
        """Return leave for one more turn."""
        return FREE_PERMIT

    def standing(self) -> None:
        """Return that it has no limits."""
        return


FREE_PERMIT = _FreePermit()
FREE = FreeAccount()


class KeyAccount:
    """Of one key. A refused turn uses nothing up."""

    def __init__(
        self,
        caller: Caller,
        use: Use,
        note_use: Callable[["KeyAccount"], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.caller = caller
        self.last_use_time = 0.0
        self.lane = Lane(caller.limits.concurrent_calls)
        self._use = use
        self._note_use = note_use
        self._clock = clock
        self._running = 0
        self._bucket = float(caller.limits.requests_per_minute)
        self._filled = clock()

    def change(self, caller: Caller) -> None:
        """Go by the key as it is now; what was used of a minute stays used."""
        self._fill(self._clock())
        gained = caller.limits.requests_per_minute - self.caller.limits.requests_per_minute
        self.caller = caller
        self._bucket = max(0.0, self._bucket + gained)
        self.lane.change(caller.limits.concurrent_calls)

    @property
    def weight(self) -> float:
        """How many turns it gets for each one of weight 1."""
        return self.caller.weight

    @property
    def use(self) -> Use:
        """Today's."""
        today = day_of(self._clock())
        if self._use.day != today:
            self._use = Use(today)
        return self._use

    def check(self) -> None:
        """Raise what admit would raise now: RateLimited or BudgetSpent."""
        limits, now = self.caller.limits, self._clock()
        self._fill(now)
        if (spent := self.spent()) is not None:
            raise spent
        if limits.concurrent_turns and self._running >= limits.concurrent_turns:
            problem = f"the key may run {limits.concurrent_turns} turns at once, and they run; wait for one to end"
            raise RateLimited(problem, metadata=self._told("concurrent_turns"), retry_delay_s=_BUSY_RETRY_S)
        if limits.requests_per_minute and self._bucket < 1:
            problem = f"the key may make {limits.requests_per_minute} requests a minute; slow down"
            delay_s = (1 - self._bucket) * 60 / limits.requests_per_minute
            raise RateLimited(problem, metadata=self._told("requests_per_minute"), retry_delay_s=delay_s)

    def spent(self) -> BudgetSpent | None:
        """Return which budget of the day is used up; None: none is."""
        limits, use = self.caller.limits, self.use
        if limits.tokens_per_day and use.token_count >= limits.tokens_per_day:
            return self._spent(f"{limits.tokens_per_day} tokens", "tokens_per_day")
        if limits.usd_per_day and use.cost_usd >= limits.usd_per_day:
            return self._spent(f"{limits.usd_per_day:g} USD", "usd_per_day")
        return None

    def admit(self) -> "_KeyPermit":
        """Return leave for one more turn. Raises RateLimited or BudgetSpent."""
        self.check()
        if self.caller.limits.requests_per_minute:
            self._bucket -= 1
        self._running += 1
        self.use.request_count += 1
        self.last_use_time = self._clock()
        return _KeyPermit(self)

    def standing(self) -> Standing | None:
        """Return how far it is from its limits; None: it has none."""
        limits = self.caller.limits
        if limits == Limits():
            return None
        now = self._clock()
        self._fill(now)
        missing, per_minute = limits.requests_per_minute - self._bucket, limits.requests_per_minute
        return Standing(
            limits=limits,
            use=self.use,
            requests_left=max(0, int(self._bucket)),
            requests_reset_s=missing * 60 / per_minute if per_minute else 0.0,
            day_reset_s=until_next_day(now),
            running_turns=self._running,
        )

    @property
    def running_turns(self) -> int:
        """How many turns it has now, those that wait included."""
        return self._running

    def _charge(self, tokens: int, cost_usd: float = 0.0) -> None:
        use = self.use
        use.token_count += tokens
        use.cost_usd += cost_usd

    def _charge_late(self, tokens: int) -> None:
        """What nothing that runs accounts for."""
        self._charge(tokens)
        self._note_use(self)

    def _end(self) -> None:
        self._running -= 1
        self._note_use(self)  # not where a turn begins: nothing is to be written while its user waits

    def _fill(self, now: float) -> None:
        """Let in what has come since: as much as a minute's requests at most."""
        per_minute = self.caller.limits.requests_per_minute
        gained = max(0.0, now - self._filled) * per_minute / 60
        self._bucket, self._filled = min(float(per_minute), self._bucket + gained), now

    def _spent(self, budget: str, limit: str) -> BudgetSpent:
        problem = f"the key's budget of {budget} a day is spent; it begins anew at midnight UTC"
        return BudgetSpent(problem, metadata=self._told(limit), retry_delay_s=until_next_day(self._clock()))

    def _told(self, limit: str) -> dict[str, str]:
        limits = self.caller.limits
        told = {"limit": limit, "keyId": self.caller.key_id}
        if limits.requests_per_minute:
            reset_s = (limits.requests_per_minute - self._bucket) * 60 / limits.requests_per_minute
            told |= {
                "requestLimit": str(limits.requests_per_minute),
                "requestsRemaining": str(max(0, int(self._bucket))),
                "requestsResetSeconds": f"{reset_s:.3f}",
            }
        return told


class _KeyPermit:
    """Counts a turn's tokens once: as its requests to the model end, and with the turn what those left out."""

    def __init__(self, account: KeyAccount) -> None:
        self._account = account
        self._is_closed = False
        self._counted = 0  # tokens of requests
        self._ahead = 0  # tokens that the turn told of, and its requests not yet

    @property
    def calls(self) -> Calls:
        """What it allows the turn's requests to the model."""
        return self

    def spent(self) -> BudgetSpent | None:
        """Why there may be none any more; None: there may."""
        return self._account.spent()

    def enter(self, worker_id: str, waiter: Waiter, patience: Patience) -> Place:
        """Return a request's place, which may be one in the line."""
        return self._account.lane.enter(worker_id, waiter, patience)

    def count(self, tokens: int) -> None:
        """A request has ended, and had used so many."""
        told = min(tokens, self._ahead)
        self._ahead -= told
        self._counted += tokens
        if tokens > told:
            charge = self._account._charge_late if self._is_closed else self._account._charge  # noqa: SLF001 -- below
            charge(tokens - told)

    def charge(self, usage: Usage) -> None:
        """Count what the turn has used."""
        left = max(0, tokens_of(usage) - self._counted)
        self._ahead += left
        self._account._charge(left, usage.cost_usd)  # noqa: SLF001 -- two halves of one thing

    def close(self) -> None:
        """The turn is over, or never began."""
        if not self._is_closed:
            self._is_closed = True
            self._account._end()  # noqa: SLF001 -- the same


def tokens_of(usage: Usage) -> int:
    """Return all tokens that a turn has used, cached ones included."""
    return usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens
