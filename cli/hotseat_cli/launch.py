"""What `hotseat up` starts, in which order, with which environment. Pure."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from hotseat_cli import upstream
from hotseat_cli.child import ServerSpec
from hotseat_cli.upstream import Kind, Upstream

# What the servers give their running turns, where nothing says otherwise.
_DRAIN_MS = "30000"
_GRACE_S = 5.0  # on top of that: a server ends by itself where it can


@dataclass(frozen=True, slots=True)
class Listener:
    """An address that a server will bind, and the setting that moves it."""

    host: str
    port: int
    setting: str
    flag: str = ""  # of `hotseat up`, where it has one


class WrongPort(ValueError):
    """A port setting is not a port."""


def listeners(environment: Mapping[str, str]) -> tuple[Listener, ...]:
    """The TCP addresses that must be free; port 0 needs no check, and a unix socket has no port."""
    wanted = [
        Listener(environment.get("HOTSEAT_HOST", "127.0.0.1"), _port(environment, "PORT", 3000), "PORT", "--port")
    ]
    if not environment.get("HOTSEAT_CORE_SOCKET"):
        host = environment.get("HOTSEAT_CORE_HOST", "127.0.0.1")
        port = _port(environment, "HOTSEAT_CORE_PORT", 50051)
        wanted.append(Listener(host, port, "HOTSEAT_CORE_PORT", "--core-port"))
    metrics_host = environment.get("HOTSEAT_METRICS_HOST", "127.0.0.1")
    # Without a port there are no metrics.
    wanted.append(Listener(metrics_host, _port(environment, "HOTSEAT_METRICS_PORT", 0), "HOTSEAT_METRICS_PORT"))
    return tuple(listener for listener in wanted if listener.port)


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise WrongPort(f"{name} is {text!r}; it must be a port, 0 to 65535 (0: any free one)")
    return int(text)


def demo(environment: Mapping[str, str]) -> ServerSpec:
    """The scripted model, on a port that the system chooses."""
    own = {**upstream.without_credentials(environment), "HOTSEAT_DEMO_PORT": "0"}
    return ServerSpec("demo", _python("hotseat_demo"), own, stop_s=3)


def core(
    environment: Mapping[str, str], model: Upstream, demo_url: str, values: Mapping[str, str] | None = None
) -> ServerSpec:
    """The core, with the only credentials in the house; values: the settings in force, where others set some too."""
    own = {**upstream.for_workers(environment, model, demo_url), **_demo_mark(model)}
    drain_ms = (values or environment).get("HOTSEAT_DRAIN_TIMEOUT_MS", _DRAIN_MS)
    # What is no number, the core itself refuses.
    drain_s = int(drain_ms if drain_ms.isdecimal() else _DRAIN_MS) / 1000
    return ServerSpec("core", _python("hotseat_core"), own, stop_s=drain_s + _GRACE_S)


def edge(environment: Mapping[str, str], model: Upstream, core_address: str) -> ServerSpec:
    """The edge, connected to the core at its real address, without credentials."""
    own = {
        **upstream.without_credentials(environment),
        "HOTSEAT_CORE_TARGET": core_address,
        **_demo_mark(model),
    }
    return ServerSpec("edge", _python("hotseat_edge"), own, stop_s=int(_DRAIN_MS) / 1000 + _GRACE_S)


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module)


def _demo_mark(model: Upstream) -> dict[str, str]:
    return {"HOTSEAT_DEMO": "1"} if model.kind is Kind.DEMO else {}
