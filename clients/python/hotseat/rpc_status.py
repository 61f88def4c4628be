"""Reads the google.rpc.Status that a server puts into a failed call's trailers.

The three messages are described here, in a pool of their own: depending on googleapis-common-protos for
them would add a package to every user, and registering them twice in one process is an error.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from google.protobuf import any_pb2, duration_pb2
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

TRAILER = "grpc-status-details-bin"
_PACKAGE = "google.rpc"
_Type = FieldDescriptorProto


@dataclass(frozen=True, slots=True)
class Details:
    """What ErrorInfo and RetryInfo say; empty where the server sent none."""

    reason: str = ""
    domain: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    retry_delay: float | None = None


def read(trailers: Iterable[tuple[str, str | bytes]] | None) -> Details:
    """The details in these trailers; a status that cannot be read counts as none."""
    for key, value in trailers or ():
        if key == TRAILER and isinstance(value, bytes):
            try:
                return _details(value)
            except DecodeError:  # written by a server that is not ours: its code and text still count
                return Details()
    return Details()


def _details(data: bytes) -> Details:
    found = Details()
    for detail in _parse("Status", data).details:  # type: ignore[attr-defined]  # a message made at run time
        name = detail.type_url.rpartition("/")[2]
        if name == f"{_PACKAGE}.ErrorInfo":
            info = _parse("ErrorInfo", detail.value)
            found = replace(found, reason=info.reason, domain=info.domain, metadata=dict(info.metadata))  # type: ignore[attr-defined]
        elif name == f"{_PACKAGE}.RetryInfo":
            delay = _parse("RetryInfo", detail.value).retry_delay  # type: ignore[attr-defined]
            found = replace(found, retry_delay=delay.seconds + delay.nanos / 1e9)
    return found


def _parse(name: str, data: bytes) -> Message:
    message: Message = GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))()
    message.ParseFromString(data)
    return message


def _field(name: str, number: int, kind: "_Type.Type.ValueType", of: str = "", *, many: bool = False) -> _Type:
    label = _Type.LABEL_REPEATED if many else _Type.LABEL_OPTIONAL
    return _Type(name=name, number=number, type=kind, type_name=of or None, label=label)


def _describe() -> DescriptorPool:
    entry = DescriptorProto(
        name="MetadataEntry",
        field=[_field("key", 1, _Type.TYPE_STRING), _field("value", 2, _Type.TYPE_STRING)],
    )
    entry.options.map_entry = True
    status = DescriptorProto(
        name="Status",
        field=[
            _field("code", 1, _Type.TYPE_INT32),
            _field("message", 2, _Type.TYPE_STRING),
            _field("details", 3, _Type.TYPE_MESSAGE, ".google.protobuf.Any", many=True),
        ],
    )
    error_info = DescriptorProto(
        name="ErrorInfo",
        nested_type=[entry],
        field=[
            _field("reason", 1, _Type.TYPE_STRING),
            _field("domain", 2, _Type.TYPE_STRING),
            _field("metadata", 3, _Type.TYPE_MESSAGE, f".{_PACKAGE}.ErrorInfo.MetadataEntry", many=True),
        ],
    )
    retry_info = DescriptorProto(
        name="RetryInfo", field=[_field("retry_delay", 1, _Type.TYPE_MESSAGE, ".google.protobuf.Duration")]
    )
    imports = [any_pb2.DESCRIPTOR, duration_pb2.DESCRIPTOR]
    file = FileDescriptorProto(
        name="hotseat/rpc_status.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[known.name for known in imports],
        message_type=[status, error_info, retry_info],
    )
    pool = DescriptorPool()
    for known in imports:
        pool.AddSerializedFile(known.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _describe()
