"""What a process writes to its standard error, and what not."""

import subprocess
import sys

import pytest

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
