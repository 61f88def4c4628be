"""The demo model's settings, from the environment."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """How to serve the demo model."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0  # 0: any free one
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    parent_fd: Annotated[int, msgspec.Meta(ge=0)] | None = None  # a pipe's end: it closes when the supervisor is gone


_NAMES = {
    "HOTSEAT_DEMO_HOST": ("host", "an address"),
    "HOTSEAT_DEMO_PORT": ("port", "a port from 0 (any free one) to 65535"),
    "HOTSEAT_LOG_LEVEL": ("log_level", "debug, info, warning or error"),
    "HOTSEAT_PARENT_FD": ("parent_fd", "the number of an open file descriptor"),
}


class BadSetting(ValueError):
    """A setting has a value that cannot be used."""


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings, or a BadSetting that names the variable and what it takes."""
    kinds = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    given: dict[str, Any] = {}
    for name, (field, wanted) in _NAMES.items():
        value = environ.get(name, "")
        try:
            if value:
                given[field] = msgspec.convert(
                    value.upper() if field == "log_level" else value, kinds[field], strict=False
                )
        except msgspec.ValidationError as error:
            raise BadSetting(f"{name} is {value!r}, but takes {wanted}") from error
    return Settings(**given)
