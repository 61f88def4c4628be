"""The JSON Schema that an answer has to fit: how the model is held to it, and whether it did. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec

from hotseat_core.worker.dialect import dialect
from hotseat_core.worker.rows import Block

MOST_BYTES = 128 * 1024
_KEPT = 64
_OPEN_OBJECT = {"type": "object"}


class BadSchemaError(ValueError):
    """It is no JSON Schema, or one that can't be used here; the text says why."""


@dataclass(frozen=True, slots=True)
class OutputSchema:
    """Equal where the texts are."""

    text: str
    kind: str = field(compare=False)  # of its values: object, array, ...; empty: of several kinds
    # For the provider, which then lets the model say nothing else; None: the model is asked to in words.
    enforced: Mapping[str, Any] | None = field(compare=False, repr=False)
    _validator: jsonschema_rs.Validator = field(compare=False, repr=False)

    def parameters(self) -> dict[str, Any]:
        """Return what the provider's request says of it."""
        if self.enforced is None:
            return {}
        return {"output_config": {"format": {"type": "json_schema", "schema": self.enforced}}}

    def request(self) -> Block | None:
        """Return what the model is asked in words; None: that is not needed."""
        if self.enforced is not None:
            return None
        wanted = "one JSON object" if msgspec.json.decode(self.text) == _OPEN_OBJECT else "one JSON value"
        under = "" if wanted == "one JSON object" else f" It has to be valid under this JSON Schema:\n{self.text}"
        text = f"Answer with {wanted} and nothing else: no words before or after it, no code fence.{under}"
        return instruction(text)

    def problem(self, answer: str) -> str:
        """Return in what an answer does not fit; empty: it does."""
        try:
            value = msgspec.json.decode(answer)
        except (msgspec.DecodeError, RecursionError) as exc:
            return f"it is no JSON: {exc}"
        try:
            error = next(self._validator.iter_errors(value), None)
        except ValueError as exc:
            return str(exc)
        if error is None:
            return ""
        place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path)
        return f"{place.lstrip('.') or 'the value'}: {error.message}"[:500]


def instruction(text: str) -> Block:
    """Return what we tell the model ourselves, marked as not being the user's words."""
    return {"type": "text", "text": f"<output-format>\n{text}\n</output-format>"}


@lru_cache(maxsize=_KEPT)
def output_schema(text: str) -> OutputSchema:
    """Return the schema in this JSON text. Raises BadSchemaError."""
    if len(text) > MOST_BYTES:
        raise BadSchemaError(f"is larger than {MOST_BYTES // 1024} KiB")
    try:
        schema = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise BadSchemaError("is no JSON") from None
    if not isinstance(schema, dict):
        raise BadSchemaError("must be a JSON Schema, an object")
    try:
        validator = jsonschema_rs.validator_for(schema, offline=True)
    except (ValueError, jsonschema_rs.ReferencingError) as exc:
        raise BadSchemaError(f"is no valid JSON Schema: {_first_line(exc)}") from None
    kind = schema.get("type")
    return OutputSchema(text, kind if isinstance(kind, str) else "", dialect(schema), validator)


def _first_line(exc: Exception) -> str:
    return str(exc).partition("\n")[0][:300]
