"""Items of earlier responses that a request names instead of sending them."""

from typing import Any

from hotseat_edge.kept_turns import KeptTurns
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.responses import notes, told
from hotseat_edge.responses.ids import ItemId, parse_item_id

_Items = list[dict[str, Any]]


class References:
    """Finds the items of one request's references; each response is looked for once."""

    def __init__(self, turns: KeptTurns) -> None:
        self._turns = turns
        self._known: dict[tuple[str, bool], _Items] = {}

    async def resolved(self, given: str | _Items) -> str | _Items:
        """The input with the items that it refers to in their places. Raises ApiError."""
        if isinstance(given, str) or not any(item.get("type") == "item_reference" for item in given):
            return given
        return [await self._item(item, f"input[{place}]") for place, item in enumerate(given)]

    async def _item(self, item: dict[str, Any], param: str) -> dict[str, Any]:
        if item.get("type") != "item_reference":
            return item
        name = str(item.get("id"))
        place = parse_item_id(name)
        found = await self._items_around(place) if place is not None else []
        for known in found:
            if known["id"] == name:
                return known
        message = f"Item with id '{name[:100]}' not found; send the item itself."
        raise ApiError(message, status=404, code="item_not_found", param=f"{param}.id")

    async def _items_around(self, place: ItemId) -> _Items:
        key = (place.request_id, place.is_said)
        if key not in self._known:
            self._known[key] = await self._fetched(place)
        return self._known[key]

    async def _fetched(self, place: ItemId) -> _Items:
        found = await self._turns.find(place.request_id, notes.LABEL)
        kept = notes.read(found.turn) if found is not None else None
        if found is None or kept is None:
            return []
        if place.is_said:
            said = await self._turns.said(found, kept.said_count)
            return told.said_items(kept.system, said, found.turn.request_id)
        output: _Items = told.body(kept, found.turn)["output"]
        return output
