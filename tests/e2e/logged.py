"""What the servers' logs tell, line by line."""

import json
from pathlib import Path
from typing import Any


def records(log: Path) -> list[dict[str, Any]]:
    """The lines of a log: JSON each, since it is no terminal."""
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def failures(log: Path) -> list[str]:
    """The lines that tell of a failure. What gRPC itself says is no line of ours."""
    marks = ('"level": "error"', '"level": "critical"')
    lines = log.read_text().splitlines()
    return [line[:300] for line in lines if line.startswith("Traceback") or any(mark in line for mark in marks)]
