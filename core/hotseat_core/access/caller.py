"""Who makes the present call: its tenant, what it may do, and within which limits."""

import enum
from contextvars import ContextVar

import msgspec

DEFAULT_TENANT = ""  # whose everything is where nobody has a name


class Scope(enum.Enum):
    """What a key may be used for."""

    CONVERSE = "converse"  # the tenant's own conversations
    ADMIN = "admin"  # the pool, the keys, and what belongs to other tenants


class Limits(msgspec.Struct, frozen=True):
    """How much a key may be used for; 0: as much as there is."""

    requests_per_minute: int = 0
    concurrent_turns: int = 0
    tokens_per_day: int = 0
    usd_per_day: float = 0.0
    concurrent_calls: int = 0


class Caller(msgspec.Struct, frozen=True):
    """Whoever has shown what it takes to be let in."""

    tenant: str = DEFAULT_TENANT
    scopes: frozenset[Scope] = frozenset(Scope)
    key_id: str = ""  # empty: no key was needed
    name: str = ""  # of the key
    limits: Limits = Limits()
    weight: float = 1.0  # turns for each one of a tenant of weight 1, where both wait
    expire_time: float | None = None  # unix seconds; None: never
    session: str = ""  # a hash of the browser's session that it shows in place of a key; empty: it shows none
    is_stranger: bool = False  # who has shown nothing, and may see next to nothing

    @property
    def in_session(self) -> bool:
        """It has logged in, and shows no key."""
        return bool(self.session)

    @property
    def is_admin(self) -> bool:
        """It may see what belongs to others."""
        return Scope.ADMIN in self.scopes


ANYBODY = Caller()  # where no keys are asked for
STRANGER = Caller(scopes=frozenset(), is_stranger=True)

_caller: ContextVar[Caller] = ContextVar("caller")


def caller() -> Caller:
    """Return who makes the present call. Raises LookupError outside of one: what was not checked gets nothing."""
    return _caller.get()


def set_caller(found: Caller) -> None:
    """Say who makes the present call; it holds in the task that the call runs in."""
    _caller.set(found)
