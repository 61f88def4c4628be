"""The directories that clients have named: where they are, who works in them, and how they go."""

import asyncio
import contextlib
import hashlib
import logging
import os
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from weakref import WeakValueDictionary

from hotseat_core.access.caller import DEFAULT_TENANT
from hotseat_core.conversation.removal import remove_tree
from hotseat_core.journal.store import Store

logger = logging.getLogger(__name__)

_UNREADABLE = re.compile(r"[^a-z0-9]+")
_LONGEST = 32
# What directories of names are called; those that were made for one conversation are called otherwise.
_NAMED = re.compile(rf"[a-z0-9-]{{0,{_LONGEST}}}-[0-9a-f]{{20}}")
_MOST_TOLD = 100  # conversations of one


@dataclass(frozen=True, slots=True)
class NamedWorkspace:
    """One that is on disk."""

    workspace_id: str  # what its directory is called
    conversation_ids: tuple[str, ...]  # those that work in it, some at least; none: it is unused
    path: Path


class NamedWorkspaces:
    """All tenants'. A tenant's are in a directory of its own, and no name leads out of it."""

    def __init__(self, made: Path, store: Store) -> None:
        self._made = made  # where the default tenant's are, beside what was made for one conversation
        self._others = made.parent / "tenants"
        self._going = made.parent / "workers"  # what a core finds there when it starts, it removes
        self._store = store
        # Held where a conversation that works there is entered, and where it is removed because there is none.
        self._locks: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()

    def root_of(self, tenant: str) -> Path:
        """Return the directory that a tenant's are in."""
        if tenant == DEFAULT_TENANT:
            return self._made
        return self._others / hashlib.sha256(tenant.encode()).hexdigest()[:16]

    @contextlib.asynccontextmanager
    async def staying(self, path: Path) -> AsyncIterator[None]:
        """Keep it from going until the block is left: by then, there is a conversation that works in it."""
        async with self._locks.setdefault(path, asyncio.Lock()):
            yield

    async def listed(self, tenant: str) -> list[NamedWorkspace]:
        """Return a tenant's, by their ids."""
        root = self.root_of(tenant)
        ids = await asyncio.to_thread(lambda: sorted(_ids_in(root)))
        return [NamedWorkspace(found, await self._users(root / found), root / found) for found in ids]

    async def remove(self, path: Path) -> tuple[str, ...]:
        """Remove one that no conversation works in, else return some of those that do. Raises OSError.

        What is not there is no error.
        """
        async with self.staying(path):
            if users := await self._users(path):
                return users
            going = await asyncio.to_thread(self._take_away, path)
        await asyncio.to_thread(remove_tree, going)
        return ()

    async def sweep(self, unused_by: float) -> int:
        """Remove those that nothing has used since then; return how many went."""
        count = 0
        for path in await asyncio.to_thread(lambda: list(self._unchanged_since(unused_by))):
            try:
                if await self.remove(path):
                    await asyncio.to_thread(note_use, path)  # another look makes sense so much later
                else:
                    count += 1
            except OSError as exc:
                fields = {"path": str(path), "error": str(exc)}
                logger.warning("a workspace that is kept no longer could not be removed", extra=fields)
        if count:
            logger.info("named workspaces were not used any more and went", extra={"count": count})
        return count

    async def _users(self, path: Path) -> tuple[str, ...]:
        # By the end of the path: the data directory may have been moved since it was noted.
        return await self._store.working_in(f"/{path.parent.name}/{path.name}", limit=_MOST_TOLD)

    def _take_away(self, path: Path) -> Path:
        """Return where it is now: out of the way of a namesake, which may be made at once."""
        self._going.mkdir(parents=True, exist_ok=True, mode=0o700)
        going = self._going / f"gone-{uuid.uuid4().hex}"
        try:
            path.rename(going)
        except FileNotFoundError:
            return going
        except OSError:  # a file system of its own
            remove_tree(path)
        return going

    def _unchanged_since(self, time: float) -> Iterator[Path]:
        roots = [self._made, *(self._others / name for name in _directories_in(self._others))]
        for root in roots:
            for found in _ids_in(root):
                path = root / found
                if _changed_by(path, time) and all(_changed_by(below, time) for below in _all_below(path)):
                    yield path


def directory_of(name: str) -> str:
    """Return what a directory of this name is called: no part of a path, and in no other one's."""
    whole = str(PurePosixPath(name))
    readable = _UNREADABLE.sub("-", whole.lower()).strip("-")[:_LONGEST]
    return f"{readable}-{hashlib.sha256(whole.encode()).hexdigest()[:20]}"


def is_id(text: str) -> bool:
    """Whether this is what such a directory may be called."""
    return _NAMED.fullmatch(text) is not None


def note_use(path: Path) -> None:
    """Let it count as used now."""
    with contextlib.suppress(OSError):  # it was never made, or is gone
        os.utime(path, follow_symlinks=False)


def _ids_in(root: Path) -> Iterator[str]:
    return (name for name in _directories_in(root) if is_id(name))


def _directories_in(root: Path) -> Iterator[str]:
    with contextlib.suppress(FileNotFoundError), os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry.name


def _changed_by(path: Path, time: float) -> bool:
    """Whether nothing about it is younger. An agent can set a file's other times, and not this one."""
    try:
        return path.lstat().st_ctime <= time
    except FileNotFoundError:
        return True


def _all_below(path: Path) -> Iterator[Path]:
    for at, directories, files in os.walk(path):
        yield from (Path(at, name) for name in (*directories, *files))
