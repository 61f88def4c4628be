"""What the container files start serves: the same commands and settings, on this machine instead of in containers."""

import asyncio
import os
import re
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio
import httpx
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc
from hotseat_core.settings import CREDENTIALS, CoreSettings
from hotseat_demo.server import DemoModel
from hotseat_edge.settings import Settings

ROOT = Path(__file__).parents[2]
KEY = "hs_containers-containers-containers"
_FOLDERS = ("/run/secrets/hotseat", "/run/hotseat", "/workspace", "/data")
_DEADLINE_S = 45.0


@dataclass(frozen=True)
class Container:
    """What one container runs."""

    command: Sequence[str]
    environment: Mapping[str, str]
    check: Sequence[str] = ()  # is it healthy?


def image_environment() -> dict[str, str]:
    """What the image gives every container."""
    found = re.search(r"^ENV (.*)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    given = dict(pair.split("=", 1) for pair in found[1].split())
    assert given.pop("PATH").startswith("/opt/hotseat/bin:")
    return given


def compose(dotenv: Mapping[str, str]) -> dict[str, Container]:
    """What `docker compose up` would run with this .env."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return {
        name: Container(
            services[name]["command"],
            image_environment()
            | {key: interpolated(value, dotenv) for key, value in services[name]["environment"].items()},
            services[name]["healthcheck"]["test"],
        )
        for name in ("core", "edge")
    }


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """The value with its variables filled in, as compose does it; one that must be there and is not fails."""

    def value(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if values.get(name):
            return values[name]
        assert how != ":?", f"{name}: {rest}"
        return rest or ""

    return re.sub(r"\$\{(\w+)(:-|:\?)?([^}]*)\}", value, text)


def kubernetes() -> dict[str, Container]:
    """What the pods would run."""
    found = {}
    for name in ("core", "edge"):
        resource = next(yaml.safe_load_all((ROOT / f"deploy/kubernetes/{name}.yaml").read_text(encoding="utf-8")))
        (container,) = resource["spec"]["template"]["spec"]["containers"]
        given = {entry["name"]: entry["value"] for entry in container["env"]}
        found[name] = Container(container["args"], image_environment() | given)
    return found


def on_this_machine(given: Mapping[str, str], directory: Path) -> dict[str, str]:
    """The settings with folders of the test's own; an empty variable counts as unset everywhere."""
    changed = dict(given)
    for name, value in given.items():
        for folder in _FOLDERS:
            if value.removeprefix("unix:").startswith(folder):
                changed[name] = value.replace(folder, str(directory / folder.rpartition("/")[2]), 1)
    return changed | {name: "127.0.0.1" for name in changed if name.endswith("_HOST")}


def program(words: Sequence[str]) -> list[str]:
    """The image's `hotseat` and `python`, as they are here."""
    ours = {"hotseat": [sys.executable, "-m", "hotseat_cli"], "python": [sys.executable]}
    return [*ours[words[0]], *words[1:]]


@asynccontextmanager
async def serving(container: Container, environment: Mapping[str, str], directory: Path) -> AsyncIterator[str]:
    """Run the container's command; yield where it listens. It must end well when it is told to stop."""
    with (directory / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *program(["hotseat", *container.command]),
            env={"PATH": os.environ["PATH"], "HOME": str(directory)} | dict(environment),
            cwd=directory,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_DEADLINE_S):
            line = (await process.stdout.readline()).decode()
        assert " listening on " in line, (directory / "log").read_text()[-2000:]
        yield line.split()[-1]
        process.terminate()
        assert await asyncio.wait_for(process.wait(), _DEADLINE_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ran(command: Sequence[str], environment: Mapping[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": os.environ["PATH"]} | dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), _DEADLINE_S)
    return process.returncode, said.decode()


async def answer(url: str) -> str:
    """What is answered through the edge."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=_DEADLINE_S) as http:
        for path in ("/livez", "/readyz"):
            assert (await http.get(path)).status_code == 200
        assert (await http.get("/v1/models")).status_code == 401
        question = {"model": "claude", "messages": [{"role": "user", "content": "[[say carried by containers]]"}]}
        answered = await http.post("/v1/chat/completions", json=question, headers={"Authorization": f"Bearer {KEY}"})
        return str(answered.json()["choices"][0]["message"]["content"])


def ground(directory: Path) -> None:
    for folder in _FOLDERS:
        (directory / folder.rpartition("/")[2]).mkdir(exist_ok=True)  # two share a name, and never a container
    (directory / "hotseat").chmod(0o700)


@pytest.mark.timeout(180)
async def test_compose_runs_a_core_and_an_edge_that_are_healthy_and_answer(tmp_path: Path) -> None:
    ground(tmp_path)
    async with DemoModel() as demo, AsyncExitStack() as house:
        dotenv = {"HOTSEAT_API_KEY": KEY, "ANTHROPIC_API_KEY": "demo", "ANTHROPIC_BASE_URL": demo.url}
        containers = compose(dotenv)
        core = on_this_machine(containers["core"].environment, tmp_path)
        target = await house.enter_async_context(serving(containers["core"], core, tmp_path))
        assert target == f"unix:{tmp_path}/hotseat/core.sock"
        edge = on_this_machine(containers["edge"].environment, tmp_path) | {"PORT": "0"}
        url = await house.enter_async_context(serving(containers["edge"], edge, tmp_path))
        assert await answer(url) == "carried by containers"
        for name, environment in (("core", core), ("edge", edge)):
            _, *words = containers[name].check
            here = [word.replace("http://127.0.0.1:3000", url) for word in words]
            assert (await ran(program(here), environment))[0] == 0, name
    _, *words = containers["core"].check
    assert (await ran(program(words), core))[0] == 1  # nothing is left that could be healthy


@pytest.mark.timeout(180)
async def test_the_pods_serve_what_their_probes_ask_for_and_can_be_backed_up(tmp_path: Path) -> None:
    ground(tmp_path)
    (tmp_path / "hotseat/api-key").write_text(KEY)
    (tmp_path / "hotseat/anthropic-api-key").write_text("demo\n")
    containers = kubernetes()
    free = {"HOTSEAT_CORE_PORT": "0", "HOTSEAT_METRICS_PORT": "0", "POOL_SIZE": "1"}
    async with DemoModel() as demo, AsyncExitStack() as house:
        core = on_this_machine(containers["core"].environment, tmp_path) | free | {"ANTHROPIC_BASE_URL": demo.url}
        target = await house.enter_async_context(serving(containers["core"], core, tmp_path))
        edge = on_this_machine(containers["edge"].environment, tmp_path) | {"PORT": "0", "HOTSEAT_CORE_TARGET": target}
        url = await house.enter_async_context(serving(containers["edge"], edge, tmp_path))
        assert await answer(url) == "carried by containers"
        async with grpc.aio.insecure_channel(target) as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            for service in ("hotseat.v1.PoolService", "hotseat.v1.ConversationService"):
                said = await health.Check(health_pb2.HealthCheckRequest(service=service), timeout=_DEADLINE_S)
                assert said.status == health_pb2.HealthCheckResponse.SERVING
        await back_up(tmp_path / "data", tmp_path)


async def back_up(data: Path, target: Path) -> None:
    """The lines of docs/upgrading.md copy the files of a core that runs."""
    (told,) = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "docs/upgrading.md").read_text(), re.MULTILINE | re.DOTALL)
    script = told.replace("/var/lib/hotseat", str(data)).replace("/var/backups/hotseat", str(target))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    assert await ran(["bash", "-ec", script], {"PATH": path}) == (0, "")
    with sqlite3.connect(target / "journal.db") as copy:
        assert copy.execute("PRAGMA quick_check").fetchone() == ("ok",)
    assert (target / "keys.db").stat().st_size > 0


def test_a_secret_of_compose_is_where_the_core_looks_for_it() -> None:
    added = yaml.safe_load((ROOT / "deploy/compose/secrets.yml").read_text(encoding="utf-8"))
    core = added["services"]["core"]
    assert set(added["secrets"]) == set(core["secrets"])
    read = {f"/run/secrets/{name}" for name in core["secrets"]}
    assert {value for name, value in core["environment"].items() if name in CREDENTIALS} == read


def test_a_container_has_longer_to_end_than_its_turns() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    grace = {name: int(services[name]["stop_grace_period"].removesuffix("s")) for name in ("core", "edge")}
    assert grace["core"] >= CoreSettings().drain_timeout_ms / 1000 + 15
    assert grace["edge"] >= Settings().drain_s + 10


def test_a_container_is_no_root_and_writes_only_to_volumes() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    for name in ("core", "edge"):
        service = services[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        mounted = {volume.partition(":")[2] for volume in service["volumes"]} | {"/tmp"}
        assert {entry.partition(":")[0] for entry in service["tmpfs"]} == {"/tmp"}
        if name == "core":
            assert {path for path in image_environment().values() if path.startswith("/")} <= mounted
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    # What the CLI speaks is tied to its version: the image has the tested one, and nothing newer by chance.
    assert "-c /src/constraints.txt" in text
    assert re.search(r"^claude-agent-sdk==[\d.]+$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)


@pytest.mark.timeout(60)
async def test_the_images_own_check_asks_the_port_that_is_set() -> None:
    found = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert found
    command = program(yaml.safe_load(found[1]))

    async def alive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.readline()
        writer.write(b"HTTP/1.0 %s\r\n\r\n" % (b"200 OK" if asked.startswith(b"GET /livez ") else b"404 no"))
        writer.close()

    async with await asyncio.start_server(alive, "127.0.0.1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        assert await ran(command, {"PORT": port}) == (0, "")
    assert (await ran(command, {"PORT": port}))[0] == 1
