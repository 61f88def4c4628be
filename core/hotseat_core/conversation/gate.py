"""Holds a turn's events back until the journal holds the turn. No I/O."""

from hotseat_core.events import Event, Raw
from hotseat_core.worker.running_turn import Sink


class Gate:
    """Passes events on once it is open; those that came before are not lost."""

    def __init__(self, pass_on: Sink) -> None:
        self.has_told = False  # something of the turn itself came; the CLI's own lines do not count
        self._pass_on = pass_on
        self._held: list[Event] = []  # none once it is open; bounded by what a turn says in the time of one commit
        self._is_open = False

    def take(self, events: list[Event]) -> None:
        """Pass the events on, now or as soon as the gate opens."""
        self.has_told = self.has_told or any(not isinstance(event, Raw) for event in events)
        if self._is_open:
            self._pass_on(events)
        else:
            self._held += events

    def open(self) -> None:
        """Pass on what was held back, and from now on everything at once."""
        self._is_open = True
        held, self._held = self._held, []
        if held:
            self._pass_on(held)
