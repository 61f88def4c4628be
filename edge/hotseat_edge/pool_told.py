"""The core's messages about its pool in JSON, with the fields that `hotseat ps --json` and its like have. Pure."""

from typing import Any

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp


def told(message: Message) -> dict[str, Any]:
    """Its fields; times in RFC 3339, lengths of time in seconds, states in lower case, null for what is not there."""
    return dict(_field(message, field) for field in message.DESCRIPTOR.fields)


def _field(message: Message, field: Any) -> tuple[str, Any]:
    value = getattr(message, field.name)
    if isinstance(value, Duration):
        return f"{field.name.removesuffix('_duration')}_seconds", value.ToNanoseconds() / 1e9
    if isinstance(value, Timestamp):
        return field.name, value.ToJsonString() if message.HasField(field.name) else None
    if isinstance(value, Message):
        return field.name, told(value)
    if field.enum_type is not None and isinstance(value, int):
        return field.name, field.enum_type.values_by_number[value].name.removeprefix("STATE_").lower()
    return field.name, None if value == "" else value
