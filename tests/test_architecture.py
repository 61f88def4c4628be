"""Who may import whom, who may read the environment, what is pure, and how long a module may be."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {
    "hotseat": ROOT / "clients/python/hotseat",
    "hotseat_core": ROOT / "core/hotseat_core",
    "hotseat_edge": ROOT / "edge/hotseat_edge",
    "hotseat_serving": ROOT / "serving/hotseat_serving",
    "hotseat_cli": ROOT / "cli/hotseat_cli",
    "hotseat_demo": ROOT / "demo/hotseat_demo",
}
MOST_LINES = 300

# Whom of ours each package may import, besides itself.
ALLOWED = {
    "hotseat": set[str](),
    "hotseat_core": {"hotseat", "hotseat_serving"},
    "hotseat_edge": {"hotseat", "hotseat_serving"},
    "hotseat_serving": set[str](),
    "hotseat_cli": {"hotseat", "hotseat_serving"},
    "hotseat_demo": set[str](),
}

# In core, who may know the wire's messages; everybody else speaks in the core's own words.
WIRE = {
    "hotseat_core.convert": "translates ours into the wire's messages",
    "hotseat_core.parse": "translates the wire's messages into ours",
    "hotseat_core.parse_content": "translates what was said",
    "hotseat_core.parse_tools": "translates the client's tools",
    "hotseat_core.conversation_servicer": "serves ConversationService",
    "hotseat_core.archive_servicer": "serves its readers and keepers",
    "hotseat_core.convert_content": "translates what was said into the wire's messages",
    "hotseat_core.convert_note": "translates turns with their notes",
    "hotseat_core.parse_note": "translates what clients keep",
    "hotseat_core.parse_given": "tells which settings of a message are set",
    "hotseat_core.note_servicer": "serves what clients keep",
    "hotseat_core.workspace_servicer": "serves the workspaces that they name",
    "hotseat_core.converse": "serves its one streaming method",
    "hotseat_core.pool_servicer": "serves PoolService",
    "hotseat_core.pool_messages": "shows the pool in the wire's messages",
    "hotseat_core.pool_watch": "serves its watchers",
    "hotseat_core.pool_visibility": "leaves out of its answers what a caller may not see",
    "hotseat_core.key_servicer": "serves KeyService",
    "hotseat_core.login_servicer": "serves LoginService",
    "hotseat_core.convert_keys": "translates keys and callers",
    "hotseat_core.offline_keys": "serves KeyService without a server",
    "hotseat_core.interceptors": "turns our errors into a status with details",
    "hotseat_core.server": "registers the servicers",
}

# Pure: they take values and return values. No loop, no network, no clock.
PURE = {
    "hotseat_core.access.key",
    "hotseat_core.access.mode",
    "hotseat_core.access.policy",
    "hotseat_core.conversation.calling",
    "hotseat_core.conversation.history",
    "hotseat_core.conversation.recognition",
    "hotseat_core.conversation.retention",
    "hotseat_core.conversation.turn",
    "hotseat_core.conversation.ways",
    "hotseat_core.egress.asking",
    "hotseat_core.egress.rules",
    "hotseat_core.journal.cursor",
    "hotseat_core.journal.node",
    "hotseat_core.journal.store",
    "hotseat_core.pool.backoff",
    "hotseat_core.pool.fairness",
    "hotseat_core.pool.ledger",
    "hotseat_core.pool.policy",
    "hotseat_core.pool.prospect",
    "hotseat_core.pool.room",
    "hotseat_core.pool.serving",
    "hotseat_core.pool.spares",
    "hotseat_core.pool.worth",
    "hotseat_core.worker.appetite",
    "hotseat_core.worker.dialect",
    "hotseat_core.worker.json_text",
    "hotseat_core.worker.output_schema",
    "hotseat_core.upstream.account",
    "hotseat_core.upstream.heads",
    "hotseat_core.upstream.meter",
    "hotseat_core.upstream.models",
    "hotseat_core.upstream.provider",
    "hotseat_core.upstream.refusals",
    "hotseat_core.worker.profile",
    "hotseat_core.worker.command",
    "hotseat_core.worker.frames",
    "hotseat_core.worker.control",
    "hotseat_core.worker.opening",
    "hotseat_core.worker.shaping",
    "hotseat_core.worker.translate",
    "hotseat_edge.http2.framing",
    "hotseat_edge.openai.schema",
    "hotseat_edge.openai.request",
    "hotseat_edge.openai.stream",
    "hotseat_edge.limits",
    "hotseat_edge.openai.errors",
    "hotseat_edge.openai.activity",
    "hotseat_edge.openai.completions",
    "hotseat_edge.openai.fields",
    "hotseat_edge.openai.output_format",
    "hotseat_edge.openapi.document",
    "hotseat_edge.openapi.shapes",
    "hotseat_cli.configuring.shown",
    "hotseat_cli.configuring.starter",
    "hotseat_serving.configuration.document",
    "hotseat_serving.configuration.kinds",
    "hotseat_serving.configuration.layers",
    "hotseat_serving.configuration.serving_rows",
    "hotseat_serving.configuration.setting",
    "hotseat_serving.configuration.table",
    "hotseat_serving.configuration.telling_rows",
    "hotseat_serving.configuration.work_rows",
    "hotseat_serving.configuration.worker_rows",
    "hotseat_serving.exposure",
    "hotseat_serving.scrub",
    "hotseat_serving.trace_context",
    "hotseat_cli.banner",
    "hotseat_cli.diagnosis.findings",
    "hotseat_cli.diagnosis.judging",
    "hotseat_cli.diagnosis.workers",
    "hotseat_cli.dotenv",
    "hotseat_cli.logged.lines",
    "hotseat_cli.operate.humane",
    "hotseat_cli.operate.key_records",
    "hotseat_cli.operate.picture",
    "hotseat_cli.operate.records",
    "hotseat_cli.operate.tables",
    "hotseat_cli.script",
    "hotseat_cli.upstream",
    "hotseat_demo.asks",
    "hotseat_demo.directives",
    "hotseat_demo.dump",
    "hotseat_demo.fill",
    "hotseat_demo.plain",
    "hotseat_demo.queued",
    "hotseat_demo.replies",
    "hotseat_demo.reply",
    "hotseat_demo.rules",
    "hotseat_demo.seen",
    "hotseat_demo.sidecalls",
    "hotseat_demo.stream",
    "hotseat_demo.tokens",
    "hotseat_demo.tools",
}
IMPURE_IMPORTS = {"asyncio", "grpc", "aiohttp", "time", "socket", "subprocess", "threading", "random"}
CLOCKS = {"now", "utcnow", "today"}


@dataclass(frozen=True)
class Module:
    name: str
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        return self.name.partition(".")[0]

    def imports(self) -> Iterator[str]:
        """Every module that it imports, wherever in it the import stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                yield base
                # `from hotseat import pb` imports a module too.
                yield from (f"{base}.{alias.name}" for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        is_package = self.path.name == "__init__.py"
        parents = self.name.split(".")
        base = parents[: len(parents) - node.level + is_package]
        return ".".join([*base, node.module] if node.module else base)


@cache
def modules() -> tuple[Module, ...]:
    """Every module of ours that a person wrote."""
    return tuple(
        Module(_name(package, root, path), path, ast.parse(path.read_text(encoding="utf-8")))
        for package, root in SOURCES.items()
        for path in sorted(root.rglob("*.py"))
        if "v1" not in path.relative_to(root).parts
    )


def _name(package: str, root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join([package, *(part for part in parts if part != "__init__")])


def _is_of(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("package", SOURCES)
def test_dependencies_point_one_way(package: str) -> None:
    forbidden = set(SOURCES) - ALLOWED[package] - {package}
    wrong = [
        f"{module.name} imports {name}"
        for module in modules()
        if module.package == package
        for name in module.imports()
        if any(_is_of(name, other) for other in forbidden)
    ]
    assert wrong == []


def test_in_the_core_only_the_rim_knows_the_wires_messages() -> None:
    wrong = [
        f"{module.name} imports {name}"
        for module in modules()
        if module.package == "hotseat_core" and module.name not in WIRE
        for name in module.imports()
        if _is_of(name, "hotseat.v1") or _is_of(name, "hotseat.pb")
    ]
    assert wrong == []


def test_only_settings_read_the_environment() -> None:
    wrong = [
        f"{module.name}: {ast.unparse(node)}"
        for module in modules()
        # A __main__ hands the environment to its settings, whole.
        if module.name.rpartition(".")[2] not in {"settings", "__main__"}
        for node in ast.walk(module.tree)
        if _reads_environment(node)
    ]
    assert wrong == []


def _reads_environment(node: ast.AST) -> bool:
    names = {"environ", "environb", "getenv", "getenvb"}
    if isinstance(node, ast.Attribute):
        return node.attr in names and isinstance(node.value, ast.Name) and node.value.id == "os"
    return isinstance(node, ast.ImportFrom) and node.module == "os" and any(a.name in names for a in node.names)


@pytest.mark.parametrize("name", sorted(PURE))
def test_what_decides_is_pure(name: str) -> None:
    (module,) = [module for module in modules() if module.name == name]
    imported = {top.partition(".")[0] for top in module.imports()} & IMPURE_IMPORTS
    clocks = {
        f"{ast.unparse(node)}, line {node.lineno}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS and "date" in ast.unparse(node.value)
    }
    assert imported | clocks == set()


def test_no_module_is_too_long() -> None:
    written = [*(module.path for module in modules()), *ROOT.glob("bench/**/*.py")]
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in written}
    assert {str(path): lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_only_the_command_prints() -> None:
    wrong = [
        f"{module.name}, line {node.lineno}"
        for module in modules()
        if module.package != "hotseat_cli" and module.name.rpartition(".")[2] != "__main__"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["utils", "helpers", "helper", "manager", "common", "misc"])
def test_no_module_is_named_after_nothing(name: str) -> None:
    assert [module.name for module in modules() if name in re.split(r"[._]", module.name)] == []


def test_every_exception_to_the_rules_still_exists() -> None:
    existing = {module.name for module in modules()}
    assert {name for name in (*PURE, *WIRE) if name not in existing} == set()
