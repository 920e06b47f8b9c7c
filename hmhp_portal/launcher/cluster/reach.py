"""Is there a cluster behind the kubeconfig, are we let in, and may we do there what a demo does?

Each answer that stops a start is a Problem of one line that names who or what can mend it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from hmhp_portal.launcher.environment import ROOT
from hmhp_portal.launcher.problem import Problem
from platforms.base import PlatformError, PlatformRefused
from platforms.kubernetes import names, together
from platforms.kubernetes.api import Api
from platforms.kubernetes.connection import Connection
from platforms.kubernetes.refusals import Missing
from platforms.kubernetes.settings import ClusterSettings

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
ROLE = "deploy/kubernetes/role.yaml"
SECONDS = 5.0
Right = tuple[str, str, str]
"""Group, resource (with its subresource) and verb."""

OF_A_DEMO: tuple[Right, ...] = (
    ("", "services/proxy", "get"),
    ("", "pods", "create"),
    ("", "pods", "delete"),
)
"""Beside the Role: visitors come through the API server, and a pod tells which image a tag is."""


def context_of(file: Path, wanted: str) -> tuple[str, str]:
    """The context that is meant, and its server's address; raises Problem."""
    try:
        document = yaml.safe_load(file.read_text())
    except OSError as problem:
        raise Problem(f"the kubeconfig {file} cannot be read: {problem.strerror}.") from None
    except (UnicodeDecodeError, yaml.YAMLError):
        document = None
    contexts = _by_name(document, "contexts", "context")
    clusters = _by_name(document, "clusters", "cluster")
    if not contexts or not clusters:
        raise Problem(f"{file} is no kubeconfig: it names no contexts and clusters.")
    known = ", ".join(sorted(contexts))
    name = wanted or str(document.get("current-context") or "")
    if not name:
        raise Problem(f"{file} has no current context; choose one with --context NAME: {known}.")
    if name not in contexts:
        raise Problem(f"{file} has no context {name}; it has: {known}. Choose one with --context NAME.")
    cluster = str(contexts[name].get("cluster") or "")
    server = str((clusters.get(cluster) or {}).get("server") or "")
    if not server:
        raise Problem(f"the context {name} of {file} names no cluster with a server.")
    return name, server


def _by_name(document: Any, key: str, inner: str) -> dict[str, Mapping[str, Any]]:
    entries = document.get(key) if isinstance(document, dict) else None
    found = [e for e in entries or [] if isinstance(e, dict)] if isinstance(entries, list) else []
    return {str(e.get("name")): e[inner] for e in found if isinstance(e.get(inner), dict)}


def enter(file: Path, context: str, server: str) -> tuple[Api, str]:
    """A way in that was tried, and the server's version; raises Problem."""
    where = f"the cluster of context {context} ({server})"
    try:
        api = Api(Connection(ClusterSettings("", kubeconfig=str(file), context=context)), SECONDS)
        version = str(api.get("/version").get("gitVersion") or "")
        may(api, [("", "namespaces", "get")], "default")
    except PlatformRefused as error:
        raise Problem(f"{where} does not let the demo in: {error.reason}") from None
    except PlatformError as error:
        raise Problem(f"{where} cannot be used: {getattr(error, 'reason', error)}") from None
    return api, version


def may(api: Api, rights: Iterable[Right], namespace: str) -> list[Right]:
    """Which of these rights are missing in that namespace ("": anywhere); raises PlatformError."""
    wanted = list(rights)
    answers = together.each(partial(_may, api, right, namespace) for right in wanted)
    return [right for right, good in zip(wanted, answers, strict=True) if not good]


def _may(api: Api, right: Right, namespace: str) -> bool:
    group, resource, verb = right
    plain, _, sub = resource.partition("/")
    asked = {"namespace": namespace, "group": group, "resource": plain, "subresource": sub, "verb": verb}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in asked.items() if value}},
    }
    return bool((api.post(REVIEWS, body).get("status") or {}).get("allowed"))


def demand_rights(api: Api, namespaces: Iterable[str], with_gateway: bool) -> None:
    """Raises Problem with the first rights that are missing in one of the namespaces."""
    for namespace in namespaces:
        if not may(api, [("*", "*", "*")], namespace):
            continue
        wanted = [*_role(with_gateway), *OF_A_DEMO]
        missing = may(api, wanted, namespace)
        if missing:
            told = ", ".join(f"{verb} {_full(group, what)}" for group, what, verb in missing[:3])
            more = f" and {len(missing) - 3} more rights" if len(missing) > 3 else ""
            raise Problem(
                f"you may not {told}{more} in the namespace {namespace}; who runs the cluster grants it "
                f"(kubectl apply -n {namespace} -f {ROLE}, with {_extra()} beside it)."
            )


def demand_namespaces(api: Api, missing: list[str]) -> None:
    """Raises Problem where namespaces are missing that we may not make."""
    rights: list[Right] = [("", "namespaces", "create"), ("", "namespaces", "delete")]
    wanting = may(api, rights, "") if missing else []
    if wanting:
        verbs = " and ".join(verb for _, _, verb in wanting)
        raise Problem(
            f"you may not {verbs} namespaces in this cluster, and these are missing: {', '.join(missing)}. "
            "Who runs the cluster makes them, or grants it."
        )


def demand_gateway(api: Api, gateway: str) -> str:
    """What is said of traffic; raises Problem for a gateway that is not there."""
    plural = names.ROUTE.path("-").rpartition("/namespaces/")[0]
    try:
        known = any(entry["name"] == "httproutes" for entry in api.get(plural)["resources"])
    except Missing:
        known = False
    alone = "one cut-over by Service selector, no shares"
    if not gateway:
        return (
            f"{alone} (this cluster knows the Gateway API: --gateway NAMESPACE/NAME shares it by weight)"
            if known
            else f"{alone}, because this cluster has no Gateway API"
        )
    if not known:
        raise Problem(
            f"this cluster has no Gateway API (HTTPRoute), so there is no gateway {gateway}; install it, or "
            f"leave --gateway out: traffic is then moved in {alone}."
        )
    namespace, _, name = gateway.partition("/")
    if api.find(f"{plural}/namespaces/{namespace}/gateways/{name}") is None:
        raise Problem(f"there is no Gateway {name} in the namespace {namespace} of this cluster.")
    return f"shared by weight on HTTPRoutes of the gateway {gateway}"


def _role(with_gateway: bool) -> list[Right]:
    """What the driver needs in a namespace, as the Role that is tested grants it."""
    documents = yaml.safe_load_all((ROOT / ROLE).read_text())
    rules = next(document["rules"] for document in documents if document["kind"] == "Role")
    return [
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        if group != names.EXTERNAL_SECRET.group and (with_gateway or group != names.ROUTE.group)
    ]


def _extra() -> str:
    return ", ".join(f"{verb} {what}" for _, what, verb in OF_A_DEMO)


def _full(group: str, resource: str) -> str:
    return f"{resource}.{group}" if group else resource
