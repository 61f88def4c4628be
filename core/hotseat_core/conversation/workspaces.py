"""The directories that a tenant's agents work in: those that clients name, and those made for one conversation."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from hotseat_core.conversation.book import settings_of
from hotseat_core.conversation.named_workspaces import NamedWorkspaces, directory_of, note_use
from hotseat_core.errors import InvalidMessage
from hotseat_core.journal.store import StoredConversation
from hotseat_core.worker.removal import remove_tree

logger = logging.getLogger(__name__)


class Workspaces:
    """Finds and removes them; workers make them."""

    def __init__(self, tenant: str, made: Path, all_named: NamedWorkspaces, *, shared: Path | None = None) -> None:
        self._made = made  # where those are that were made for one conversation; elsewhere they are somebody else's
        self._all_named = all_named
        self._shared = shared  # a directory of the operator's, in which names are paths; None: there is none
        self.root = all_named.root_of(tenant)

    def named(self, name: str) -> Path:
        """Return the directory of this name. Raises InvalidMessage where it would be outside."""
        if self._shared is None:
            return self.root / directory_of(name)
        path = (self._shared / name).resolve()
        if not path.is_relative_to(self._shared.resolve()):
            field = {"field": "settings.workspace"}
            raise InvalidMessage("settings.workspace leaves the workspace root", metadata=field)
        return path

    @contextlib.asynccontextmanager
    async def taking(self, name: str) -> AsyncIterator[Path | None]:
        """Give the directory of this name, None without one, to a conversation that is entered in the block.

        It does not go meanwhile. Raises InvalidMessage where it would be outside.
        """
        if not name:
            yield None
            return
        path = self.named(name)
        async with self._all_named.staying(path):
            yield path

    async def remove(self, stored: StoredConversation) -> None:
        """Remove the directory that was made for this conversation alone, if there is one.

        One that clients have named stays, and counts as used until now.
        """
        workspace = Path(stored.workspace)
        try:
            if settings_of(stored).workspace:
                if workspace.parent == self.root:
                    await asyncio.to_thread(note_use, workspace)
            elif workspace.parent == self._made:
                await asyncio.to_thread(remove_tree, workspace)
        except OSError as exc:
            fields = {"conversation": stored.conversation_id, "path": str(workspace), "error": str(exc)}
            logger.warning("files of a conversation that goes could not be removed", extra=fields)
