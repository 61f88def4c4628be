"""`hotseat chat`: a conversation in the terminal."""

import click

from hotseat_cli.options import complete_id


@click.command(short_help="Talk to the model in the terminal.")
@click.argument("prompt", required=False)
@click.option(
    *("-c", "--conversation"),
    metavar="ID",
    shell_complete=complete_id,
    help="Go on with this conversation, or begin it under this id.",
)
@click.option("--model", metavar="PROFILE[/MODEL]", help="Who answers: claude-code (with tools) or claude, say.")
@click.option("--system", metavar="TEXT", help="The system prompt; after Claude Code's own with claude-code.")
@click.option(
    *("--core", "--target", "target"), metavar="TARGET", help="The core: HOST:PORT or unix:PATH (HOTSEAT_CORE_TARGET)."
)
@click.option("-v", "--verbose", is_flag=True, help="Also show the model's thinking.")
def chat(
    *,
    prompt: str | None,
    conversation: str | None,
    model: str | None,
    system: str | None,
    target: str | None,
    verbose: bool,
) -> None:
    """Talk to the model in the terminal, over gRPC, word by word.

    With PROMPT, or with text piped in, it answers once and ends; the answer alone goes to standard output.
    Where the model wants to use a tool that no rule allows, you are asked; anything but y refuses.
    Ctrl-C stops an answer. Ctrl-D, or Ctrl-C on an empty line, leaves.

    \b
    Examples:
      hotseat chat
      hotseat chat -c notes                    go on with a conversation
      hotseat chat --model claude "Hello"      one answer from the bare model
      git diff | hotseat chat --system "Review this diff."

    \b
    Exit codes: 0 answered, 1 failed, 2 wrong usage, 130 interrupted.
    """
    import sys

    from hotseat_cli import settings

    settings.silence_grpc()
    from hotseat_cli.failure import fail
    from hotseat_cli.talking import Wish, converse_in_terminal

    piped = prompt is None and not sys.stdin.isatty()
    text = sys.stdin.read() if piped else prompt
    if text is not None and not text.strip():
        fail("there is no prompt: the text given is empty", 2)
    try:
        values = settings.load({"HOTSEAT_CORE_TARGET": target}).values
    except settings.SettingsError as error:
        fail(str(error), 2)
    profile, _, model_name = (model or "").partition("/")
    wish = Wish(
        target=settings.core_target(values),
        conversation_id=conversation or "",
        profile=profile,
        model=model_name,
        system=system or "",
        ask=sys.stdin.isatty(),
        verbose=verbose,
        colour=not values.get("NO_COLOR"),
        values=values,
    )
    sys.exit(converse_in_terminal(wish, text))
