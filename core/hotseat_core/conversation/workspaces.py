"""The directories that agents work in: those that clients name, and those that are made for one conversation."""

import asyncio
import contextlib
import hashlib
import logging
import re
import shutil
from pathlib import Path, PurePosixPath

from hotseat_core.conversation.book import settings_of
from hotseat_core.errors import InvalidMessage
from hotseat_core.journal.store import StoredConversation

logger = logging.getLogger(__name__)

_UNREADABLE = re.compile(r"[^a-z0-9]+")
_LONGEST = 32


class Workspaces:
    """Finds and removes them; workers make them."""

    def __init__(self, root: Path, made: Path, *, is_shared: bool) -> None:
        self._root = root  # of those that clients name
        self._is_shared = is_shared  # names are paths in a directory of the operator's
        self._made = made  # where those are that were made for one conversation; elsewhere they are somebody else's

    def named(self, relative: str) -> Path:
        """Return the directory of this name. Raises InvalidMessage where it would be outside."""
        if not self._is_shared:
            return self._root / _on_disk(relative)
        path = (self._root / relative).resolve()
        if not path.is_relative_to(self._root.resolve()):
            field = {"field": "settings.workspace"}
            raise InvalidMessage("settings.workspace leaves the workspace root", metadata=field)
        return path

    async def remove(self, stored: StoredConversation) -> None:
        """Remove the directory that was made for this conversation alone, if there is one."""
        workspace = Path(stored.workspace)
        if settings_of(stored).workspace or workspace.parent != self._made:
            return
        try:
            with contextlib.suppress(FileNotFoundError):
                await asyncio.to_thread(shutil.rmtree, workspace)
        except OSError as exc:
            fields = {"conversation": stored.conversation_id, "path": str(workspace), "error": str(exc)}
            logger.warning("files of a conversation that goes could not be removed", extra=fields)


def _on_disk(name: str) -> str:
    """Return what a directory of this name is called: no part of a path, and in no other one's."""
    whole = str(PurePosixPath(name))
    readable = _UNREADABLE.sub("-", whole.lower()).strip("-")[:_LONGEST]
    return f"{readable}-{hashlib.sha256(whole.encode()).hexdigest()[:20]}"
