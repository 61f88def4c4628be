"""What every client has by hand is the same in all: the table of reasons, and the version."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from hotseat.errors import CODES

CLIENTS = Path(__file__).parents[2] / "clients"
PROJECT = tomllib.loads((CLIENTS.parent / "pyproject.toml").read_text())["project"]


def words(name: str) -> str:
    """FailedPrecondition as FAILED_PRECONDITION."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def test_typescript_has_every_reason_with_its_code() -> None:
    source = (CLIENTS / "typescript/src/reasons.ts").read_text()
    table = {reason: words(code) for reason, code in re.findall(r"^  ([A-Z_]+): Code\.(\w+),$", source, re.MULTILINE)}
    assert table == {reason: code.name for reason, code in CODES.items()}


def test_go_has_every_reason_with_its_code() -> None:
    source = (CLIENTS / "go/reasons.go").read_text()
    names = dict(re.findall(r'^\t(\w+) +Reason = "([A-Z_]+)"$', source, re.MULTILINE))
    codes = dict(re.findall(r"^\t(\w+): +codes\.(\w+),$", source, re.MULTILINE))
    assert {names[name]: words(code) for name, code in codes.items()} == {r: code.name for r, code in CODES.items()}
    assert set(names) == set(codes)


def test_java_has_every_reason_with_its_code() -> None:
    source = (CLIENTS / "java/src/main/java/hotseat/Reason.java").read_text()
    assert dict(re.findall(r"^  ([A-Z_]+)\(Code\.(\w+)\)[,;]$", source, re.MULTILINE)) == {
        reason: code.name for reason, code in CODES.items()
    }


def test_every_client_has_the_version_of_the_house() -> None:
    assert json.loads((CLIENTS / "typescript/package.json").read_text())["version"] == PROJECT["version"]
    assert json.loads((CLIENTS / "typescript/package-lock.json").read_text())["version"] == PROJECT["version"]
    pom = (CLIENTS / "java/pom.xml").read_text()
    assert f"<artifactId>hotseat-client</artifactId>\n  <version>{PROJECT['version']}</version>" in pom
    assert f"<version>{PROJECT['version']}</version>" in (CLIENTS / "java/README.md").read_text()
    assert f"hotseat@v{PROJECT['version']}" in (CLIENTS / "go/README.md").read_text()
    assert tomllib.loads((CLIENTS / "python/pyproject.toml").read_text())["project"]["version"] == PROJECT["version"]
    assert f"hotseat-client=={PROJECT['version']}" in PROJECT["dependencies"]
    deployed = (CLIENTS.parent / "deploy/kubernetes/kustomization.yaml").read_text()
    assert f"newTag: {PROJECT['version']}\n" in deployed


@pytest.mark.parametrize("client", ["python", "typescript", "go", "java"])
def test_every_client_brings_the_licence(client: str) -> None:
    assert (CLIENTS / client / "LICENSE").read_text() == (CLIENTS.parent / "LICENSE").read_text()


def test_typescript_exports_every_message() -> None:
    protos = sorted(path.stem for path in (CLIENTS.parent / "proto/hotseat/v1").glob("*.proto"))
    exported = re.findall(r'"./hotseat/v1/(\w+)_pb.js"', (CLIENTS / "typescript/src/pb.ts").read_text())
    assert sorted(exported) == protos


def test_no_lock_file_names_a_registry() -> None:
    assert "http" not in (CLIENTS / "typescript/package-lock.json").read_text()
