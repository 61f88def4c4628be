"""`hotseat pool`: see it, drain it, resize it, watch it."""

import click

from hotseat_cli.options import SHORTEST_INTERVAL_S, Bytes, Chosen, Seconds, core_options, run

_MOST = 2**32 - 1  # what the contract can say
_Count = click.IntRange(0, _MOST)


@click.group(short_help="Show and steer the pool of processes.")
def pool() -> None:
    """Show and steer the pool of claude processes.

    \b
    Examples:
      hotseat pool show
      hotseat pool drain --wait && systemctl restart hotseat
      hotseat pool resize 8
    """


@pool.command(short_help="Show state, size and counters.")
@core_options
def show(*, chosen: Chosen) -> None:
    """Show the pool's state, its bounds, what it does now and what it has done since its start.

    \b
    Examples:
      hotseat pool show
      hotseat pool show --json | jq .pool.stats.queued_turns
    """
    from hotseat_cli.operate import pooling

    run(chosen, pooling.show)


@pool.command(short_help="Take no new turns; let running ones end.")
@click.option("--grace", type=Seconds(), help="Interrupt turns that still run after this: 30s, 5m (never).")
@click.option("--wait", is_flag=True, help="Return once no turn runs, and say how far it is until then.")
@click.option("--timeout", type=Seconds(), help="Wait at most this long (forever); implies --wait.")
@core_options
def drain(*, chosen: Chosen, grace: float | None, wait: bool, timeout: float | None) -> None:
    """Take no new turns and let the running ones end. /readyz fails from now on: a load balancer goes elsewhere.

    Turns that already wait for a process are still served. `hotseat pool resume` takes it all back. Leaving the
    waiting, by Ctrl-C or --timeout, leaves the pool draining.

    \b
    Examples:
      hotseat pool drain
      hotseat pool drain --wait --timeout 10m
      hotseat pool drain --grace 30s --wait

    \b
    Exit codes: 0 drained (without --wait: draining), 1 failed or resumed by somebody, 2 wrong usage,
    3 not drained within --timeout, 130 interrupted.
    """
    from hotseat_cli.operate.drain import drain as carry_out

    must_wait = wait or timeout is not None
    run(chosen, lambda session: carry_out(session, grace_s=grace, wait=must_wait, timeout_s=timeout))


@pool.command(short_help="Take turns again after a drain.")
@core_options
def resume(*, chosen: Chosen) -> None:
    """Take turns again after a drain.

    \b
    Example:
      hotseat pool resume
    """
    from hotseat_cli.operate import pooling

    run(chosen, pooling.resume)


@pool.command(short_help="Change how many processes there may be.")
@click.argument("max_workers", metavar="[N]", type=click.IntRange(1, _MOST), required=False)
@click.option("--warm", "warm_workers", type=_Count, metavar="N", help="Processes kept started without a conversation.")
@click.option("--max-queue", type=_Count, metavar="N", help="Turns that may wait for a process; more are refused.")
@click.option("--idle-timeout", "idle_timeout_s", type=Seconds(), help="End what idles longer: 10m; 0: never.")
@click.option("--memory-limit", "memory_limit_bytes", type=Bytes(), help="Of all processes: 8GiB, 900MiB; 0: no limit.")
@core_options
def resize(
    *,
    chosen: Chosen,
    max_workers: int | None,
    warm_workers: int | None,
    max_queue: int | None,
    idle_timeout_s: float | None,
    memory_limit_bytes: int | None,
) -> None:
    """Change the pool's bounds until the core restarts: N processes at most, and what the options say.

    Shrinking ends idle processes first and never a running turn. POOL_SIZE and its like make a change last.

    \b
    Examples:
      hotseat pool resize 8
      hotseat pool resize 2 --warm 0
      hotseat pool resize --idle-timeout 30m --max-queue 500
      hotseat pool resize --memory-limit 8GiB
    """
    from hotseat_cli.operate import pooling

    bounds = {
        "max_workers": max_workers,
        "warm_workers": warm_workers,
        "max_queue": max_queue,
        "idle_timeout_s": idle_timeout_s,
        "memory_limit_bytes": memory_limit_bytes,
    }
    given = {name: value for name, value in bounds.items() if value is not None}
    if not given:
        raise click.UsageError("Nothing to change: give N, or an option; see --help.")
    run(chosen, lambda session: pooling.resize(session, **given))


@pool.command(short_help="Print every change, line by line.")
@click.option(
    "--interval",
    type=Seconds(SHORTEST_INTERVAL_S),
    default=1.0,
    help="Shortest time between two updates: 200ms, 5s (1s).",
)
@core_options
def watch(*, chosen: Chosen, interval: float) -> None:
    """Print the pool and its processes, then every change, line by line, until Ctrl-C.

    With --json each line is an object with `pool` (null where it did not change) and the `workers` that changed; one
    that is gone is told once, as stopped. It ends with exit code 1 and the reason when the core goes away: who needs
    to go on starts it again, and gets the whole picture first.

    \b
    Examples:
      hotseat pool watch
      hotseat pool watch --json | jq -c '.workers[]'

    \b
    Exit codes: 1 the core went away or failed, 2 wrong usage, 130 interrupted.
    """
    from hotseat_cli.operate import watching

    run(chosen, lambda session: watching.watch(session, interval_s=interval))
