"""What ConversationService offers to those who keep house among named workspaces."""

import asyncio
from pathlib import Path
from typing import Any, TypeAlias

import grpc
from hotseat.v1 import conversation_service_pb2 as service

from hotseat_core.access.caller import caller
from hotseat_core.archive_servicer import ArchiveServicer
from hotseat_core.conversation.book import settings_of
from hotseat_core.conversation.named_workspaces import NamedWorkspaces, directory_of, is_id, last_change
from hotseat_core.conversation.quota import size_of
from hotseat_core.convert import timestamp
from hotseat_core.errors import StorageFailed
from hotseat_core.paging import page
from hotseat_core.parse_content import refuse

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class WorkspaceServicer(ArchiveServicer):
    """Serves the workspaces that a tenant's clients have named."""

    @property
    def _workspaces(self) -> NamedWorkspaces:
        return self._tenants.named_workspaces

    async def ListWorkspaces(  # noqa: N802
        self,
        request: service.ListWorkspacesRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListWorkspacesResponse:
        """List them, with who works there and what they take."""
        every = await self._workspaces.all_of(caller().tenant)
        chosen, token = page(every, request.page_size, request.page_token, key=lambda path: path.name)
        return service.ListWorkspacesResponse(
            workspaces=[await self._shown(path) for path in chosen], next_page_token=token
        )

    async def DeleteWorkspace(  # noqa: N802
        self,
        request: service.DeleteWorkspaceRequest,
        context: Context,  # noqa: ARG002
    ) -> service.DeleteWorkspaceResponse:
        """Remove one that no conversation works in."""
        if not request.workspace:
            refuse("workspace", "is required: a workspace's id, or its name")
        path = await self._meant(request.workspace)
        try:
            removal = await self._workspaces.remove(path)
        except OSError as exc:
            raise StorageFailed(f"the workspace {path.name} can't be removed: {exc.strerror}") from exc
        return service.DeleteWorkspaceResponse(is_deleted=removal.is_done, conversation_ids=removal.users)

    async def _meant(self, workspace: str) -> Path:
        root = self._workspaces.root_of(caller().tenant)
        if is_id(workspace) and await asyncio.to_thread((root / workspace).is_dir):
            return root / workspace
        return root / directory_of(workspace)

    async def _shown(self, path: Path) -> service.Workspace:
        users = await self._workspaces.users_of(path)
        disk_bytes, changed = await asyncio.to_thread(lambda: (size_of(path), last_change(path)))
        return service.Workspace(
            workspace_id=path.name,
            name=await self._name_of(users),
            conversation_ids=users,
            disk_bytes=disk_bytes,
            update_time=timestamp(changed),
        )

    async def _name_of(self, users: tuple[str, ...]) -> str:
        """Return what the conversations that work in one call it; empty: there is none any more."""
        for conversation_id in users:
            if (stored := await self._registry.stored(conversation_id)) is not None:
                return settings_of(stored).workspace
        return ""
