"""What clients keep with turns and conversations, as it may come: a breach of its rules names the field."""

import re
from collections.abc import Mapping

from hotseat.v1 import client_message_pb2 as client

from hotseat_core.journal.store import Note
from hotseat_core.parse_content import refuse

_LABEL = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_MAX_MODEL = 256
_MAX_PAIRS, _MAX_NAME, _MAX_VALUE = 16, 64, 512
_MAX_BODY_BYTES = 16 * 2**20


def note(message: client.TurnNote, field: str) -> Note:
    """Return the note."""
    label(message.label, f"{field}.label")
    if len(message.model) > _MAX_MODEL:
        refuse(f"{field}.model", f"must have {_MAX_MODEL} characters at most")
    if len(message.body) > _MAX_BODY_BYTES:
        refuse(f"{field}.body", f"must have {_MAX_BODY_BYTES} bytes at most")
    return Note(message.label, message.model, metadata(message.metadata, f"{field}.metadata"), message.body)


def label(text: str, field: str = "label") -> str:
    """Return the label, if it is one."""
    if not _LABEL.fullmatch(text):
        refuse(field, "must be 1 to 64 of A-Z a-z 0-9 . _ -")
    return text


def metadata(pairs: Mapping[str, str], field: str = "metadata") -> dict[str, str]:
    """Return the names and values, if they are few and short."""
    if len(pairs) > _MAX_PAIRS:
        refuse(field, f"may hold {_MAX_PAIRS} names at most")
    for name, value in pairs.items():
        if not name or len(name) > _MAX_NAME or len(value) > _MAX_VALUE:
            refuse(field, f"may hold names of 1 to {_MAX_NAME} characters, and values of {_MAX_VALUE} at most")
    return dict(pairs)
