"""Finds and reads the configuration file."""

import logging
import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hotseat_serving.configuration import layers
from hotseat_serving.configuration.document import Entry, Problem, read
from hotseat_serving.configuration.setting import Setting
from hotseat_serving.configuration.table import BY_PATH, SETTINGS

logger = logging.getLogger(__name__)

VARIABLE = "HOTSEAT_CONFIG"
NAME = "hotseat.toml"
SYSTEM = Path("/etc/hotseat") / NAME
_MOST_BYTES = 1 << 20


class ConfigurationError(Exception):
    """The configuration file can't be used; the message is one line for the operator, `lines` are all."""

    def __init__(self, *lines: str) -> None:
        more = f" (and {len(lines) - 1} more: `hotseat config check` lists them)" if len(lines) > 1 else ""
        super().__init__(f"{lines[0]}{more}")
        self.lines = lines


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """A file that was read."""

    path: Path
    entries: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class Configured:
    """The settings in force."""

    values: Mapping[str, str]  # the environment, and below it what the file sets
    file: ConfigurationFile | None = None
    taken: Mapping[str, Entry] = field(default_factory=dict)  # what of the file is in force
    given: Mapping[str, str] = field(default_factory=dict)  # the environment alone
    names: Collection[str] = ()  # what was asked for
    directory: Path = field(default_factory=Path.cwd)

    def again(self) -> "Configured":
        """The same from the file as it is now. Raises ConfigurationError."""
        found = configured(self.given, self.names, self.directory)
        if found.file is None and self.file is not None:
            raise ConfigurationError(f"{self.file.path} is gone; put it back, or restart to do without it")
        return found


def configured(
    environ: Mapping[str, str], names: Collection[str] = SETTINGS, directory: Path | None = None
) -> Configured:
    """The environment with what the configuration file sets of these settings below it. Raises ConfigurationError."""
    given, directory = layers.given(environ), directory or Path.cwd()
    path = find(given, directory)
    if path is None:
        return Configured(given, given=given, names=names, directory=directory)
    file = read_file(path)
    taken = {name: entry for name, entry in layers.below(file.entries, given).items() if name in names and entry.text}
    return Configured(
        {**{name: entry.text for name, entry in taken.items()}, **given}, file, taken, given, names, directory
    )


def tell(found: Configured) -> None:
    """Log which file is in force, and what of it."""
    if found.file is not None:
        settings = sorted(SETTINGS[name].path for name in found.taken)
        logger.info("configuration", extra={"file": str(found.file.path), "settings": settings})


def find(environ: Mapping[str, str], directory: Path, system: Path = SYSTEM) -> Path | None:
    """The one that is named, else the first that there is; None: there is none."""
    if named := environ.get(VARIABLE):
        return None if named == os.devnull else directory / Path(named).expanduser()
    # A folder that this user may not look into holds none for them. (Path.is_file would raise there.)
    return next((path for path in _places(environ, directory, system) if os.path.isfile(path)), None)


def _places(environ: Mapping[str, str], directory: Path, system: Path) -> list[Path]:
    home = environ.get("HOME")
    own = environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
    return [directory / NAME, *([Path(own) / "hotseat" / NAME] if own else []), system]


def read_file(path: Path) -> ConfigurationFile:
    """The file, whole and without a mistake. Raises ConfigurationError."""
    try:
        with path.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            text = opened.read(_MOST_BYTES + 1).decode()
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise ConfigurationError(f"{path} can't be read: {why}; name another one with --config or {VARIABLE}") from None
    if len(text) > _MOST_BYTES:
        raise ConfigurationError(f"{path} is larger than a mebibyte: it is no configuration file")
    found = read(text, path.absolute().parent)
    problems = [*found.problems, *_shown_secrets(path, found.entries, mode)]
    if problems:
        raise ConfigurationError(*(located(path, problem) for problem in problems))
    return ConfigurationFile(path, found.entries)


def located(path: Path, problem: Problem) -> str:
    """A problem with its place before it."""
    return f"{path}:{problem.line}: {problem.says}" if problem.line else f"{path}: {problem.says}"


def _shown_secrets(path: Path, entries: Mapping[str, Entry], mode: int) -> list[Problem]:
    if not mode & 0o077:
        return []
    return [
        Problem(entry.line, _shown(SETTINGS[name], path, mode))
        for name, entry in entries.items()
        if SETTINGS[name].is_secret
    ]


def _shown(secret: Setting, path: Path, mode: int) -> str:
    other = f", or name a file that holds it with {secret.key}_file" if f"{secret.path}_file" in BY_PATH else ""
    return f"{secret.key} stands here in clear, and others can read the file (mode {mode:o}): chmod 600 {path}{other}"
