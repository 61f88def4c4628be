"""`hotseat keys`: made, listed, changed, revoked."""

import click

from hotseat_cli.connect import URL, server_url
from hotseat_cli.options import Chosen, Seconds, core_options, run

_OFFLINE = click.option(
    "--data-dir",
    metavar="DIR",
    help="Work on the keys in this directory themselves, whether a core runs there or not.",
)


def _named(context: click.Context, parameter: click.Parameter, name: str | None) -> str | None:  # noqa: ARG001
    if name is not None and not name.strip():
        raise click.BadParameter("a key needs a name: whose it is, or what for")
    return name


@click.group(short_help="Make, list, change and revoke API keys.")
def keys() -> None:
    """Make, list, change and revoke API keys. From the first key on, every call needs one.

    They ask the core, as HOTSEAT_API_KEY with the scope admin where it has keys already; with --data-dir they work on
    the core's file, which needs no key but the right to write there. So does `create` where no core runs yet.

    \b
    Examples:
      hotseat keys create me --scope converse --scope admin
      hotseat keys ls
      hotseat keys update key_0123456789abcdef --usd-per-day 50
      hotseat keys revoke key_0123456789abcdef
    """


@keys.command(short_help="Make a key, and show it this once.")
@click.argument("name", callback=_named)
@click.option("--tenant", default="", metavar="TENANT", help="Whose conversations it opens (default).")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["converse", "admin"]),
    multiple=True,
    help="What it may be used for; may be repeated (converse).",
)
@click.option("--requests-per-minute", type=click.IntRange(0), default=0, metavar="N", help="Turns begun in a minute.")
@click.option("--concurrent-turns", type=click.IntRange(0), default=0, metavar="N", help="Turns at once.")
@click.option(
    "--concurrent-calls",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Requests of its turns to the model at once, subagents' included; more wait.",
)
@click.option("--tokens-per-day", type=click.IntRange(0), default=0, metavar="N", help="Tokens in a day, by UTC.")
@click.option("--usd-per-day", type=click.FloatRange(0), default=0.0, metavar="USD", help="Dollars in a day, by UTC.")
@click.option("--weight", type=click.FloatRange(0), default=0.0, help="Its share where others wait, too (1).")
@click.option("--expires-in", type=Seconds(at_least_s=1), metavar="TIME", help="How long it is good for: 12h, 90d.")
@_OFFLINE
@core_options
def create(
    *,
    chosen: Chosen,
    name: str,
    tenant: str,
    scopes: tuple[str, ...],
    requests_per_minute: int,
    concurrent_turns: int,
    concurrent_calls: int,
    tokens_per_day: int,
    usd_per_day: float,
    weight: float,
    expires_in: float | None,
    data_dir: str | None,
) -> None:
    """Make a key called NAME and print it: this once, for only its hash is kept. Notes go to standard error.

    \b
    Examples:
      hotseat keys create me --scope converse --scope admin
      hotseat keys create web --tenant acme --requests-per-minute 60 --usd-per-day 20
      HOTSEAT_API_KEY=$(hotseat keys create ci --expires-in 1h) ./test-against-hotseat
    \b
    Exit codes: 0 made, 1 failed, 2 wrong usage.
    """
    from hotseat_cli.operate import keyring

    request = keyring.wanted(
        name=name,
        tenant=tenant,
        scopes=scopes,
        expires_in_s=expires_in,
        weight=weight,
        requests_per_minute=requests_per_minute,
        concurrent_turns=concurrent_turns,
        concurrent_calls=concurrent_calls,
        tokens_per_day=tokens_per_day,
        usd_per_day=usd_per_day,
    )
    if data_dir is not None:
        raise SystemExit(keyring.offline(chosen, "CreateKey", request, data_dir))
    run(chosen, lambda session: keyring.create(session, request, chosen))


@keys.command(short_help="List the keys.")
@click.option("--all", "every", is_flag=True, help="Revoked and expired ones, too.")
@_OFFLINE
@core_options
def ls(*, chosen: Chosen, every: bool, data_dir: str | None) -> None:
    """List the keys, the oldest first; USED is when a turn was last asked for with one.

    \b
    Examples:
      hotseat keys ls --all
      hotseat keys ls --json | jq -r '.keys[].key_id'
    """
    from hotseat import pb

    from hotseat_cli.operate import keyring

    if data_dir is not None:
        raise SystemExit(keyring.offline(chosen, "ListKeys", pb.ListKeysRequest(), data_dir, every=every))
    run(chosen, lambda session: keyring.ls(session, every=every))


@keys.command(short_help="Change a key.")
@click.argument("key_id", metavar="KEY_ID")
@click.option("--name", metavar="NAME", callback=_named, help="What it is called.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(["converse", "admin"]),
    multiple=True,
    help="What it may be used for, in place of what it was; may be repeated.",
)
@click.option(
    "--requests-per-minute", type=click.IntRange(0), metavar="N", help="Turns begun in a minute; 0: no limit."
)
@click.option("--concurrent-turns", type=click.IntRange(0), metavar="N", help="Turns at once; 0: no limit.")
@click.option(
    "--concurrent-calls", type=click.IntRange(0), metavar="N", help="Requests to the model at once; 0: no limit."
)
@click.option("--tokens-per-day", type=click.IntRange(0), metavar="N", help="Tokens in a day, by UTC; 0: no limit.")
@click.option("--usd-per-day", type=click.FloatRange(0), metavar="USD", help="Dollars in a day, by UTC; 0: no limit.")
@click.option("--weight", type=click.FloatRange(0), help="Its share where others wait, too.")
@click.option("--expires-in", type=Seconds(at_least_s=1), metavar="TIME", help="How long it is good for from now on.")
@click.option("--never-expires", is_flag=True, help="It is good for ever.")
@_OFFLINE
@core_options
def update(
    *,
    chosen: Chosen,
    key_id: str,
    name: str | None,
    scopes: tuple[str, ...],
    weight: float | None,
    expires_in: float | None,
    never_expires: bool,
    data_dir: str | None,
    **limits: float | None,
) -> None:
    """Change a key: what is not named stays. It counts at once; the secret is the same.

    A key that may do less than before loses the streams that it has open.

    \b
    Examples:
      hotseat keys update key_0123456789abcdef --usd-per-day 50
      hotseat keys update key_0123456789abcdef --scope converse --expires-in 30d
    \b
    Exit codes: 0 changed, 1 failed, 2 wrong usage.
    """
    from hotseat_cli.operate import keyring

    if expires_in is not None and never_expires:
        raise click.UsageError("choose one of --expires-in and --never-expires")
    request = keyring.changes(
        key_id,
        name=name,
        scopes=scopes,
        weight=weight,
        expires_in_s=expires_in,
        never_expires=never_expires,
        limits=limits,
    )
    if request == keyring.changes(key_id):
        raise click.UsageError("say what to change, --usd-per-day for example")
    if data_dir is not None:
        raise SystemExit(keyring.offline(chosen, "UpdateKey", request, data_dir))
    run(chosen, lambda session: keyring.update(session, request))


@keys.command(short_help="Let a key open nothing any more.")
@click.argument("key_id", metavar="KEY_ID")
@_OFFLINE
@core_options
def revoke(*, chosen: Chosen, key_id: str, data_dir: str | None) -> None:
    """Let a key open nothing any more. It counts at once, and ends the streams that are open under it.

    \b
    Example:
      hotseat keys revoke key_0123456789abcdef
    """
    from hotseat import pb

    from hotseat_cli.operate import keyring

    if data_dir is not None:
        raise SystemExit(keyring.offline(chosen, "RevokeKey", pb.RevokeKeyRequest(key_id=key_id), data_dir))
    run(chosen, lambda session: keyring.revoke(session, key_id))


@keys.command("login-link", short_help="Make a link that logs a browser in, once.")
@click.option("--url", metavar="URL", help=f"Where the pages are (PORT's and its like: {URL}).")
@click.option(
    "--expires-in", type=Seconds(at_least_s=1), metavar="TIME", help="How long it is good for (10m; 1h at most)."
)
@core_options
def login_link(*, chosen: Chosen, url: str | None, expires_in: float | None) -> None:
    """Print a link that logs a browser in as the key that HOTSEAT_API_KEY is: once, without showing the key to it.

    \b
    Examples:
      HOTSEAT_API_KEY=hs_... hotseat keys login-link
      HOTSEAT_API_KEY=hs_... hotseat keys login-link --url https://hotseat.example.com --expires-in 1h
    """
    from hotseat_cli.operate import logins

    where = server_url(url)
    run(chosen, lambda session: logins.link(session, where, expires_in))


@keys.command(short_help="Say whose key HOTSEAT_API_KEY is.")
@core_options
def whoami(*, chosen: Chosen) -> None:
    """Say whom the core takes this command for: tenant, scopes, and how far the key is from its limits.

    \b
    Example:
      HOTSEAT_API_KEY=hs_... hotseat keys whoami
    """
    from hotseat_cli.operate import keyring

    run(chosen, keyring.whoami)
