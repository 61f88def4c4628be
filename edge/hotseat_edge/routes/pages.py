"""Lists of items as OpenAI pages them: after an item's id, in either order."""

from typing import Any, Self

import msgspec
from aiohttp import web

from hotseat_edge.openai.errors import invalid
from hotseat_edge.routes.body import whole_number

_DEFAULT, _MOST = 20, 100


class ItemPage(msgspec.Struct, frozen=True):
    """What a request wants of a list."""

    limit: int
    after: str
    latest_first: bool

    @classmethod
    def of(cls, http: web.Request, *, latest_first: bool = True) -> Self:
        """The page that a request asks for; latest_first: where it does not say. Raises ApiError."""
        order = http.query.get("order", "desc" if latest_first else "asc")
        if order not in ("asc", "desc"):
            raise invalid("order", "order must be asc or desc")
        return cls(whole_number(http, "limit", _DEFAULT, _MOST), http.query.get("after", ""), order == "desc")

    def cut(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        """This page of the items, which stand in their order. Raises ApiError where `after` is none of them."""
        ordered = items[::-1] if self.latest_first else items
        start = 0
        if self.after:
            start = next((place for place, item in enumerate(ordered, 1) if item["id"] == self.after), 0)
            if not start:
                raise invalid("after", "after must be the id of an item of this list")
        return listed(ordered[start : start + self.limit], has_more=len(ordered) > start + self.limit)


def listed(data: list[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """A page of an OpenAI list."""
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }
