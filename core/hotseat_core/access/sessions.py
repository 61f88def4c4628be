"""Sessions of browsers, and the codes that begin them: in memory alone, and only as hashes."""

import secrets
import time
from collections.abc import Callable

import msgspec

from hotseat_core.access.key import PREFIX, digest_of
from hotseat_core.errors import InvalidMessage, Unauthenticated

SESSION_PREFIX = f"{PREFIX}session_"
_CODE_PREFIX = f"{PREFIX}login_"
_MOST = 10_000  # of either, in the whole core; the oldest go first
_CODE_S = 600.0
_LONGEST_CODE_S = 3600.0
_SESSION_S = 12 * 3600.0
_LONGEST_SESSION_S = 30 * 86400.0

_SPENT = "this login link was used already, has expired, or is another server's; `hotseat keys login-link` makes one"


class Issued(msgspec.Struct, frozen=True):
    """A secret, told this once."""

    secret: str
    expire_time: float


class _Held(msgspec.Struct, frozen=True):
    key_id: str
    expire_time: float


class Sessions:
    """Who has logged in as which key."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._codes: dict[bytes, _Held] = {}  # by a hash of the code, the oldest first
        self._sessions: dict[bytes, _Held] = {}  # the same

    def invite(self, key_id: str, lifetime_s: float | None) -> Issued:
        """Return a code that begins one session of this key. Raises InvalidMessage."""
        lifetime_s = _checked(lifetime_s, _CODE_S, _LONGEST_CODE_S)
        return self._issue(self._codes, _CODE_PREFIX, key_id, lifetime_s)

    def redeem(self, code: str) -> str:
        """Return the key that the code logs in as; the code is spent. Raises Unauthenticated."""
        held = self._codes.pop(digest_of(code), None)
        if held is None or held.expire_time <= self._clock():
            raise Unauthenticated(_SPENT)
        return held.key_id

    def begin(self, key_id: str, lifetime_s: float | None) -> Issued:
        """Return the secret of a new session of this key. Raises InvalidMessage."""
        lifetime_s = _checked(lifetime_s, _SESSION_S, _LONGEST_SESSION_S)
        return self._issue(self._sessions, SESSION_PREFIX, key_id, lifetime_s)

    def find(self, secret: str) -> tuple[str, float] | None:
        """Return the key of this session, and when the session ends; None: there is none."""
        held = self._sessions.get(digest_of(secret))
        return None if held is None or held.expire_time <= self._clock() else (held.key_id, held.expire_time)

    def end(self, secret: str) -> None:
        """End this session, if there is one."""
        self._sessions.pop(digest_of(secret), None)

    def _issue(self, kept: dict[bytes, _Held], prefix: str, key_id: str, lifetime_s: float) -> Issued:
        now = self._clock()
        for digest in [digest for digest, held in kept.items() if held.expire_time <= now]:
            del kept[digest]
        while len(kept) >= _MOST:
            del kept[next(iter(kept))]
        issued = Issued(prefix + secrets.token_urlsafe(32), now + lifetime_s)
        kept[digest_of(issued.secret)] = _Held(key_id, issued.expire_time)
        return issued


def _checked(lifetime_s: float | None, usual_s: float, longest_s: float) -> float:
    if lifetime_s is None:
        return usual_s
    if not 1 <= lifetime_s <= longest_s:
        problem = f"lifetime is 1 s to {longest_s:.0f} s"
        raise InvalidMessage(problem, metadata={"field": "lifetime"})
    return lifetime_s
