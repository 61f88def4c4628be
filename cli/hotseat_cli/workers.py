"""`hotseat ps`, `queue` and `top`: what runs, and who waits."""

import click

from hotseat_cli.options import SHORTEST_INTERVAL_S, Chosen, Seconds, core_options, run


@click.command(short_help="List the claude processes.")
@click.option("-q", "--quiet", is_flag=True, help="Ids alone, one a line.")
@core_options
def ps(*, chosen: Chosen, quiet: bool) -> None:
    """List the claude processes: what each does, for which conversation, since when, with how much memory.

    TURN is the age of the turn that runs, IDLE the time since the last one ended. A narrow terminal leaves columns
    out; a pipe and --json have them all.

    \b
    Examples:
      hotseat ps
      hotseat ps --json | jq '.workers[] | select(.state == "running")'
      hotseat ps --target 10.0.0.5:50051

    \b
    Exit codes: 0 listed, 1 failed, 2 wrong usage.
    """
    from hotseat_cli.operate import listing

    run(chosen, lambda session: listing.workers(session, only_ids=quiet))


@click.command(short_help="List the turns that wait for a process.")
@core_options
def queue(*, chosen: Chosen) -> None:
    """List the turns that wait for a process, in the order in which they are served.

    TIME LEFT is when a turn is refused with QUEUE_TIMEOUT. Turns that wait again and again mean that the pool is
    too small: `hotseat pool resize`.

    \b
    Examples:
      hotseat queue
      hotseat queue --json | jq '.queued_turns | length'

    \b
    Exit codes: 0 listed, 1 failed, 2 wrong usage.
    """
    from hotseat_cli.operate import listing

    run(chosen, listing.queue)


@click.command(short_help="Watch the pool live.")
@click.option("--once", is_flag=True, help="One picture, and out; also where there is no terminal.")
@click.option(
    "--interval", type=Seconds(SHORTEST_INTERVAL_S), default=1.0, help="Redraw at most this often: 0.5s, 2s (1s)."
)
@core_options
def top(*, chosen: Chosen, once: bool, interval: float) -> None:
    """Watch the pool and its processes live, until q or Ctrl-C.

    It draws as the core tells of changes. Where the core goes away it keeps the last picture, says so, and goes on
    when the core is back. Without a terminal use --once, or `hotseat pool watch`.

    \b
    Examples:
      hotseat top
      hotseat top --interval 5s
      hotseat top --once

    \b
    Exit codes: 0 left, 1 failed, 2 wrong usage.
    """
    from hotseat_cli.operate import top

    run(chosen, lambda session: top.show(session, once=once, interval_s=interval))
