"""The Kubernetes manifests are valid, agree with each other, and with what the servers read and do."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from hotseat.v1 import conversation_service_pb2, pool_service_pb2
from hotseat_core.settings import CoreSettings
from hotseat_edge.settings import Settings
from hotseat_serving.configuration.table import CORE_FIELDS, EDGE_FIELDS, SETTINGS

FOLDER = Path(__file__).parents[2] / "deploy/kubernetes"
VERSIONS = ("1.31", "1.37")  # the oldest that its makers may still support somewhere, and the newest
_MIB = {"Mi": 1, "Gi": 1024}
_SERVICES = {
    conversation_service_pb2.DESCRIPTOR.services_by_name["ConversationService"].full_name,
    pool_service_pb2.DESCRIPTOR.services_by_name["PoolService"].full_name,
}


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


@cache
def resources() -> tuple[dict[str, Any], ...]:
    """Everything that `kubectl apply -k` makes."""
    texts = [(FOLDER / name).read_text(encoding="utf-8") for name in read("kustomization.yaml")["resources"]]
    return tuple(document for text in texts for document in yaml.safe_load_all(text))


def one(kind: str, name: str) -> dict[str, Any]:
    """The one resource of this kind and name."""
    (found,) = [each for each in resources() if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def pod(server: str) -> dict[str, Any]:
    """How the pods of the core or of the edge are made."""
    template: dict[str, Any] = one({"core": "StatefulSet", "edge": "Deployment"}[server], server)["spec"]["template"]
    return template


def container(server: str) -> dict[str, Any]:
    (found,) = pod(server)["spec"]["containers"]
    assert found["args"] == [server]
    return dict(found)


def environment(server: str) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container(server)["env"]}


def matching(kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What resources of this kind say which pods they are about."""
    for each in resources():
        if each["kind"] == kind:
            spec = each["spec"]
            selector = spec.get("selector") or spec.get("podSelector")
            yield each["metadata"]["name"], selector.get("matchLabels", selector)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests_are_what_kubernetes_takes(version: str) -> None:
    for resource in resources():
        kubernetes_validate.validate(resource, version, strict=True)


def test_a_misspelt_field_is_not_taken() -> None:
    wrong = {**one("StatefulSet", "core"), "spec": {**one("StatefulSet", "core")["spec"], "replica": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_every_file_is_applied() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == {
        *read("kustomization.yaml")["resources"],
        "kustomization.yaml",
    }


@pytest.mark.parametrize("kind", ["Service", "NetworkPolicy", "PodDisruptionBudget", "StatefulSet", "Deployment"])
def test_what_chooses_pods_chooses_some(kind: str) -> None:
    labels = [pod(server)["metadata"]["labels"] for server in ("core", "edge")]
    chosen = [(name, [found for found in labels if wanted.items() <= found.items()]) for name, wanted in matching(kind)]
    assert chosen
    assert [name for name, found in chosen if len(found) != 1] == []


@pytest.mark.parametrize(("server", "fields"), [("core", CORE_FIELDS), ("edge", EDGE_FIELDS)])
def test_a_server_is_given_settings_that_it_reads(server: str, fields: dict[str, str]) -> None:
    credentials = {name for name in SETTINGS if name.endswith("_FILE")}
    assert set(environment(server)) <= {*fields.values(), *(credentials if server == "core" else ())}


def test_no_name_of_the_clusters_becomes_a_setting() -> None:
    """A Service called `hotseat` would be HOTSEAT_PORT in every pod."""
    assert [pod(server)["spec"]["enableServiceLinks"] for server in ("core", "edge")] == [False, False]


def test_a_server_listens_where_it_is_looked_for() -> None:
    ports = {port["name"]: port["containerPort"] for server in ("core", "edge") for port in container(server)["ports"]}
    metrics = int(environment("core")["HOTSEAT_METRICS_PORT"])
    assert ports == {"grpc": CoreSettings().port, "metrics": metrics, "http": Settings().port}
    service = {port["name"]: port["port"] for port in one("Service", "core")["spec"]["ports"]}
    assert environment("edge")["HOTSEAT_CORE_TARGET"] == f"core:{service['grpc']}"
    for name in ("core", "hotseat"):
        assert {port["targetPort"] for port in one("Service", name)["spec"]["ports"]} <= set(ports)


def test_who_lives_and_who_is_ready_are_asked_apart() -> None:
    core, edge = container("core"), container("edge")
    asked = {probe: core[probe]["grpc"]["service"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert set(asked.values()) == _SERVICES
    # Its calls go on while the pool drains: a restart then would cut the turns that are waited for.
    assert asked["livenessProbe"].endswith(".PoolService")
    assert asked["readinessProbe"].endswith(".ConversationService")
    assert (edge["livenessProbe"]["httpGet"]["path"], edge["readinessProbe"]["httpGet"]["path"]) == (
        "/livez",
        "/readyz",
    )


def test_the_end_is_waited_for() -> None:
    core, edge = pod("core")["spec"], pod("edge")["spec"]
    assert core["terminationGracePeriodSeconds"] >= CoreSettings().drain_timeout_ms / 1000 + 30
    pause_s = int(container("edge")["lifecycle"]["preStop"]["exec"]["command"][-1])
    unready_s = container("edge")["readinessProbe"]["periodSeconds"]
    assert pause_s > unready_s
    assert edge["terminationGracePeriodSeconds"] >= pause_s + Settings().drain_s + 10


def test_idle_processes_end_before_the_kernel_ends_the_core() -> None:
    limit = container("core")["resources"]["limits"]["memory"]
    assert int(environment("core")["HOTSEAT_MEMORY_LIMIT_MB"]) + 512 <= int(limit[:-2]) * _MIB[limit[-2:]]


@pytest.mark.parametrize("server", ["core", "edge"])
def test_a_server_has_no_rights_and_writes_only_where_it_may(server: str) -> None:
    spec, found = pod(server)["spec"], container(server)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    security = found["securityContext"]
    assert (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"]) == (True, False)
    assert security["capabilities"] == {"drop": ["ALL"]}
    mounted = [mount["mountPath"] for mount in found["volumeMounts"]]
    assert [
        path for path in environment(server).values() if path.startswith("/") and not _is_below(path, mounted)
    ] == []


def test_secrets_come_as_files_that_are_there() -> None:
    given = environment("core")
    files = {name: value for name, value in given.items() if name.endswith("_FILE")}
    (mount,) = [mount for mount in container("core")["volumeMounts"] if mount["name"] == "secrets"]
    assert {value.rpartition("/")[0] for value in files.values()} == {mount["mountPath"]}
    guide = (FOLDER.parents[1] / "docs/deployment.md").read_text(encoding="utf-8")
    assert [
        key for value in files.values() if f"--from-literal={(key := value.rpartition('/')[2])}=" not in guide
    ] == []
    assert [name for name in given if name in SETTINGS and SETTINGS[name].is_secret] == []


def test_the_sandbox_changes_what_is_there() -> None:
    patches = read("sandbox/kustomization.yaml")["patches"]
    assert [one(patch["target"]["kind"], patch["target"]["name"])["kind"] for patch in patches] == [
        "Namespace",
        "StatefulSet",
    ]
    (changed,) = yaml.safe_load(patches[1]["patch"])["spec"]["template"]["spec"]["containers"]
    assert changed["name"] == container("core")["name"]
    assert {entry["name"] for entry in changed["env"]} <= set(CORE_FIELDS.values())


def _is_below(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
