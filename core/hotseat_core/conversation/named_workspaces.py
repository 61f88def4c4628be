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
from itertools import chain
from pathlib import Path, PurePosixPath
from weakref import WeakValueDictionary

from hotseat_core.access.caller import DEFAULT_TENANT
from hotseat_core.journal.store import Store
from hotseat_core.worker.removal import remove_tree

logger = logging.getLogger(__name__)

_UNREADABLE = re.compile(r"[^a-z0-9]+")
_LONGEST = 32
# What directories of names are called; those that were made for one conversation are called otherwise.
_NAMED = re.compile(rf"[a-z0-9-]{{0,{_LONGEST}}}-[0-9a-f]{{20}}")
_MOST_TOLD = 100  # conversations of one


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of an attempt."""

    was_there: bool
    users: tuple[str, ...] = ()  # conversations that work there, some of them; with any, it stays

    @property
    def is_done(self) -> bool:
        """It is gone by this."""
        return self.was_there and not self.users


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

    async def all_of(self, tenant: str) -> list[Path]:
        """Return a tenant's, by their ids."""
        root = self.root_of(tenant)
        return await asyncio.to_thread(lambda: [root / found for found in sorted(_ids_in(root))])

    async def users_of(self, path: Path) -> tuple[str, ...]:
        """Return the conversations that work there, some of them at least."""
        # By the end of the path: the data directory may have been moved since it was noted.
        return await self._store.working_in(f"/{path.parent.name}/{path.name}", limit=_MOST_TOLD)

    async def remove(self, path: Path) -> Removal:
        """Remove one that no conversation works in. Raises OSError."""
        async with self.staying(path):
            if not await asyncio.to_thread(os.path.lexists, path):
                return Removal(was_there=False)
            if users := await self.users_of(path):
                return Removal(True, users)
            going = await asyncio.to_thread(self._take_away, path)
        await asyncio.to_thread(remove_tree, going)
        return Removal(was_there=True)

    async def sweep(self, unused_by: float) -> int:
        """Remove those that nothing has used since then; return how many went."""
        count = 0
        for path in await asyncio.to_thread(lambda: list(self._unchanged_since(unused_by))):
            try:
                removal = await self.remove(path)
                count += removal.is_done
                if removal.users:
                    await asyncio.to_thread(note_use, path)  # another look makes sense so much later
            except OSError as exc:
                fields = {"path": str(path), "error": str(exc)}
                logger.warning("a workspace that is kept no longer could not be removed", extra=fields)
        if count:
            logger.info("named workspaces were not used any more and went", extra={"count": count})
        return count

    def _take_away(self, path: Path) -> Path:
        """Return where it is now: out of the way of a namesake, which may be made at once."""
        self._going.mkdir(parents=True, exist_ok=True, mode=0o700)
        going = self._going / f"gone-{uuid.uuid4().hex}"
        try:
            path.rename(going)
        except OSError:  # a file system of its own
            remove_tree(path)
        return going

    def _unchanged_since(self, time: float) -> Iterator[Path]:
        roots = [self._made, *(self._others / name for name in _directories_in(self._others))]
        for root in roots:
            for found in _ids_in(root):
                path = root / found
                if all(_changed_at(each) <= time for each in chain((path,), _all_below(path))):
                    yield path


def directory_of(name: str) -> str:
    """Return what a directory of this name is called: no part of a path, and in no other one's."""
    whole = str(PurePosixPath(name))
    readable = _UNREADABLE.sub("-", whole.lower()).strip("-")[:_LONGEST]
    return f"{readable}-{hashlib.sha256(whole.encode()).hexdigest()[:20]}"


def last_change(path: Path) -> float:
    """Return when the system last saw anything in it change. Blocking."""
    return max(_changed_at(found) for found in (path, *_all_below(path)))


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


def _changed_at(path: Path) -> float:
    """When the system last saw it change: an agent can set a file's other times, and not this one. 0: it is gone."""
    try:
        return path.lstat().st_ctime
    except OSError:
        return 0.0


def _all_below(path: Path) -> Iterator[Path]:
    for at, directories, files in os.walk(path):
        yield from (Path(at, name) for name in (*directories, *files))
