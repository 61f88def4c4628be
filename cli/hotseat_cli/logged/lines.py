"""The lines of a kept log, for people and for programs. Pure."""

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import click

from hotseat_cli.script import harmless

LEVELS = ("debug", "info", "warning", "error", "critical")
_COLOURS = {"debug": "bright_black", "info": "green", "warning": "yellow", "error": "red", "critical": "red"}
_OWN = ("event", "level", "logger", "timestamp", "exception")  # the rest are fields


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a server's log."""

    server: str
    text: str  # as it stands in the file
    record: dict[str, Any] = field(default_factory=dict)  # empty: the line is no JSON

    @property
    def time(self) -> str:
        """When it was logged, in an order that texts have too."""
        return str(self.record.get("timestamp", ""))

    def is_at_least(self, level: str) -> bool:
        """Whether it matters that much; a line that is no JSON does."""
        own = self.record.get("level")
        return own not in LEVELS or LEVELS.index(own) >= LEVELS.index(level)

    def as_json(self) -> str:
        """The record with its server, in one line."""
        return json.dumps({"server": self.server, **(self.record or {"event": self.text})}, ensure_ascii=False)

    def for_people(self, *, colour: bool) -> str:
        """Time, server, level, what happened and its fields; a traceback on lines of its own."""
        if not self.record:
            return f"{self.server:<4}  {harmless(self.text)}"
        level = str(self.record.get("level", ""))
        fields = [f"{name}={_value(value)}" for name, value in self.record.items() if name not in _OWN]
        shown = click.style(f"{level:<7}", fg=_COLOURS.get(level)) if colour else f"{level:<7}"
        event = harmless(str(self.record.get("event", "")))
        told = "  ".join([_local(self.time), f"{self.server:<4}", shown, event, *map(harmless, fields)])
        trace = str(self.record.get("exception", ""))
        return "\n".join([told, *(f"    {harmless(line)}" for line in trace.splitlines())])


def parse(text: str, server: str) -> Line:
    """The line that this is."""
    try:
        record = json.loads(text)
    except ValueError:
        return Line(server, text)
    return Line(server, text, record) if isinstance(record, dict) else Line(server, text)


def latest(lines: Iterable[Line], count: int) -> list[Line]:
    """The last of them, in the order of their times."""
    ordered = sorted(lines, key=lambda line: line.time)
    return ordered[-count:] if count else []


def _value(value: Any) -> str:
    if isinstance(value, str) and value and not any(character.isspace() or character in '="' for character in value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _local(timestamp: str) -> str:
    """The time as the reader's clock has it."""
    try:
        time = dt.datetime.fromisoformat(timestamp).astimezone()
    except ValueError:
        return timestamp
    return time.strftime("%Y-%m-%d %H:%M:%S.") + f"{time.microsecond // 1000:03d}"
