"""The credential proxy: it alone knows the key, and every worker reaches the provider through a door of its own."""

import contextlib
import hashlib
import os
import shutil
import ssl
import stat
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from hotseat_core.upstream.account import Account, OnCall
from hotseat_core.upstream.connections import Connections
from hotseat_core.upstream.credential import Credential, worker_token
from hotseat_core.upstream.door import Beyond, Door
from hotseat_core.upstream.given import NoWayError
from hotseat_core.upstream.lane import USUAL, Patience
from hotseat_core.upstream.models import Models
from hotseat_core.upstream.provider import Provider, way_to

_LONGEST_SOCKET_PATH = 107  # the system's limit
_WORKER_ID_LENGTH = 12


class Proxy:
    """Opens doors. What it is made by ends its connections."""

    def __init__(self, beyond: Beyond, sockets: Path, on_call: OnCall | None = None) -> None:
        self._beyond = beyond
        self._sockets = sockets
        self._on_call: OnCall = on_call or (lambda _call: None)

    async def open(self, worker_id: str) -> Door:
        """Return a door for a worker. Raises OSError."""
        door = Door(
            self._beyond, worker_token(), Account(worker_id, self._on_call), self._sockets / f"{worker_id}.sock"
        )
        try:
            await door.open()
        except BaseException:
            door.close()
            raise
        return door


@contextlib.asynccontextmanager
async def proxying(
    provider: Provider,
    credential: Credential,
    data_dir: Path,
    environment: Mapping[str, str],
    on_call: OnCall | None = None,
    *,
    models: Models | None = None,
    patience: Patience = USUAL,
) -> AsyncIterator[Proxy]:
    """Serve until the context is left. Raises NoWayError."""
    tls = _tls(environment) if provider.is_tls else None
    connections = Connections(provider, way_to(provider, environment), tls)
    sockets = sockets_directory(data_dir)
    try:
        _make_own(sockets)
    except OSError as exc:
        raise NoWayError(f"{sockets} can't be made for the workers' sockets: {exc.strerror}") from exc
    try:
        yield Proxy(Beyond(connections, credential, models or Models(), patience), sockets, on_call)
    finally:
        await connections.aclose()
        shutil.rmtree(sockets, ignore_errors=True)


def sockets_directory(data_dir: Path) -> Path:
    """Return where the sockets are: with the core's data, or where that path is too long, among temporary files."""
    wanted = data_dir / "sockets"
    if len(os.fsencode(wanted)) + _WORKER_ID_LENGTH + len("/.sock") <= _LONGEST_SOCKET_PATH:
        return wanted
    # Always the same one, so that what a killed core leaves behind is found again.
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"hotseat-{os.getuid()}-{name}"


def _make_own(path: Path) -> None:
    """Make an empty directory that is ours alone. Raises OSError or NoWayError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise NoWayError(f"{path} is somebody else's: remove it, or choose another HOTSEAT_DATA_DIR")
        shutil.rmtree(path)
    path.mkdir(mode=0o700)


def _tls(environment: Mapping[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if more := environment.get("NODE_EXTRA_CA_CERTS"):
        # The CLI's own word for it: what it trusted without the proxy, it trusts with it.
        try:
            context.load_verify_locations(more)
        except OSError as exc:  # ssl's errors are of that kind
            raise NoWayError(f"NODE_EXTRA_CA_CERTS={more} can't be used: {exc.strerror or exc}") from exc
    return context
