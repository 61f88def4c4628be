"""`hotseat up` and `hotseat demo`: every server in one command."""

from collections.abc import Callable, Mapping
from typing import Any

import click

from hotseat_cli.failure import fail
from hotseat_cli.options import INSECURE

_OPTIONS = (
    click.option("--port", metavar="PORT", help="Port of the OpenAI API (PORT, 3000; 0: any free one)."),
    click.option("--host", metavar="ADDRESS", help="Address of the OpenAI API (HOTSEAT_HOST, 127.0.0.1)."),
    click.option("--core-port", metavar="PORT", help="Port of gRPC (HOTSEAT_CORE_PORT, 50051; 0: any free one)."),
    click.option("--pool-size", metavar="N", help="claude processes at most (POOL_SIZE, 4)."),
    click.option("--data-dir", metavar="DIR", help="Where files are kept (HOTSEAT_DATA_DIR, ./.hotseat)."),
    click.option("--workspace", metavar="DIR", help="Where claude-code's tools work (WORKSPACE_DIR)."),
    click.option("--model", metavar="MODEL", help="The model where a request names none (HOTSEAT_MODEL)."),
    click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error (HOTSEAT_LOG_LEVEL, info)."),
    INSECURE,
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(short_help="Serve everything: the pool, gRPC and the OpenAI API.")
@_options
@click.option("--demo", is_flag=True, help="Let the scripted demo model answer, even if there is a credential.")
def up(demo: bool, **flags: Any) -> None:
    """Serve everything in one command: the pool of claude processes, gRPC and the OpenAI API.

    Claude answers if ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN or CLAUDE_CODE_OAUTH_TOKEN is set. Without
    one, an ANTHROPIC_BASE_URL is used as it is; without that too, a scripted demo model answers.

    A flag beats the environment, which beats a .env file in this directory, which beats hotseat.toml (`hotseat
    config`).

    \b
    Examples:
      hotseat up
      ANTHROPIC_API_KEY=... hotseat up --pool-size 8 --workspace ~/project
      hotseat up --port 8080 --core-port 0
    """
    _run(flags, force_demo=demo)


@click.command(short_help="Serve everything, answered by a scripted model: no account needed.")
@_options
def demo(**flags: Any) -> None:
    """Serve everything as `hotseat up` does, but let the scripted demo model answer.

    The claude processes, the pool and the APIs are the real ones; only the model is not. No credential
    leaves this machine.

    \b
    Example:
      hotseat demo --port 8080
    """
    _run(flags, force_demo=True)


def _run(flags: Mapping[str, Any], *, force_demo: bool) -> None:
    import asyncio

    from hotseat_serving.tracing import HEADERS

    from hotseat_cli import settings, upstream
    from hotseat_cli.house import run

    try:
        environment = settings.load(
            {
                "PORT": flags["port"],
                "HOTSEAT_HOST": flags["host"],
                "HOTSEAT_INSECURE_NO_AUTH": "1" if flags["insecure_no_auth"] else None,
                "HOTSEAT_CORE_PORT": flags["core_port"],
                "POOL_SIZE": flags["pool_size"],
                "HOTSEAT_DATA_DIR": flags["data_dir"],
                "WORKSPACE_DIR": flags["workspace"],
                "HOTSEAT_MODEL": flags["model"],
                "HOTSEAT_LOG_LEVEL": flags["log_level"],
            }
        )
    except settings.SettingsError as error:
        fail(str(error), 2)
    settings.forget((*upstream.SECRETS, HEADERS))  # the servers are handed them, by name
    raise SystemExit(asyncio.run(run(environment, force_demo=force_demo)))
