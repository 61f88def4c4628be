"""The only place of the command that reads the environment."""

import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hotseat_cli import dotenv

# What a .env file may set: every setting of the servers. Anything else in it is somebody else's.
NAMES = frozenset(
    {
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_API_KEY_FILE",
        "ANTHROPIC_AUTH_TOKEN",
        "ANTHROPIC_AUTH_TOKEN_FILE",
        "ANTHROPIC_BASE_URL",
        "CLAUDE_CLI_PATH",
        "CLAUDE_CODE_OAUTH_TOKEN",
        "HOTSEAT_ALLOWED_HOSTS",
        "CLAUDE_CODE_OAUTH_TOKEN_FILE",
        "HOTSEAT_ALLOW_UNTESTED_CLI",
        "HOTSEAT_BODY_TIMEOUT_MS",
        "HOTSEAT_API_KEY",
        "HOTSEAT_API_KEY_FILE",
        "HOTSEAT_AUTH",
        "HOTSEAT_CONTAINMENT",
        "HOTSEAT_CORE_CONNECTION_AGE_MS",
        "HOTSEAT_CORE_CONNECTION_GRACE_MS",
        "HOTSEAT_CORE_CONNECTION_IDLE_MS",
        "HOTSEAT_CORE_HANDSHAKE_TIMEOUT_MS",
        "HOTSEAT_CORE_CA",
        "HOTSEAT_CORE_CLIENT_CERT",
        "HOTSEAT_CORE_CLIENT_KEY",
        "HOTSEAT_CORE_HOST",
        "HOTSEAT_CORE_MAX_CALLS",
        "HOTSEAT_CORE_MAX_STREAMS",
        "HOTSEAT_CORE_PORT",
        "HOTSEAT_CORE_SOCKET",
        "HOTSEAT_CORE_TARGET",
        "HOTSEAT_CORS_ORIGINS",
        "HOTSEAT_CORE_TLS_CERT",
        "HOTSEAT_CORE_TLS_CLIENT_CA",
        "HOTSEAT_CORE_TLS_KEY",
        "HOTSEAT_DATA_DIR",
        "HOTSEAT_DRAIN_TIMEOUT_MS",
        "HOTSEAT_HEADER_TIMEOUT_MS",
        "HOTSEAT_HOST",
        "HOTSEAT_IDLE_CONNECTION_MS",
        "HOTSEAT_CORE_WAIT_MS",
        "HOTSEAT_KEY_MODE",
        "HOTSEAT_INSECURE_NO_AUTH",
        "HOTSEAT_ACTIVITY",
        "HOTSEAT_LOG_FORMAT",
        "HOTSEAT_LOG_LEVEL",
        "HOTSEAT_MAX_BODY_BYTES",
        "HOTSEAT_MAX_CONNECTIONS",
        "HOTSEAT_MAX_CONNECTIONS_PER_ADDRESS",
        "HOTSEAT_MAX_IMPORT_BYTES",
        "HOTSEAT_MAX_QUEUE",
        "HOTSEAT_MEMORY_LIMIT_MB",
        "HOTSEAT_METRICS_HOST",
        "HOTSEAT_METRICS_PORT",
        "HOTSEAT_MODEL",
        "HOTSEAT_PERMISSION_MODE",
        "HOTSEAT_PROFILE",
        "HOTSEAT_QUEUE_TIMEOUT_MS",
        "HOTSEAT_RETENTION_MS",
        "HOTSEAT_SANDBOX",
        "HOTSEAT_SANDBOX_NETWORK",
        "HOTSEAT_SANDBOX_READABLE",
        "HOTSEAT_STALL_TIMEOUT_MS",
        "HOTSEAT_TLS_CERT",
        "HOTSEAT_TLS_CLIENT_CA",
        "HOTSEAT_TLS_KEY",
        "HOTSEAT_TRANSIENT_RETENTION_MS",
        "HOTSEAT_TURN_TIMEOUT_MS",
        "HOTSEAT_WARM_WORKERS",
        "HOTSEAT_WRITE_TIMEOUT_MS",
        "HOTSEAT_WORKSPACE_LIMIT_MB",
        "IDLE_TIMEOUT_MS",
        "POOL_SIZE",
        "PORT",
        "WORKSPACE_DIR",
    }
)


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
            near = difflib.get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {near[0]}?" if near else "docs/settings.md lists them all"
            raise SettingsError(f"{file}: there is no setting {name}; {hint}")
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
