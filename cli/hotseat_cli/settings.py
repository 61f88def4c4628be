"""The only place of the command that reads the environment."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click
from hotseat_serving.configuration import file, layers
from hotseat_serving.configuration.document import Entry
from hotseat_serving.configuration.file import ConfigurationFile
from hotseat_serving.configuration.table import SETTINGS, suggestion
from hotseat_serving.configuration.telling_rows import NO_LOG

from hotseat_cli import dotenv
from hotseat_cli.options import CHOSEN

# What a .env file may set: every setting of the servers. Anything else in it is somebody else's.
NAMES = frozenset(SETTINGS) | {file.VARIABLE}


class SettingsError(ValueError):
    """A setting is wrong; the message says which, and what to do, `lines` all that is wrong."""

    def __init__(self, message: str, lines: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.lines = lines or (message,)


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings in force, and where they are from."""

    values: Mapping[str, str]
    file: Path | None = None  # the .env file, where it set anything
    from_file: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)  # without what the configuration file sets
    config: ConfigurationFile | None = None
    from_config: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def for_servers(self) -> dict[str, str]:
        """What a server is started with: it reads the configuration file itself, so that it can read it again."""
        named = {file.VARIABLE: str(self.config.path.absolute())} if self.config else {}
        return {**self.given, **named}


def load(flags: Mapping[str, str | None], directory: Path | None = None) -> Environment:
    """A flag beats the environment, which beats ./.env, which beats the configuration file; empty counts as unset.

    What belongs together is taken from one of them: a credential of the environment sets those of the others aside.
    """
    directory = directory or Path.cwd()
    said = {name: value for name, value in {**_chosen_file(), **flags}.items() if value is not None}
    process = layers.below(layers.given(os.environ), said)
    env_file = directory / ".env"
    in_env_file = layers.below(_read(env_file), {**process, **said})
    from_env_file = tuple(sorted(in_env_file))
    given = layers.given({**process, **in_env_file, **said})
    try:
        found = file.configured(given, directory=directory)
    except file.ConfigurationError as error:
        raise SettingsError(str(error), error.lines) from error
    return Environment(
        values=found.values,
        file=env_file if from_env_file else None,
        from_file=from_env_file,
        given=given,
        config=found.file,
        from_config=found.taken,
    )


def _chosen_file() -> dict[str, str | None]:
    """The configuration file that the running command's --config names."""
    context = click.get_current_context(silent=True)
    return {file.VARIABLE: context.meta.get(CHOSEN) if context else None}


def _read(env_file: Path) -> dict[str, str]:
    try:
        settings = dotenv.parse(env_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{env_file}: {error}; correct it, or start in another directory") from error
    for name in settings:
        if name.startswith("HOTSEAT_") and name not in NAMES:
            raise SettingsError(f"{env_file}: there is no setting {name}; {suggestion(name, NAMES)}")
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


def log_dir(values: Mapping[str, str]) -> Path | None:
    """Where servers that `hotseat up` starts keep their logs; None: nowhere."""
    named = values.get("HOTSEAT_LOG_DIR")
    if named == NO_LOG:
        return None
    return Path(named or f"{values.get('HOTSEAT_DATA_DIR', '.hotseat')}/logs").expanduser().absolute()


def edge_url(values: Mapping[str, str]) -> str:
    """Where browsers and clients of this machine find an edge with these settings. Raises SettingsError."""
    host, port = values.get("HOTSEAT_HOST", "127.0.0.1"), values.get("PORT", "3000")
    if port == "0":
        raise SettingsError("PORT is 0, any free one: name the server with --url")
    at = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what is bound, seen from here
    return f"{'https' if values.get('HOTSEAT_TLS_CERT') else 'http'}://{f'[{at}]' if ':' in at else at}:{port}"


def core_target(values: Mapping[str, str]) -> str:
    """Where a client finds the core: the same rule as the edge's."""
    if target := values.get("HOTSEAT_CORE_TARGET"):
        return target
    if socket := values.get("HOTSEAT_CORE_SOCKET"):
        return f"unix:{socket}"
    host = values.get("HOTSEAT_CORE_HOST", "127.0.0.1")
    return f"{f'[{host}]' if ':' in host else host}:{values.get('HOTSEAT_CORE_PORT', '50051')}"
