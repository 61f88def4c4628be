"""`hotseat connect`: how a client of the OpenAI API is told to come here."""

import json
from typing import Any

import click

from hotseat_cli.failure import fail
from hotseat_cli.recipes import RECIPES

URL = "http://127.0.0.1:3000"  # where it is unless a setting says otherwise


@click.command(short_help="Print how a client connects to this server.")
@click.argument("client", required=False, type=click.Choice(sorted(RECIPES)))
@click.option("--url", metavar="URL", help=f"Where the server is, without /v1 (PORT's and its like: {URL}).")
@click.option("--model", default="claude", show_default=True, help="Which model to ask for; see /v1/models.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the text.")
def connect(client: str | None, url: str | None, model: str, as_json: bool) -> None:
    """Print the configuration with which a client talks to Hotseat; without a client, print which ones there are.

    \b
    Examples:
      hotseat connect
      hotseat connect aider
      hotseat connect opencode --model claude > opencode.json
    """
    if client is not None:
        text = RECIPES[client].text(server_url(url), model)
        click.echo(_json({"client": client, "text": text}) if as_json else text, nl=as_json)
        return
    if as_json:
        click.echo(_json({"clients": {name: recipe.about for name, recipe in sorted(RECIPES.items())}}))
        return
    width = max(map(len, RECIPES))
    for name, recipe in sorted(RECIPES.items()):
        click.echo(f"{name:<{width}}  {recipe.about}")


def server_url(named: str | None) -> str:
    """The server's address: the one that is named, else that of the settings here."""
    from hotseat_cli import settings

    if named is None:
        try:
            return settings.edge_url(settings.load({}).values)
        except settings.SettingsError as error:
            fail(str(error), 2)
    if not named.startswith(("http://", "https://")):
        raise click.UsageError(f"--url {named!r} is no address of a server: write {URL}, say")
    return named.rstrip("/")


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)
