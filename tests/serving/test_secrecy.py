"""What a process was told as a secret is not to be read off it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

HIDING = """
import os, sys
from hotseat_serving.secrecy import hide
hide(os.environ, ["A_KEY", "NOT_THERE"])
print(os.environ.get("A_KEY"), os.environ["OTHER"], flush=True)
sys.stdin.read()
"""


def test_a_hidden_variable_is_neither_in_the_environment_nor_in_what_proc_shows_of_it() -> None:
    environment = {**os.environ, "A_KEY": "canary-in-a-coal-mine", "OTHER": "stays"}
    with subprocess.Popen(
        [sys.executable, "-c", HIDING], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "None stays\n"
        proc = Path(f"/proc/{process.pid}")
        try:
            shown = (proc / "environ").read_bytes()
        except PermissionError:  # only root may look at all
            shown = b"OTHER=stays"
        process.communicate()
    assert b"canary" not in shown
    assert b"OTHER=stays" in shown


def test_its_memory_is_closed_to_others() -> None:
    looking = "import ctypes; print('dumpable', ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    seen = subprocess.run(
        [sys.executable, "-c", HIDING.replace("sys.stdin.read()", looking)],
        env={**os.environ, "OTHER": "x"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "dumpable 0" in seen
