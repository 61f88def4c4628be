"""What `--json` prints: the contract's messages as plain values, nothing shortened. Pure.

Times are RFC 3339 in UTC, lengths of time are in seconds, states are the proto's names in lower case; what is not
there is null. docs/operations.md lists the fields.
"""

from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from hotseat import pb

Record = dict[str, Any]


def worker(found: pb.Worker) -> Record:
    """One process."""
    return {
        "worker_id": found.worker_id,
        "state": worker_state(found),
        "pid": found.pid or None,
        "profile": found.profile or None,
        "conversation_id": found.conversation_id or None,
        "tenant": found.tenant or None,
        "start_time": time(found, "start_time"),
        "turn_start_time": time(found, "turn_start_time"),
        "last_turn_time": time(found, "last_turn_time"),
        "turn_count": found.turn_count,
        "memory_bytes": found.memory_bytes,
        "cli_version": found.cli_version or None,
    }


def pool(found: pb.Pool) -> Record:
    """The pool: bounds, gauges, counters since its start."""
    size, stats = found.size, found.stats
    return {
        "state": pool_state(found),
        "start_time": time(found, "start_time"),
        "start_retry_time": time(found, "start_retry_time"),
        "containment": found.containment or None,
        "key_mode": found.key_mode,
        "sandbox": {
            "enabled": found.sandbox.enabled,
            "network": found.sandbox.network or None,
            "disabled_reason": found.sandbox.disabled_reason or None,
        },
        "size": {
            "max_workers": size.max_workers,
            "warm_workers": size.warm_workers,
            "max_queue": size.max_queue,
            "idle_timeout_seconds": seconds(size.idle_timeout),
            "memory_limit_bytes": size.memory_limit_bytes,
        },
        "stats": dict(_plain(stats, field.name) for field in stats.DESCRIPTOR.fields),
    }


def _plain(message: Message, field: str) -> tuple[str, Any]:
    value = getattr(message, field)
    if isinstance(value, Duration):
        return field.replace("_duration", "_seconds"), seconds(value)
    return field, value


def queued_turn(found: pb.QueuedTurn) -> Record:
    """One turn that waits."""
    return {
        "position": found.position,
        "conversation_id": found.conversation_id,
        "tenant": found.tenant or None,
        "profile": found.profile,
        "queue_time": time(found, "queue_time"),
        "expire_time": time(found, "expire_time"),
    }


def conversation(found: pb.Conversation) -> Record:
    """One conversation with its settings."""
    settings = found.settings
    prompt, policy, limits = settings.system_prompt, settings.permission_policy, settings.turn_limits
    return {
        "conversation_id": found.conversation_id,
        "state": conversation_state(found),
        "worker_id": found.worker_id or None,
        "turn_count": found.turn_count,
        "usage": usage(found.usage),
        "create_time": time(found, "create_time"),
        "update_time": time(found, "update_time"),
        "expire_time": time(found, "expire_time"),
        "settings": {
            "profile": settings.profile or None,
            "model": settings.model or None,
            "system_prompt": prompt.text or None,
            "replaces_system_prompt": prompt.mode == pb.SystemPrompt.MODE_REPLACE,
            "workspace": settings.workspace or None,
            "permission_mode": _lower(pb.PermissionPolicy.Mode.Name(policy.mode), "MODE_"),
            "allow_rules": list(policy.allow_rules),
            "deny_rules": list(policy.deny_rules),
            "max_steps": limits.max_steps or None,
            "max_duration_seconds": seconds(limits.max_duration) or None,
        },
    }


def workspace(found: pb.Workspace) -> Record:
    """A workspace that clients have named."""
    return {
        "workspace_id": found.workspace_id,
        "name": found.name or None,
        "conversation_ids": list(found.conversation_ids),
        "disk_bytes": found.disk_bytes,
        "update_time": time(found, "update_time"),
    }


def turn(found: pb.Turn, *, with_text: bool) -> Record:
    """One turn; what was said only where it is asked for."""
    done = found.completed if found.HasField("completed") else None
    record = {
        "turn": found.turn,
        "request_id": found.request_id,
        "start_time": time(found, "start_time"),
        "outcome": outcome(found),
        "duration_seconds": seconds(done.duration) if done else None,
        "step_count": done.step_count if done else None,
        "usage": usage(done.usage) if done else None,
        "error": error(done.error) if done and done.HasField("error") else None,
    }
    if with_text:
        record |= {"input": said(found), "text": done.text if done else None}
    return record


def error(found: pb.Error) -> Record:
    """Why a turn failed."""
    return {"reason": pb.ErrorReason.Name(found.reason).removeprefix("ERROR_REASON_"), "message": found.message}


def usage(spent: pb.Usage) -> Record:
    """Tokens and money."""
    return {
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cache_read_tokens": spent.cache_read_tokens,
        "cache_write_tokens": spent.cache_write_tokens,
        "cost_usd": spent.cost_usd,
        "reasoning_tokens": spent.reasoning_tokens,
    }


def said(found: pb.Turn) -> str:
    """What the user said, pictures and files by their kind."""
    parts = []
    for block in found.input:
        kind = block.WhichOneof("block")
        parts.append(block.text if kind == "text" else f"[{kind}: {getattr(block, kind or 'image').media_type}]")
    return "\n".join(parts)


# ---- names of states


def worker_state(found: pb.Worker) -> str:
    """What a worker is doing."""
    return _lower(pb.Worker.State.Name(found.state), "STATE_")


def pool_state(found: pb.Pool) -> str:
    """What the pool does with new turns."""
    return _lower(pb.Pool.State.Name(found.state), "STATE_")


def conversation_state(found: pb.Conversation) -> str:
    """What a conversation is doing."""
    return _lower(pb.Conversation.State.Name(found.state), "STATE_")


def outcome(found: pb.Turn) -> str:
    """How a turn ended, or that it runs."""
    if not found.HasField("completed"):
        return "running"
    return _lower(pb.TurnCompleted.Outcome.Name(found.completed.outcome), "OUTCOME_")


def _lower(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()


# ---- time


def seconds(length: Duration) -> float:
    """A length of time."""
    return length.ToNanoseconds() / 1e9


def time(message: Message, field: str) -> str | None:
    """A moment; None: the message does not say."""
    if not message.HasField(field):
        return None
    moment: Timestamp = getattr(message, field)
    return moment.ToJsonString()


def since(message: Message, field: str, now: float) -> float | None:
    """Seconds from a moment until now; None: the message does not say. Never negative: clocks differ."""
    if not message.HasField(field):
        return None
    moment: Timestamp = getattr(message, field)
    return max(now - moment.ToNanoseconds() / 1e9, 0.0)
