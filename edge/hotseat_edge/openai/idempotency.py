"""Requests that are made again: the same answer for the same question, and nothing run twice. No I/O."""

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping

import msgspec
from hotseat import pb

from hotseat_edge.openai.errors import invalid

KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
DISCONNECT_HEADER = "X-Hotseat-On-Disconnect"
_RETRY_HEADER = "x-stainless-retry-count"  # of the official OpenAI SDKs, which retry by themselves
_KEY = re.compile(r"[!-~]{1,255}")
_NAMESPACE = uuid.UUID("6b1d9f4e-2b57-5c0b-9a53-0d2b6a6f3c11")
_MOST_ATTEMPTS = 32
_RETRIED_WITHIN_S = 120.0  # SDKs wait for at most a minute before they try again
_NO_ANSWER = frozenset({pb.TurnCompleted.OUTCOME_FAILED, pb.TurnCompleted.OUTCOME_INTERRUPTED})


class Identity(msgspec.Struct, frozen=True):
    """What tells a request from others, and from itself when it is made again."""

    key: str = ""  # the client's; empty: it gave none
    fingerprint: str = ""  # of all that is asked; empty: nobody will ask again
    is_retry: bool = False  # the client's SDK says so

    def request_ids(self) -> Iterator[str]:
        """Yield the ids to ask under, the next one where the one before is taken by an attempt without an answer."""
        if not self.key:
            yield str(uuid.uuid4())
            return
        for attempt in range(_MOST_ATTEMPTS):
            yield str(uuid.uuid5(_NAMESPACE, f"{self.key}\n{attempt}"))


def identify(headers: Mapping[str, str], path: str, conversation_id: str, body: bytes) -> Identity:
    """The identity of a request. Raises ApiError where its key is none."""
    key = headers.get(KEY_HEADER, "")
    if KEY_HEADER in headers and not _KEY.fullmatch(key):
        raise invalid(KEY_HEADER, f"{KEY_HEADER} must be 1 to 255 visible ASCII characters", "invalid_idempotency_key")
    retries = headers.get(_RETRY_HEADER)
    if not key and retries is None:
        return Identity()
    asked = hashlib.sha256(b"\n".join((path.encode(), conversation_id.encode(), body)))
    return Identity(key, asked.hexdigest(), is_retry=retries not in (None, "", "0"))


def finishes(headers: Mapping[str, str]) -> bool:
    """Whether a turn goes on to its end without its client. Raises ApiError where the header says neither."""
    wanted = headers.get(DISCONNECT_HEADER, "cancel").lower()
    if wanted not in ("cancel", "finish"):
        raise invalid(DISCONNECT_HEADER, f"{DISCONNECT_HEADER} must be cancel or finish")
    return wanted == "finish"


def has_answer(turn: pb.Turn, now: float) -> bool:
    """Whether a retry may take the answer of this turn: it runs, or has just ended well."""
    if not turn.HasField("completed"):
        return True
    ended = turn.start_time.ToNanoseconds() + turn.completed.duration.ToNanoseconds()
    return turn.completed.outcome not in _NO_ANSWER and ended / 1e9 > now - _RETRIED_WITHIN_S


def is_spent(event: pb.ConverseResponse) -> bool:
    """Whether this is the end of an attempt that was made before, and had no answer."""
    return event.sequence == 0 and event.turn_completed.outcome in _NO_ANSWER


def is_replay(event: pb.ConverseResponse) -> bool:
    """Whether this is an answer that was given before."""
    return event.sequence == 0 and event.HasField("turn_completed")
