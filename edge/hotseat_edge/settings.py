"""The edge's settings: read and checked once, from the environment alone."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

_Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class BadSetting(Exception):
    """A setting that cannot be used; the text is one line for the operator."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the edge serves."""

    host: Annotated[str, msgspec.Meta(min_length=1)] = "127.0.0.1"
    port: _Port = 3000  # 0: any free one
    core_target: str = ""  # wins over the three below
    core_socket: str = ""
    core_host: str = "127.0.0.1"
    core_port: _Port = 50051
    demo: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    parent_fd: Annotated[int, msgspec.Meta(ge=0)] | None = None
    max_body_bytes: int = 32 * 2**20
    body_timeout_s: float = 60.0
    keep_alive_s: float = 15.0  # longest silence on a stream
    stall_s: float = 60.0  # longest that a client may leave a stream unread
    idle_connection_s: float = 75.0
    drain_s: float = 30.0  # how long running requests may take after SIGTERM

    @property
    def target(self) -> str:
        """Where the core is."""
        if self.core_target:
            return self.core_target
        return f"unix:{self.core_socket}" if self.core_socket else f"{self.core_host}:{self.core_port}"


_NAMES = {
    "HOTSEAT_HOST": "host",
    "PORT": "port",
    "HOTSEAT_CORE_TARGET": "core_target",
    "HOTSEAT_CORE_SOCKET": "core_socket",
    "HOTSEAT_CORE_HOST": "core_host",
    "HOTSEAT_CORE_PORT": "core_port",
    "HOTSEAT_DEMO": "demo",
    "HOTSEAT_LOG_LEVEL": "log_level",
    "HOTSEAT_LOG_FORMAT": "log_format",
    "HOTSEAT_PARENT_FD": "parent_fd",
}


def load(environment: Mapping[str, str]) -> Settings:
    """The settings in this environment; an empty variable counts as unset."""
    given = {field: environment[name].strip() for name, field in _NAMES.items() if environment.get(name, "").strip()}
    if "log_level" in given:
        given["log_level"] = given["log_level"].lower()
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise BadSetting(_explain(str(error), environment)) from None


def _explain(message: str, environment: Mapping[str, str]) -> str:
    said, _, path = message.partition(" - at `$.")
    for name, field in _NAMES.items():
        if path.startswith(field):
            return f"{name}={environment[name]!r}: {said}"
    return message
