"""`hotseat version`: what runs here."""

import click


@click.command(short_help="Print the versions in use.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def version(as_json: bool) -> None:
    """Print the versions of Hotseat, of the claude CLI and of what they stand on.

    \b
    Examples:
      hotseat version
      hotseat version --json
    """
    import json

    from hotseat_cli import installed, settings

    try:
        environment = settings.load({})
    except settings.SettingsError as error:
        from hotseat_cli.failure import fail

        fail(str(error), 2)
    facts = installed.versions(environment.values.get("CLAUDE_CLI_PATH", ""))
    if as_json:
        click.echo(json.dumps(facts, indent=2))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        click.echo(f"{name:<{width}}  {value}")
