"""What is made of files, certificates for example, and made anew where they have changed."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeAlias, TypeVar

logger = logging.getLogger(__name__)

Made = TypeVar("Made")
_Stamp: TypeAlias = tuple[tuple[int, int, int] | None, ...]


class Renewed(Generic[Made]):
    """Looks at the files whenever it is asked; from any thread. What can't be used leaves all as it was."""

    def __init__(self, files: Sequence[str], make: Callable[[], Made], unusable: type[Exception]) -> None:
        """Make it the first time, and raise what make raises. unusable: what that is where files can't be used."""
        self._files = [os.path.expanduser(file) for file in files if file]
        self._make = make
        self._unusable = unusable
        self._lock = threading.Lock()
        self._stamp = self._look()
        self._made = make()

    def current(self) -> Made:
        """Return what the files make now."""
        with self._lock:
            if (stamp := self._look()) != self._stamp:
                self._stamp = stamp  # what can't be used is said once, and tried again when it changes
                self._renew()
            return self._made

    def _renew(self) -> None:
        try:
            self._made = self._make()
        except self._unusable as exc:
            extra = {"files": self._files, "error": str(exc)}
            logger.warning("changed files can't be used; those from before still are", extra=extra)
        else:
            logger.info("changed files were read anew", extra={"files": self._files})

    def _look(self) -> _Stamp:
        return tuple(map(_stamp, self._files))


def _stamp(file: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
