"""The provider's credential: how it is shown, and where it is read anew when its file changes."""

import logging
import os
import secrets
from pathlib import Path

logger = logging.getLogger(__name__)

# In the order in which the first one that is set is used, alone. Each may be named by a file: with _FILE at its end.
VARIABLES = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
_API_KEY = VARIABLES[0]


class CredentialError(ValueError):
    """A credential can't be used; the message names its variable and never its value."""


class Credential:
    """One credential, by the name of the variable that the CLI knows its kind by."""

    def __init__(self, variable: str, value: str, file: Path | None = None) -> None:
        self.variable = variable
        self._file = file
        self._seen: tuple[int, int, int] | None = None  # of the file: what tells that it is another one
        self._header = b""
        self._take(value)

    @classmethod
    def from_file(cls, variable: str, file: Path) -> "Credential":
        """Return the credential that a file holds, which is read anew when it changes. Raises CredentialError."""
        seen = _stamp(file)
        credential = cls(variable, read_secret(variable, file), file)
        credential._seen = seen
        return credential

    def __repr__(self) -> str:
        return f"Credential({self.variable})"

    @property
    def value(self) -> str:
        """The secret itself, as its file has it now."""
        self._refresh()
        return self._value

    @property
    def header(self) -> bytes:
        """The header line that shows it, as its file has it now."""
        self._refresh()
        return self._header

    def _take(self, value: str) -> None:
        if not value.isascii() or not value.isprintable() or " " in value:
            raise CredentialError(
                f"{self.variable} holds something that no credential holds: blanks or line breaks, say"
            )
        self._value = value
        secret = value.encode()
        self._header = b"x-api-key: " + secret if self.variable == _API_KEY else b"authorization: Bearer " + secret

    def _refresh(self) -> None:
        if self._file is None:
            return
        # Looking costs two microseconds: a key that was rotated is used from the next request on.
        try:
            seen = _stamp(self._file)
            if seen == self._seen:
                return
            self._take(read_secret(self.variable, self._file))
        except CredentialError as exc:
            # It is being replaced, or was by something else: what was good so far is the best there is.
            logger.warning("the credential's file can't be used", extra={"because": str(exc)})
            return
        self._seen = seen
        logger.info("the credential was read anew", extra={"variable": self.variable})


def read_secret(variable: str, file: Path) -> str:
    """Return what a file holds, without the line break at its end. Raises CredentialError."""
    try:
        value = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is no text"
        raise CredentialError(f"{variable}_FILE: {file} can't be read: {reason}") from exc
    if not value:
        raise CredentialError(f"{variable}_FILE: {file} is empty")
    return value


def worker_token() -> str:
    """Return a new secret of a worker's own."""
    return f"hotseat-worker-{secrets.token_urlsafe(32)}"


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
