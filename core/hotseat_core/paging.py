"""Pages of a list, by the last item of the page before. No I/O."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from hotseat_core.errors import InvalidMessage

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000

Item = TypeVar("Item")


def page_size(wanted: int) -> int:
    """Return how many items a page holds. Raises InvalidMessage."""
    if wanted < 0:
        raise InvalidMessage("page_size is negative", metadata={"field": "page_size"})
    return min(wanted or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def page(items: Sequence[Item], wanted: int, page_token: str, *, key: Callable[[Item], str]) -> tuple[list[Item], str]:
    """Return one page, and the token of the next; empty: this was the last.

    An item that is gone since the page before does not matter as long as its position is remembered: the token holds
    both. Raises InvalidMessage.
    """
    size = page_size(wanted)
    start = _start(items, page_token, key) if page_token else 0
    chosen = list(items[start : start + size])
    if start + size >= len(items):
        return chosen, ""
    return chosen, _token(start + size, key(chosen[-1]))


def _start(items: Sequence[Item], page_token: str, key: Callable[[Item], str]) -> int:
    try:
        position_text, _, last = base64.urlsafe_b64decode(page_token.encode()).decode().partition(":")
        position = int(position_text)
    except (ValueError, binascii.Error, UnicodeError):
        raise InvalidMessage("page_token is none of ours", metadata={"field": "page_token"}) from None
    found = next((index + 1 for index, item in enumerate(items) if key(item) == last), position)
    return max(found, 0)


def _token(position: int, last: str) -> str:
    return base64.urlsafe_b64encode(f"{position}:{last}".encode()).decode()
