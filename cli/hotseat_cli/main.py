"""The command line: one group, one module for each group of verbs."""

import click

from hotseat_cli import (
    chat,
    completion,
    config,
    connect,
    conversations,
    doctor,
    keys,
    logs,
    pool,
    serve,
    up,
    version,
    workers,
    workspaces,
)
from hotseat_cli.options import CONFIG

# Importing this module must stay cheap: `hotseat --help` loads every verb. What a verb needs, it imports when it runs.

_HELP = """Claude Code as a service: real claude processes behind gRPC and an OpenAI-compatible API.

\b
First steps:
  hotseat up        serve on http://127.0.0.1:3000 (OpenAI) and 127.0.0.1:50051 (gRPC)
  hotseat chat      talk to it, in another terminal
  hotseat demo      the same without an account: a scripted model answers
  hotseat connect   print how your client connects to it
  hotseat top       watch it work
  hotseat logs -f   read what it logs
  hotseat doctor    find out what is wrong or unsafe

Each command explains itself: hotseat COMMAND --help
"""


def _tell_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:  # noqa: ARG001
    if value and not context.resilient_parsing:
        from hotseat_cli.installed import hotseat_version

        click.echo(f"hotseat {hotseat_version()}")
        context.exit()


@click.group(help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_tell_version,
    help="Print Hotseat's version; `hotseat version` has more.",
)
def main() -> None:
    """Run the command line."""


for command in (
    *(up.up, up.demo, serve.core, serve.edge, chat.chat),
    *(workers.ps, workers.top, workers.queue, logs.logs, pool.pool, conversations.conversations),
    *(workspaces.workspaces, keys.keys),
    *(doctor.doctor, config.config, connect.connect, completion.completion, version.version),
):
    main.add_command(command)


def _name_files(command: click.Command) -> None:
    """Let every command that takes settings be told in which file they are."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            _name_files(inner)
    elif command not in (completion.completion, config.check, config.init):
        CONFIG(command)


CONFIG(main)
_name_files(main)
