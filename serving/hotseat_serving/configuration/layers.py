"""What of a configuration file is in force beside what was said elsewhere. Pure."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import TypeVar

from hotseat_serving.configuration.table import SETTINGS

T = TypeVar("T")

_CREDENTIALS = tuple(
    f"{name}{suffix}"
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
    for suffix in ("", "_FILE")
)
_API_KEYS = ("HOTSEAT_API_KEY", "HOTSEAT_API_KEY_FILE")
_PLACES = ("HOTSEAT_CORE_TARGET", "HOTSEAT_CORE_SOCKET")
# Who says one of these has said that the others are not meant: a port of the environment beats a socket of the file.
_DISPLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(_CREDENTIALS, _CREDENTIALS),
        **dict.fromkeys(_API_KEYS, _API_KEYS),
        "HOTSEAT_CORE_SOCKET": _PLACES,
        "HOTSEAT_CORE_HOST": _PLACES,
        "HOTSEAT_CORE_PORT": _PLACES,
    }
)


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without settings that are empty: they count as unset."""
    return {name: value for name, value in environ.items() if value or name not in SETTINGS}


def below(lower: Mapping[str, T], higher: Collection[str]) -> dict[str, T]:
    """What of a lower layer is in force under the settings of a higher one."""
    gone = {*higher, *(other for name in higher for other in _DISPLACES.get(name, ()))}
    return {name: value for name, value in lower.items() if name not in gone}
