"""`hotseat doctor`: does it work here, is it safe, and what to do where it is not."""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hotseat_cli.failure import fail

if TYPE_CHECKING:
    from hotseat_cli.diagnosis.findings import Finding
    from hotseat_cli.settings import Environment

_COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "failure": "red"}


@click.command(short_help="Try everything out, and say what is wrong or unsafe.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.option("--no-color", is_flag=True, help="No colours, as with NO_COLOR=1.")
@click.option("--no-turn", is_flag=True, help="Start no core and no agent: look at settings and machine alone.")
def doctor(as_json: bool, no_color: bool, no_turn: bool) -> None:
    """Try out what `hotseat up` would do with the settings of this directory and environment.

    It starts a core of its own beside whatever runs, lets an agent use its shell once before the scripted
    demo model, and looks at settings, sandbox, key, ports, disk and limits. No credential is used. The
    exit status is 1 where something fails or is unsafe.

    \b
    Examples:
      hotseat doctor
      hotseat doctor --json | jq '.findings[] | select(.state == "failure")'
    """
    from hotseat_cli import settings

    settings.silence_grpc()
    try:
        environment = settings.load({})
    except settings.SettingsError as error:
        fail(str(error), 2)
    from hotseat_cli.diagnosis.findings import is_healthy

    found = list(_findings(environment, no_turn=no_turn))
    if as_json:
        click.echo(json.dumps({"healthy": is_healthy(found), "findings": [one.record() for one in found]}, indent=2))
    else:
        _print(found, colour=sys.stdout.isatty() and not (no_color or environment.values.get("NO_COLOR")))
    sys.exit(0 if is_healthy(found) else 1)


def _findings(environment: "Environment", *, no_turn: bool) -> Iterator["Finding"]:
    from hotseat_cli import upstream
    from hotseat_cli.configuring import checking
    from hotseat_cli.diagnosis import judging, machine

    facts = machine.look(environment, frozenset(upstream.CREDENTIALS))
    if not no_turn:
        yield from _trial(environment.values, is_root=facts.is_root)
    yield from judging.judge_settings(checking.check(None))
    yield from judging.judge(environment.values, facts, upstream.choose(environment.values, force_demo=False))


def _trial(values: Mapping[str, str], *, is_root: bool) -> Iterator["Finding"]:
    import asyncio

    from hotseat_cli.diagnosis.findings import failure, ok
    from hotseat_cli.diagnosis.trial import TrialFailed, try_out
    from hotseat_cli.diagnosis.workers import judge_workers

    with tempfile.TemporaryDirectory(prefix="hotseat-doctor-", ignore_cleanup_errors=True) as directory:
        try:
            trial = asyncio.run(try_out(values, Path(directory)))
        except TrialFailed as error:
            yield failure("Turn", str(error), "mend that first: it is what `hotseat up` would meet")
            return
    yield ok("CLI", trial.cli_version)
    yield ok("Turn", f"an agent's first, with a shell command, took {trial.turn_s:.1f} s (scripted model)")
    yield from judge_workers(trial.pool, values, is_root=is_root)


def _print(findings: list["Finding"], *, colour: bool) -> None:
    from hotseat_cli.script import harmless

    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        state = finding.state.value
        mark = click.style(f"{state:<7}", fg=_COLOURS[state], bold=state == "failure") if colour else f"{state:<7}"
        click.echo(f"{mark}  {finding.check:<{width}}  {harmless(finding.says)}")
        if finding.fix:
            click.echo(f"{'':<7}  {'':<{width}}  → {harmless(finding.fix)}")
