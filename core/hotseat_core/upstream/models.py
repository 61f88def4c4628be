"""Which models workers may ask for. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

_Fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class NotAllowedError(Exception):
    """A request is not passed on; the message says why."""


@dataclass(frozen=True, slots=True)
class Models:
    """The operator's list: names, and beginnings of names with a star behind. Empty: all."""

    allowed: tuple[str, ...] = ()

    @classmethod
    def listed(cls, text: str) -> "Models":
        """Return the models in a list with commas between."""
        return cls(tuple(entry.strip() for entry in text.split(",") if entry.strip()))

    def admit(self, name: str) -> bool:
        """Tell whether this model may be asked for."""
        return not self.allowed or any(_fits(name, entry) for entry in self.allowed)

    def checked(self, body: bytes) -> bytes:
        """Return the body of a request as it is passed on. Raises NotAllowedError.

        Where there is a list the body is written anew, with each field once: of a name that stood there twice, the
        provider might go by the other one.
        """
        if not self.allowed:
            return body
        fields = _fields(body)
        name = _name(fields)
        if not self.admit(name):
            raise NotAllowedError(
                f"the model {name[:100]!r} is not one of those that this server asks for; whoever runs it lists them "
                "in HOTSEAT_ALLOWED_MODELS"
            )
        return msgspec.json.encode(fields)


def _fields(body: bytes) -> Mapping[str, msgspec.Raw]:
    try:
        return _Fields.decode(body)
    except msgspec.DecodeError:
        raise NotAllowedError("a request for a model is a JSON object, which this is not") from None


def _name(fields: Mapping[str, msgspec.Raw]) -> str:
    try:
        found: Any = msgspec.json.decode(fields["model"])
    except (KeyError, msgspec.DecodeError):
        found = None
    if not isinstance(found, str):
        raise NotAllowedError("the request names no model")
    return found


def _fits(name: str, entry: str) -> bool:
    return name.startswith(entry[:-1]) if entry.endswith("*") else name == entry
