"""`hotseat connect`: how a client of the OpenAI API is told to come here."""

import json
from typing import Any

import click

from hotseat_cli.recipes import RECIPES

URL = "http://127.0.0.1:3000"


@click.command(short_help="Print how a client connects to this server.")
@click.argument("client", required=False, type=click.Choice(sorted(RECIPES)))
@click.option("--url", default=URL, show_default=True, help="Where the server is, without /v1.")
@click.option("--model", default="claude", show_default=True, help="Which model to ask for; see /v1/models.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the text.")
def connect(client: str | None, url: str, model: str, as_json: bool) -> None:
    """Print the configuration with which a client talks to Hotseat; without a client, print which ones there are.

    \b
    Examples:
      hotseat connect
      hotseat connect aider
      hotseat connect opencode --model claude > opencode.json
    """
    if client is not None:
        text = RECIPES[client].text(url.rstrip("/"), model)
        click.echo(_json({"client": client, "text": text}) if as_json else text, nl=as_json)
        return
    if as_json:
        click.echo(_json({"clients": {name: recipe.about for name, recipe in sorted(RECIPES.items())}}))
        return
    width = max(map(len, RECIPES))
    for name, recipe in sorted(RECIPES.items()):
        click.echo(f"{name:<{width}}  {recipe.about}")


def _json(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False)
