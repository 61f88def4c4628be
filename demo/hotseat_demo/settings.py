"""The demo model's settings, from the environment."""

import os
from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """How to serve the demo model."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    parent_fd: int | None = None  # a pipe's end: when it closes, the supervisor is gone and so are we


_NAMES = {
    "HOTSEAT_DEMO_HOST": "host",
    "HOTSEAT_DEMO_PORT": "port",
    "HOTSEAT_LOG_LEVEL": "log_level",
    "HOTSEAT_PARENT_FD": "parent_fd",
}


class BadSetting(ValueError):
    """A setting has a value that cannot be used."""


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings, or a BadSetting that names the variable."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    given: dict[str, Any] = {}
    for name, field in _NAMES.items():
        value = environ.get(name, "")
        try:
            if value:
                given[field] = msgspec.convert(
                    value.upper() if field == "log_level" else value, kinds[field], strict=False
                )
        except msgspec.ValidationError as error:
            raise BadSetting(f"{name}={value!r}: {error}") from error
    return Settings(**given)
