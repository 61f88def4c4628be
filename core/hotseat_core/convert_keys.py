"""Keys and callers, between the wire's words and ours."""

from collections.abc import Iterable
from typing import Any

from hotseat.v1 import key_pb2, key_service_pb2

from hotseat_core.access.account import Standing
from hotseat_core.access.caller import Limits, Scope
from hotseat_core.access.key import Changes, Key, Use, Wanted, name_of
from hotseat_core.convert import duration, timestamp
from hotseat_core.errors import InvalidMessage

_SCOPES = {Scope.CONVERSE: key_pb2.SCOPE_CONVERSE, Scope.ADMIN: key_pb2.SCOPE_ADMIN}


def scopes(found: frozenset[Scope]) -> list[Any]:
    """Return what may be done, in the wire's order."""
    return [number for scope, number in _SCOPES.items() if scope in found]


def limits(found: Limits) -> key_pb2.KeyLimits:
    """Return how much of it."""
    return key_pb2.KeyLimits(
        requests_per_minute=found.requests_per_minute,
        concurrent_turns=found.concurrent_turns,
        tokens_per_day=found.tokens_per_day,
        usd_per_day=found.usd_per_day,
        concurrent_calls=found.concurrent_calls,
    )


def key(found: Key, use: Use | None = None) -> key_pb2.Key:
    """Return a key, without what is only its owner's to know."""
    return key_pb2.Key(
        key_id=found.key_id,
        name=found.name,
        tenant=name_of(found.tenant),
        scopes=scopes(found.scopes),
        limits=limits(found.limits),
        weight=found.weight,
        hint=found.hint,
        create_time=timestamp(found.create_time),
        expire_time=None if found.expire_time is None else timestamp(found.expire_time),
        revoke_time=None if found.revoke_time is None else timestamp(found.revoke_time),
        last_use_time=None if found.last_use_time is None else timestamp(found.last_use_time),
        use_today=None if use is None or use == Use(use.day) else _use(use),
    )


def _use(use: Use) -> key_pb2.KeyUse:
    return key_pb2.KeyUse(request_count=use.request_count, token_count=use.token_count, cost_usd=use.cost_usd)


def standing(found: Standing | None) -> key_pb2.KeyStanding | None:
    """Return how far a key is from its limits."""
    if found is None:
        return None
    return key_pb2.KeyStanding(
        limits=limits(found.limits),
        requests_left=found.requests_left,
        requests_reset_duration=duration(found.requests_reset_s),
        running_turns=found.running_turns,
        requests_today=found.use.request_count,
        tokens_today=found.use.token_count,
        usd_today=found.use.cost_usd,
        day_reset_duration=duration(found.day_reset_s),
    )


def wanted(request: key_service_pb2.CreateKeyRequest) -> Wanted:
    """Return the key that is asked for. Raises InvalidMessage."""
    asked = request.limits
    return Wanted(
        name=request.name,
        tenant=request.tenant,
        scopes=_scopes_of(request.scopes) or frozenset({Scope.CONVERSE}),
        limits=Limits(
            asked.requests_per_minute,
            asked.concurrent_turns,
            asked.tokens_per_day,
            asked.usd_per_day,
            asked.concurrent_calls,
        ),
        weight=request.weight or 1.0,
        expire_time=_expire_time(request),
    )


def changes(request: key_service_pb2.UpdateKeyRequest) -> Changes:
    """Return what is to be another way about a key. Raises InvalidMessage."""
    return Changes(
        name=request.name if request.HasField("name") else None,
        scopes=_scopes_of(request.scopes) or None,
        limits={field.name: value for field, value in request.limits.ListFields()},
        weight=request.weight if request.HasField("weight") else None,
        expire_time=_expire_time(request),
        never_expires=request.never_expires,
    )


def _scopes_of(numbers: Iterable[int]) -> frozenset[Scope]:
    by_number: dict[int, Scope] = {number: scope for scope, number in _SCOPES.items()}
    asked = list(numbers)
    if unknown := [number for number in asked if number not in by_number]:
        raise InvalidMessage(f"there is no scope {unknown[0]}", metadata={"field": "scopes"})
    return frozenset(by_number[number] for number in asked)


def _expire_time(request: key_service_pb2.CreateKeyRequest | key_service_pb2.UpdateKeyRequest) -> float | None:
    return request.expire_time.ToMicroseconds() / 1e6 if request.HasField("expire_time") else None
