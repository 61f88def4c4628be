"""`hotseat config`: the settings in force, and the file that they may stand in."""

import json
from pathlib import Path

import click

from hotseat_cli.failure import complain, fail

_FILE = click.argument("file", required=False, type=click.Path())


@click.group(short_help="Show, check and write the configuration file.")
def config() -> None:
    """Show the settings in force, check the configuration file, and write one to begin with.

    A flag beats the environment, which beats ./.env, which beats hotseat.toml, which beats the default. That file is
    looked for in this directory, in ~/.config/hotseat and in /etc/hotseat; --config or HOTSEAT_CONFIG names another.

    \b
    Examples:
      hotseat config init
      hotseat config check
      hotseat config show --origin
    """


@config.command(short_help="Show every setting in force.")
@click.option("--origin", is_flag=True, help="Also say where each is from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of TOML; it always has the origins.")
def show(*, origin: bool, as_json: bool) -> None:
    """Show every setting that is in force here, as a configuration file would have it. No secret is printed.

    It shows what a server that starts now would take, not what one that runs has taken.

    \b
    Examples:
      hotseat config show --origin
      hotseat config show --json | jq '.settings[] | select(.origin != "default")'

    \b
    Exit codes: 0 shown, 2 a setting or the file can't be used.
    """
    from hotseat_cli import settings
    from hotseat_cli.configuring import shown
    from hotseat_cli.script import harmless

    try:
        environment = settings.load({})
    except settings.SettingsError as error:
        fail(str(error), 2)
    found = shown.settings_in_force(environment)
    file = str(environment.config.path) if environment.config else None
    if as_json:
        click.echo(json.dumps({"file": file, "settings": [one.record() for one in found]}, ensure_ascii=False))
        return
    click.echo(f"# {harmless(file) if file else 'no configuration file is in use'}\n")
    click.echo("\n".join(harmless(line) for line in shown.lines(found, origin=origin)))


@config.command(short_help="Say whether the configuration file will do.")
@_FILE
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def check(*, file: str | None, as_json: bool) -> None:
    """Say whether servers would start with this configuration file, or with the one that is in use here.

    Every unknown key, wrong type and value out of range is told with its line. Then the core and the edge are asked
    whether they take what is in force, with the environment and .env as they are; nothing is started or changed.

    \b
    Examples:
      hotseat config check
      hotseat config check /etc/hotseat/hotseat.toml && systemctl reload hotseat

    \b
    Exit codes: 0 it will do, 1 it will not, 2 wrong usage.
    """
    from hotseat_cli.configuring import checking
    from hotseat_cli.script import harmless

    report = checking.check(file)
    if as_json:
        record = {
            "file": report.file or None,
            "valid": not report.problems,
            "settings": report.settings,
            "problems": report.problems,
            "notes": report.notes,
        }
        click.echo(json.dumps(record, ensure_ascii=False))
    else:
        for line in (*report.problems, *report.notes):
            complain(harmless(line))
        if not report.problems:
            click.echo(_valid(report.file, len(report.settings)))
    raise SystemExit(1 if report.problems else 0)


def _valid(file: str, count: int) -> str:
    if not file:
        return "the settings will do; no configuration file is in use (`hotseat config init` writes one)"
    return f"{file} will do: it sets {count} setting{'' if count == 1 else 's'}"


@config.command(short_help="Write a commented configuration file.")
@_FILE
def init(*, file: str | None) -> None:
    """Write a configuration file with every setting explained and commented out; - writes it to standard output.

    It is ./hotseat.toml where no FILE is given, readable by you alone, since keys may go into it. A file that is there
    already is left as it is.

    \b
    Examples:
      hotseat config init
      hotseat config init ~/.config/hotseat/hotseat.toml
      hotseat config init - | less

    \b
    Exit codes: 0 written, 1 there is one already or it can't be written, 2 wrong usage.
    """
    from hotseat_cli.configuring import starter

    if file == "-":
        click.echo(starter.text(), nl=False)
        return
    path = Path(file or "hotseat.toml").expanduser()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(starter.text(), encoding="utf-8")
    except FileExistsError:
        fail(f"{path} is there already; name another file, or move it away")
    except OSError as error:
        fail(f"{path} can't be written: {error.strerror or error}")
    click.echo(f"{path} is written: take the # from what you want to change, then run `hotseat config check`")
