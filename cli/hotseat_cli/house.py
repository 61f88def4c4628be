"""The whole house in one process tree: demo model if needed, core, edge."""

import asyncio
import errno
import json
import os
import shutil
import signal
import socket
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from hotseat import HotseatError
from hotseat_serving.configuration.file import ConfigurationError, configured
from hotseat_serving.configuration.telling_rows import NO_LOG
from hotseat_serving.notify import Notifier

from hotseat_cli import banner, installed, launch, reach, upstream
from hotseat_cli.connecting import api_key, connected
from hotseat_cli.launch import Listener
from hotseat_cli.settings import Environment, SettingsError, log_dir
from hotseat_cli.supervisor import ServerFailed, Supervisor
from hotseat_cli.upstream import Kind, Upstream

_FIRST_ANSWER_S = 10.0


async def run(environment: Environment, *, force_demo: bool) -> int:
    """Serve until a signal or a failure ends it; the exit code."""
    supervisor = Supervisor(_say, on_hangup=lambda: _reload(supervisor, environment))
    notifier = Notifier.of(environment.values)
    try:
        for listener in launch.listeners(environment.values):
            check_free(listener)
        await asyncio.to_thread(reach.check, environment.values, Path(_data_dir(environment)))
        async with notifier.alive(), supervisor:
            model = upstream.choose(environment.values, force_demo=force_demo)
            await _serve(supervisor, environment, model, notifier)
    except asyncio.CancelledError:
        if supervisor.stopped_by is None:
            raise
    except (launch.WrongPort, ServerFailed) as error:
        _say(str(error))
        return error.exit_code if isinstance(error, ServerFailed) else 2
    return 128 + supervisor.stopped_by if supervisor.stopped_by and supervisor.hurried else 0


def _reload(supervisor: Supervisor, environment: Environment) -> None:
    """Let the servers read the configuration file again, unless nothing could be made of it."""
    try:
        configured(environment.for_servers)
    except ConfigurationError as error:
        _say(f"the configuration is not reloaded: {error}")
        return
    told = supervisor.pass_on(signal.SIGHUP, ("core", "edge"))
    _say(f"the configuration is reloaded by {' and '.join(told) or 'nobody yet'}: the log says what has changed")


async def _serve(supervisor: Supervisor, environment: Environment, model: Upstream, notifier: Notifier) -> None:
    values, logged = environment.values, log_dir(environment.values)
    own = {**environment.for_servers, "HOTSEAT_LOG_DIR": str(logged or NO_LOG)}
    demo_url = await supervisor.start(launch.demo(values)) if model.kind is Kind.DEMO else ""
    core_address = await supervisor.start(launch.core(own, model, demo_url, values))
    edge_url = await supervisor.start(launch.edge(own, model, core_address))
    try:
        key = api_key(values)
        health = {} if edge_url.startswith("https:") else await asyncio.to_thread(_asked, f"{edge_url}/health", key)
        # To whom it keeps its numbers from, it keeps the rest from too.
        models = await asyncio.to_thread(offered_models, edge_url, key) if health.get("pool") else ()
        login = await _login(values, core_address, edge_url) if key and health.get("auth") == "keys" else ""
    except SettingsError as error:
        raise ServerFailed(str(error), exit_code=2) from error
    except (OSError, ValueError) as error:
        raise ServerFailed(f"the edge listens at {edge_url}, but does not list its models: {error}") from error
    click.echo(
        banner.render(
            banner.Serving(
                version=installed.hotseat_version(),
                edge_url=edge_url,
                core_address=core_address,
                models=models,
                pool_size=values.get("POOL_SIZE", "4"),
                data_dir=_data_dir(environment),
                upstream=model,
                sandbox=banner.sandbox(health),
                key=banner.key(health),
                access=banner.access(health),
                login=login,
                api_key=_shown_key(health, values),
                command=_command(),
                from_file=_from_file(environment),
            )
        )
    )
    notifier.ready(f"listening on {edge_url}, gRPC on {core_address}")
    try:
        await supervisor.until_one_ends()
    finally:
        notifier.stopping(supervisor.stop_s)


def check_free(listener: Listener) -> None:
    """Fail early, and with the setting's name, where another program has the port."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listener.host, listener.port))
        except OSError as error:
            raise ServerFailed(_busy(listener, error), exit_code=2) from error


def _busy(listener: Listener, error: OSError) -> str:
    ways = " or ".join(way for way in (listener.setting, listener.flag) if way)
    move = f"choose another port with {ways} (0: any free one)"
    if error.errno == errno.EADDRINUSE:
        return f"port {listener.port} on {listener.host} is in use by another program; end it, or {move}"
    return f"port {listener.port} on {listener.host} cannot be used: {error.strerror or error}; {move}"


def offered_models(edge_url: str, key: str = "") -> tuple[str, ...]:
    """The profiles that a request may name as its model, as the edge lists them: so it is known to answer."""
    listed = _asked(f"{edge_url}/v1/models", key)
    return tuple(str(model["id"]) for model in listed["data"] if "/" not in model["id"])


async def _login(values: Mapping[str, str], core_address: str, edge_url: str) -> str:
    """A link that logs a browser in as the key of the settings; empty: the core makes none."""
    try:
        async with connected({**values, "HOTSEAT_CORE_TARGET": core_address}) as client:
            return banner.login_url(edge_url, (await client.create_login()).code)
    except HotseatError as error:
        _say(f"no login link: {error.message}")
        return ""


def _shown_key(health: dict[str, Any], values: Mapping[str, str]) -> str:
    """How a first request names its key: by the variable that holds one, never by the key."""
    if health.get("auth") != "keys":
        return ""
    return "$HOTSEAT_API_KEY" if values.get("HOTSEAT_API_KEY") else "YOUR_API_KEY"


def _asked(url: str, key: str = "") -> dict[str, Any]:
    # A proxy of the environment has no business between this process and its own child.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.addheaders = [("Authorization", f"Bearer {key}")] if key else []
    with opener.open(url, timeout=_FIRST_ANSWER_S) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _command() -> str:
    """How to call this command again from this directory: by name only where the shell would find this very one."""
    called = Path(sys.argv[0])
    found = shutil.which("hotseat")
    if called.name != "hotseat" or (found is not None and Path(found).samefile(called)):
        return "hotseat"
    return os.path.relpath(called) if called.absolute().is_relative_to(Path.cwd()) else str(called)


def _data_dir(environment: Environment) -> str:
    return str(Path(environment.values.get("HOTSEAT_DATA_DIR", ".hotseat")).expanduser().absolute())


def _from_file(environment: Environment) -> str:
    env = f"{environment.file} ({', '.join(environment.from_file)})" if environment.file else ""
    config = str(environment.config.path) if environment.config else ""
    return " and ".join(source for source in (env, config) if source)


def _say(line: str) -> None:
    click.echo(f"hotseat: {line}", err=True)
