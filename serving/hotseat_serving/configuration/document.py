"""Reads the text of a configuration file: what it sets, where, and all that is wrong with it. Pure."""

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hotseat_serving.configuration.kinds import WrongValue
from hotseat_serving.configuration.setting import Setting
from hotseat_serving.configuration.table import BY_PATH, SECTIONS, SETTINGS

_HEADER = re.compile(r"\s*\[\s*(?P<name>[^\]\[]+?)\s*\]\s*(?:#.*)?")
_KEY = re.compile(r"""\s*(?P<name>[A-Za-z0-9_."' -]+?)\s*=""")
_ENDS_AT = re.compile(r" \(at line (?P<line>\d+), column \d+\)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the file sets a setting to, as the environment writes it, and in which line; 0: it can't be said."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with the file."""

    line: int  # 0: it can't be said
    says: str


@dataclass(frozen=True, slots=True)
class Document:
    """A file, read."""

    entries: Mapping[str, Entry] = field(default_factory=dict)  # by the variable's name
    problems: tuple[Problem, ...] = ()


def read(text: str, folder: Path) -> Document:
    """The document; folder: where its relative paths begin."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Document(problems=(_no_toml(str(error)),))
    lines = _lines(text)
    entries: dict[str, Entry] = {}
    problems: list[Problem] = []
    for path, value in _leaves(found):
        line = lines.get(path, 0)
        setting = BY_PATH.get(path)
        if setting is None:
            problems.append(Problem(line, _unknown(path, isinstance(value, dict))))
            continue
        try:
            entries[setting.name] = Entry(setting.kind.read(value, folder), line)
        except WrongValue as error:
            problems.append(Problem(line, _wrong(setting, value, str(error))))
    return Document(entries, tuple(sorted(problems, key=lambda problem: problem.line)))


def _no_toml(said: str) -> Problem:
    at = _ENDS_AT.search(said)
    what = _ENDS_AT.sub("", said)
    return Problem(int(at["line"]) if at else 0, f"this is no TOML: {what[:1].lower()}{what[1:]}")


def _leaves(tables: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Every key with its path; a section that there is not, and one that is no section, as a whole."""
    for name, value in tables.items():
        if isinstance(value, dict) and name in SECTIONS:
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def _lines(text: str) -> dict[str, int]:
    """In which line each section and key stands, as far as a look at the beginnings of lines tells."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            section = _bare(header["name"])
            found.setdefault(section, number)
        elif key := _KEY.match(line):
            name = _bare(key["name"])
            found.setdefault(f"{section}.{name}" if section else name, number)
            if not section:
                found.setdefault(name.partition(".")[0], number)
    return found


def _bare(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))


def _wrong(setting: Setting, value: object, wanted: str) -> str:
    shown = "" if setting.is_secret else f" is {_toml(value)}, but"
    return f"{setting.key} in [{setting.section}]{shown} takes {wanted}"


def _toml(value: object) -> str:
    if isinstance(value, str | int | float):
        return json.dumps(value, ensure_ascii=False)[:80]
    return f"a {_NAMES.get(type(value), 'date')}"


_NAMES: Mapping[type, str] = {list: "list", dict: "table"}


def _unknown(path: str, is_section: bool) -> str:
    if is_section and "." not in path:
        near = difflib.get_close_matches(path, SECTIONS, n=1)
        return f"there is no section [{path}]; {_did_you_mean(f'[{near[0]}]' if near else '')}"
    section, _, key = path.rpartition(".")
    where = f"[{section}]" if section else "the file, outside of its sections"
    return f"there is no {key!r} in {where}; {_did_you_mean(_likely(section, key))}"


def _likely(section: str, key: str) -> str:
    """Where the key may have been meant: by the name of its variable, in another section, or misspelt."""
    wanted = key.lower()
    exact = [one for one in SETTINGS.values() if wanted in (one.name.lower(), one.key)]
    if len(exact) == 1:
        return f"{exact[0].key} in [{exact[0].section}]"
    here = {one.key: one for one in SETTINGS.values() if one.section == section}
    every = {**{one.name.lower(): one for one in SETTINGS.values()}, **{one.path: one for one in SETTINGS.values()}}
    near = [here[name] for name in difflib.get_close_matches(wanted, here, n=1)]
    near += [every[name] for name in difflib.get_close_matches(wanted, every, n=1)]
    return f"{near[0].key} in [{near[0].section}]" if near else ""


def _did_you_mean(what: str) -> str:
    return f"did you mean {what}?" if what else "docs/settings.md lists all there are"
