"""`hotseat connect` prints what a client needs, and what it prints can be read by whom it is for."""

import ast
import json
import os
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from hotseat_cli.main import main
from hotseat_cli.recipes import RECIPES
from hotseat_serving.configuration.table import SETTINGS

HERE = ("--url", "http://10.0.0.1:8080/", "--model", "claude-code")


def printed(*words: str) -> str:
    result = CliRunner().invoke(main, ["connect", *words])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(autouse=True)
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOTSEAT_CONFIG", os.devnull)


def test_without_a_client_it_lists_them() -> None:
    lines = printed().splitlines()
    assert [line.split()[0] for line in lines] == sorted(RECIPES)
    assert all(RECIPES[line.split()[0]].about in line for line in lines)


@pytest.mark.parametrize("name", RECIPES)
def test_the_server_and_the_model_stand_in_it(name: str) -> None:
    text = printed(name, *HERE)
    assert "http://10.0.0.1:8080/v1" in text
    assert "claude-code" in text
    assert "{url}" not in text
    assert "{{" not in text.replace("({{", "")


@pytest.mark.parametrize("name", RECIPES)
def test_it_is_valid_in_its_language(name: str) -> None:
    text = printed(name, *HERE)
    match RECIPES[name].language:
        case "python":
            ast.parse(text)
        case "json":
            assert json.loads(text)["provider"]["hotseat"]["options"]["baseURL"] == "http://10.0.0.1:8080/v1"
        case "sh":
            assert shlex.split(text.splitlines()[0])[0] == "export"
        case language:
            assert language == "js"  # tests/e2e/test_node.py runs those


def test_a_client_that_nobody_knows_is_refused_with_those_that_are_known() -> None:
    result = CliRunner().invoke(main, ["connect", "netscape"])
    assert result.exit_code == 2
    assert "aider" in result.output


def test_programs_read_it_as_json() -> None:
    assert json.loads(printed("--json")) == {"clients": {name: recipe.about for name, recipe in RECIPES.items()}}
    assert json.loads(printed("aider", "--json")) == {"client": "aider", "text": printed("aider")}


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, "http://127.0.0.1:3000"),
        ({"PORT": "8080", "HOTSEAT_HOST": "0.0.0.0"}, "http://127.0.0.1:8080"),
        ({"HOTSEAT_HOST": "::"}, "http://[::1]:3000"),
        ({"HOTSEAT_HOST": "hotseat.example.com", "HOTSEAT_TLS_CERT": "c"}, "https://hotseat.example.com:3000"),
    ],
)
def test_the_server_is_that_of_the_settings_where_none_is_named(settings: dict[str, str], url: str) -> None:
    result = CliRunner().invoke(main, ["connect", "aider"], env=settings)
    assert result.output.startswith(f"export OPENAI_API_BASE={url}/v1 ")


def test_a_server_that_cannot_be_told_is_asked_for() -> None:
    unknown = CliRunner().invoke(main, ["connect", "aider"], env={"PORT": "0"})
    assert (unknown.exit_code, "name the server with --url" in unknown.output) == (2, True)
    wrong = CliRunner().invoke(main, ["connect", "aider", "--url", "localhost:3000"])
    assert (wrong.exit_code, "write http://127.0.0.1:3000" in wrong.output) == (2, True)
