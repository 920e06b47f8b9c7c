"""Objects of the short form: pinned by digest, hardened, without replicas, the same for every colour."""

from __future__ import annotations

import json
from typing import Any

from platforms.kubernetes import names
from platforms.kubernetes.render import Place, render

PLACE = Place("production", "registry.example/hmhp")
DIGEST = "sha256:" + "a" * 64


def entry(kind: str = "http", *, manifest: dict[str, Any] | None = None, **section: Any) -> dict[str, Any]:
    """A content's entry with that `kubernetes` section."""
    return {
        "kind": kind,
        "artifact": DIGEST,
        "edge": kind == "http",
        "drain_seconds": 900,
        "configuration": {"LOG_LEVEL": "info"},
        "manifest": {"health": "/healthz", **(manifest or {}), "kubernetes": section},
        "secrets": {"DATABASE_URL": "7"},
    }


def objects(*, kind: str = "http", **section: Any) -> dict[str, dict[str, Any]]:
    """The objects of one component by kind."""
    found, problems = render({"web": entry(kind, **section), "records": entry()}, PLACE)
    assert problems == []
    return {item["kind"]: item for item in found["web"]}


def pod(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The pod of its Deployment."""
    spec: dict[str, Any] = found["Deployment"]["spec"]["template"]["spec"]
    return spec


def problems(**section: Any) -> str:
    """What is wrong with a section."""
    return " ".join(render({"web": entry(**section)}, PLACE)[1])


def test_image_is_pinned_by_digest() -> None:
    assert pod(objects())["containers"][0]["image"] == f"registry.example/hmhp/web@{DIGEST}"
    own = pod(objects(image="other.example/team/web:1.2"))["containers"][0]["image"]
    assert own == f"other.example/team/web:1.2@{DIGEST}"


def test_same_content_renders_to_the_same_bytes_without_replicas_or_colour() -> None:
    first, second = objects(), objects()
    assert json.dumps(first) == json.dumps(second)
    assert "replicas" not in first["Deployment"]["spec"]
    assert first["Deployment"]["metadata"]["labels"][names.SLOT] == names.SLOT_PLACEHOLDER


def test_pod_is_hardened() -> None:
    spec = pod(objects())
    container = spec["containers"][0]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert container["resources"]["limits"]
    assert container["resources"]["requests"]


def test_pod_drains_as_long_as_its_component_says() -> None:
    spec = pod(objects())
    assert spec["terminationGracePeriodSeconds"] == 905
    assert spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"] == 5


def test_pods_are_spread_and_green_keeps_off_blue_s_nodes() -> None:
    spec = pod(objects())
    keys = {item["topologyKey"] for item in spec["topologySpreadConstraints"]}
    assert keys == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
    (term,) = spec["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    others = term["podAffinityTerm"]["labelSelector"]["matchExpressions"]
    assert {"key": names.SLOT, "operator": "NotIn", "values": [names.SLOT_PLACEHOLDER]} in others


def test_configuration_lies_in_a_config_map_named_by_its_content() -> None:
    one, other = objects(environment={"A": "1"}), objects(environment={"A": "2"})
    assert one["ConfigMap"]["data"] == {"A": "1", "LOG_LEVEL": "info"}
    assert one["ConfigMap"]["metadata"]["name"] != other["ConfigMap"]["metadata"]["name"]
    assert one["ConfigMap"]["immutable"] is True


def test_secrets_go_by_reference_and_their_versions_stand_on_the_pod() -> None:
    found = objects(secrets={"DATABASE_URL": {"secret": "web-db", "key": "url"}})
    (reference,) = [e for e in pod(found)["containers"][0]["env"] if e["name"] == "DATABASE_URL"]
    assert reference["valueFrom"] == {"secretKeyRef": {"name": "web-db", "key": "url"}}
    told = found["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert told["release.hmhp.example/secret-versions"] == "DATABASE_URL=7"
    assert "Secret" not in found


def test_external_secret_asks_for_the_version_of_the_content() -> None:
    secrets = {"DATABASE_URL": {"external": "hmhp/web", "store": "vault", "key": "url"}}
    found = objects(secrets=secrets)["ExternalSecret"]
    assert found["spec"]["data"][0]["remoteRef"] == {"key": "hmhp/web", "version": "7"}


def test_network_is_closed_but_for_named_peers_of_the_same_colour() -> None:
    policy = objects(calls=["records"], egress=[{"cidr": "10.1.0.0/16", "ports": [5432]}])["NetworkPolicy"]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    *peers, outside = [rule["to"][0] for rule in policy["spec"]["egress"] if "to" in rule]
    chosen = [peer["podSelector"]["matchLabels"] for peer in peers]
    assert [labels[names.COMPONENT] for labels in chosen] == ["web", "records"]
    assert {labels[names.SLOT] for labels in chosen} == {names.SLOT_PLACEHOLDER}
    assert outside == {"ipBlock": {"cidr": "10.1.0.0/16"}}


def test_jobs_of_a_service_reach_that_service_and_nobody_else() -> None:
    found = objects(calls=[])
    policy = found["NetworkPolicy"]["spec"]
    (peer,) = [rule["to"][0] for rule in policy["egress"] if "to" in rule]
    assert peer["podSelector"]["matchLabels"][names.COMPONENT] == "web"
    assert peer in policy["ingress"][0]["from"]
    env = {e["name"]: e.get("value") for e in pod(found)["containers"][0]["env"]}
    assert env["WEB_URL"] == f"http://web-{names.SLOT_PLACEHOLDER}:8080"


def test_components_find_each_other_in_their_own_colour() -> None:
    env = {e["name"]: e.get("value") for e in pod(objects())["containers"][0]["env"]}
    assert env["RECORDS_URL"] == f"http://records-{names.SLOT_PLACEHOLDER}:8080"


def test_mounted_files_are_a_config_map_named_by_what_they_hold() -> None:
    def mounted(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        found, wrong = render({"web": entry(mount={"folder": "src"}, files={"main.py": text})}, PLACE)
        assert wrong == []
        maps = [item for item in found["web"] if item["kind"] == "ConfigMap" and "main.py" in item["data"]]
        return maps[0], pod({item["kind"]: item for item in found["web"]})

    first, spec = mounted("print(1)")
    assert first["immutable"]
    assert first["metadata"]["name"].startswith(f"web-files-{names.SLOT_PLACEHOLDER}-")
    assert first["metadata"]["name"] != mounted("print(2)")[0]["metadata"]["name"]
    assert {"name": "files", "configMap": {"name": first["metadata"]["name"]}} in spec["volumes"]
    (container,) = spec["containers"]
    assert {"name": "files", "mountPath": "/app", "readOnly": True} in container["volumeMounts"]
    assert container["envFrom"][0]["configMapRef"]["name"] != first["metadata"]["name"]


def test_mount_that_cannot_be_is_told() -> None:
    folder = {"folder": "src"}
    assert "no file of it was loaded" in problems(mount=folder)
    assert "not sub/main.py" in problems(mount=folder, files={"main.py": "", "sub/main.py": ""})
    assert "leave it out" in problems(mount=folder, manifests="k8s", files={"a.yaml": ""})


def test_autoscaler_and_budget_come_where_there_are_several_pods() -> None:
    found = objects(replicas=2, autoscale={"maximum": 6, "cpu_percent": 60, "memory_percent": 80})
    metrics = found["HorizontalPodAutoscaler"]["spec"]["metrics"]
    assert {m["resource"]["name"] for m in metrics} == {"cpu", "memory"}
    assert found["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    assert "PodDisruptionBudget" not in objects()


def test_schedule_never_overlaps_and_its_minutes_come_from_the_local_form() -> None:
    found, _ = render({"web": entry("schedule", manifest={"every": 300})}, PLACE)
    (cron,) = [item for item in found["web"] if item["kind"] == "CronJob"]
    assert (cron["spec"]["schedule"], cron["spec"]["concurrencyPolicy"]) == ("*/5 * * * *", "Forbid")


def test_local_command_means_the_container() -> None:
    manifest = {"command": ["{python}", "{artifact}/main.py", "{port}"]}
    found, _ = render({"web": entry(manifest=manifest)}, PLACE)
    (deployment,) = [item for item in found["web"] if item["kind"] == "Deployment"]
    command = deployment["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command == ["python3", "/app/main.py", "8080"]


def test_environment_has_the_last_word() -> None:
    found = objects(replicas=3, environments={"production": {"replicas": 5}, "staging": {"replicas": 1}})
    assert found["Deployment"]["metadata"]["annotations"][names.SIZE] == "5"


def test_misspelt_key_is_refused_with_its_place() -> None:
    assert "kubernetes.resource" in problems(resource={})


def test_secret_with_two_sources_is_refused() -> None:
    assert "exactly one of" in problems(secrets={"A": {"secret": "a", "vault": "b"}})


def test_image_that_lies_nowhere_is_refused() -> None:
    (problem,) = render({"web": entry()}, Place("production"))[1]
    assert "where its image lies" in problem
