"""What a worker is given so that it can reach the provider."""

from typing import Protocol

from hotseat_core.upstream.account import Account
from hotseat_core.upstream.credential import Credential
from hotseat_core.worker.command import Upstream


class NoWayError(Exception):
    """The way to the provider can't be opened; the message says why."""


class Access(Protocol):
    """One worker's."""

    @property
    def upstream(self) -> Upstream:
        """What it is told."""

    @property
    def account(self) -> Account:
        """What is known of its dealings."""

    def close(self) -> None:
        """Take it away: the worker has ended."""


class Gate(Protocol):
    """Gives workers their access."""

    async def open(self, worker_id: str) -> Access:
        """Return the access of a worker. Raises OSError."""


class BareKey:
    """The credential itself, in the worker's environment: whatever runs there can read it."""

    def __init__(self, credential: Credential, base_url: str = "") -> None:
        self._credential = credential
        self._base_url = base_url

    async def open(self, worker_id: str) -> "Access":
        """Return the access of a worker."""
        upstream = Upstream({self._credential.variable: self._credential.value}, self._base_url)
        return _Bare(upstream, Account(worker_id))


class _Bare:
    def __init__(self, upstream: Upstream, account: Account) -> None:
        self.upstream = upstream
        self.account = account

    def close(self) -> None:
        """There is nothing to take away."""
