"""Reads the text of a .env file. Pure."""

import re

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class DotenvError(ValueError):
    """A line of the file is not `NAME=value`."""


def parse(text: str) -> dict[str, str]:
    """The file's settings by name; the last of a repeated name counts.

    A value is taken as it stands: no expansion of `$NAME`, no commands. Quotes around the whole value are
    taken off, and an unquoted value ends before ` #`.
    """
    settings: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip().removeprefix("export ").lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not _NAME.fullmatch(name.strip()):
            raise DotenvError(f"line {number} is not NAME=value")
        settings[name.strip()] = _value(value.strip(), number)
    return settings


def _value(text: str, number: int) -> str:
    quote = text[:1]
    if quote not in {"'", '"'}:
        return "" if text.startswith("#") else text.split(" #", 1)[0].rstrip()
    value, closing, rest = text[1:].partition(quote)
    if not closing:
        raise DotenvError(f"line {number} has no closing {quote}")
    if rest.strip() and not rest.lstrip().startswith("#"):
        raise DotenvError(f"line {number} goes on after its closing {quote}")
    return value
