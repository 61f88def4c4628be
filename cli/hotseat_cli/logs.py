"""`hotseat logs`: what the servers of this machine have logged."""

import itertools
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotseat_cli.failure import fail

if TYPE_CHECKING:
    from hotseat_cli.logged.lines import Line

_PAUSE_S = 0.2
_INTERRUPTED = 130
_SERVERS = ("core", "edge")


@click.command(short_help="Show what the servers have logged.")
@click.argument("server", required=False, type=click.Choice(_SERVERS))
@click.option("-f", "--follow", is_flag=True, help="Go on with what is logged from now on, until Ctrl-C.")
@click.option(
    *("-n", "--lines", "count"),
    type=click.IntRange(0),
    default=100,
    metavar="N",
    help="How many lines to begin with; 0: none (100).",
)
@click.option(
    "--level",
    type=click.Choice(("debug", "info", "warning", "error")),
    default="debug",
    help="Leave out what matters less (debug).",
)
@click.option("--dir", "directory", metavar="DIR", help="Where the logs are kept (HOTSEAT_LOG_DIR).")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, also on a terminal.")
@click.option("--no-color", is_flag=True, help="No colours, as with NO_COLOR=1.")
def logs(
    *,
    server: str | None,
    follow: bool,
    count: int,
    level: str,
    directory: str | None,
    as_json: bool,
    no_color: bool,
) -> None:
    """Show what core and edge have logged, or one of them, in the order of time.

    Lines for people on a terminal, one JSON object a line into a pipe. `hotseat up` keeps the logs in the data
    directory; servers that run alone do so where HOTSEAT_LOG_DIR says. No server needs to run.

    \b
    Examples:
      hotseat logs
      hotseat logs -f --level warning
      hotseat logs core -n 1000 --json | jq 'select(.event == "turn ended")'

    \b
    Exit codes: 0 shown, 1 no log is kept there, 2 wrong usage, 130 left by Ctrl-C.
    """
    from hotseat_cli import settings

    try:
        values = settings.load({"HOTSEAT_LOG_DIR": directory}).values
    except settings.SettingsError as error:
        fail(str(error), 2)
    where = settings.log_dir(values)
    if where is None:
        fail("no log is kept: HOTSEAT_LOG_DIR is off")
    is_plain = as_json or not sys.stdout.isatty()
    colour = not (no_color or values.get("NO_COLOR"))
    try:
        _show(where, server, count, level, follow=follow, as_json=is_plain, colour=colour)
    except OSError as error:
        fail(f"the log can't be read: {error}")
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _show(
    directory: Path, server: str | None, count: int, level: str, *, follow: bool, as_json: bool, colour: bool
) -> None:
    from hotseat_serving.kept_log import SUFFIX

    from hotseat_cli.logged import files, lines
    from hotseat_cli.logged.files import Follower

    kept = [name for name in files.servers(directory) if server in (None, name)]
    if not kept:
        fail(
            f"no log{f' of the {server}' if server else ''} is kept in {directory}: `hotseat up` keeps them in its "
            "data directory, others where HOTSEAT_LOG_DIR says; a service's are its manager's (journalctl -u hotseat)"
        )

    def wanted(line: "Line") -> bool:
        return line.is_at_least(level)

    def tell(line: "Line") -> None:
        click.echo(line.as_json() if as_json else line.for_people(colour=colour))

    # Each begins where the lines that are told first end.
    followers = {name: Follower(directory / f"{name}{SUFFIX}", name) for name in ([server] if server else _SERVERS)}
    ends = [files.ends(one.path, name, count, wanted, one.seen) for name, one in followers.items()]
    for line in lines.latest(itertools.chain.from_iterable(ends), count):
        tell(line)
    while follow:
        new = [line for one in followers.values() for line in one.new_lines() if wanted(line)]
        for line in sorted(new, key=lambda line: line.time):
            tell(line)
        time.sleep(_PAUSE_S)
