"""What a setting's value may be, as TOML writes it and as the environment does. Pure."""

import json
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

TomlValue: TypeAlias = object  # what tomllib makes of a value


class WrongValue(ValueError):
    """A value is none that the setting takes; the message says what it takes."""


class Kind(Protocol):
    """A kind of value."""

    @property
    @abstractmethod
    def wanted(self) -> str:
        """What it takes, in words."""

    def read(self, value: TomlValue, folder: Path) -> str:
        """The value as the environment writes it; folder: where relative paths begin. Raises WrongValue."""

    def written(self, text: str) -> str:
        """The environment's text, as TOML writes it."""


@dataclass(frozen=True, slots=True)
class Text:
    """Any text of one line."""

    wanted: str = "a text"
    is_secret: bool = False

    def read(self, value: TomlValue, folder: Path) -> str:  # noqa: ARG002 - a path's alone
        """The text as it is."""
        return _line(value, self.wanted)

    def written(self, text: str) -> str:
        """In quotes."""
        return json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class FilePath:
    """A path; a relative one begins where the configuration file is."""

    wanted: str = "a path"
    is_command: bool = False  # a name without a slash is looked for in PATH
    words: tuple[str, ...] = ()  # that may stand in place of a path

    def read(self, value: TomlValue, folder: Path) -> str:
        """The path, absolute."""
        text = _line(value, self.wanted)
        if not text or text in self.words or (self.is_command and "/" not in text):
            return text
        return str(folder / Path(text).expanduser())

    def written(self, text: str) -> str:
        """In quotes."""
        return json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no."""

    wanted: str = "true or false"

    def read(self, value: TomlValue, folder: Path) -> str:  # noqa: ARG002
        """1 or 0."""
        if not isinstance(value, bool):
            raise WrongValue(self.wanted)
        return "1" if value else "0"

    def written(self, text: str) -> str:
        """As TOML has it."""
        return "true" if text == "1" else "false"


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number."""

    at_least: int = 0
    at_most: int | None = None

    @property
    def wanted(self) -> str:
        """Its bounds."""
        if self.at_most is not None:
            return f"a number from {self.at_least} to {self.at_most}"
        return f"a whole number, {self.at_least} or more"

    def read(self, value: TomlValue, folder: Path) -> str:  # noqa: ARG002
        """Its digits."""
        if not isinstance(value, int) or isinstance(value, bool):
            raise WrongValue(self.wanted)
        if value < self.at_least or (self.at_most is not None and value > self.at_most):
            raise WrongValue(self.wanted)
        return str(value)

    def written(self, text: str) -> str:
        """As it is."""
        return text


PORT = Count(0, 65535)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    @property
    def wanted(self) -> str:
        """All words."""
        return f"one of {', '.join(json.dumps(word) for word in self.words)}"

    def read(self, value: TomlValue, folder: Path) -> str:  # noqa: ARG002
        """The word."""
        if value not in self.words:
            raise WrongValue(self.wanted)
        return str(value)

    def written(self, text: str) -> str:
        """In quotes."""
        return json.dumps(text)


@dataclass(frozen=True, slots=True)
class Items:
    """Several texts, as an array."""

    separator: str = ","
    are_paths: bool = False

    @property
    def wanted(self) -> str:
        """What stands in the array."""
        return f"an array of {'paths' if self.are_paths else 'texts'}"

    def read(self, value: TomlValue, folder: Path) -> str:
        """All of them with separators between."""
        if not isinstance(value, list):
            raise WrongValue(self.wanted)
        items = [_line(item, self.wanted) for item in value]
        if any(self.separator in item or not item.strip() for item in items):
            raise WrongValue(f"{self.wanted}, none of them empty or with a {self.separator!r}")
        return self.separator.join(self._absolute(items, folder))

    def _absolute(self, items: Iterable[str], folder: Path) -> Iterable[str]:
        return (str(folder / Path(item).expanduser()) if self.are_paths else item for item in items)

    def written(self, text: str) -> str:
        """As an array."""
        return json.dumps([item.strip() for item in text.split(self.separator) if item.strip()], ensure_ascii=False)


def _line(value: TomlValue, wanted: str) -> str:
    if not isinstance(value, str) or "\0" in value or "\n" in value:
        raise WrongValue(wanted)
    return value
