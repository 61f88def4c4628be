"""`hotseat keys`, asked of a real KeyService, and on the file itself."""

import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import grpc.aio
import pytest
from hotseat.v1.key_service_pb2_grpc import add_KeyServiceServicer_to_server
from hotseat.v1.login_service_pb2_grpc import add_LoginServiceServicer_to_server
from hotseat_core.access.keyring import Keyring
from hotseat_core.access.mode import AuthMode
from hotseat_core.access_interceptor import AccessInterceptor
from hotseat_core.interceptors import StatusInterceptor
from hotseat_core.key_servicer import KeyServicer
from hotseat_core.login_servicer import LoginServicer

from tests.cli.operator import Operate, operator


@dataclass
class Desk:
    """A core's keys, and an operator in an empty directory."""

    operate: Operate
    keyring: Keyring
    data_dir: Path
    environment: pytest.MonkeyPatch

    def show(self, secret: str) -> None:
        self.environment.setenv("HOTSEAT_API_KEY", secret)


@pytest.fixture
async def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Desk]:
    monkeypatch.chdir(tmp_path)
    for name in ("HOTSEAT_API_KEY", "PORT"):
        monkeypatch.delenv(name, raising=False)
    data_dir = tmp_path / "data"
    async with Keyring(data_dir) as keyring:
        server = grpc.aio.server(interceptors=[StatusInterceptor(), AccessInterceptor(keyring)])
        servicer = KeyServicer(keyring, lambda: AuthMode.KEYS if keyring.needs_key else AuthMode.OPEN)
        add_KeyServiceServicer_to_server(servicer, server)
        add_LoginServiceServicer_to_server(LoginServicer(keyring), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        yield Desk(operator(f"127.0.0.1:{port}", monkeypatch, capsys), keyring, data_dir, monkeypatch)
        await server.stop(None)


async def test_a_first_key_that_leaves_nobody_in_charge_says_so(desk: Desk, tmp_path: Path) -> None:
    first = await desk.operate("keys create web")
    assert (first.code, "no admin's" in first.err) == (0, True)
    elsewhere = f"--data-dir {tmp_path / 'elsewhere'}"
    told = [(await desk.operate(f"keys create {name} {elsewhere}")).err for name in ("web", "app")]
    assert ["no admin's" in each for each in told] == [True, False]


@pytest.mark.parametrize("line", ["keys create ''", "keys create ' '", "keys update key_0123456789abcdef --name ''"])
async def test_a_key_without_a_name_is_made_by_nobody(desk: Desk, line: str) -> None:
    assert (await desk.operate(line)).code == 2
    assert not desk.keyring.needs_key


async def test_a_key_is_made_shown_once_listed_and_revoked(desk: Desk) -> None:
    made = await desk.operate("keys create me --scope converse --scope admin")
    assert made.code == 0
    secret = made.out.strip()
    assert secret.startswith("hs_")
    assert "it is not shown again" in made.err
    assert "no admin's" not in made.err
    desk.show(secret)
    listed = await desk.operate("keys ls")
    assert [word in listed.out for word in ("me", "converse,admin", "valid", secret)] == [True, True, True, False]
    (key,) = json.loads((await desk.operate("keys ls --json")).out)["keys"]
    assert (await desk.operate(f"keys revoke {key['key_id']}")).out == f"{key['key_id']} is revoked\n"
    assert (await desk.operate("keys ls")).code == 1


async def test_what_a_key_may_do_is_what_was_asked_for(desk: Desk) -> None:
    line = (
        "keys create web --tenant acme --requests-per-minute 60 --concurrent-turns 4 --concurrent-calls 8 "
        "--tokens-per-day 1000 --usd-per-day 2.5 --weight 3 --expires-in 1h --json"
    )
    made = json.loads((await desk.operate(line)).out)
    key = made["key"]
    assert (key["tenant"], key["scopes"], key["weight"]) == ("acme", ["converse"], 3.0)
    assert key["limits"] == {
        "requests_per_minute": 60, "concurrent_turns": 4, "concurrent_calls": 8, "tokens_per_day": 1000,
        "usd_per_day": 2.5,
    }  # fmt: skip
    assert key["expire_time"] > key["create_time"]
    desk.show(made["secret"])
    told = (await desk.operate("keys whoami")).out
    assert "acme" in told
    assert "60/min, 4 turns at once, 8 calls at once, 1000 tokens/day, $2.50/day" in told


async def test_a_key_is_changed_and_what_is_not_named_stays(desk: Desk) -> None:
    desk.show((await desk.operate("keys create me --scope admin")).out.strip())
    made = json.loads((await desk.operate("keys create web --tenant acme --usd-per-day 2 --expires-in 1h --json")).out)
    key_id = made["key"]["key_id"]
    line = (
        f"keys update {key_id} --name site --tokens-per-day 1000 --concurrent-calls 3 --usd-per-day 0 --never-expires "
        "--json"
    )
    changed = json.loads((await desk.operate(line)).out)["key"]
    assert (changed["name"], changed["tenant"], changed["expire_time"]) == ("site", "acme", None)
    assert (changed["limits"]["tokens_per_day"], changed["limits"]["usd_per_day"]) == (1000, None)
    assert (changed["scopes"], changed["limits"]["concurrent_calls"]) == (["converse"], 3)
    at = f"--data-dir {desk.data_dir}"
    told = await desk.operate(f"keys update {key_id} --scope admin --expires-in 1h {at}")
    assert (told.code, "site" in told.out, "admin" in told.out) == (0, True, True)
    assert (await desk.operate(f"keys update {key_id}")).code == 2
    assert (await desk.operate(f"keys update {key_id} --expires-in 1h --never-expires")).code == 2
    missing = await desk.operate("keys update key_none --name x")
    assert (missing.code, "there is no key key_none" in missing.err) == (1, True)


async def test_a_link_logs_a_browser_in_as_the_key_that_is_shown(desk: Desk) -> None:
    desk.show((await desk.operate("keys create me")).out.strip())
    told = await desk.operate("keys login-link --url https://hotseat.example.com/")
    assert told.out.startswith("https://hotseat.example.com/#/login/hs_login_")
    assert "once" in told.err
    made = json.loads((await desk.operate("keys login-link --expires-in 5m --json")).out)
    assert set(made) == {"url", "expire_time"}
    assert made["url"].startswith("http://127.0.0.1:3000/#/login/hs_login_")


async def test_who_has_no_key_is_told_where_to_get_one(desk: Desk) -> None:
    await desk.operate("keys create me")
    refused = await desk.operate("keys ls")
    assert refused.code == 1
    assert "needs an API key" in refused.err
    assert "--data-dir" in refused.err


async def test_who_may_not_is_told_the_scope(desk: Desk) -> None:
    desk.show((await desk.operate("keys create me")).out.strip())
    refused = await desk.operate("keys create another")
    assert (refused.code, "scope admin" in refused.err) == (1, True)


async def test_the_files_owner_needs_no_key(desk: Desk) -> None:
    await desk.operate("keys create user")
    at = f"--data-dir {desk.data_dir}"
    rescued = await desk.operate(f"keys create rescue --scope admin {at}")
    assert (rescued.code, rescued.out[:3]) == (0, "hs_")
    assert "rescue" in (await desk.operate(f"keys ls {at}")).out
    (_, key) = json.loads((await desk.operate(f"keys ls --json {at}")).out)["keys"]
    assert key["name"] == "rescue"
    assert (await desk.operate(f"keys revoke {key['key_id']} {at}")).code == 0
    assert "rescue" not in (await desk.operate(f"keys ls {at}")).out
    assert "rescue" in (await desk.operate(f"keys ls --all {at}")).out
    missing = await desk.operate(f"keys revoke key_none {at}")
    assert (missing.code, "there is no key key_none" in missing.err) == (1, True)


async def test_a_key_in_a_file_is_found(desk: Desk) -> None:
    made = await desk.operate("keys create me --scope admin")
    (desk.data_dir / "mine").write_text(made.out)
    desk.environment.setenv("HOTSEAT_API_KEY_FILE", str(desk.data_dir / "mine"))
    assert (await desk.operate("keys ls")).code == 0
    desk.environment.setenv("HOTSEAT_API_KEY_FILE", str(desk.data_dir / "none"))
    assert (await desk.operate("keys ls")).code == 2


async def test_the_first_key_can_be_made_before_the_core_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOTSEAT_DATA_DIR", str(tmp_path / "data"))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HOTSEAT_CORE_PORT", str(closed.getsockname()[1]))
        made = await operator("", monkeypatch, capsys)("keys create me --scope admin")
        assert (made.code, f"made in {tmp_path / 'data'}" in made.err) == (0, True)
        elsewhere = await operator(f"127.0.0.1:{closed.getsockname()[1]}", monkeypatch, capsys)("keys create me")
        assert (elsewhere.code, elsewhere.out) == (1, "")
    async with Keyring(tmp_path / "data") as keyring:
        assert keyring.identify(made.out.strip()).is_admin
