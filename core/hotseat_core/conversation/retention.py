"""How long conversations are kept after their last use. No I/O and no clock."""

import math
from dataclasses import dataclass

from hotseat_core.journal.store import Due


@dataclass(frozen=True, slots=True)
class Retention:
    """What the operator wants; a conversation may want to be kept shorter, never longer."""

    general_s: float = math.inf
    one_shot_s: float = math.inf  # of a conversation that nobody named and nobody came back to
    workspace_s: float = math.inf  # of a workspace that clients named, after its last conversation

    def due(self, now: float) -> Due:
        """Return which conversations are kept no longer."""
        return Due(now, now - self.general_s, now - self.one_shot_s)

    def expire_time(self, update_time: float, *, is_one_shot: bool, keep_s: float | None) -> float | None:
        """Return when a conversation goes that was last used then; None: it stays until it is deleted."""
        allowed_s = self.one_shot_s if is_one_shot else self.general_s
        kept_s = min(allowed_s, math.inf if keep_s is None else keep_s)
        return None if math.isinf(kept_s) else update_time + kept_s

    @property
    def shortest_s(self) -> float:
        """The shorter of the two."""
        return min(self.general_s, self.one_shot_s)


FOR_EVER = Retention()
