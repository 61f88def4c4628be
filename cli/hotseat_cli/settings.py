"""The only place of the command that reads the environment."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hotseat_serving.configuration.table import SETTINGS, suggestion

from hotseat_cli import dotenv

# What a .env file may set: every setting of the servers. Anything else in it is somebody else's.
NAMES = frozenset(SETTINGS)


class SettingsError(ValueError):
    """A setting is wrong; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings in force, and where those that came from a file are from."""

    values: Mapping[str, str]
    file: Path | None = None
    from_file: tuple[str, ...] = ()


def load(flags: Mapping[str, str | None], directory: Path | None = None) -> Environment:
    """A flag beats the environment, which beats ./.env; an empty value counts as unset."""
    process = {name: value for name, value in os.environ.items() if value or name not in NAMES}
    file = (directory or Path.cwd()) / ".env"
    in_file = {name: value for name, value in _read(file).items() if name not in process}
    given = {name: value for name, value in flags.items() if value is not None}
    from_file = tuple(sorted(name for name in in_file if name not in given))
    return Environment({**process, **in_file, **given}, file if from_file else None, from_file)


def _read(file: Path) -> dict[str, str]:
    try:
        settings = dotenv.parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file}: {error}; correct it, or start in another directory") from error
    for name in settings:
        if name.startswith("HOTSEAT_") and name not in NAMES:
            raise SettingsError(f"{file}: there is no setting {name}; {suggestion(name, NAMES)}")
    return {name: value for name, value in settings.items() if name in NAMES and value}


def silence_grpc() -> None:
    """Keep gRPC's own log off the terminal, unless the user wants it; to be called before grpc is imported.

    It writes there of its own accord when a server goes away, which we say better.
    """
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def forget(names: Iterable[str]) -> None:
    """Hide these variables from whatever else runs as the same user: nothing of ours reads them any more."""
    from hotseat_serving.secrecy import hide

    hide(os.environ, names)


def own_data_dir(target: str | None) -> str | None:
    """Where the core keeps its files that `hotseat up` would start from here; None: a core elsewhere is meant."""
    values = load({"HOTSEAT_CORE_TARGET": target}).values
    if values.get("HOTSEAT_CORE_TARGET"):
        return None
    return str(Path(values.get("HOTSEAT_DATA_DIR", ".hotseat")).expanduser().absolute())


def core_target(values: Mapping[str, str]) -> str:
    """Where a client finds the core: the same rule as the edge's."""
    if target := values.get("HOTSEAT_CORE_TARGET"):
        return target
    if socket := values.get("HOTSEAT_CORE_SOCKET"):
        return f"unix:{socket}"
    host = values.get("HOTSEAT_CORE_HOST", "127.0.0.1")
    return f"{f'[{host}]' if ':' in host else host}:{values.get('HOTSEAT_CORE_PORT', '50051')}"
