"""`hotseat core` and `hotseat edge`: one server in the foreground."""

import os
import sys
from collections.abc import Mapping

import click

from hotseat_cli.failure import fail
from hotseat_cli.options import INSECURE


@click.command(short_help="Serve gRPC alone, in the foreground.")
@click.option("--port", metavar="PORT", help="gRPC port (HOTSEAT_CORE_PORT, 50051).")
@click.option("--host", metavar="ADDRESS", help="Address to bind (HOTSEAT_CORE_HOST, 127.0.0.1).")
@click.option("--pool-size", metavar="N", help="claude processes at most (POOL_SIZE, 4).")
@click.option("--data-dir", metavar="DIR", help="Where the core keeps its files (HOTSEAT_DATA_DIR, ./.hotseat).")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error (HOTSEAT_LOG_LEVEL, info).")
@INSECURE
def core(
    *,
    port: str | None,
    host: str | None,
    pool_size: str | None,
    data_dir: str | None,
    log_level: str | None,
    insecure_no_auth: bool,
) -> None:
    """Serve gRPC alone, in the foreground: the pool of claude processes.

    It needs a credential (ANTHROPIC_API_KEY, say) or an ANTHROPIC_BASE_URL; `hotseat up` arranges that.

    \b
    Example, core and edge apart:
      ANTHROPIC_API_KEY=... hotseat core --port 50051
      HOTSEAT_CORE_TARGET=127.0.0.1:50051 hotseat edge --port 3000
    """
    flags = {
        "HOTSEAT_CORE_PORT": port,
        "HOTSEAT_CORE_HOST": host,
        "HOTSEAT_INSECURE_NO_AUTH": "1" if insecure_no_auth else None,
        "POOL_SIZE": pool_size,
        "HOTSEAT_DATA_DIR": data_dir,
        "HOTSEAT_LOG_LEVEL": log_level,
    }
    _become("hotseat_core", flags)


@click.command(short_help="Serve the OpenAI API alone, in the foreground.")
@click.option("--port", metavar="PORT", help="HTTP port (PORT, 3000).")
@click.option("--host", metavar="ADDRESS", help="Address to bind (HOTSEAT_HOST, 127.0.0.1).")
@click.option("--core", "target", metavar="TARGET", help="The core: HOST:PORT or unix:PATH (HOTSEAT_CORE_TARGET).")
@click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error (HOTSEAT_LOG_LEVEL, info).")
@INSECURE
def edge(
    *, port: str | None, host: str | None, target: str | None, log_level: str | None, insecure_no_auth: bool
) -> None:
    """Serve the OpenAI API alone, in the foreground; it keeps no state, so run as many as you like.

    \b
    Example:
      hotseat edge --port 3001 --core 127.0.0.1:50051
    """
    flags = {
        "PORT": port,
        "HOTSEAT_HOST": host,
        "HOTSEAT_CORE_TARGET": target,
        "HOTSEAT_LOG_LEVEL": log_level,
        "HOTSEAT_INSECURE_NO_AUTH": "1" if insecure_no_auth else None,
    }
    _become("hotseat_edge", flags)


def _become(module: str, flags: Mapping[str, str | None]) -> None:
    from hotseat_cli import settings

    try:
        environment = settings.load(flags)
    except settings.SettingsError as error:
        fail(str(error), 2)
    sys.stdout.flush()
    # The server takes this process over: its signals and its exit code are this command's.
    os.execve(sys.executable, [sys.executable, "-m", module], environment.for_servers)  # noqa: S606 - no shell is meant
