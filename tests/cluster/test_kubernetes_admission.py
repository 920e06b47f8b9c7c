"""Rules of the cluster and objects of others: each no is a sentence, and nothing of theirs is touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from platforms.base import PlatformRefused
from platforms.kubernetes import names
from tests.cluster.conftest import Namespace, component, eventually
from tests.cluster.plane import ControlPlane
from tests.cluster.test_kubernetes_faults import MERGE, Here, here, reason
from tests.platforms.contract import ready
from tests.platforms.foreign import DEPLOYMENT, SERVICE

__all__ = ["here"]
POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"


def put(space: Namespace, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Make an object of somebody else's in the namespace: `v1/configmaps`."""
    root, *rest = path.split("/")
    where = f"/api/v1/namespaces/{space.name}/{rest[0]}"
    if root != "v1":
        where = f"/apis/{root}/{rest[0]}/namespaces/{space.name}/{rest[1]}"
    return space.plane.call("POST", where, body)


@contextmanager
def policy(plane: ControlPlane, space: str, expression: str, message: str) -> Iterator[None]:
    """A rule of the cluster's own, in CEL, for Deployments of that namespace."""
    matched = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
        "resourceRules": [
            {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
             "resources": ["deployments"]}
        ],
    }  # fmt: skip
    spec = {"matchConstraints": matched, "validations": [{"expression": expression, "message": message}]}
    plane.call("POST", POLICIES, {"metadata": {"name": space}, "spec": spec})
    binding = {"policyName": space, "validationActions": ["Deny"]}
    plane.call("POST", f"{POLICIES[:-3]}ybindings", {"metadata": {"name": space}, "spec": binding})
    try:
        yield
    finally:
        plane.call("DELETE", f"{POLICIES[:-3]}ybindings/{space}")
        plane.call("DELETE", f"{POLICIES}/{space}")


def team(*texts: str, **more: Any) -> Any:
    """The component `web` from a team's own manifests, rendered."""
    files = {f"{number}.yaml": text for number, text in enumerate(texts)}
    section = {"manifests": "k8s", "files": files}
    return component("web", kubernetes=section, **more)


def test_policy_of_the_cluster_speaks_in_its_own_words(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    words = "every pod needs an owner label"
    with policy(plane, namespace.name, "has(object.metadata.labels.owner)", words):
        eventually(lambda: any(words in text for text in here.platform.probe(here.slot("green")).problems))
        with pytest.raises(PlatformRefused, match=f"admission rule {namespace.name} refuses: {words}") as no:
            here.platform.ensure(1, here.slot("green"))
    assert no.value.code == "admission"


def test_restricted_namespace_takes_the_short_form_and_says_what_a_team_s_own_pod_lacks(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    plane.call("PATCH", f"/api/v1/namespaces/{namespace.name}", enforce, MERGE)
    ready(here, "blue")
    here.parts = (team(SERVICE, DEPLOYMENT),)
    here.platform.ensure(2, here.slot("green"))
    told = eventually(lambda: (text := reason(here)) and "no more pods" in text and text)
    assert "violates PodSecurity" in told
    assert "runAsNonRoot" in told


def test_limits_of_the_namespace_are_told_in_words(here: Here, namespace: Namespace) -> None:
    limit = {"type": "Container", "max": {"memory": "32Mi"}}
    put(namespace, "v1/limitranges", {"metadata": {"name": "small"}, "spec": {"limits": [limit]}})
    here.platform.ensure(1, here.slot("green"))
    told = eventually(lambda: (text := reason(here)) and "no more pods" in text and text)
    assert "maximum memory usage per Container is 32Mi" in told


def test_quota_that_wants_requests_is_told_in_words(here: Here, namespace: Namespace) -> None:
    put(
        namespace, "v1/resourcequotas", {"metadata": {"name": "cpu"}, "spec": {"hard": {"requests.cpu": "1"}}}
    )
    eventually(lambda: namespace.get("v1/resourcequotas/cpu").get("status", {}).get("hard"))
    here.parts = (team(SERVICE, DEPLOYMENT),)
    here.platform.ensure(1, here.slot("green"))
    eventually(lambda: "failed quota: cpu: must specify requests.cpu" in reason(here))


STRANGERS = {
    "v1/configmaps": {"data": {"theirs": "1"}},
    "v1/serviceaccounts": {},
    "v1/services": {"spec": {"selector": {"app": "theirs"}, "ports": [{"port": 80}]}},
    "apps/v1/deployments": {
        "spec": {"selector": {"matchLabels": {"app": "theirs"}},
                 "template": {"metadata": {"labels": {"app": "theirs"}},
                              "spec": {"containers": [{"name": "a", "image": "a"}]}}}
    },
    "policy/v1/poddisruptionbudgets": {
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": {"app": "theirs"}}}
    },
}  # fmt: skip


@pytest.mark.parametrize("path", STRANGERS)
def test_object_of_the_same_name_that_is_not_ours_is_refused_and_stays(
    here: Here, namespace: Namespace, path: str
) -> None:
    kind = path.rpartition("/")[2]
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {ours: '1'}\n"
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n"
    budget = (
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: api}\n"
        "spec: {maxUnavailable: 1, selector: {matchLabels: {app: api}}}\n"
    )
    here.parts = (team(SERVICE, DEPLOYMENT, config, account, budget),)
    name = next(
        item["metadata"]["name"]
        for item in here.slot("green").components[0].objects
        if f"{item['kind'].lower()}s" == kind
    ).replace(names.SLOT_PLACEHOLDER, "green")
    put(namespace, path, {"metadata": {"name": name}, **STRANGERS[path]})
    before = _plain(namespace.get(f"{path}/{name}"))
    problems = here.platform.probe(here.slot("green")).problems
    assert any(name in text and "belongs to" in text for text in problems), problems
    with pytest.raises(PlatformRefused, match=r"belongs to .*; hand it over by the labels"):
        here.platform.ensure(1, here.slot("green"))
    here.platform.retire(1, "green")
    assert _plain(namespace.get(f"{path}/{name}")) == before


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """Without what its controllers write."""
    metadata = {k: v for k, v in item["metadata"].items() if k not in ("managedFields", "resourceVersion")}
    metadata.pop("annotations", None)
    return {**item, "metadata": metadata, "status": None}


def test_field_of_a_colour_s_service_that_somebody_took_over_is_named(
    here: Here, namespace: Namespace, plane: ControlPlane
) -> None:
    ready(here, "blue")
    path = f"/api/v1/namespaces/{namespace.name}/services/web-blue?fieldManager=mesh-operator"
    plane.call("PATCH", path, {"spec": {"selector": {names.SLOT: "red"}}}, MERGE)
    deployment = f"/apis/apps/v1/namespaces/{namespace.name}/deployments/web-blue"
    plane.call("DELETE", deployment)
    eventually(lambda: not any("web-blue" in name for name in namespace.names("apps/v1/deployments")))
    with pytest.raises(PlatformRefused, match="is managed by mesh-operator; have it let go") as no:
        eventually(lambda: here.platform.ensure(2, here.slot("blue")))
    assert no.value.code == "owned"


def test_default_deny_of_others_changes_nothing_and_is_left(here: Here, namespace: Namespace) -> None:
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    made = put(
        namespace, "networking.k8s.io/v1/networkpolicies", {"metadata": {"name": "none"}, "spec": spec}
    )
    ready(here, "blue")
    here.platform.retire(1, "blue")
    assert namespace.get("networking.k8s.io/v1/networkpolicies/none") == made
