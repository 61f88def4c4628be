"""Which settings a client has set."""

from hotseat.v1 import conversation_pb2 as conversations


def given(message: conversations.ConversationSettings) -> frozenset[str]:
    """Return which settings the client has set, by the names of ours."""
    names = {
        "profile": bool(message.profile),
        "model": bool(message.model),
        "system_prompt": message.HasField("system_prompt"),
        "replaces_prompt": message.HasField("system_prompt"),
        "workspace": bool(message.workspace),
        "permission_mode": bool(message.permission_policy.mode),
        "allow_rules": message.HasField("permission_policy"),
        "deny_rules": message.HasField("permission_policy"),
        "decision_timeout_s": message.permission_policy.HasField("decision_timeout"),
        "max_steps": message.HasField("turn_limits"),
        "max_duration_s": message.HasField("turn_limits"),
        "retention_s": message.HasField("retention"),
        "output_schema_json": bool(message.output_schema_json),
        "tools": bool(message.tools) or message.clear_tools,
    }
    return frozenset(name for name, is_given in names.items() if is_given)
