"""What models have used, through this edge and since its start: for those who watch."""

from typing import Any

import msgspec
from hotseat import pb

_MOST = 100  # names: the core makes them, and there are few
_OTHERS = "others"


class _Spent(msgspec.Struct):
    turn_count: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class SpentByModel:
    """Turns, tokens and money, by model."""

    def __init__(self) -> None:
        self._models: dict[str, _Spent] = {}

    def note(self, model: str, usage: pb.Usage) -> None:
        """Count a turn that has ended."""
        name = model if model in self._models or len(self._models) < _MOST else _OTHERS
        spent = self._models.setdefault(name, _Spent())
        spent.turn_count += 1
        spent.input_tokens += usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        spent.output_tokens += usage.output_tokens
        spent.cost_usd += usage.cost_usd

    def told(self) -> list[dict[str, Any]]:
        """What there is, the most used first."""
        ordered = sorted(self._models.items(), key=lambda found: -found[1].turn_count)
        return [{"model": name, **msgspec.structs.asdict(spent)} for name, spent in ordered]
