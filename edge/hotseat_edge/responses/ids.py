"""The names of responses and of their items: a request's id, with what is meant of it."""

import re
import uuid

import msgspec

_RESPONSE = re.compile(r"resp_([0-9a-f]{32})")
_ITEM = re.compile(r"(?:msg|rs|fc|fco)_([0-9a-f]{32})([0-9a-f]{4})")
_SAID = 0x8000  # the numbers of what was said to the model begin here, those of its answer with 0


class ItemId(msgspec.Struct, frozen=True):
    """Which item of which response."""

    request_id: str
    place: int
    is_said: bool  # to the model; else it is a part of its answer


def response_id(request_id: str) -> str:
    """The name of the response that answers this request."""
    return f"resp_{request_id.replace('-', '')}"


def request_of(name: str) -> str | None:
    """The request that this response answers; None: no response has such a name."""
    found = _RESPONSE.fullmatch(name)
    return str(uuid.UUID(found[1])) if found else None


def item_id(kind: str, request_id: str, place: int, *, is_said: bool = False) -> str:
    """The name of an item: kind is msg, rs, fc or fco."""
    number = place + _SAID if is_said else place
    return f"{kind}_{request_id.replace('-', '')}{number:04x}"


def parse_item_id(name: str) -> ItemId | None:
    """Take the name of an item apart; None: no item of ours has such a name."""
    found = _ITEM.fullmatch(name)
    if found is None:
        return None
    number = int(found[2], 16)
    return ItemId(str(uuid.UUID(found[1])), number % _SAID, number >= _SAID)
