"""`hotseat workspaces`: list and remove those that clients have named."""

import click

from hotseat_cli.options import Chosen, core_options, run


@click.group(short_help="List and remove workspaces that clients have named.")
def workspaces() -> None:
    """Keep house among the directories that conversations have named, and that outlive them.

    A conversation that has named none has one of its own, which goes with it.

    \b
    Examples:
      hotseat workspaces ls
      hotseat workspaces rm team/api
    """


@workspaces.command(short_help="List them.")
@click.option("-q", "--quiet", is_flag=True, help="Ids of unused ones alone, one a line.")
@core_options
def ls(*, chosen: Chosen, quiet: bool) -> None:
    """List named workspaces, with what they take of the disk. CHANGED is the time since a file in one did.

    The name of one that no conversation works in any more is not known; its id begins like it.

    \b
    Examples:
      hotseat workspaces ls --json
      hotseat workspaces ls -q | xargs hotseat workspaces rm --yes
    \b
    Exit codes: 0 listed, 1 failed, 2 wrong usage.
    """
    from hotseat_cli.operate import named

    run(chosen, lambda session: named.ls(session, only_unused_ids=quiet))


@workspaces.command(short_help="Remove them with all their files.")
@click.argument("workspaces", metavar="WORKSPACE...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@core_options
def rm(*, chosen: Chosen, workspaces: tuple[str, ...], yes: bool) -> None:
    """Remove named workspaces, by id or name, for good. It asks first; --yes does not.

    One that a conversation works in stays, also where no turn runs: delete that conversation first.

    \b
    Examples:
      hotseat workspaces rm team/api
      hotseat workspaces rm --yes team-api-0123456789abcdef0123
    \b
    Exit codes: 0 all are gone, 1 some are not or you said no, 2 wrong usage.
    """
    from hotseat_cli.operate import named
    from hotseat_cli.operate.asking import confirmed

    if not yes and not confirmed(workspaces, "workspaces"):
        raise SystemExit(1)
    run(chosen, lambda session: named.rm(session, workspaces))
