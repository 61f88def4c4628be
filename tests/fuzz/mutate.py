"""Inputs that are nearly right: what was right, changed here and there."""

import json
from random import Random
from typing import Any

_ODD: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 2**31, 2**63, 2**64, -(2**63), 10**40, 1e308, "", " ", "a", "\0", "\u2028"),
    *("\N{GRINNING FACE}", "\ufffd", "../x", "--resume", "$(id)", "text", "user", "tool", "function", "a" * 300),
    *([], {}, [[]], [{}], {"type": "text"}, {"type": None}, ["a"], [None], [0], {"a": {"a": {}}}),
]
_ODD_TEXT = [
    b"\\ud800",
    b"\\u0000",
    b"1e999",
    b"NaN",
    b"Infinity",
    b"-",
    b"\xff",
    b"\x00",
    b"[" * 50,
    b'"',
    b"{",
    b"}",
    b",",
]


def value(random: Random, given: Any) -> Any:
    """The value with some parts of it replaced, removed, doubled or moved."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        given = _changed(random, given)
    return given


def _changed(random: Random, given: Any) -> Any:
    if given and random.random() < 0.85:
        if isinstance(given, dict):
            return _changed_object(random, given)
        if isinstance(given, list):
            return _changed_list(random, given)
    return random.choice(_ODD)


def _changed_object(random: Random, given: dict[str, Any]) -> dict[str, Any]:
    name, act = random.choice(list(given)), random.random()
    if act < 0.6:
        return given | {name: _changed(random, given[name])}
    if act < 0.8:
        return {other: kept for other, kept in given.items() if other != name}
    return given | {random.choice([*given, "type", "id", "new"]): random.choice(_ODD)}


def _changed_list(random: Random, given: list[Any]) -> list[Any]:
    place, act = random.randrange(len(given)), random.random()
    if act < 0.6:
        return [*given[:place], _changed(random, given[place]), *given[place + 1 :]]
    return given[:place] + given[place + 1 :] if act < 0.8 else [*given, *given[place:]][:50]


def body(random: Random, given: Any) -> bytes:
    """A JSON text that is nearly right."""
    text = json.dumps(value(random, given), ensure_ascii=random.random() < 0.5).encode()
    return data(random, text) if random.random() < 0.3 else text


def data(random: Random, given: bytes) -> bytes:
    """The bytes with some of them replaced, removed, doubled or put in."""
    found = bytearray(given)
    for _ in range(random.choice((1, 1, 2, 4, 8))):
        place, length = random.randrange(len(found) + 1), random.choice((1, 1, 2, 4, 16))
        put_in = random.choice(
            (
                b"",
                random.randbytes(length),
                random.choice(_ODD_TEXT),
                bytes(found[place : place + length]) * 2,
                bytes([random.choice((0, 1, 0x7F, 0x80, 0xFF))]),
            )
        )
        found[place : place + random.choice((0, length))] = put_in
    return bytes(found)
