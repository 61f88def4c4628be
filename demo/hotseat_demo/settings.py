"""The demo model's settings, from the environment."""

import os
from collections.abc import Mapping

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """How to serve the demo model."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    log_level: str = "INFO"
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
    given = {}
    for name, field in _NAMES.items():
        if environ.get(name):
            kind = {f.name: f.type for f in msgspec.structs.fields(Settings)}[field]
            try:
                given[field] = msgspec.convert(environ[name], kind, strict=False)
            except msgspec.ValidationError as error:
                raise BadSetting(f"{name}={environ[name]!r}: {error}") from error
    return Settings(**given)
