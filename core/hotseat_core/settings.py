"""The core's settings: the only reader of the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from hotseat_core.worker.command import Upstream
from hotseat_core.worker.containment import Choice
from hotseat_core.worker.profile import PROFILES
from hotseat_core.worker.sandboxing import SandboxSettings, Wish

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]

# In the order in which the CLI is shown them: the first one that is set is used, alone.
CREDENTIALS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")


class SettingsError(Exception):
    """A setting can't be used; the message names it and says what is allowed."""


class CoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the core runs. Each field is read from the variable in VARIABLES."""

    host: str = "127.0.0.1"
    port: Port = 50051  # 0: any free one
    socket: str = ""  # path of a unix socket, instead of host and port
    data_dir: str = ".hotseat"
    workspace_dir: str = ""  # one directory for all; empty: each conversation has its own
    pool_size: AtLeastOne = 4
    warm_workers: Count = 1
    max_queue: Count = 128
    queue_timeout_ms: Count = 120_000
    memory_limit_mb: Count = 0  # of all workers; 0: none
    idle_timeout_ms: Count = 600_000  # 0: never
    retention_ms: Count = 2_592_000_000  # of a conversation after its last use, 30 days; 0: for ever
    transient_retention_ms: Count = 86_400_000  # the same, of nameless ones of one turn
    max_import_bytes: AtLeastOne = 134_217_728  # held in memory until they are entered
    max_streams: AtLeastOne = 1200  # of one connection: as many as an edge takes of HTTP, and some
    max_calls: AtLeastOne = 5000  # of all connections
    connection_idle_ms: Count = 300_000  # without a call; 0: never
    connection_age_ms: Count = 3_600_000  # 0: never
    connection_grace_ms: Count = 1_860_000  # for what runs then: the longest turn, and a minute
    handshake_timeout_ms: AtLeastOne = 10_000
    drain_timeout_ms: Count = 30_000
    stall_timeout_ms: AtLeastOne = 120_000
    turn_timeout_ms: AtLeastOne = 1_800_000
    metrics_host: str = "127.0.0.1"
    metrics_port: Port | None = None  # None: metrics are not served; 0: any free one
    containment: Choice = Choice.AUTO  # of what workers start
    sandbox: Wish = Wish.AUTO  # what of the machine workers see
    sandbox_readable: str = ""  # directories that they see besides, separated as in PATH
    permission_mode: Literal["deny", "accept-edits", "bypass"] = "deny"
    model: str = ""  # empty: the CLI's own default
    profile: str = "claude-code"  # the default one
    cli_path: str = ""  # empty: the CLI in the claude-agent-sdk package
    allow_untested_cli: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    parent_fd: int = -1  # a pipe whose end means that the supervisor is gone; -1: none
    base_url: str = ""  # of the model's provider; empty: the CLI's own default
    credential: dict[str, str] = {}  # environment variable: value; never logged
    inherited_env: dict[str, str] = {}  # of which workers get what command.build_env lets pass

    @property
    def upstream(self) -> Upstream:
        """The model's provider."""
        return Upstream(self.credential, self.base_url)

    @property
    def data_path(self) -> Path:
        """Where the core keeps its data."""
        return Path(self.data_dir).expanduser().absolute()

    @property
    def shared_workspace(self) -> Path | None:
        """The directory that all agents work in; None: each conversation has its own."""
        return Path(self.workspace_dir).expanduser().absolute() if self.workspace_dir else None

    @property
    def sandboxing(self) -> SandboxSettings:
        """What workers are to see of the machine."""
        return SandboxSettings(
            self.data_path,
            self.shared_workspace,
            self.sandbox,
            readable=tuple(Path(entry).expanduser().absolute() for entry in self.sandbox_readable.split(":") if entry),
            environment=self.inherited_env,
        )

    @property
    def target(self) -> str:
        """Where the core listens, as gRPC writes it."""
        return f"unix:{self.socket}" if self.socket else f"{self.host}:{self.port}"


VARIABLES = {
    "host": "HOTSEAT_CORE_HOST",
    "port": "HOTSEAT_CORE_PORT",
    "socket": "HOTSEAT_CORE_SOCKET",
    "data_dir": "HOTSEAT_DATA_DIR",
    "workspace_dir": "WORKSPACE_DIR",
    "pool_size": "POOL_SIZE",
    "warm_workers": "HOTSEAT_WARM_WORKERS",
    "max_queue": "HOTSEAT_MAX_QUEUE",
    "queue_timeout_ms": "HOTSEAT_QUEUE_TIMEOUT_MS",
    "memory_limit_mb": "HOTSEAT_MEMORY_LIMIT_MB",
    "idle_timeout_ms": "IDLE_TIMEOUT_MS",
    "retention_ms": "HOTSEAT_RETENTION_MS",
    "transient_retention_ms": "HOTSEAT_TRANSIENT_RETENTION_MS",
    "max_import_bytes": "HOTSEAT_MAX_IMPORT_BYTES",
    "max_streams": "HOTSEAT_CORE_MAX_STREAMS",
    "max_calls": "HOTSEAT_CORE_MAX_CALLS",
    "connection_idle_ms": "HOTSEAT_CORE_CONNECTION_IDLE_MS",
    "connection_age_ms": "HOTSEAT_CORE_CONNECTION_AGE_MS",
    "connection_grace_ms": "HOTSEAT_CORE_CONNECTION_GRACE_MS",
    "handshake_timeout_ms": "HOTSEAT_CORE_HANDSHAKE_TIMEOUT_MS",
    "drain_timeout_ms": "HOTSEAT_DRAIN_TIMEOUT_MS",
    "stall_timeout_ms": "HOTSEAT_STALL_TIMEOUT_MS",
    "turn_timeout_ms": "HOTSEAT_TURN_TIMEOUT_MS",
    "metrics_host": "HOTSEAT_METRICS_HOST",
    "metrics_port": "HOTSEAT_METRICS_PORT",
    "containment": "HOTSEAT_CONTAINMENT",
    "sandbox": "HOTSEAT_SANDBOX",
    "sandbox_readable": "HOTSEAT_SANDBOX_READABLE",
    "permission_mode": "HOTSEAT_PERMISSION_MODE",
    "model": "HOTSEAT_MODEL",
    "profile": "HOTSEAT_PROFILE",
    "cli_path": "CLAUDE_CLI_PATH",
    "allow_untested_cli": "HOTSEAT_ALLOW_UNTESTED_CLI",
    "log_level": "HOTSEAT_LOG_LEVEL",
    "log_format": "HOTSEAT_LOG_FORMAT",
    "parent_fd": "HOTSEAT_PARENT_FD",
    "base_url": "ANTHROPIC_BASE_URL",
}


def read_settings(environ: Mapping[str, str] | None = None) -> CoreSettings:
    """Return the settings of the environment; an empty variable counts as unset. Raises SettingsError."""
    environ = os.environ if environ is None else environ
    found = {field: environ[name] for field, name in VARIABLES.items() if environ.get(name)}
    for field, text in found.items():
        _check(field, text)
    if found.get("profile", "claude-code") not in PROFILES:
        raise SettingsError(f"HOTSEAT_PROFILE={found['profile']!r} can't be used: choose one of {', '.join(PROFILES)}")
    credential = next(({name: environ[name]} for name in CREDENTIALS if environ.get(name)), {})
    return msgspec.convert(
        {**found, "credential": credential, "inherited_env": dict(environ)}, CoreSettings, strict=False
    )


def _check(field: str, text: str) -> None:
    try:
        msgspec.convert({field: text}, CoreSettings, strict=False)
    except msgspec.ValidationError as exc:
        expected = str(exc).split(" - at ", maxsplit=1)[0]
        raise SettingsError(f"{VARIABLES[field]}={text!r} can't be used: {expected}") from None
