"""Which workload of a namespace is which component, and what cannot be taken over: who can mend what.

In come the components of the platform file, out go `Workload`s. Nothing is changed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from platforms.base import ComponentSpec
from platforms.kubernetes import names
from platforms.kubernetes.adopting import keepers
from platforms.kubernetes.adopting.inventory import Inventory, chooses, labels_of, name_of, pod_template
from platforms.kubernetes.render.podding import own_of
from platforms.kubernetes.render.section import read_section
from platforms.kubernetes.target import Target, label

JSON = dict[str, Any]
NAME_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/component", "app", "k8s-app", "component")
"""Labels by which teams say what a workload is, in the order in which they are asked."""

_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Workload:
    """One component as it runs: its Deployment or CronJob with what stands around it."""

    component: ComponentSpec
    holder: JSON
    container: str
    pods: tuple[JSON, ...]
    artifact: str
    version: str
    service: JSON | None
    """Where the edge leads; None for a component that is not at the edge."""
    route: JSON | None
    scalers: tuple[JSON, ...]
    budgets: tuple[JSON, ...]


def find(
    target: Target, there: Inventory, components: Sequence[ComponentSpec], named: Mapping[str, str]
) -> tuple[list[Workload], list[str]]:
    """The workloads of these components, and every reason why one of them cannot be taken over."""
    found: list[Workload] = []
    problems: list[str] = []
    for component in components:
        holder, why = _holder(there, component, named.get(component.name, ""))
        if holder is None:
            problems.append(why)
            continue
        workload, wrong = _workload(target, there, component, holder)
        problems += wrong
        if workload is not None:
            found.append(workload)
    taken = [w.holder["metadata"]["name"] for w in found]
    for name in sorted({name for name in taken if taken.count(name) > 1}):
        problems.append(f"{name} would be two components; name the workload of each with --workload.")
    return found, problems


def _holder(there: Inventory, component: ComponentSpec, named: str) -> tuple[JSON | None, str]:
    """The one Deployment or CronJob that is this component, or why there is none."""
    kind = "CronJob" if component.kind == "schedule" else "Deployment"
    of_kind = [item for item in there.holders if item["kind"] == kind]
    wanted = named or component.name
    same = next((item for item in of_kind if item["metadata"]["name"] == wanted), None)
    if same is not None:
        return same, ""
    if named:
        return None, f"{component.name}: there is no {kind} {named}, which --workload names."
    for key in NAME_LABELS:
        alike = [i for i in of_kind if component.name in (label(i, key), labels_of(pod_template(i)).get(key))]
        if len(alike) == 1:
            return alike[0], ""
        if alike:
            several = ", ".join(item["metadata"]["name"] for item in alike)
            return None, (
                f"{component.name}: several carry its name in the label {key}: {several}; say which with "
                f"--workload {component.name}=NAME."
            )
    return None, _not_there(there, component, kind)


def _not_there(there: Inventory, component: ComponentSpec, kind: str) -> str:
    """Nothing is that component; perhaps it is of a kind that cannot have two colours."""
    for pod in there.pods:
        if component.name not in (labels_of(pod).get(key) for key in NAME_LABELS):
            continue
        owner = keepers.controller(pod)
        if owner and owner["kind"] in ("StatefulSet", "DaemonSet"):
            return (
                f"{component.name} is the {owner['kind']} {owner['name']}, which cannot run in two colours; "
                "an administrator leaves it out of the platform file's components, and whoever looks after "
                "it goes on to deploy it apart from releases."
            )
    return (
        f"{component.name}: no {kind} is it, by name or by label; say which with "
        f"--workload {component.name}=NAME, have whoever deploys there start it, or leave it out of the "
        "platform file until its first release."
    )


def _workload(
    target: Target, there: Inventory, component: ComponentSpec, holder: JSON
) -> tuple[Workload | None, list[str]]:
    template = pod_template(holder)
    pods = tuple(pod for pod in there.pods if _is_pod_of(pod, holder))
    problems = [f"{component.name}: {text}" for text in keepers.problems(target, holder, pods)]
    container = _container(target, component, template["spec"]["containers"])
    if not container:
        told = ", ".join(c["name"] for c in template["spec"]["containers"])
        problems.append(
            f"{component.name}: the pods of {name_of(holder)} have several containers ({told}) and none is "
            f"named {component.name}; give the image of the one that runs the release as kubernetes.image."
        )
        return None, problems
    artifact, wrong = _artifact(holder, template, container, pods)
    problems += [f"{component.name}: {text}" for text in wrong]
    services = [
        s for s in there.services if chooses(s["spec"].get("selector"), labels_of(template))
        and names.SLOT not in labels_of(s)
    ]  # fmt: skip
    service, route, wrong = _edge(target, there, component, services)
    problems += [f"{component.name}: {text}" for text in wrong]
    scalers = [s for s in there.scalers if _scales(s["spec"]["scaleTargetRef"], holder)]
    budgets = [
        b for b in there.budgets
        if chooses((b["spec"].get("selector") or {}).get("matchLabels"), labels_of(template))
        and label(b, names.SLOT) in ("", label(holder, names.SLOT))
    ]  # fmt: skip
    version = _version(holder, template, container)
    return Workload(
        component, holder, container, pods, artifact, version, service, route, tuple(scalers), tuple(budgets)
    ), problems


def _scales(reference: JSON, holder: JSON) -> bool:
    return (reference["kind"], reference["name"]) == (holder["kind"], holder["metadata"]["name"])


def _is_pod_of(pod: JSON, holder: JSON) -> bool:
    """By the selector for a Deployment, by the name of the Job for a CronJob; never a pod of ours."""
    if label(pod, names.SLOT) and label(pod, names.MANAGED_BY) == names.FIELD_MANAGER:
        return False
    if holder["kind"] == "CronJob":
        owner = keepers.controller(pod)
        return owner is not None and str(owner["name"]).startswith(f"{holder['metadata']['name']}-")
    chosen = holder["spec"]["selector"]
    expressions = chosen.get("matchExpressions") or []
    exact = chosen.get("matchLabels") or {}
    labels = labels_of(pod)
    return (not exact or chooses(exact, labels)) and all(_meets(e, labels) for e in expressions)


def _meets(expression: JSON, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    return {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }[expression["operator"]]


def _container(target: Target, component: ComponentSpec, containers: list[JSON]) -> str:
    """The one into which a release would put the component's digest too."""
    section, _ = read_section(component.name, component.manifest, target.environment)
    found = own_of(component.name, section.image if section else "", "", containers)
    return str(found["name"]) if found else ""


def _artifact(holder: JSON, template: JSON, container: str, pods: tuple[JSON, ...]) -> tuple[str, list[str]]:
    """The one digest that all pods run; told by the kubelet, else by the image's own name."""
    image = next(c["image"] for c in template["spec"]["containers"] if c["name"] == container)
    running = set(_digests(pods, container))
    if len(running) > 1:
        shown = ", ".join(sorted(digest[:19] for digest in running))
        return "", [
            f"the pods of {name_of(holder)} run different images ({shown}); whoever deploys there restarts "
            "them on one image by digest first."
        ]
    if running:
        return running.pop(), []
    written = _DIGEST.search(str(image))
    if written:
        return written[1], []
    return "", [
        f"nothing tells the digest that {name_of(holder)} runs: its image is {image} and no pod has told "
        "more; whoever deploys there names the image by digest, or (a schedule) lets it run once."
    ]


def _digests(pods: tuple[JSON, ...], container: str) -> Iterator[str]:
    for pod in pods:
        for status in (pod.get("status") or {}).get("containerStatuses") or []:
            found = _DIGEST.search(str(status.get("imageID") or ""))
            if status["name"] == container and found:
                yield found[1]


def _version(holder: JSON, template: JSON, container: str) -> str:
    told = label(holder, names.VERSION) or labels_of(template).get(names.VERSION, "")
    if told:
        return told
    image = next(str(c["image"]) for c in template["spec"]["containers"] if c["name"] == container)
    last = image.partition("@")[0].rpartition("/")[2]
    return last.partition(":")[2]


def _edge(
    target: Target, there: Inventory, component: ComponentSpec, services: list[JSON]
) -> tuple[JSON | None, JSON | None, list[str]]:
    """Where traffic from outside reaches the component today."""
    if not component.edge:
        return None, None, []
    by_name = {service["metadata"]["name"]: service for service in services}
    if target.settings.gateway is None:
        if component.name in by_name:
            return by_name[component.name], None, []
        return (
            None,
            None,
            [
                f"no Service of its name leads to it; without a gateway traffic is moved by the Service "
                f"{component.name}, which its team makes first."
            ],
        )
    routes = [r for r in there.routes if _leads_to(r) & {*by_name, component.name} or _is_ours(r, component)]
    if [route["metadata"]["name"] for route in routes] != [component.name]:
        return None, None, [_route_problem(component, routes)]
    route = routes[0]
    wrong = list(keepers.kept(route))
    backends = set() if _is_ours(route, component) else _leads_to(route)
    if len(backends) > 1:
        shown = ", ".join(sorted(backends))
        wrong.append(
            f"the HTTPRoute {component.name} leads to several Services ({shown}); its team gives each a "
            "route of its own, and one Service all of the traffic, first."
        )
    if not services:
        wrong.append("no Service leads to its pods, so nothing says on which port they answer.")
        return None, route, wrong
    return by_name.get(next(iter(backends), component.name), services[0]), route, wrong


def _leads_to(route: JSON) -> set[str]:
    refs = [ref for rule in route["spec"].get("rules") or [] for ref in rule.get("backendRefs") or []]
    return {str(ref["name"]) for ref in refs if ref.get("weight", 1)}


def _is_ours(route: JSON, component: ComponentSpec) -> bool:
    """Taken over before, by an adoption that was killed after it."""
    return label(route, names.COMPONENT) == component.name


def _route_problem(component: ComponentSpec, routes: list[JSON]) -> str:
    if not routes:
        return (
            f"no HTTPRoute leads to it; whoever owns its address makes one named {component.name} (an "
            "Ingress cannot share traffic), or the platform file names no gateway."
        )
    shown = ", ".join(route["metadata"]["name"] for route in routes)
    return (
        f"its traffic comes by the HTTPRoute {shown}, and the portal moves traffic by the one named "
        f"{component.name}; its team makes a copy of that name, and deletes the other once the gateway "
        "accepts it."
    )
