"""The core's settings: the only reader of the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from hotseat_serving import tracing
from hotseat_serving.configuration.table import CORE_FIELDS
from hotseat_serving.logs import Form

from hotseat_core.egress.rules import Allowed, WrongRuleError, parse_allowed
from hotseat_core.upstream import credential, provider
from hotseat_core.upstream.credential import Credential, CredentialError
from hotseat_core.worker.appetite import Appetite
from hotseat_core.worker.containment import Choice
from hotseat_core.worker.profile import PROFILES
from hotseat_core.worker.sandbox import Network
from hotseat_core.worker.sandboxing import SandboxSettings, Wish

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0)]
AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]

# Each may be in a file, which is named instead.
CREDENTIALS = (*credential.VARIABLES, *(f"{name}_FILE" for name in credential.VARIABLES))
API_KEY, API_KEY_FILE = "HOTSEAT_API_KEY", "HOTSEAT_API_KEY_FILE"
SECRETS = (*CREDENTIALS, API_KEY)  # that nothing reads again once the settings are read
_SHORTEST_API_KEY, _LONGEST_API_KEY = 16, 512


class SettingsError(Exception):
    """A setting can't be used; the message names it and says what is allowed."""


class CoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the core runs. Each field is read from the variable in VARIABLES."""

    host: str = "127.0.0.1"
    port: Port = 50051  # 0: any free one
    socket: str = ""  # path of a unix socket, instead of host and port
    tls_cert: str = ""  # with its chain, as PEM; empty: no TLS
    tls_key: str = ""
    tls_client_ca: str = ""  # clients must show a certificate of it; empty: none
    auth: Literal["auto", "required"] = "auto"  # auto: keys count as soon as there is one
    insecure_no_auth: bool = False  # serve others without asking them for a key
    api_key: str = ""  # of every scope, beside those that were made; never logged
    data_dir: str = ".hotseat"
    workspace_limit_mb: Count = 0  # of disk, for each conversation's; 0: none
    workspace_dir: str = ""  # one directory for all; empty: each conversation has its own
    pool_size: AtLeastOne = 4
    warm_workers: Count = 1
    max_queue: Count = 128
    queue_timeout_ms: Count = 120_000
    memory_limit_mb: Count = 0  # of all workers; 0: none
    worker_memory_limit_mb: Count = 4096  # of one worker with all that it starts; 0: none
    worker_process_limit: Count = 512  # the same; 0: none
    idle_timeout_ms: Count = 600_000  # 0: never
    retention_ms: Count = 2_592_000_000  # of a conversation after its last use, 30 days; 0: for ever
    transient_retention_ms: Count = 86_400_000  # the same, of nameless ones of one turn
    workspace_retention_ms: Count = 0  # of a named workspace after its last conversation; 0: for ever
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
    sandbox_network: Literal["none", "host"] = "none"  # where workers reach the provider through the core
    egress_allow: str = ""  # hosts that agents reach all the same, as egress.rules has them
    egress_networks: str = ""  # of the operator's own, that these may be in
    sandbox_readable: str = ""  # directories that they see besides, separated as in PATH
    permission_mode: Literal["deny", "accept-edits", "bypass"] = "deny"
    model: str = ""  # empty: the CLI's own default
    allowed_models: str = ""  # that workers may ask for, as upstream.models has them; empty: all
    profile: str = "claude-code"  # the default one
    cli_path: str = ""  # empty: the CLI in the claude-agent-sdk package
    allow_untested_cli: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Form = "auto"
    log_dir: str = ""  # where the log is kept besides; empty: nowhere
    traces: tracing.Choice = "auto"
    otlp_endpoint: str = ""  # of the collector of traces
    otlp_headers: str = ""  # for it; never logged
    parent_fd: int = -1  # a pipe whose end means that the supervisor is gone; -1: none
    base_url: str = ""  # of the model's provider; empty: Anthropic's
    key_mode: Literal["proxy", "env"] = "proxy"  # who holds the credential: the core alone, or every worker
    credential: dict[str, str] = {}  # environment variable: value; never logged
    credential_file: str = ""  # where it was read; empty: in the environment
    inherited_env: dict[str, str] = {}  # of which workers get what command.build_env lets pass

    def open_credential(self) -> Credential:
        """Return the credential, which is there. Raises CredentialError."""
        ((variable, value),) = self.credential.items()
        file = self.credential_file
        return Credential.from_file(variable, Path(file)) if file else Credential(variable, value)

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
            self._network,
            readable=tuple(Path(entry).expanduser().absolute() for entry in self.sandbox_readable.split(":") if entry),
            environment=self.inherited_env,
        )

    @property
    def _network(self) -> Network:
        if self.key_mode == "env":  # who holds the key has to reach the provider
            return Network.HOST
        return Network.LISTED if self.egress_allow else Network(self.sandbox_network)

    @property
    def egress(self) -> Allowed:
        """What agents reach besides the provider, where they have no network."""
        return parse_allowed(self.egress_allow, self.egress_networks)

    @property
    def appetite(self) -> Appetite:
        """What a worker may take of the machine."""
        return Appetite(self.worker_memory_limit_mb * 2**20, self.worker_process_limit)

    @property
    def wanted_traces(self) -> tracing.Wanted:
        """Which traces are wanted."""
        return tracing.Wanted(choice=self.traces, endpoint=self.otlp_endpoint, headers=self.otlp_headers)

    @property
    def target(self) -> str:
        """Where the core listens, as gRPC writes it."""
        return f"unix:{self.socket}" if self.socket else f"{self.host}:{self.port}"


VARIABLES: Mapping[str, str] = {**CORE_FIELDS, "parent_fd": "HOTSEAT_PARENT_FD"}  # field: variable


def read_settings(environ: Mapping[str, str] | None = None) -> CoreSettings:
    """Return the settings of the environment; an empty variable counts as unset. Raises SettingsError."""
    environ = os.environ if environ is None else environ
    found = {field: environ[name] for field, name in VARIABLES.items() if environ.get(name)}
    for field, text in found.items():
        _check(field, text)
    if found.get("profile", "claude-code") not in PROFILES:
        raise SettingsError(f"HOTSEAT_PROFILE={found['profile']!r} can't be used: choose one of {', '.join(PROFILES)}")
    found_credential, file = _credential(environ)
    _check_urls(found.get("base_url", ""), environ)
    _check_tls(found)
    _check_egress(found)
    if "allowed_models" in found and found.get("key_mode") == "env":
        raise SettingsError("HOTSEAT_ALLOWED_MODELS can't be kept with HOTSEAT_KEY_MODE=env: unset one of them")
    return msgspec.convert(
        {
            **found,
            "api_key": read_api_key(environ),
            "credential": found_credential,
            "credential_file": file,
            "inherited_env": _without_credentials(environ),
        },
        CoreSettings,
        strict=False,
    )


def _credential(environ: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the first credential that is set, alone, and the file that it is in."""
    for name in credential.VARIABLES:
        value, file = environ.get(name), environ.get(f"{name}_FILE")
        if value and file:
            raise SettingsError(f"{name} and {name}_FILE are both set: unset one of them")
        try:
            if file:
                return {name: credential.read_secret(name, Path(file))}, file
            if value:
                return {name: Credential(name, value).value}, ""
        except CredentialError as exc:
            raise SettingsError(str(exc)) from exc
    return {}, ""


def _without_credentials(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in CREDENTIALS}


def _check_urls(base_url: str, environ: Mapping[str, str]) -> None:
    try:
        provider.way_to(provider.parse_provider(base_url), environ)
    except provider.WrongUrlError as exc:
        raise SettingsError(str(exc)) from exc


def _check_tls(found: Mapping[str, str]) -> None:
    names = [VARIABLES[field] for field in ("tls_cert", "tls_key") if field in found]
    if len(names) == 1:
        raise SettingsError(f"{names[0]} is of no use alone: set HOTSEAT_CORE_TLS_CERT and HOTSEAT_CORE_TLS_KEY")
    if "tls_client_ca" in found and not names:
        raise SettingsError("HOTSEAT_CORE_TLS_CLIENT_CA needs HOTSEAT_CORE_TLS_CERT and HOTSEAT_CORE_TLS_KEY")


# With these, agents reach all that the machine does.
_NOT_FENCED = {"sandbox": "off", "sandbox_network": "host", "key_mode": "env", "containment": "watcher"}


def _check_egress(found: Mapping[str, str]) -> None:
    hosts, networks = found.get("egress_allow", ""), found.get("egress_networks", "")
    for field, lists in (("egress_allow", (hosts, "")), ("egress_networks", ("", networks))):
        try:
            parse_allowed(*lists)
        except WrongRuleError as exc:
            raise SettingsError(f"{VARIABLES[field]} can't be used: {exc}") from None
    for field, value in _NOT_FENCED.items():
        if "egress_allow" in found and found.get(field) == value:
            told = f"HOTSEAT_EGRESS_ALLOW can't be kept with {VARIABLES[field]}={value}: agents then reach all hosts"
            raise SettingsError(f"{told}; unset one of them")


def read_api_key(environ: Mapping[str, str]) -> str:
    """Return the key of the settings; empty: none. Raises SettingsError, which never quotes it."""
    secret, file = environ.get(API_KEY, "").strip(), environ.get(API_KEY_FILE, "")
    if secret and file:
        raise SettingsError(f"{API_KEY} and {API_KEY_FILE} are both set: keep one")
    if file:
        try:
            secret = Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as exc:
            raise SettingsError(f"{API_KEY_FILE}={file!r} can't be read: {exc}") from None
    name = API_KEY_FILE if file else API_KEY
    if (secret or file) and not (_SHORTEST_API_KEY <= len(secret) <= _LONGEST_API_KEY and _is_plain(secret)):
        raise SettingsError(
            f"{name} can't be used: a key has {_SHORTEST_API_KEY} to {_LONGEST_API_KEY} visible ASCII characters; "
            "`openssl rand -hex 32` makes a good one"
        )
    return secret


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _check(field: str, text: str) -> None:
    try:
        msgspec.convert({field: text}, CoreSettings, strict=False)
    except msgspec.ValidationError as exc:
        expected = str(exc).split(" - at ", maxsplit=1)[0]
        raise SettingsError(f"{VARIABLES[field]}={text!r} can't be used: {expected}") from None
