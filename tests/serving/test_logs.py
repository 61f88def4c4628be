"""What a process writes to its standard error, and what not."""

import json
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.e2e.logged import failures

SECRET = "sk-ant-canary-0123456789abcdef"
SAYING = """
import logging, sys
from hotseat_serving import logs
logs.configure("debug", sys.argv[1])
logger = logging.getLogger("test")
logger.info("a %s", sys.argv[2])
logger.info("text", extra={"field": sys.argv[2], "nested": {"deep": [sys.argv[2]]}})
try:
    raise ValueError(sys.argv[2])
except ValueError:
    logger.exception("failed")
raise RuntimeError("the end: " + sys.argv[2])
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_field_no_traceback_and_no_end_of_a_process_tells_a_secret(form: str) -> None:
    command = [sys.executable, "-c", SAYING, form, SECRET]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert "canary" not in ended.stderr
    assert ended.stderr.count("sk-ant-[redacted]") == 5
    assert "the process failed" in ended.stderr
    assert "RuntimeError: the end: " in ended.stderr


def failures_in(said: str) -> int:
    """How many of these lines the tests of a whole house would take for failures."""
    with tempfile.NamedTemporaryFile("w") as log:
        log.write(said)
        log.flush()
        return len(failures(Path(log.name)))


def test_whoever_is_no_terminal_gets_json_lines_unless_told_otherwise() -> None:
    """A line of each form, from processes whose standard error is a pipe."""
    said = {}
    for form in ("auto", "json", "text"):
        command = [sys.executable, "-c", SAYING, form, "a word"]
        said[form] = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stderr
    for form in ("auto", "json"):
        first = json.loads(said[form].splitlines()[1])
        assert (first["event"], first["field"], first["level"], first["logger"]) == ("text", "a word", "info", "test")
        assert failures_in(said[form]) == 2  # logged, and how the process ended
    assert not said["text"].startswith("{")


def test_a_terminal_gets_text() -> None:
    one_line = (
        "import logging; from hotseat_serving import logs; logs.configure('info', 'auto'); logging.info('a word')"
    )
    ours, theirs = pty.openpty()
    try:
        subprocess.run([sys.executable, "-c", one_line], stderr=theirs, timeout=30, check=True)
        said = os.read(ours, 4096)
    finally:
        os.close(ours)
        os.close(theirs)
    assert b"a word" in said
    assert not said.startswith(b"{")
