"""The documents say what the code does: settings, fields, errors, the compose file."""

import re
import shlex
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import click
import hotseat_core.settings
import hotseat_edge.settings
import pytest
import yaml
from hotseat import pb
from hotseat.errors import CODES
from hotseat_cli import dotenv, settings
from hotseat_cli.main import main
from hotseat_cli.operate import key_records, records
from hotseat_core.settings import API_KEY, API_KEY_FILE, CREDENTIALS
from hotseat_edge.openai import errors

from tests.bad_inputs import table
from tests.bad_inputs.document import catalogue, codes_in
from tests.generated_docs import FILES, PARTS, renewed

ROOT = Path(__file__).parents[1]
CONFIG = "HOTSEAT_CONFIG"  # names the file that all others may stand in
API_KEYS = {API_KEY, API_KEY_FILE}
INTERNAL = {"HOTSEAT_DEMO", "HOTSEAT_DEMO_HOST", "HOTSEAT_DEMO_PORT", "HOTSEAT_PARENT_FD"}


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows(text: str) -> dict[str, list[str]]:
    """The tables' rows by each name in their first column."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            for name in re.findall(r"`?([A-Za-z_]+)`?", cells[0]):
                found[name] = cells
    return found


def test_the_command_knows_every_setting_of_the_servers() -> None:
    servers = {*hotseat_core.settings.VARIABLES.values(), *CREDENTIALS, *hotseat_edge.settings._NAMES, *API_KEYS}
    assert (servers - INTERNAL) | {CONFIG} == settings.NAMES


def test_every_setting_is_documented_and_nothing_else() -> None:
    documented = {name for name in rows(read("docs/settings.md")) if name.isupper()}
    assert documented | {CONFIG} == settings.NAMES | INTERNAL


def test_the_readmes_settings_exist() -> None:
    section = read("README.md").partition("## Settings")[2].partition("## ")[0]
    assert set(rows(section)) - {"variable", "NAMES"} <= settings.NAMES


def test_the_example_env_file_is_valid_with_every_line_in_force() -> None:
    text = read(".env.example")
    in_force = re.sub(r"^#(?=[A-Z])", "", text, flags=re.MULTILINE)
    assert dotenv.parse(text) == {}
    assert set(dotenv.parse(in_force)) <= settings.NAMES


@pytest.mark.parametrize("document", PARTS)
def test_what_is_made_from_the_code_is_up_to_date(document: str) -> None:
    assert renewed(read(document), PARTS[document]) == read(document), "run: make docs"


@pytest.mark.parametrize("document", FILES)
def test_what_is_made_as_a_whole_is_up_to_date(document: str) -> None:
    assert FILES[document]() == read(document), "run: make docs"


def test_every_error_code_of_the_http_api_is_in_the_catalogue_and_no_other() -> None:
    """What is missing goes into tests/bad_inputs/catalogue.yaml; then `make docs`."""
    made = {code for path in (ROOT / "edge/hotseat_edge").rglob("*.py") for code in codes_in(read(str(path)))}
    known = {code: entry for group in catalogue().values() for code, entry in group.items()}
    assert set(known) == made
    assert all(set(entry) == {"status", "means", "do"} for entry in known.values())
    statuses = {row.code: set[int]() for row in table.http() if row.code}
    for row in table.http():
        statuses.get(row.code, set()).add(row.status)
    for shape in (*errors._SHAPES.values(), *errors._BY_PROVIDER_STATUS.values()):
        statuses.setdefault(shape.code, set()).add(shape.status)
    assert {code for code, found in statuses.items() if not found <= set(known[code]["status"])} == set()


def test_every_error_reason_is_documented_with_its_code() -> None:
    table = rows(read("docs/grpc.md").partition("## Errors")[2])
    assert {reason: cells[1] for reason, cells in table.items() if reason.isupper()} == {
        reason: code.name for reason, code in CODES.items()
    }


def test_the_compose_file_runs_commands_and_settings_that_exist() -> None:
    compose = yaml.safe_load(read("docker-compose.yml"))
    beside = {name for name, service in compose["services"].items() if service.get("profiles")}
    ours = {name: service for name, service in compose["services"].items() if name not in beside}
    assert set(ours) == {"core", "edge"}
    for service in ours.values():
        assert set(service["command"]) <= set(main.commands)
        assert set(service["environment"]) <= settings.NAMES
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (source.startswith("./") and (ROOT / source).is_dir())
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert "ports" not in compose["services"]["core"]


def test_the_image_runs_a_command_that_exists() -> None:
    lines = dict(line.split(" ", 1) for line in read("Dockerfile").splitlines() if line.startswith(("ENTRY", "CMD")))
    assert yaml.safe_load(lines["ENTRYPOINT"]) == ["tini", "--", "hotseat"]
    assert set(yaml.safe_load(lines["CMD"])) <= set(main.commands)


def test_the_image_takes_no_settings_from_where_agents_write() -> None:
    image = read("Dockerfile")
    assert re.findall(r"^WORKDIR (\S+)$", image, re.MULTILINE)[-1] == "/"
    assert re.findall(r"--home-dir (\S+)", image) == ["/"]


def test_every_field_of_the_operators_json_is_documented() -> None:
    section = read("docs/operations.md").partition("## JSON")[2]
    turn = pb.Turn(completed=pb.TurnCompleted(error=pb.Error()))
    told = [
        records.worker(pb.Worker()),
        records.queued_turn(pb.QueuedTurn()),
        records.pool(pb.Pool()),
        records.conversation(pb.Conversation()),
        records.turn(turn, with_text=True),
        key_records.key(pb.Key()),
        key_records.caller(pb.GetCallerResponse(standing=pb.KeyStanding())),
    ]
    assert {name for record in told for name in names(record)} <= set(re.findall(r"`([a-z_]+)`", section))


def names(record: dict[str, Any]) -> Iterator[str]:
    """The names in a JSON object, and in those inside it."""
    for name, value in record.items():
        yield name
        if isinstance(value, dict):
            yield from names(value)


def test_every_operators_command_is_in_the_guide() -> None:
    guide = read("docs/operations.md")
    for group in ("pool", "conversations"):
        found = main.commands[group]
        assert isinstance(found, click.Group)
        assert [verb for verb in found.commands if not re.search(rf"\b{verb}\b", guide)] == []
    assert all(f"hotseat {verb}" in guide for verb in ("ps", "top", "queue", "completion"))


def commands(group: click.Group) -> Iterator[click.Command]:
    """Every command below this one, groups too."""
    for command in group.commands.values():
        yield command
        if isinstance(command, click.Group):
            yield from commands(command)


@pytest.mark.parametrize("command", [*commands(main)], ids=lambda command: str(command.name))
def test_the_examples_in_help_texts_parse(command: click.Command) -> None:
    told = (command.help or "").partition("Example")[2]
    examples = [line.strip().split("   ")[0] for line in told.splitlines() if re.match(r"\s+.*\bhotseat \w", line)]
    assert examples
    for example in examples:
        lexer = shlex.shlex(example.partition("hotseat ")[2], posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        # What the shell makes of the rest of the line is not ours.
        parse(main, [*takewhile(lambda word: not set(word) <= set("();<>|&"), lexer)])


def parse(group: click.Group, words: list[str], parent: click.Context | None = None) -> None:
    """Let click take the words; it raises where they are none of its."""
    context = click.Context(group, parent=parent)
    name, command, rest = group.resolve_command(context, words)
    assert command is not None
    if isinstance(command, click.Group):
        parse(command, rest, context)
    else:
        command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("guide", sorted(ROOT.glob("docs/*.md")), ids=lambda path: path.name)
def test_the_tests_that_a_guide_names_are_there(guide: Path) -> None:
    named = set(re.findall(r"tests/[\w./]+\w", guide.read_text(encoding="utf-8")))
    assert {path for path in named if not (ROOT / path).exists()} == set()
