"""Gives each worker its egress proxy, on the loopback of the network that the worker has to itself."""

import asyncio
import contextlib
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Self
from urllib.parse import urlsplit

from hotseat_core.egress import doorway
from hotseat_core.egress.relay import Relay
from hotseat_core.egress.rules import Allowed
from hotseat_core.errors import WorkerStartError

PORT = 3128  # of a loopback that nobody else has
_OPEN_TIMEOUT_S = 15.0  # it takes 40 ms
_MOST_LOOKUPS = 8  # of names, at once


class Egress:
    """Opens the proxies of workers, and ends them with itself."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._relays: dict[str, Relay] = {}  # by worker
        # Names that take long to look up must not keep others of the core's threads busy.
        self._threads = ThreadPoolExecutor(_MOST_LOOKUPS, thread_name_prefix="egress")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        relays, self._relays = list(self._relays.values()), {}
        for relay in relays:
            await relay.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    def environment(base_url: str) -> dict[str, str]:
        """Return the variables by which tools find their proxy. The CLI's own way to the provider is not through it."""
        proxy, spared = f"http://127.0.0.1:{PORT}", ["localhost", "127.0.0.1", "::1", urlsplit(base_url).hostname or ""]
        found = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy)
        without = dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(filter(None, spared)))
        return {**found, **without, "NODE_USE_ENV_PROXY": "1"}

    async def open(self, worker_id: str, pid: int) -> None:
        """Open the proxy of the worker with this process. Raises WorkerStartError."""
        relay = Relay(worker_id, self._allowed, self._resolve)
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                await relay.serve(await _listener_inside(pid, PORT))
        except TimeoutError:
            raise WorkerStartError("a worker's egress proxy was not there in time", retry_delay_s=1.0) from None
        except OSError as exc:
            raise WorkerStartError(f"a worker can't have its egress proxy: {exc}") from exc
        self._relays[worker_id] = relay

    def close(self, worker_id: str) -> None:
        """End the proxy of a worker; none to end is no error."""
        relay = self._relays.pop(worker_id, None)
        if relay is not None:
            relay.close()

    async def _resolve(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host. Raises OSError."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def _listener_inside(pid: int, port: int) -> socket.socket:
    """Return a socket that listens inside the network of a process. Raises OSError."""
    ours, theirs = socket.socketpair()
    with ours:
        ours.setblocking(False)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", doorway.__file__, str(pid), str(port)),
                env={},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=theirs.fileno(),
                stderr=asyncio.subprocess.PIPE,
            )
        try:
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            raise OSError(said.decode("utf-8", "replace").strip()[-300:] or f"exit code {process.returncode}")
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    if not fds:
        raise OSError("it was not handed over")
    listener = socket.socket(fileno=fds[0])
    listener.setblocking(False)
    return listener
