"""`hotseat connect` prints what a client needs, and what it prints can be read by whom it is for."""

import ast
import json
import shlex

import pytest
from click.testing import CliRunner
from hotseat_cli.main import main
from hotseat_cli.recipes import RECIPES

HERE = ("--url", "http://10.0.0.1:8080/", "--model", "claude-code")


def printed(*words: str) -> str:
    result = CliRunner().invoke(main, ["connect", *words])
    assert result.exit_code == 0, result.output
    return result.output


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
