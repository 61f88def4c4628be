"""A key: what is kept of it, and the secret that only its owner has. No I/O."""

import hashlib
import re
import secrets
from collections.abc import Mapping

import msgspec

from hotseat_core.access.caller import DEFAULT_TENANT, Caller, Limits, Scope
from hotseat_core.errors import InvalidMessage

PREFIX = "hs_"
DEFAULT_TENANT_NAME = "default"  # how people write DEFAULT_TENANT
MAX_NAME = 100
MAX_SECRET = 512
_HINT_LENGTH = len(PREFIX) + 4
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_DAY_S = 86400


class Use(msgspec.Struct):
    """What a key was used for on one day, by UTC."""

    day: int = 0  # since the epoch
    request_count: int = 0
    token_count: int = 0
    cost_usd: float = 0.0


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept."""

    key_id: str
    digest: bytes
    hint: str
    name: str = ""
    tenant: str = DEFAULT_TENANT
    scopes: frozenset[Scope] = frozenset({Scope.CONVERSE})
    limits: Limits = Limits()
    weight: float = 1.0
    create_time: float
    expire_time: float | None = None
    revoke_time: float | None = None
    last_use_time: float | None = None

    def is_valid(self, now: float) -> bool:
        """Whether it opens anything."""
        return self.revoke_time is None and (self.expire_time is None or now < self.expire_time)

    def used_at(self, time: float) -> "Key":
        """Return it as one that was used then, unless it was used later."""
        if time <= (self.last_use_time or 0.0):
            return self
        return msgspec.structs.replace(self, last_use_time=time)

    @property
    def caller(self) -> Caller:
        """Who has it."""
        return Caller(
            tenant=self.tenant,
            scopes=self.scopes,
            key_id=self.key_id,
            name=self.name,
            limits=self.limits,
            weight=self.weight,
            expire_time=self.expire_time,
        )


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A key that is to be made."""

    name: str = ""
    tenant: str = DEFAULT_TENANT_NAME
    scopes: frozenset[Scope] = frozenset({Scope.CONVERSE})
    limits: Limits = Limits()
    weight: float = 1.0
    expire_time: float | None = None


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be another way about a key; None: it stays."""

    name: str | None = None
    scopes: frozenset[Scope] | None = None
    limits: Mapping[str, float] = {}  # by their names; those that are not in it stay
    weight: float | None = None
    expire_time: float | None = None
    never_expires: bool = False


def make(wanted: Wanted, now: float) -> tuple[Key, str]:
    """Return a new key and its secret. Raises InvalidMessage."""
    _check(wanted, now)
    secret = PREFIX + secrets.token_urlsafe(32)
    made = Key(
        key_id=f"key_{secrets.token_hex(8)}",
        digest=digest_of(secret),
        hint=secret[:_HINT_LENGTH],
        name=wanted.name,
        tenant=tenant_of(wanted.tenant),
        scopes=wanted.scopes,
        limits=wanted.limits,
        weight=wanted.weight,
        create_time=now,
        expire_time=wanted.expire_time,
    )
    return made, secret


def changed(key: Key, changes: Changes, now: float) -> Key:
    """Return the key as it is to be. Raises InvalidMessage."""
    if key.revoke_time is not None:
        _refuse("key_id", f"the key {key.key_id} was revoked, and stays so: make another one")
    if changes.never_expires and changes.expire_time is not None:
        _refuse("expire_time", "a key that never expires has no time for it")
    found = {"name": changes.name, "scopes": changes.scopes, "weight": changes.weight}
    kept = {name: value for name, value in found.items() if value is not None}
    limits = msgspec.structs.replace(key.limits, **changes.limits)
    expire_time = None if changes.never_expires else changes.expire_time or key.expire_time
    made = msgspec.structs.replace(key, **kept, limits=limits, expire_time=expire_time)
    _check(Wanted(name=made.name, scopes=made.scopes, limits=limits, weight=made.weight), now)
    if changes.expire_time is not None and changes.expire_time <= now:
        _refuse("expire_time", "the key would have expired already: revoke it instead")
    return made


def digest_of(secret: str) -> bytes:
    """Return what is kept of a secret: it has 256 random bits, so that nothing slower is needed."""
    return hashlib.sha256(secret.encode()).digest()


def tenant_of(name: str) -> str:
    """Return the tenant that people call so. Raises InvalidMessage."""
    if name in {"", DEFAULT_TENANT_NAME}:
        return DEFAULT_TENANT
    if not _TENANT.fullmatch(name):
        problem = "a tenant's name is 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first"
        raise InvalidMessage(problem, metadata={"field": "tenant"})
    return name


def name_of(tenant: str) -> str:
    """Return what people call the tenant."""
    return tenant or DEFAULT_TENANT_NAME


def day_of(now: float) -> int:
    """Return the day, since the epoch, by UTC."""
    return int(now // _DAY_S)


def until_next_day(now: float) -> float:
    """Return the seconds until budgets begin anew."""
    return _DAY_S - now % _DAY_S


def _check(wanted: Wanted, now: float) -> None:
    if len(wanted.name) > MAX_NAME or not wanted.name.isprintable():
        _refuse("name", f"a key's name is {MAX_NAME} printable characters at most")
    if not wanted.scopes:
        _refuse("scopes", "a key needs a scope: converse, admin, or both")
    if not 0.01 <= wanted.weight <= 100:
        _refuse("weight", "a key's weight is 0.01 to 100")
    if min(msgspec.structs.astuple(wanted.limits)) < 0:
        _refuse("limits", "a limit cannot be negative; 0 means that there is none")
    if wanted.expire_time is not None and wanted.expire_time <= now:
        _refuse("expire_time", "the key would have expired already")


def _refuse(field: str, problem: str) -> None:
    raise InvalidMessage(problem, metadata={"field": field})
