"""Makes workers: directories of their own, argument vector, environment, and a process that is parked."""

import asyncio
import contextlib
import logging
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from hotseat_core.egress.egress import Egress
from hotseat_core.errors import WorkerStartError
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.upstream.given import Access, Gate
from hotseat_core.worker.appetite import Appetite
from hotseat_core.worker.appetites import Appetites, restrain
from hotseat_core.worker.command import Command, build_argv, build_env
from hotseat_core.worker.containment import Containment
from hotseat_core.worker.furnishing import Owner, furnish, give, keep_images_out
from hotseat_core.worker.opening import Opening
from hotseat_core.worker.profile import PROFILES, Profile
from hotseat_core.worker.removal import remove_tree
from hotseat_core.worker.sandbox import Room
from hotseat_core.worker.survivors import kill_predecessors, mark
from hotseat_core.worker.worker import Worker

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FactorySettings:
    """Where workers live and what they run."""

    cli_path: Path
    gate: Gate  # to the model's provider
    data_dir: Path
    containment: Containment
    shared_workspace: Path | None = None  # None: each conversation has a directory of its own
    model: str = ""  # empty: the CLI's own default
    start_timeout_s: float = 60.0
    inherited_env: Mapping[str, str] = field(default_factory=dict, repr=False)
    egress: Egress | None = None  # None: agents reach no host, or all of them
    appetites: Appetites = field(default_factory=lambda: Appetites(Appetite()))


class WorkerFactory:
    """Starts workers. Its directories are the core's alone: whatever is left there from before is ended and removed."""

    def __init__(self, settings: FactorySettings) -> None:
        self._settings = settings
        self._scratch_root = settings.data_dir / "workers"
        self._workspace_root = settings.data_dir / "workspaces"
        kill_predecessors(self._scratch_root)
        _remove(self._scratch_root)
        for directory in (self._scratch_root, self._workspace_root):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _remove_empty(self._workspace_root)

    @property
    def workspace_root(self) -> Path:
        """What a client's `workspace` is relative to."""
        return self._settings.shared_workspace or self._workspace_root

    @property
    def made_workspaces(self) -> Path:
        """Where the directories are that conversations have to themselves."""
        return self._workspace_root

    @property
    def containment(self) -> Containment:
        """What contains its workers."""
        return self._settings.containment

    async def start(self, spec: WorkerSpec) -> Worker:
        """Start a worker and park it. Raises WorkerStartError; leaves nothing behind then, or when cancelled."""
        opening = cast("Opening | None", spec.opening)
        worker_id = uuid.uuid4().hex[:12]
        try:
            access = await self._settings.gate.open(worker_id)
        except OSError as exc:
            raise WorkerStartError(f"a worker can't have its way to the model's provider: {exc}") from exc
        try:
            worker = self._build(worker_id, spec, opening, access)
        except BaseException:
            access.close()
            raise
        try:
            if opening is not None:
                path, owner = self._session_file(worker.id, opening), self._settings.containment.owner
                await asyncio.to_thread(_write, opening, path, owner)
            await worker.start(self._settings.start_timeout_s)
            if (egress := self._egress(spec)) is not None:
                await egress.open(worker.id, worker.pid)
            self._restrain(worker)
        except BaseException:
            await worker.aclose()
            raise
        return worker

    def _restrain(self, worker: Worker) -> None:
        appetites, sandbox = self._settings.appetites, self._settings.containment.sandbox
        if sandbox is not None and sandbox.owner is None:
            try:
                restrain(worker.pid, appetites.limit)
            except OSError as exc:
                raise WorkerStartError(f"a worker can't be kept from starting too much: {exc}") from exc
        appetites.add(worker)

    def _build(self, worker_id: str, spec: WorkerSpec, opening: Opening | None, access: Access) -> Worker:
        settings, profile = self._settings, PROFILES[spec.profile]
        containment = settings.containment
        scratch = self._scratch_root / worker_id
        own = self._own_workspace(spec, profile, worker_id)
        cwd = self._cwd(spec, profile, own, scratch)
        sockets = [Path(socket) for socket in (access.upstream.socket,) if socket]
        room = Room(cwd, scratch, (settings.cli_path, *sockets), self._around(cwd))
        try:
            furnish(room, (self._workspace_root, self._settings.data_dir / "tenants"), containment.owner)
            for socket in sockets:
                give(socket, containment.owner)
            if not profile.has_workspace:
                keep_images_out(room, containment.owner)
        except OSError as exc:
            _remove(scratch)
            raise WorkerStartError(f"a worker can't have its directories: {exc}") from exc
        env = build_env(settings.inherited_env, profile, access.upstream, scratch, mark(worker_id))
        is_oauth = access.upstream.is_oauth
        session_file = self._session_file(worker_id, opening) if opening is not None else None
        argv = build_argv(
            str(settings.cli_path), profile, model=settings.model, is_oauth=is_oauth, session_file=session_file
        )

        loop, egress = asyncio.get_running_loop(), self._egress(spec)

        def clean_up() -> None:
            loop.call_soon_threadsafe(access.close)
            if egress is not None:
                loop.call_soon_threadsafe(egress.close, worker_id)
            _remove(scratch)
            if own is not None and worker.setup is None:
                _remove(own)  # a spare that nobody took

        worker = Worker(
            worker_id,
            spec,
            Command(
                containment.around(argv, room),
                {**containment.environment(env), **(egress.environment(access.upstream.base_url) if egress else {})},
                cwd,
                containment.depth,
                containment.fds,
                containment.file,
            ),
            is_bare=not profile.tools,
            workspace=own,
            opening=opening,
            account=access.account,
            clean_up=clean_up,
        )
        return worker

    def _egress(self, spec: WorkerSpec) -> Egress | None:
        """The bare model runs nothing that could use it."""
        return self._settings.egress if PROFILES[spec.profile].has_workspace else None

    def _around(self, cwd: Path) -> Path | None:
        """The operator's directory, for what is in it."""
        shared = self._settings.shared_workspace
        if shared is None or cwd == shared:
            return None
        return next((root for root in (shared, shared.resolve()) if cwd.is_relative_to(root)), None)

    def _session_file(self, worker_id: str, opening: Opening) -> Path:
        # The CLI takes it for the session's name.
        return self._scratch_root / worker_id / f"{opening.session_id}.jsonl"

    def _own_workspace(self, spec: WorkerSpec, profile: Profile, worker_id: str) -> Path | None:
        if not profile.has_workspace or spec.cwd is not None or self._settings.shared_workspace is not None:
            return None
        return self._workspace_root / worker_id

    def _cwd(self, spec: WorkerSpec, profile: Profile, own: Path | None, scratch: Path) -> Path:
        if spec.cwd is not None:
            return Path(spec.cwd)
        if own is not None:
            return own
        if profile.has_workspace and self._settings.shared_workspace is not None:
            return self._settings.shared_workspace
        return scratch / "cwd"


def _write(opening: Opening, path: Path, owner: Owner | None) -> None:
    try:
        with path.open("wb") as file:
            file.writelines(opening.lines(datetime.now(UTC)))
        give(path, owner)
    except OSError as exc:
        raise WorkerStartError(f"a worker can't have its history: {exc}") from exc


def _remove(directory: Path) -> None:
    """Remove a directory, though what ran there may have locked parts of it; what stays is told."""
    try:
        remove_tree(directory)
    except OSError as exc:
        logger.warning("a worker's directory could not be removed", extra={"path": str(directory), "error": str(exc)})
        shutil.rmtree(directory, ignore_errors=True)  # but for that


def _remove_empty(directory: Path) -> None:
    """Remove the empty directories in it: a core that was killed left its spares' there.

    A conversation that has made nothing yet gets its own again with its next worker.
    """
    for entry in directory.iterdir():
        with contextlib.suppress(OSError):  # it holds something, or is no directory
            entry.rmdir()
