"""Keys and callers as they are printed. Pure."""

from collections.abc import Iterable

from hotseat import pb

from hotseat_cli.operate import humane
from hotseat_cli.operate.records import Record, seconds, time
from hotseat_cli.operate.tables import NOTHING, Column

COLUMNS = (
    Column("KEY", is_id=True),
    Column("NAME"),
    Column("TENANT", spare=1),
    Column("SCOPES", spare=2),
    Column("STATE", is_state=True),
    Column("LIMITS", spare=4),
    Column("BEGINS", spare=5),
    Column("USED", spare=3, is_number=True),
    Column("AGE", spare=6, is_number=True),
)


def key(found: pb.Key) -> Record:
    """One key."""
    return {
        "key_id": found.key_id,
        "name": found.name,
        "tenant": found.tenant,
        "scopes": scopes(found.scopes),
        "limits": limits(found.limits),
        "weight": found.weight,
        "hint": found.hint,
        "create_time": time(found, "create_time"),
        "expire_time": time(found, "expire_time"),
        "revoke_time": time(found, "revoke_time"),
        "last_use_time": time(found, "last_use_time"),
        "use_today": {
            "request_count": found.use_today.request_count,
            "token_count": found.use_today.token_count,
            "cost_usd": found.use_today.cost_usd,
        },
    }


def caller(found: pb.GetCallerResponse) -> Record:
    """Who calls."""
    return {
        "auth_mode": mode(found),
        "tenant": found.tenant,
        "scopes": scopes(found.scopes),
        "key_id": found.key_id or None,
        "key_name": found.key_name or None,
        "standing": standing(found.standing) if found.HasField("standing") else None,
    }


def standing(found: pb.KeyStanding) -> Record:
    """How far a key is from its limits."""
    return {
        "limits": limits(found.limits),
        "requests_left": found.requests_left,
        "requests_reset_seconds": seconds(found.requests_reset_duration),
        "running_turns": found.running_turns,
        "requests_today": found.requests_today,
        "tokens_today": found.tokens_today,
        "usd_today": found.usd_today,
        "day_reset_seconds": seconds(found.day_reset_duration),
    }


def limits(found: pb.KeyLimits) -> Record:
    """A key's limits; null: there is none."""
    return {
        "requests_per_minute": found.requests_per_minute or None,
        "concurrent_turns": found.concurrent_turns or None,
        "concurrent_calls": found.concurrent_calls or None,
        "tokens_per_day": found.tokens_per_day or None,
        "usd_per_day": found.usd_per_day or None,
    }


def scopes(found: Iterable[pb.Scope]) -> list[str]:
    """What may be done, in words."""
    return [pb.Scope.Name(scope).removeprefix("SCOPE_").lower() for scope in found]


def mode(found: pb.GetCallerResponse) -> str:
    """How callers are let in, in a word."""
    return pb.AuthMode.Name(found.auth_mode).removeprefix("AUTH_MODE_").lower()


def state(found: pb.Key, now: float) -> str:
    """Whether it opens anything."""
    if found.HasField("revoke_time"):
        return "revoked"
    is_over = found.HasField("expire_time") and found.expire_time.ToMicroseconds() / 1e6 <= now
    return "expired" if is_over else "valid"


def row(found: pb.Key, now: float) -> tuple[str, ...]:
    """A key in a table."""
    return (
        found.key_id,
        found.name or NOTHING,
        found.tenant,
        ",".join(scopes(found.scopes)),
        state(found, now),
        _told(found.limits) or NOTHING,
        found.hint or NOTHING,
        _since(found, "last_use_time", now),
        _since(found, "create_time", now),
    )


def facts(found: pb.GetCallerResponse) -> list[tuple[str, str]]:
    """Who calls, fact by fact."""
    told = [
        ("Access", mode(found)),
        ("Tenant", found.tenant),
        ("Scopes", ", ".join(scopes(found.scopes))),
        ("Key", f"{found.key_id} {found.key_name}".strip() or "none is needed"),
    ]
    if not found.HasField("standing"):
        return told
    held = found.standing
    today = f"{held.requests_today} requests, {held.tokens_today} tokens, {humane.cost(held.usd_today)}"
    return [*told, ("Limits", _told(held.limits)), ("Today", today), ("Running", str(held.running_turns))]


def _told(found: pb.KeyLimits) -> str:
    parts = [
        f"{found.requests_per_minute}/min" if found.requests_per_minute else "",
        humane.some(found.concurrent_turns, "turn") + " at once" if found.concurrent_turns else "",
        humane.some(found.concurrent_calls, "call") + " at once" if found.concurrent_calls else "",
        f"{found.tokens_per_day} tokens/day" if found.tokens_per_day else "",
        f"{humane.cost(found.usd_per_day)}/day" if found.usd_per_day else "",
    ]
    return ", ".join(part for part in parts if part)


def _since(found: pb.Key, field: str, now: float) -> str:
    if not found.HasField(field):
        return NOTHING
    return humane.duration(now - getattr(found, field).ToMicroseconds() / 1e6)
