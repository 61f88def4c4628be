"""A table of a request's fields: the type of each, and what becomes of it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from hotseat_edge.openai.errors import ApiError, invalid, unsupported


class Field(msgspec.Struct, frozen=True):
    """A field of a request: its type, and whether a value of it is taken, fixed or only looked at."""

    type: Any
    taken: bool = False
    fixed: Callable[[Any], bool] | None = None  # the only values that this server can honour
    why: str = ""
    only: str = ""  # those values, for people
    remarks: str = ""  # for people

    @property
    def is_ignored(self) -> bool:
        """It is accepted, and has no effect."""
        return not self.taken and self.fixed is None


def taken(kind: Any, remarks: str = "") -> Field:
    """A field that is honoured."""
    return Field(kind, taken=True, remarks=remarks)


def fixed(kind: Any, holds: Callable[[Any], bool], why: str, only: str = "") -> Field:
    """A field that has one value, or a few, that this server can honour."""
    return Field(kind, fixed=holds, why=why, only=only)


def ignored(kind: Any = Any, remarks: str = "") -> Field:
    """A field that is accepted and has no effect."""
    return Field(kind, remarks=remarks)


def nothing(value: Any) -> bool:
    """Whether a field says as much as no field."""
    return not value


_UNKNOWN = ignored()
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANYTHING = msgspec.json.Decoder(Any)


class FieldTable:
    """Reads the body of a request by its fields."""

    def __init__(
        self, fields: Mapping[str, Field], *, required: Sequence[str] = (), choices: Mapping[str, str] | None = None
    ) -> None:
        self.fields = fields
        self.required = required
        self._choices = choices or {}  # what may stand in a tag, for people
        self._decoders = {name: msgspec.json.Decoder(field.type) for name, field in fields.items()}

    def read(self, body: bytes) -> tuple[dict[str, Any], list[str]]:
        """The values that are honoured, and the names of those that are not; ApiError names what is wrong."""
        found: dict[str, Any] = {}
        without_effect: list[str] = []
        for name, raw in _object(body).items():
            field = self.fields.get(name, _UNKNOWN)
            value = self._value(name, raw)
            if field.taken:
                found[name] = value
            elif value is None:
                continue
            elif field.fixed is None:
                without_effect.append(name)
            elif not field.fixed(value):
                raise unsupported(name, f"{name}: {field.why}")
        for name in self.required:
            if name not in found:
                raise invalid(name, f"{name} is required", "missing_required_parameter")
        return found, without_effect

    def _value(self, name: str, raw: msgspec.Raw) -> Any:
        try:
            return self._decoders.get(name, _ANYTHING).decode(raw)
        except msgspec.ValidationError as error:
            if str(error) == "Number out of range":
                raise _not_json(error, raw) from None
            raise self._wrong(name, str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _not_json(error, raw) from None

    def _wrong(self, name: str, message: str) -> ApiError:
        """msgspec's message, as an error that names the parameter the way OpenAI does."""
        place = _PLACE.search(message)
        param = name + (place["path"] if place else "")
        said = message[: place.start()] if place else message
        code = "invalid_type" if ", got `" in said or said == "Expected `str`" else "invalid_value"
        if missing := _MISSING.match(said):
            param, code = f"{param}.{missing['field']}", "missing_required_parameter"
        if said.startswith("Invalid") and (choices := self._choices.get(param.rpartition(".")[2])):
            said = f"{said}; expected {choices}"
        return invalid(param, f"{param}: {said}", code)


def _object(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _OBJECT.decode(body)
    except msgspec.ValidationError as error:
        raise ApiError(f"The body must be a JSON object: {error}", code="invalid_type") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error, body) from None


# Half of a surrogate pair, as a JSON escape: no UTF-8 text can hold it.
_LONE_HALF = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])")


def _not_json(error: Exception, text: bytes | msgspec.Raw) -> ApiError:
    if "surrogate" in str(error) or _LONE_HALF.search(memoryview(text)):
        message = "A text holds half of a surrogate pair (\\ud800 to \\udfff); such text cannot be encoded"
        return ApiError(message, code="invalid_unicode")
    reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return ApiError(f"The body is not valid JSON in UTF-8: {reason}", code="invalid_json")


_PLACE = re.compile(r" - at `\$(?P<path>.*)`$")
_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
