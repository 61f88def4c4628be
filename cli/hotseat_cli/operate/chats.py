"""What `hotseat conversations` does."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hotseat import HotseatError, pb

from hotseat_cli.operate import humane, records, tables
from hotseat_cli.operate.session import MOST_ON_A_PAGE, Session, everything

_STATES = {
    "cold": pb.Conversation.STATE_COLD,
    "idle": pb.Conversation.STATE_IDLE,
    "running": pb.Conversation.STATE_RUNNING,
    "requires-action": pb.Conversation.STATE_REQUIRES_ACTION,
}
_TURNS_ON_A_PAGE = 100  # each carries what was said
_MOST_OF_A_PROMPT = 100


async def ls(session: Session, limit: int | None, states: Sequence[str], *, only_ids: bool) -> None:
    """Print conversations, the latest used first, at most `limit`."""
    listed = everything(
        session.client.list_conversations,
        "conversations",
        page_size=MOST_ON_A_PAGE if limit is None else min(limit + 1, MOST_ON_A_PAGE),
        states=[_STATES[state] for state in states],
    )
    found: list[pb.Conversation] = []
    has_more = False
    async for conversation in listed:
        if limit is not None and len(found) == limit:
            has_more = True
            break
        found.append(conversation)
    _print(session, found, has_more=has_more, only_ids=only_ids)


def _print(session: Session, found: Sequence[pb.Conversation], *, has_more: bool, only_ids: bool) -> None:
    output = session.output
    if output.as_json:
        output.json({"conversations": [records.conversation(each) for each in found], "has_more": has_more})
        return
    if only_ids:
        output.lines(conversation.conversation_id for conversation in found)
    else:
        output.table(tables.conversations(found, session.now()))
    if has_more:
        output.note(f"there are more than {len(found)}: raise --limit, or list them with --all")
    elif not found and not only_ids:
        output.note("no conversation")


async def show(session: Session, conversation_id: str, turns: int, *, with_text: bool) -> None:
    """Print one conversation and its last turns."""
    conversation = await session.client.get_conversation(conversation_id)
    last: deque[pb.Turn] = deque(maxlen=turns)
    if turns:
        listed = _turns_of(session, conversation_id)
        async for turn in listed:
            last.append(turn)
    output = session.output
    if output.as_json:
        told = [records.turn(turn, with_text=with_text) for turn in last]
        output.json({"conversation": records.conversation(conversation), "turns": told})
        return
    output.facts(facts(conversation, session.now()))
    if last:
        output.line()
        output.table(tables.turns(last, session.now()))
    for turn in last if with_text else ():
        _print_text(session, turn)


def _turns_of(session: Session, conversation_id: str) -> Any:
    async def fetch(**fields: Any) -> pb.ListTurnsResponse:
        return await session.client.list_turns(conversation_id, **fields)

    return everything(fetch, "turns", page_size=_TURNS_ON_A_PAGE)


def _print_text(session: Session, turn: pb.Turn) -> None:
    session.output.line()
    session.output.line(f"turn {turn.turn}, user:")
    session.output.line(records.said(turn))
    if turn.HasField("completed"):
        session.output.line()
        session.output.line(f"turn {turn.turn}, model:")
        session.output.line(turn.completed.text)


def facts(found: pb.Conversation, now: float) -> list[tuple[str, str]]:
    """A conversation, fact by fact; settings that nobody made are left out."""
    held, settings = records.conversation(found), found.settings
    prompt = settings.system_prompt.text
    told = [
        ("Conversation", found.conversation_id),
        ("State", held["state"]),
        ("Worker", found.worker_id),
        ("Profile", settings.profile),
        ("Model", settings.model),
        ("System prompt", _prompt(prompt)),
        ("Workspace", settings.workspace),
        ("Permissions", held["settings"]["permission_mode"]),
        ("Allowed", ", ".join(settings.permission_policy.allow_rules)),
        ("Denied", ", ".join(settings.permission_policy.deny_rules)),
        ("Turns", f"{found.turn_count:,}"),
        ("Tokens", _tokens(found.usage)),
        ("Cost", humane.cost(found.usage.cost_usd)),
        ("Created", _moment(found, "create_time", now)),
        ("Used", _moment(found, "update_time", now)),
        ("Expires", records.time(found, "expire_time") or ""),
    ]
    return [(name, value) for name, value in told if value]


def _prompt(text: str) -> str:
    line = humane.shortened(text, _MOST_OF_A_PROMPT)
    return f"{line} ({len(text):,} characters; --json has them all)" if line.endswith("...") else line


def _tokens(spent: pb.Usage) -> str:
    cached = f" ({spent.cache_read_tokens:,} from the cache)" if spent.cache_read_tokens else ""
    return f"{tables.tokens_in(spent):,} in{cached}, {spent.output_tokens:,} out"


def _moment(found: pb.Conversation, field: str, now: float) -> str:
    ago = records.since(found, field, now)
    return "" if ago is None else f"{humane.duration(ago)} ago ({records.time(found, field)})"


async def evict(session: Session, conversation_ids: Sequence[str], *, force: bool) -> int:
    """Make conversations cold; the exit code."""

    async def one(conversation_id: str) -> str:
        worker = await session.client.evict_conversation(conversation_id, force=force)
        return f"off worker {worker}" if worker else "was cold already"

    return await _each(session, conversation_ids, one, "evicted")


async def rm(session: Session, conversation_ids: Sequence[str], *, force: bool) -> int:
    """Delete conversations; the exit code."""

    async def one(conversation_id: str) -> str:
        await session.client.delete_conversation(conversation_id, allow_missing=force, only_if_idle=not force)
        return "deleted"

    return await _each(session, conversation_ids, one, "deleted")


async def _each(
    session: Session, conversation_ids: Sequence[str], one: Callable[[str], Awaitable[str]], done: str
) -> int:
    """Do it to each, whatever becomes of the others; 1 where one failed."""
    well: list[str] = []
    failed: list[records.Record] = []
    for conversation_id in dict.fromkeys(conversation_ids):
        try:
            outcome = await one(conversation_id)
        except HotseatError as error:
            reason = session.explain(error)
            failed.append({"conversation_id": conversation_id, "message": reason})
            session.output.note(f"hotseat: {conversation_id}: {reason}")
            continue
        well.append(conversation_id)
        if not session.output.as_json:
            session.output.line(f"{conversation_id}  {outcome}")
    if session.output.as_json:
        session.output.json({done: well, "failed": failed})
    return 1 if failed else 0


async def fork(session: Session, conversation_id: str, turn: int | None, new_id: str) -> None:
    """Make a new conversation and print its id."""
    made = await session.client.fork_conversation(conversation_id, turn=turn, new_conversation_id=new_id)
    if session.output.as_json:
        session.output.json({"conversation": records.conversation(made)})
    else:
        session.output.line(made.conversation_id)
