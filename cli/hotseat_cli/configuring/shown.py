"""What `hotseat config show` tells of each setting. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from hotseat_serving.configuration.setting import Setting
from hotseat_serving.configuration.table import SECTIONS, SETTINGS
from hotseat_serving.scrub import scrub

from hotseat_cli.settings import Environment


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting in force."""

    setting: Setting
    value: str  # as the environment writes it; empty: it is not set
    origin: str  # default, environment, .env or file
    place: str = ""  # the file, and the line where it is known

    @property
    def source(self) -> str:
        """Where it is from, for people."""
        return self.place or self.origin

    def record(self) -> dict[str, Any]:
        """As JSON has it; a secret's value is in no output."""
        is_told = bool(self.value) and not self.setting.is_secret
        return {
            "name": self.setting.name,
            "key": self.setting.path,
            "value": scrub(self.value) if is_told else None,
            "is_set": bool(self.value) and self.origin != "default",
            "is_secret": self.setting.is_secret,
            "origin": self.origin,
            "place": self.place or None,
        }

    def line(self, *, origin: bool) -> str:
        """As a line of TOML."""
        if self.setting.is_secret or not self.value:
            is_set = "set" if self.value else "not set"
            return f"# {self.setting.key} is {is_set}" + (f" ({self.source})" if origin and self.value else "")
        written = self.setting.kind.written(scrub(self.value))
        return f"{self.setting.key} = {written}" + (f"  # {self.source}" if origin else "")


def settings_in_force(environment: Environment) -> list[Shown]:
    """Every setting there is."""
    return [_shown(setting, environment) for setting in SETTINGS.values()]


def _shown(setting: Setting, environment: Environment) -> Shown:
    name = setting.name
    if entry := environment.from_config.get(name):
        path = environment.config.path if environment.config else ""
        return Shown(setting, entry.text, "file", f"{path}:{entry.line}" if entry.line else str(path))
    if name in environment.from_file:
        return Shown(setting, environment.values[name], ".env", str(environment.file))
    if name in environment.values:
        return Shown(setting, environment.values[name], "environment")
    return Shown(setting, setting.default, "default")


def lines(shown: Iterable[Shown], *, origin: bool) -> Iterator[str]:
    """All of them as the text of a configuration file, section by section."""
    listed = list(shown)
    for number, section in enumerate(SECTIONS):
        yield from [""] * bool(number)
        yield f"[{section}]"
        yield from (one.line(origin=origin) for one in listed if one.setting.section == section)
