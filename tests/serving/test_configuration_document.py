"""What a configuration file says, and all that is wrong with it."""

import os
from pathlib import Path

import pytest
from hotseat_serving.configuration import layers
from hotseat_serving.configuration.document import read
from hotseat_serving.configuration.file import VARIABLE, ConfigurationError, configured, find, read_file
from hotseat_serving.configuration.table import CORE_NAMES, EDGE_NAMES, SETTINGS

FOLDER = Path("/etc/hotseat")


@pytest.mark.parametrize(
    ("line", "name", "text"),
    [
        ("pool.size = 8", "POOL_SIZE", "8"),
        ("conversations.retention_ms = 2_592_000_000", "HOTSEAT_RETENTION_MS", "2592000000"),
        ("access.insecure_no_auth = true", "HOTSEAT_INSECURE_NO_AUTH", "1"),
        ("access.insecure_no_auth = false", "HOTSEAT_INSECURE_NO_AUTH", "0"),
        ('logs.level = "debug"', "HOTSEAT_LOG_LEVEL", "debug"),
        ('claude.model = "sonnet"', "HOTSEAT_MODEL", "sonnet"),
        ('edge.allowed_hosts = ["a.example", ".b.example"]', "HOTSEAT_ALLOWED_HOSTS", "a.example,.b.example"),
        ("edge.allowed_hosts = []", "HOTSEAT_ALLOWED_HOSTS", ""),
        ('core.data_dir = "data"', "HOTSEAT_DATA_DIR", "/etc/hotseat/data"),
        ('core.data_dir = "/data"', "HOTSEAT_DATA_DIR", "/data"),
        ('core.socket = ""', "HOTSEAT_CORE_SOCKET", ""),
        ('claude.cli_path = "claude"', "CLAUDE_CLI_PATH", "claude"),
        ('claude.cli_path = "bin/claude"', "CLAUDE_CLI_PATH", "/etc/hotseat/bin/claude"),
        ('workers.sandbox_readable = ["/opt", "lib"]', "HOTSEAT_SANDBOX_READABLE", "/opt:/etc/hotseat/lib"),
    ],
)
def test_a_value_is_what_the_environment_would_say(line: str, name: str, text: str) -> None:
    found = read(line, FOLDER)
    assert found.problems == ()
    assert {key: entry.text for key, entry in found.entries.items()} == {name: text}


def test_a_home_is_the_users() -> None:
    assert read('[core]\ndata_dir = "~/data"', FOLDER).entries["HOTSEAT_DATA_DIR"].text == str(Path.home() / "data")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("[pool]\nsize = 0", 2, "size in [pool] is 0, but takes a whole number, 1 or more"),
        ('[pool]\nsize = "8"', 2, 'size in [pool] is "8", but takes a whole number, 1 or more'),
        ("[pool]\nsize = true", 2, "size in [pool] is true, but takes a whole number, 1 or more"),
        ("[pool]\nsize = 1.5", 2, "size in [pool] is 1.5, but takes a whole number, 1 or more"),
        ("[edge]\n\nport = 65536", 3, "port in [edge] is 65536, but takes a number from 0 to 65535"),
        ("[access]\ninsecure_no_auth = 1", 2, "insecure_no_auth in [access] is 1, but takes true or false"),
        (
            '[logs]\nlevel = "loud"',
            2,
            'level in [logs] is "loud", but takes one of "debug", "info", "warning", "error"',
        ),
        ("[edge]\nallowed_hosts = 'a'", 2, 'allowed_hosts in [edge] is "a", but takes an array of texts'),
        ("[claude]\nmodel = []", 2, "model in [claude] is a list, but takes the name of a model"),
        ("[claude]\napi_key = 12345", 2, "api_key in [claude] takes a key"),
        ("[pool]\nsizes = 8", 2, "there is no 'sizes' in [pool]; did you mean size in [pool]?"),
        ("[pool]\npool_size = 8", 2, "there is no 'pool_size' in [pool]; did you mean size in [pool]?"),
        ("[pool]\npermission_mode = 1", 2, "there is no 'permission_mode' in [pool]; did you mean permission_mode in"),
        ("POOL_SIZE = 8", 1, "there is no 'POOL_SIZE' in the file, outside of its sections; did you mean size in"),
        ("[qqq]\nx = 1", 1, "there is no section [qqq]; docs/settings.md lists all there are"),
        ("[pools]\nsize = 1", 1, "there is no section [pools]; did you mean [pool]?"),
        ("[pool.size]\nx = 1", 1, "size in [pool] is a table, but takes"),
        ("pool = 3", 1, "there is no 'pool' in the file, outside of its sections"),
        ("[pool]\nsize = \n", 2, "this is no TOML: invalid value"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, says: str) -> None:
    (problem,) = read(text, FOLDER).problems
    assert (problem.line, problem.says[: len(says)]) == (line, says)


def test_all_that_is_wrong_is_told_at_once_and_in_order() -> None:
    found = read("[pool]\nsize = 0\nwarm_workers = 1\nmax_quue = 3\n[poool]\n", FOLDER)
    assert [problem.line for problem in found.problems] == [2, 4, 5]
    assert list(found.entries) == ["HOTSEAT_WARM_WORKERS"]


def test_a_wrong_secret_is_never_told() -> None:
    (problem,) = read('[claude]\napi_key = ["sk-ant-secret"]', FOLDER).problems
    assert "secret" not in problem.says


def test_lines_are_found_however_a_key_is_written() -> None:
    text = 'pool.size = 1\n"logs"."level" = "info"\n[ edge ] # x\n  "port"=1\n# [core]\nhost = "a"\n'
    assert {name: entry.line for name, entry in read(text, FOLDER).entries.items()} == {
        "POOL_SIZE": 1,
        "HOTSEAT_LOG_LEVEL": 2,
        "PORT": 4,
        "HOTSEAT_HOST": 6,
    }


@pytest.mark.parametrize(
    ("in_file", "above", "in_force"),
    [
        (["POOL_SIZE"], ["POOL_SIZE"], []),
        (["POOL_SIZE"], ["IDLE_TIMEOUT_MS"], ["POOL_SIZE"]),
        (["ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"], ["CLAUDE_CODE_OAUTH_TOKEN"], ["ANTHROPIC_BASE_URL"]),
        (["HOTSEAT_API_KEY_FILE", "ANTHROPIC_API_KEY"], ["HOTSEAT_API_KEY"], ["ANTHROPIC_API_KEY"]),
        (["HOTSEAT_CORE_SOCKET", "HOTSEAT_CORE_HOST"], ["HOTSEAT_CORE_PORT"], ["HOTSEAT_CORE_HOST"]),
        (["HOTSEAT_CORE_TARGET", "HOTSEAT_CORE_PORT"], ["HOTSEAT_CORE_SOCKET"], ["HOTSEAT_CORE_PORT"]),
        (["HOTSEAT_CORE_SOCKET", "HOTSEAT_CORE_PORT"], [], ["HOTSEAT_CORE_SOCKET", "HOTSEAT_CORE_PORT"]),
    ],
)
def test_what_was_said_elsewhere_sets_the_files_aside(
    in_file: list[str], above: list[str], in_force: list[str]
) -> None:
    assert list(layers.below(dict.fromkeys(in_file, ""), above)) == in_force


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_environment_beats_the_file_and_an_empty_value_does_not(tmp_path: Path) -> None:
    write(tmp_path / "hotseat.toml", "[pool]\nsize = 8\nwarm_workers = 2\nmax_queue = 3")
    environ = {"POOL_SIZE": "5", "HOTSEAT_MAX_QUEUE": "", "OTHER": ""}
    found = configured(environ, directory=tmp_path)
    assert found.values == {"POOL_SIZE": "5", "HOTSEAT_WARM_WORKERS": "2", "HOTSEAT_MAX_QUEUE": "3", "OTHER": ""}
    assert set(found.taken) == {"HOTSEAT_WARM_WORKERS", "HOTSEAT_MAX_QUEUE"}


def test_each_server_takes_what_is_its_own_and_the_edge_no_secret(tmp_path: Path) -> None:
    secrets = '[claude]\napi_key = "sk-ant-x"\n[access]\napi_key = "k"\n'
    text = f'{secrets}[edge]\nport = 1\n[pool]\nsize = 2\n[logs]\nlevel = "info"\n'
    write(tmp_path / "hotseat.toml", text, 0o600)
    assert set(configured({}, CORE_NAMES, tmp_path).taken) == {
        "ANTHROPIC_API_KEY",
        "HOTSEAT_API_KEY",
        "POOL_SIZE",
        "HOTSEAT_LOG_LEVEL",
    }
    assert set(configured({}, EDGE_NAMES, tmp_path).taken) == {"PORT", "HOTSEAT_LOG_LEVEL"}
    assert set(SETTINGS) == CORE_NAMES | EDGE_NAMES


def test_the_first_of_the_places_counts(tmp_path: Path) -> None:
    system = write(tmp_path / "etc/hotseat.toml", "")
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path / "home")}
    assert find(environ, tmp_path, system) == system
    home = write(tmp_path / "home/.config/hotseat/hotseat.toml", "")
    assert find({"HOME": environ["HOME"]}, tmp_path, system) == home
    xdg = write(tmp_path / "xdg/hotseat/hotseat.toml", "")
    assert find(environ, tmp_path, system) == xdg
    here = write(tmp_path / "hotseat.toml", "")
    assert find(environ, tmp_path, system) == here
    assert find({**environ, VARIABLE: "other.toml"}, tmp_path, system) == tmp_path / "other.toml"
    assert find({}, tmp_path / "home", tmp_path / "none") is None
    # A place that can't even be looked at, as a folder of root's: for root itself there is none but a name like this.
    assert find({}, tmp_path / "home", tmp_path / ("x" * 300) / "hotseat.toml") is None


@pytest.mark.parametrize("section", ["claude", "access"])
def test_a_secret_that_others_could_read_is_refused(tmp_path: Path, section: str) -> None:
    path = write(tmp_path / "hotseat.toml", f'[{section}]\napi_key = "sk-ant-of-mine-alone"', 0o640)
    with pytest.raises(ConfigurationError) as refused:
        read_file(path)
    assert str(refused.value).startswith(f"{path}:2: api_key stands here in clear, and others can read the file")
    assert f"chmod 600 {path}" in str(refused.value)
    assert "mine" not in str(refused.value)
    path.chmod(0o600)
    assert len(read_file(path).entries) == 1


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "can't be read: No such file or directory; name another one with --config"),
        (lambda path: path.mkdir(), "can't be read: Is a directory"),
        (lambda path: path.write_bytes(b"\xff"), "can't be read: it is no UTF-8"),
        (lambda path: path.write_text("#" * (1 << 20) + "#"), "is larger than a mebibyte"),
        (lambda path: path.write_text("[pool]\nsize = 0\nx = 1"), ":2: size in [pool] is 0, but takes a whole number"),
    ],
)
def test_a_file_that_can_not_be_used_is_one_line(tmp_path: Path, make: object, says: str) -> None:
    path = tmp_path / "named.toml"
    assert callable(make)
    make(path)
    with pytest.raises(ConfigurationError) as refused:
        configured({VARIABLE: str(path)})
    assert str(refused.value).removeprefix(str(path)).strip().startswith(says)
    assert "\n" not in str(refused.value)


def test_a_file_of_nothing_sets_nothing() -> None:
    found = configured({VARIABLE: os.devnull})
    assert (dict(found.taken), found.values) == ({}, {VARIABLE: os.devnull})
