"""Runs an operator's command inside the test's own loop, beside the core it talks to."""

import shlex
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import click
import pytest
from hotseat_cli.main import main
from hotseat_cli.operate.session import answer


@dataclass(frozen=True)
class Ended:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


Operate = Callable[[str], Coroutine[Any, Any, Ended]]


def operator(target: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operate:
    """Call it with the command line after `hotseat`; it is parsed as ever, and only then is the loop ours."""

    async def operate(line: str) -> Ended:
        parsed: list[tuple[Any, Any]] = []

        def note(chosen: Any, work: Any) -> None:
            parsed.append((chosen, work))

        for module in ("workers", "pool", "conversations", "workspaces", "keys"):
            monkeypatch.setattr(f"hotseat_cli.{module}.run", note)
        capsys.readouterr()
        code = _parse([*shlex.split(line), "--target", target])
        if parsed:
            code = await answer(*parsed[0])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return operate


def _parse(words: list[str]) -> int:
    try:
        main.main(words, "hotseat", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0
