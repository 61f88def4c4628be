"""An instance of a JSON schema, filled from a text: what the text names, else defaults, else by type and name."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_QUOTED = re.compile(r"\"([^\"\n]+)\"|“([^”\n]+)”|`([^`\n]+)`|(?<!\w)'([^'\n]+)'(?!\w)")
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,15}(?:\.\d{1,15})?(?!\w|\.\d)")
_PLACE = re.compile(
    r"\b(?:in|for|at|to|from|of|near|about|named|called|is|am|I'm)\s+((?:[A-Z][\w'-]*)(?:\s+[A-Z][\w'-]*)*)"
)
_CAPITALS = re.compile(r"(?<=[a-z,;] )([A-Z][\w'-]*(?:\s+[A-Z][\w'-]*)*)")
_SUBJECT = re.compile(r"(?:^|[.:!?\n]\s*)([A-Z][\w'-]*(?:\s+[A-Z][\w'-]*)*)(?=\s+(?:is|was|has|lives|works)\b)")
_NAME_LIKE = re.compile(
    r"name|city|location|place|country|person|town|region|destination|origin|author|user", re.IGNORECASE
)
_WHOLE_LIKE = re.compile(
    r"query|question|prompt|text|message|content|input|topic|search|request|task|summary", re.IGNORECASE
)
_EXPRESSION = re.compile(r"[(\d][-+*/().\d\s]{0,200}[\d)]")
_FORMATS = {
    "date": (r"\b\d{4}-\d\d-\d\d\b", "2026-01-01"),
    "date-time": (r"\b\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)", "2026-01-01T00:00:00Z"),
    "time": (r"\b\d\d:\d\d(?::\d\d)?\b", "12:00:00"),
    "email": (r"\b[\w.+-]+@[\w-]+\.[\w.-]+\w\b", "demo@example.com"),
    "uri": (r"\bhttps?://[^\s\"'<>]+", "https://example.com/"),
    "uuid": (r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", "00000000-0000-4000-8000-000000000000"),
}
_MOST_TEXT = 10_000  # that is searched for values
_DEEPEST = 8  # where a schema that contains itself ends


def fill(schema: Mapping[str, Any], text: str) -> Any:
    """An instance of the schema; each quoted string and number of the text is used once, in order."""
    return _Filling(schema, text).value(schema, "", 0)


class _Filling:
    def __init__(self, root: Mapping[str, Any], text: str) -> None:
        text = text[:_MOST_TEXT]
        self._root, self._text = root, text
        self._quoted = ["".join(groups) for groups in _QUOTED.findall(text)]
        self._numbers = _NUMBER.findall(_QUOTED.sub(" ", text))

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """An instance of this part of the schema."""
        schema = self._resolved(schema, depth)
        if "const" in schema or _kind(schema) == "null":
            return schema.get("const")
        if options := schema.get("enum"):
            return next(iter(self._named_options(options)), schema.get("default", options[0]))
        if branches := schema.get("anyOf") or schema.get("oneOf"):
            return self.value({**_without(schema, "anyOf", "oneOf"), **self._branch(branches, depth)}, name, depth)
        build: Callable[[Mapping[str, Any], str, int], Any] = {
            "object": self._object,
            "array": self._array,
            "integer": self._number,
            "number": self._number,
            "boolean": self._boolean,
        }.get(_kind(schema), self._string)
        return build(schema, name, depth)

    def _resolved(self, schema: Any, depth: int) -> dict[str, Any]:
        """The schema with its $ref followed and its allOf merged."""
        found = dict(schema) if isinstance(schema, Mapping) else {}
        if isinstance(ref := found.pop("$ref", None), str) and depth <= _DEEPEST + 2:
            found = {**self._resolved(self._pointed(ref), depth + 1), **found}
        for part in found.pop("allOf", []):
            other = self._resolved(part, depth + 1)
            required = [*found.get("required", []), *other.get("required", [])]
            properties = {**found.get("properties", {}), **other.get("properties", {})}
            found = {**found, **other, "properties": properties, "required": required}
        return found

    def _pointed(self, ref: str) -> Any:
        at: Any = self._root
        for part in ref.removeprefix("#").strip("/").split("/"):
            at = at.get(part.replace("~1", "/").replace("~0", "~"), {}) if part and isinstance(at, Mapping) else at
        return at

    def _branch(self, branches: Sequence[Any], depth: int) -> dict[str, Any]:
        """The branch whose constants the text names, else the first that is not null."""
        candidates = [self._resolved(branch, depth) for branch in branches]
        real = [branch for branch in candidates if _kind(branch) != "null"] or candidates
        if depth > _DEEPEST:
            return candidates[-1]
        return next((branch for branch in real if self._named_options(_constants(branch))), real[0])

    def _named_options(self, options: Sequence[Any]) -> list[Any]:
        """The options that stand in the text, in the order of the text."""
        found = [(at, option) for option in options if (at := self._position(option)) is not None]
        return [option for _, option in sorted(found, key=lambda pair: pair[0])]

    def _position(self, option: Any) -> int | None:
        words = re.escape(str(option)).replace("_", r"[\s_-]")
        hit = re.search(rf"(?<!\w){words}(?!\w)", self._text, re.IGNORECASE) if option not in (None, "") else None
        return hit.start() if hit else None

    def _told(self, name: str) -> str | None:
        """The value in `name: value`, `name is value` or `name=value`."""
        words = re.escape(name).replace("_", r"[\s_-]?")
        pattern = rf"(?<!\w){words}(?!\w)\s*(?::|=|\bis\b|\bof\b)\s*(\"[^\"\n]+\"|'[^'\n]+'|[^\s,;]+)"
        hit = re.search(pattern, self._text, re.IGNORECASE) if name else None
        return hit.group(1).strip("\"'").rstrip(".?!") if hit else None

    def _object(self, schema: Mapping[str, Any], _: str, depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required")
        wanted = properties if required is None and depth <= _DEEPEST // 2 else dict.fromkeys(required or ())
        return {
            key: self.value(properties.get(key, {}), key, depth + 1)
            for key in (*properties, *(key for key in wanted if key not in properties))
            if key in wanted or self._optional_is_told(properties[key], key, depth)
        }

    def _optional_is_told(self, schema: Any, name: str, depth: int) -> bool:
        resolved = self._resolved(schema, depth)
        plain = _kind(resolved) in {"string", "integer", "number"} and "enum" not in resolved
        return bool(self._named_options(resolved.get("enum", []))) or (plain and self._told(name) is not None)

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        prefix = schema.get("prefixItems") or schema.get("items")
        if isinstance(prefix, list):
            return [self.value(item, name, depth + 1) for item in prefix]
        least = schema.get("minItems", 0)
        if depth > _DEEPEST and not least:
            return []
        item = self._resolved(schema.get("items", {}), depth)
        found = self._items(item)
        most = schema.get("maxItems", max(len(found), least, 1))
        found = found[:most]
        missing = max(least, min(1, most)) - len(found)
        return [*found, *(self.value(item, name, depth + 1) for _ in range(missing))]

    def _items(self, item: Mapping[str, Any]) -> list[Any]:
        """Everything in the text that these items may be."""
        if "enum" in item:
            return self._named_options(item["enum"])
        if _kind(item) in {"integer", "number"}:
            return [self._number(item, "", 0) for _ in list(self._numbers)]
        return [self._quoted.pop(0) for _ in list(self._quoted)] if _kind(item) == "string" else []

    def _number(self, schema: Mapping[str, Any], name: str, _: int) -> int | float:
        told = self._told(name)
        if told is not None and _NUMBER.fullmatch(told):
            if told in self._numbers:
                self._numbers.remove(told)
            number = float(told)
        else:
            number = float(self._numbers.pop(0) if self._numbers else schema.get("default") or 1)
        number = _clamped(number, schema)
        return int(number) if _kind(schema) == "integer" or number.is_integer() else number

    def _boolean(self, schema: Mapping[str, Any], name: str, _: int) -> bool:
        told = (self._told(name) or "").lower()
        if told in {"true", "yes", "on", "false", "no", "off"}:
            return told in {"true", "yes", "on"}
        return bool(schema.get("default", True))

    def _string(self, schema: Mapping[str, Any], name: str, _: int) -> str:
        text = self._sought(schema, name)
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        return (text or name or "text").ljust(least, "x")[:most]

    def _sought(self, schema: Mapping[str, Any], name: str) -> str:
        """The part of the text that this string should be, else its default; empty when nothing fits."""
        default = str(schema.get("default") or "")
        if schema.get("format") in _FORMATS:
            pattern, example = _FORMATS[schema["format"]]
            return _first(re.search(pattern, self._text, re.IGNORECASE)) or default or example
        if told := self._told(name):
            return told
        if name == "expression":
            found = (hit.group() for hit in _EXPRESSION.finditer(self._text))
            return next((part for part in found if re.search(r"[\d)]\s*[-+*/]", part)), self._text)
        if self._quoted:
            return self._quoted.pop(0)
        hits = (pattern.search(self._text) for pattern in (_PLACE, _SUBJECT, _CAPITALS))
        named = next((hit.group(1) for hit in hits if hit), "") if _NAME_LIKE.search(name) else ""
        return named or default or (self._text if _WHOLE_LIKE.search(name) else "")


def _first(hit: re.Match[str] | None) -> str:
    return hit.group() if hit else ""


def _kind(schema: Mapping[str, Any]) -> str:
    """The first type that is not null; guessed from the keywords when there is none."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema else "array" if "items" in schema else "string"


def _constants(schema: Mapping[str, Any]) -> list[Any]:
    own = [schema["const"]] if "const" in schema else list(schema.get("enum", []))
    properties = schema.get("properties") or {}
    return own + [part["const"] for part in properties.values() if isinstance(part, Mapping) and "const" in part]


def _clamped(number: float, schema: Mapping[str, Any]) -> float:
    """The nearest number that the schema's bounds allow."""
    apart = 1.0 if _kind(schema) == "integer" else 0.5  # from a bound that is excluded
    lows = [schema[key] + off for key, off in (("minimum", 0), ("exclusiveMinimum", apart)) if key in schema]
    highs = [schema[key] - off for key, off in (("maximum", 0), ("exclusiveMaximum", apart)) if key in schema]
    number = min([max([number, *lows]), *highs])
    step = schema.get("multipleOf")
    return float(round(number / step) * step if step else number)


def _without(schema: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in keys}
