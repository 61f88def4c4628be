"""The JSON in what a model says, where it may put words or a code fence around it. No I/O."""

import re

_OPENERS = {"object": "{", "array": "["}
_MARKS = re.compile(r'["\\{}\[\]]')
_FENCED = re.compile(r"\s*```[a-z]*\s*\n(?P<inside>.*?)\s*```\s*", re.DOTALL)


class JsonFilter:
    """Passes on the first object or array of a text that comes in pieces, and nothing else.

    kind: `object` or `array`; for anything else the text has to be whole: `only_json`.
    """

    def __init__(self, kind: str) -> None:
        self._opener = _OPENERS[kind]
        self._depth = 0
        self._in_string = False
        self._escaped_at = -1  # where, counted from the beginning, a character stands behind a backslash
        self._seen = 0
        self.has_begun = False

    @property
    def is_whole(self) -> bool:
        """Its end was seen."""
        return self.has_begun and not self._depth

    def feed(self, piece: str) -> str:
        """Return what of the piece belongs to it."""
        start, base = 0, self._seen
        self._seen += len(piece)
        if not self.has_begun:
            start = piece.find(self._opener)
            if start < 0:
                return ""
            self.has_begun = True
        elif not self._depth:
            return ""
        for mark in _MARKS.finditer(piece, start):
            self._heed(mark[0], base + mark.start())
            if not self._depth:
                return piece[start : mark.end()]
        return piece[start:]

    def _heed(self, mark: str, place: int) -> None:
        if place == self._escaped_at:
            return
        if mark == "\\":
            self._escaped_at = place + 1
        elif mark == '"':
            self._in_string = not self._in_string
        elif not self._in_string:
            self._depth += 1 if mark in "{[" else -1


def only_json(text: str, kind: str) -> str:
    """Return the JSON in a whole text; the text itself where there seems to be none."""
    if kind in _OPENERS:
        return JsonFilter(kind).feed(text) or text
    fenced = _FENCED.fullmatch(text)
    return fenced["inside"] if fenced else text.strip()
