"""`hotseat conversations`: list, show, evict, delete, fork, export, import."""

import click

from hotseat_cli.options import Chosen, complete_id, core_options, run

_STATES = ("cold", "idle", "running", "requires-action")


@click.group(short_help="List, show, evict, delete, fork, export and import conversations.")
def conversations() -> None:
    """Keep house among the conversations.

    \b
    Examples:
      hotseat conversations ls --state running
      hotseat conversations show notes
      hotseat conversations evict notes
    """


@conversations.command(short_help="List them, the latest used first.")
@click.option("--limit", type=click.IntRange(1), default=50, metavar="N", help="At most this many (50).")
@click.option("--all", "every", is_flag=True, help="All of them, whatever their number.")
@click.option(
    "--state", "states", type=click.Choice(_STATES), multiple=True, help="Only those in this state; may be repeated."
)
@click.option("-q", "--quiet", is_flag=True, help="Ids alone, one a line.")
@core_options
def ls(*, chosen: Chosen, limit: int, every: bool, states: tuple[str, ...], quiet: bool) -> None:
    """List conversations, the latest used first. USED is the time since anything happened in one.

    \b
    Examples:
      hotseat conversations ls
      hotseat conversations ls --all --json > conversations.json
      hotseat conversations ls --state cold -q --all | xargs hotseat conversations rm --yes

    \b
    Exit codes: 0 listed, 1 failed, 2 wrong usage.
    """
    from hotseat_cli.operate import chats

    run(chosen, lambda session: chats.ls(session, None if every else limit, states, only_ids=quiet))


@conversations.command(short_help="Show one: settings, usage, turns.")
@click.argument("conversation_id", metavar="ID", shell_complete=complete_id)
@click.option("--turns", type=click.IntRange(0), default=10, metavar="N", help="The last N turns (10).")
@click.option("--text", is_flag=True, help="Also what was said.")
@core_options
def show(*, chosen: Chosen, conversation_id: str, turns: int, text: bool) -> None:
    """Show a conversation: what it was opened with, what it does, what it has cost, and its last turns.

    What was said stays out unless --text asks for it.

    \b
    Examples:
      hotseat conversations show notes
      hotseat conversations show notes --turns 1 --text
      hotseat conversations show notes --json
    """
    from hotseat_cli.operate import chats

    run(chosen, lambda session: chats.show(session, conversation_id, turns, with_text=text))


@conversations.command(short_help="Take them off their processes; they stay.")
@click.argument("conversation_ids", metavar="ID...", shell_complete=complete_id, nargs=-1, required=True)
@click.option("--force", is_flag=True, help="Also where a turn runs: it is interrupted.")
@core_options
def evict(*, chosen: Chosen, conversation_ids: tuple[str, ...], force: bool) -> None:
    """End the processes that hold these conversations. They stay: the next turn of each starts from the journal.

    Where a turn runs it is refused, unless --force interrupts it. A conversation that is cold already is no error.

    \b
    Examples:
      hotseat conversations evict notes
      hotseat conversations evict notes drafts --force

    \b
    Exit codes: 0 all are cold, 1 some are not, 2 wrong usage.
    """
    from hotseat_cli.operate import chats

    run(chosen, lambda session: chats.evict(session, conversation_ids, force=force))


@conversations.command(short_help="Delete them for good.")
@click.argument("conversation_ids", metavar="ID...", shell_complete=complete_id, nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Also where a turn runs: it ends. And a missing one is no error.")
@core_options
def rm(*, chosen: Chosen, conversation_ids: tuple[str, ...], yes: bool, force: bool) -> None:
    """Delete conversations for good, with all that was said in them. It asks first; --yes does not.

    Where a turn runs it is refused, unless --force ends it.

    \b
    Examples:
      hotseat conversations rm notes
      hotseat conversations rm --yes notes drafts

    \b
    Exit codes: 0 all are gone, 1 some are not or you said no, 2 wrong usage.
    """
    from hotseat_cli.operate import chats
    from hotseat_cli.operate.asking import confirmed

    if not yes and not confirmed(conversation_ids):
        raise SystemExit(1)
    run(chosen, lambda session: chats.rm(session, conversation_ids, force=force))


@conversations.command(short_help="Begin a new one as another began.")
@click.argument("conversation_id", metavar="ID", shell_complete=complete_id)
@click.option("--turn", type=click.IntRange(1), metavar="N", help="The last turn that it takes over (the last ended).")
@click.option("--as", "new_id", default="", metavar="NEW_ID", help="The new one's id (one is made).")
@core_options
def fork(*, chosen: Chosen, conversation_id: str, turn: int | None, new_id: str) -> None:
    """Make a new conversation that begins as this one did, and print its id. The old one stays as it is.

    \b
    Examples:
      hotseat conversations fork notes --as notes-2
      hotseat chat -c $(hotseat conversations fork notes --turn 3)
    """
    from hotseat_cli.operate import chats

    run(chosen, lambda session: chats.fork(session, conversation_id, turn, new_id))


@conversations.command(short_help="Write one to a file, whole.")
@click.argument("conversation_id", metavar="ID", shell_complete=complete_id)
@click.option("-o", "--output", "file", metavar="FILE", default="-", help="The file; -: standard output (-).")
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
@core_options
def export(*, chosen: Chosen, conversation_id: str, file: str, force: bool) -> None:
    """Write all that is kept of a conversation, every branch of it, as lines of JSON: to keep it, or to move it.

    A turn that runs is left out, and so are the files of its workspace. The file is there whole or not at all.

    \b
    Examples:
      hotseat conversations export notes -o notes.jsonl
      hotseat conversations export notes | gzip > notes.jsonl.gz

    \b
    Exit codes: 0 written, 1 failed, 2 wrong usage.
    """
    from hotseat_cli.operate import archive

    run(chosen, lambda session: archive.export(session, conversation_id, file, force=force))


@conversations.command("import", short_help="Enter one from a file.")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--as", "new_id", default="", metavar="NEW_ID", help="The id that it gets (the one that it had).")
@core_options
def import_(*, chosen: Chosen, file: str, new_id: str) -> None:
    """Enter a conversation that `export` wrote, here or elsewhere, and print its id. FILE -: standard input.

    It is entered whole or not at all; where the id is taken it is refused.

    \b
    Examples:
      hotseat conversations import notes.jsonl
      hotseat conversations import notes.jsonl --as notes-copy
      hotseat conversations export notes | hotseat conversations import - --as copy --target other:50051

    \b
    Exit codes: 0 entered, 1 failed, 2 wrong usage.
    """
    from hotseat_cli.operate import archive

    run(chosen, lambda session: archive.import_(session, file, new_id))
