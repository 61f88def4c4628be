"""What `hotseat conversations export` and `import` do."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import IO

from hotseat_cli.failure import CommandFailed
from hotseat_cli.operate import humane, records
from hotseat_cli.operate.session import Session

_STANDARD = "-"


async def export(session: Session, conversation_id: str, file: str, *, force: bool) -> None:
    """Write a conversation to a file, whole or not at all, or to standard output."""
    if file == _STANDARD:
        await _write(session, conversation_id, sys.stdout.buffer)
        return
    with _whole(Path(file), force=force) as out:
        count = await _write(session, conversation_id, out)
    if session.output.as_json:
        session.output.json({"conversation_id": conversation_id, "file": file, "byte_count": count})
    else:
        session.output.note(f"{file}: {humane.size(count)}")


@contextmanager
def _whole(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file that has its name only once all of it is written; nobody but its owner may read it."""
    if path.exists() and not force:
        raise CommandFailed(f"{path} exists; name another file, or overwrite it with --force")
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as out:
                yield out
                out.flush()
                os.fsync(descriptor)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CommandFailed(f"{path} can't be written: {error.strerror}") from error


async def _write(session: Session, conversation_id: str, out: IO[bytes]) -> int:
    count = 0
    async with aclosing(session.client.export_conversation(conversation_id)) as pieces:
        async for piece in pieces:
            out.write(piece)
            count += len(piece)
    out.flush()
    return count


async def import_(session: Session, file: str, new_id: str) -> None:
    """Enter a conversation and print its id."""
    with _opened(file) as exported:
        made = await session.client.import_conversation(exported, conversation_id=new_id)
    if session.output.as_json:
        session.output.json({"conversation": records.conversation(made)})
    else:
        session.output.line(made.conversation_id)


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    if file == _STANDARD:
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as exported:
            yield exported
    except OSError as error:
        raise CommandFailed(f"{file} can't be read: {error.strerror}") from error
