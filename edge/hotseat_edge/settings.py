"""The edge's settings: read and checked once, from the environment alone."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from hotseat_serving import tracing
from hotseat_serving.configuration.table import EDGE_FIELDS
from hotseat_serving.exposure import is_loopback
from hotseat_serving.logs import Form

_Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
_Seconds = Annotated[float, msgspec.Meta(gt=0)]
_HostName = Annotated[str, msgspec.Meta(pattern=r"^\.?[a-z0-9]([a-z0-9._-]*[a-z0-9])?$|^[0-9a-f]*:[0-9a-f:.]+$")]
_Origin = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9+.-]*://[^/*\s,]+$")]


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
    core_ca: str = ""  # of the core's certificate, as PEM; empty: the core speaks plain text
    core_client_cert: str = ""  # what the edge shows the core
    core_client_key: str = ""
    tls_cert: str = ""  # with its chain, as PEM; empty: plain HTTP
    tls_key: str = ""
    tls_client_ca: str = ""  # clients must show a certificate of it; empty: none
    insecure_no_auth: bool = False  # serve others than this machine though the core asks for no key
    demo: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Form = "auto"
    log_dir: str = ""  # where the log is kept besides; empty: nowhere
    traces: tracing.Choice = "auto"
    otlp_endpoint: str = ""  # of the collector of traces
    otlp_headers: str = ""  # for it; never logged
    parent_fd: Annotated[int, msgspec.Meta(ge=0)] | None = None
    allowed_hosts: tuple[_HostName, ...] = ()  # besides loopback's; ".example.com" stands for all below it
    cors_origins: tuple[_Origin, ...] = ()  # of pages that may send requests and read the answers
    max_connections: _AtLeastOne = 1024
    max_connections_per_address: _AtLeastOne = 256
    max_body_bytes: _AtLeastOne = 32 * 2**20
    header_timeout_s: _Seconds = 10.0  # from its first byte to its last
    body_timeout_s: _Seconds = 30.0  # and a second more for each KiB that came
    keep_alive_s: float = 15.0  # longest silence on a stream
    stall_s: _Seconds = 60.0  # longest that a client may leave a stream unread
    idle_connection_s: _Seconds = 75.0
    core_wait_s: Annotated[float, msgspec.Meta(ge=0)] = (
        10.0  # how long a request waits for a core that has said that it stops
    )
    activity: Literal["reasoning", "content", "off"] = "reasoning"  # where an agent's own tool use is told of
    drain_s: float = 30.0  # how long running requests may take after SIGTERM

    @property
    def needs_key(self) -> bool:
        """Whether a core that asks nobody will not do: others reach the edge, and nothing else keeps them out."""
        return not (is_loopback(self.host) or self.insecure_no_auth or self.tls_client_ca)

    @property
    def wanted_traces(self) -> tracing.Wanted:
        """Which traces are wanted."""
        return tracing.Wanted(choice=self.traces, endpoint=self.otlp_endpoint, headers=self.otlp_headers)

    @property
    def target(self) -> str:
        """Where the core is."""
        if self.core_target:
            return self.core_target
        return f"unix:{self.core_socket}" if self.core_socket else f"{self.core_host}:{self.core_port}"


_VARIABLES: Mapping[str, str] = {**EDGE_FIELDS, "demo": "HOTSEAT_DEMO", "parent_fd": "HOTSEAT_PARENT_FD"}
_NAMES = {name: field for field, name in _VARIABLES.items()}
_LISTS = ("HOTSEAT_ALLOWED_HOSTS", "HOTSEAT_CORS_ORIGINS")  # with commas between
_RULES = {
    "HOTSEAT_ALLOWED_HOSTS": "expected host names without ports, with commas between; .example.com is all below it",
    "HOTSEAT_CORS_ORIGINS": "expected origins such as https://app.example.com, with commas between; * is no origin",
}


def load(environment: Mapping[str, str]) -> Settings:
    """The settings in this environment; an empty variable counts as unset."""
    given: dict[str, Any] = {
        field: _read(name, environment[name].strip())
        for name, field in _NAMES.items()
        if environment.get(name, "").strip()
    }
    _check_pairs(given)
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise BadSetting(_explain(str(error), environment)) from None


def _check_pairs(given: Mapping[str, Any]) -> None:
    """Refuse certificates whose keys are missing, which would otherwise be left out in silence."""
    for one, other in (("tls_cert", "tls_key"), ("core_client_cert", "core_client_key")):
        if (one in given) != (other in given):
            name, missing = (_VARIABLES[one], _VARIABLES[other])[:: 1 if one in given else -1]
            raise BadSetting(f"{name} is of no use without {missing}: set both")
    for one, other in (("tls_client_ca", "tls_cert"), ("core_client_cert", "core_ca")):
        if one in given and other not in given:
            raise BadSetting(f"{_VARIABLES[one]} is of no use without {_VARIABLES[other]}: set both")


def _read(name: str, text: str) -> object:
    if name in _LISTS:
        return [item.strip().lower() for item in text.split(",") if item.strip()]
    if name.endswith("_MS") and text.isascii() and text.removeprefix("-").isdigit():
        return int(text) / 1000
    return text.lower() if name == "HOTSEAT_LOG_LEVEL" else text


def _explain(message: str, environment: Mapping[str, str]) -> str:
    said, _, path = message.partition(" - at `$.")
    field = path.removesuffix("`").partition("[")[0]  # of a list it is one item that is wrong
    name = _VARIABLES[field]
    return f"{name}={environment[name]!r}: {_RULES.get(name, said)}"
