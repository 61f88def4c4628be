"""What /v1/models says of the models is what the CLI has for them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hotseat_core.worker import control
from hotseat_core.worker.cli_version import find_cli
from hotseat_core.worker.command import Upstream, build_argv, build_env
from hotseat_core.worker.profile import CLAUDE

from tests.e2e.house import House, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_output_limit_of_every_listed_model_is_the_one_that_the_cli_asks_for(house: House) -> None:
    for model in (await house.sdk.models.list()).data:
        text = f"[[say ok]] {tag()}"
        await house.sdk.chat.completions.create(model=model.id, messages=[user(text)])
        body = house.asked(text)[-1].body or {}
        assert (model.model_extra or {})["max_completion_tokens"] == body["max_tokens"], model.id


async def test_the_context_window_of_every_listed_model_is_the_one_that_the_cli_counts_with(
    house: House, tmp_path: Path
) -> None:
    listed = {model.id: model.model_extra or {} for model in (await house.sdk.models.list()).data}
    for model in CLAUDE.models:
        assert await context_window(model, tmp_path) == listed[f"claude/{model}"]["context_window"], model


async def context_window(model: str, directory: Path) -> int:
    """What the CLI itself says that the model holds."""
    upstream = Upstream({"ANTHROPIC_API_KEY": "demo"}, "http://127.0.0.1:9")
    process = await asyncio.create_subprocess_exec(
        *build_argv(str(find_cli("")), CLAUDE, model=model),
        env=build_env({}, CLAUDE, upstream, directory, {}),
        cwd=directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            said, _ = await process.communicate(control.call("1", "get_context_usage", detail="summary"))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    answers: list[Any] = [json.loads(line) for line in said.splitlines()]
    (answer,) = [found["response"] for found in answers if found["type"] == "control_response"]
    return int(answer["response"]["rawMaxTokens"])


async def test_a_prompt_is_what_the_model_gets(house: House) -> None:
    text = f"[[tokens 9]] {tag()}"
    answer = await house.sdk.completions.create(model="claude", prompt=text, max_tokens=50, temperature=0.5, stop="w4")
    assert answer.choices[0].text == "w0 w1 w2 w3 "
    request = house.asked(text)[-1]
    assert request.messages[0]["content"][0]["text"] == text
    assert ((request.body or {})["max_tokens"], (request.body or {})["temperature"]) == (50, 0.5)
