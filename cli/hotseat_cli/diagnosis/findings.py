"""What a look at one thing has shown."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class State(enum.StrEnum):
    """How it is."""

    OK = "ok"
    NOTE = "note"  # good to know
    WARNING = "warning"  # it works, and may hurt
    FAILURE = "failure"  # it does not work, or is unsafe


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    state: State
    says: str
    fix: str = ""  # what to do; empty where nothing is to be done

    def record(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"check": self.check, "state": self.state.value, "message": self.says, "fix": self.fix or None}


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check, State.OK, says)


def note(check: str, says: str, fix: str = "") -> Finding:
    """Good to know."""
    return Finding(check, State.NOTE, says, fix)


def warning(check: str, says: str, fix: str) -> Finding:
    """It works, and may hurt."""
    return Finding(check, State.WARNING, says, fix)


def failure(check: str, says: str, fix: str) -> Finding:
    """It does not work, or is unsafe."""
    return Finding(check, State.FAILURE, says, fix)


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Nothing fails."""
    return all(finding.state is not State.FAILURE for finding in findings)
