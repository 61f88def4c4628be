"""The keys that open this core: looked up in memory, kept on disk, and up to date with what others write there."""

import asyncio
import contextlib
import hmac
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import msgspec

from hotseat_core.access.account import FREE, Account, KeyAccount
from hotseat_core.access.caller import ANYBODY, Caller, Scope
from hotseat_core.access.keeping import Keeping
from hotseat_core.access.key import MAX_SECRET, Changes, Key, Use, Wanted, changed, day_of, digest_of, make
from hotseat_core.access.key_file import FILE_NAME, KeyFile
from hotseat_core.access.sessions import SESSION_PREFIX, Sessions
from hotseat_core.errors import InvalidMessage, KeyNotFound, Unauthenticated

STATIC_KEY_ID = "static"  # of the one in the settings

_MISSING = (
    "this server needs an API key: send `authorization: Bearer hs_...`; whoever runs it makes one with "
    "`hotseat keys create`"
)
_WRONG = "this API key opens nothing here: it is mistyped, revoked, expired, or another server's"


class Keyring:
    """Says who calls. Where there has never been a key, and none is required, everybody may do everything."""

    def __init__(
        self,
        directory: Path,
        *,
        static_secret: str = "",
        is_required: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self.sessions = Sessions(clock)  # of browsers that have logged in as one of the keys
        self._is_required = is_required
        self._static = _static_key(static_secret, clock()) if static_secret else None
        self._keys: dict[str, Key] = {}  # by id
        self._by_digest: dict[bytes, Key] = {}
        self._accounts: dict[str, KeyAccount] = {}  # by key id
        self._calls: dict[str, dict[asyncio.Timeout, Caller]] = {}  # that end with their key, by its id
        self._keeping = Keeping(KeyFile(directory / FILE_NAME), self._take, clock)

    async def __aenter__(self) -> Self:
        await self._keeping.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._keeping.aclose()

    # ---- who calls

    @property
    def needs_key(self) -> bool:
        """Whether a caller without a key is refused. A key that was revoked counts: its end must not open the door."""
        return self._is_required or self._static is not None or bool(self._keys)

    def identify(self, secret: str) -> Caller:
        """Return who has this secret; empty: a caller without any. Raises Unauthenticated."""
        if secret:
            caller = self._in_session(secret) if secret.startswith(SESSION_PREFIX) else self._with_key(secret)
            if caller is not None:
                return caller
        if self.needs_key:
            raise Unauthenticated(_WRONG if secret else _MISSING)
        return ANYBODY

    def _with_key(self, secret: str) -> Caller | None:
        key = self._find(secret)
        return key.caller if key is not None and key.is_valid(self._clock()) else None

    def _in_session(self, secret: str) -> Caller | None:
        """Return whom a session's key lets in, until the session ends."""
        found = self.sessions.find(secret)
        if found is None:
            return None
        key_id, ends = found
        key = self._static if key_id == STATIC_KEY_ID else self._keys.get(key_id)
        if key is None or not key.is_valid(self._clock()):
            return None
        ends = min(ends, key.expire_time or ends)
        return msgspec.structs.replace(key.caller, expire_time=ends, session=digest_of(secret).hex())

    def _find(self, secret: str) -> Key | None:
        if len(secret) > MAX_SECRET:
            return None
        digest = digest_of(secret)
        found = self._by_digest.get(digest)
        # What the look-up tells by its time is about a hash that nobody can aim at; this tells nothing.
        return found if found is not None and hmac.compare_digest(found.digest, digest) else None

    def account(self, caller: Caller) -> Account:
        """Return what the caller's turns are counted to."""
        if not caller.key_id or caller.key_id == STATIC_KEY_ID:
            return FREE
        found = self._accounts.get(caller.key_id)
        if found is None:
            use = self._keeping.use_at_start(caller.key_id)
            found = self._accounts[caller.key_id] = KeyAccount(caller, use, self._keeping.note_use, self._clock)
        return found

    @contextlib.contextmanager
    def session(self, caller: Caller, timeout: asyncio.Timeout) -> Iterator[None]:
        """Let the timeout run out with the caller's key: when it is revoked, or expires."""
        if not caller.key_id:
            yield
            return
        open_ones = self._calls.setdefault(caller.key_id, {})
        open_ones[timeout] = caller
        if caller.expire_time is not None:
            left_s = caller.expire_time - self._clock()
            timeout.reschedule(asyncio.get_running_loop().time() + left_s)
        try:
            yield
        finally:
            del open_ones[timeout]

    def end_session(self, secret: str) -> None:
        """End a browser's session with all that it has open; none to end is no error."""
        found = self.sessions.find(secret)
        self.sessions.end(secret)
        session = digest_of(secret).hex()
        for timeout, caller in self._calls.get(found[0], {}).items() if found is not None else ():
            if caller.session == session and not timeout.expired():
                timeout.reschedule(0)

    # ---- the keys themselves

    @property
    def keys(self) -> list[Key]:
        """Every key that there is or was, the oldest first."""
        last = {key_id: account.last_use_time for key_id, account in self._accounts.items()}
        return [key.used_at(last.get(key.key_id, 0.0)) for key in self._keys.values()]

    def use_today(self, key_id: str) -> Use:
        """Return what a key was used for today."""
        account = self._accounts.get(key_id)
        use = account.use if account is not None else self._keeping.use_at_start(key_id)
        return use if use.day == day_of(self._clock()) else Use()

    async def create(self, wanted: Wanted) -> tuple[Key, str]:
        """Make a key, and return it with its secret, which nobody can tell again. Raises InvalidMessage."""
        key, secret = make(wanted, self._clock())
        await self._keeping.change(lambda file: file.add(key))
        return key, secret

    async def revoke(self, key_id: str) -> Key:
        """Let a key open nothing any more, and end what it has open. Raises KeyNotFound."""
        if key_id == STATIC_KEY_ID:
            raise InvalidMessage("this key is HOTSEAT_API_KEY: take it out of the settings and start the core again")
        now = self._clock()
        if not await self._keeping.change(lambda file: file.revoke(key_id, now)):
            raise _no_key(key_id)
        return self._keys[key_id]

    async def update(self, key_id: str, changes: Changes) -> Key:
        """Change a key, which counts at once for what it has open, too. Raises KeyNotFound or InvalidMessage."""
        if key_id == STATIC_KEY_ID:
            raise InvalidMessage("this key is HOTSEAT_API_KEY, with every scope and no limit: make one that has them")
        now = self._clock()
        if not await self._keeping.change(lambda file: file.change(key_id, lambda key: changed(key, changes, now))):
            raise _no_key(key_id)
        return self._keys[key_id]

    def _take(self, keys: list[Key]) -> None:
        """Go by these keys from now on."""
        before, everything = self._keys, [self._static, *keys] if self._static is not None else keys
        self._keys = {key.key_id: key for key in keys}
        self._by_digest = {key.digest: key for key in everything}
        for key_id, account in self._accounts.items():
            if key_id in self._keys:
                account.change(self._keys[key_id].caller)
        for key_id in self._calls:
            if key_id != STATIC_KEY_ID:
                self._look_at_calls(key_id, before.get(key_id))

    def _look_at_calls(self, key_id: str, before: Key | None) -> None:
        """End what a key has open that opens nothing any more, or less than before; else let it end with the key."""
        key, now = self._keys.get(key_id), self._clock()
        may_go_on = key is not None and key.is_valid(now) and (before is None or key.scopes >= before.scopes)
        key_ends = math.inf if key is None or key.expire_time is None else key.expire_time
        for timeout, caller in self._calls[key_id].items():
            if not timeout.expired():
                session_ends = caller.expire_time if caller.in_session and caller.expire_time is not None else math.inf
                left_s = min(key_ends, session_ends) - now
                when = asyncio.get_running_loop().time() + left_s if left_s < math.inf else None
                timeout.reschedule(when if may_go_on else 0)


def _no_key(key_id: str) -> KeyNotFound:
    return KeyNotFound(f"there is no key {key_id}; `hotseat keys ls` lists them", metadata={"keyId": key_id})


def _static_key(secret: str, now: float) -> Key:
    return Key(
        key_id=STATIC_KEY_ID,
        digest=digest_of(secret),
        hint="",
        name="HOTSEAT_API_KEY",
        scopes=frozenset(Scope),
        create_time=now,
    )
