"""Reads the configuration file again while a server serves."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from hotseat_serving.configuration.document import Entry
from hotseat_serving.configuration.file import ConfigurationError, Configured
from hotseat_serving.configuration.table import SETTINGS

logger = logging.getLogger(__name__)

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Change:
    """What a file says otherwise than the settings in force."""

    live: tuple[str, ...]  # variables whose change can be taken at once
    rest: tuple[str, ...]  # those that need a restart
    taken: Mapping[str, Entry]  # what of the file is in force once that is done


def compare(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Change:
    """What has changed. Pure."""
    changed = [name for name in SETTINGS if _text(before, name) != _text(after, name)]
    rest = tuple(name for name in changed if not SETTINGS[name].is_live)
    kept = {name: before[name] for name in rest if name in before}
    taken = {name: entry for name, entry in after.items() if name not in rest}
    return Change(tuple(name for name in changed if SETTINGS[name].is_live), rest, {**taken, **kept})


def _text(entries: Mapping[str, Entry], name: str) -> str:
    return entries[name].text if name in entries else ""


class Reloading(Generic[S]):
    """The settings of a server that serves; a file that can't be used changes none of them."""

    def __init__(
        self,
        configured: Configured,
        settings: S,
        read: Callable[[Mapping[str, str]], S],
        refused: type[Exception],
        become: Callable[[S, S], None],
    ) -> None:
        """refused: what `read` raises where it does not take the values. become: acts on the old and new settings."""
        self._configured = configured
        self._settings = settings
        self._read = read
        self._refused = refused
        self._become = become

    def reload(self) -> None:
        """Take what can be taken of the file as it is now, and log what that was."""
        try:
            found = self._configured.again()
            change = compare(self._configured.taken, found.taken)
            values = {**{name: entry.text for name, entry in change.taken.items()}, **found.given}
            settings = self._read(values)
        except (ConfigurationError, self._refused) as error:
            logger.warning("the configuration is not reloaded", extra={"reason": str(error)})
            return
        self._become(self._settings, settings)
        self._configured = replace(found, taken=change.taken, values=values)
        self._settings = settings
        logger.info("the configuration is reloaded", extra={"changed": _paths(change.live)})
        if change.rest:
            logger.warning("a restart is needed for changed settings", extra={"settings": _paths(change.rest)})


def _paths(names: tuple[str, ...]) -> list[str]:
    return [SETTINGS[name].path for name in names]
