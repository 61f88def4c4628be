"""Talk to Hotseat over gRPC."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotseat import pb
    from hotseat.client import Client
    from hotseat.errors import HotseatError
    from hotseat.talk import Talk
    from hotseat.tools import Tool

__all__ = ["Client", "HotseatError", "Talk", "Tool", "pb"]

# Imported on first use: `import hotseat.v1.content_pb2` must not pay for grpc.aio.
_HOMES = {"Client": "hotseat.client", "HotseatError": "hotseat.errors", "Talk": "hotseat.talk", "Tool": "hotseat.tools"}


def __getattr__(name: str) -> object:
    if name == "pb":
        return import_module("hotseat.pb")
    if home := _HOMES.get(name):
        return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
