"""Names that this driver writes into a cluster, and the kinds of object that it knows.

Everything that the portal owns carries `MANAGED_BY` and its environment; nothing without both is
ever changed or deleted.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

DOMAIN = "release.hmhp.example"
FIELD_MANAGER = "hmhp-portal"

MANAGED_BY = "app.kubernetes.io/managed-by"
VERSION = "app.kubernetes.io/version"
ENVIRONMENT = f"{DOMAIN}/environment"
SLOT = f"{DOMAIN}/slot"
COMPONENT = f"{DOMAIN}/component"
ROLE = f"{DOMAIN}/role"
"""`serve`, `work` or `schedule` for what runs on, `job` for a step's, `slot` for a colour's record."""

RELEASE = f"{DOMAIN}/release"
RUN = f"{DOMAIN}/run"
SEAL = f"{DOMAIN}/seal"
FENCE = f"{DOMAIN}/fence"
HASH = f"{DOMAIN}/hash"
SIZE = f"{DOMAIN}/size"
"""How many replicas a worker gets while its colour has the background work."""

CONTAINER = f"{DOMAIN}/container"
"""Label of a workload that was taken over: the container that runs the component's artefact.

Such a workload is told everything by labels: an annotation would count as a new generation of it.
"""

TIMES = f"{DOMAIN}/sizes-by-the-clock"

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
"""Annotation of a pod, which kubectl reads too: the container that runs the component's artefact."""

KEY = f"{DOMAIN}/job"
BEFORE = f"{DOMAIN}/weights-before"
MARK = f"{DOMAIN}/mark"
WAY_BACK = f"{DOMAIN}/way-back"
"""On a route: blue's exact weights and the commands that give them, while a run is under way."""

DATA_CLASS = f"{DOMAIN}/data-class"
"""Label of a namespace: what data may be there."""

HOLD = f"{DOMAIN}/hold"
"""Set by people of the cluster on the namespace or on ours: nothing moves forward while it is there."""

SLOT_PLACEHOLDER = "hmhp--slot"
"""Stands in rendered objects where a colour's slot will be; the content is the same for every colour."""

RELEASE_PLACEHOLDER = "hmhp--release"
REGION_PLACEHOLDER = "hmhp--region"
NAMESPACE_PLACEHOLDER = "hmhp--namespace"


@dataclass(frozen=True, slots=True)
class Kind:
    """Where objects of a kind live in the API."""

    kind: str
    group: str
    version: str
    plural: str

    @property
    def api_version(self) -> str:
        """As an object's `apiVersion` names it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str = "") -> str:
        """The address of one object, or of all of the kind in a namespace."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" + (f"/{name}" if name else "")


CONFIG_MAP = Kind("ConfigMap", "", "v1", "configmaps")
SERVICE = Kind("Service", "", "v1", "services")
SERVICE_ACCOUNT = Kind("ServiceAccount", "", "v1", "serviceaccounts")
POD = Kind("Pod", "", "v1", "pods")
EVENT = Kind("Event", "", "v1", "events")
DEPLOYMENT = Kind("Deployment", "apps", "v1", "deployments")
CRON_JOB = Kind("CronJob", "batch", "v1", "cronjobs")
JOB = Kind("Job", "batch", "v1", "jobs")
AUTOSCALER = Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers")
BUDGET = Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets")
NETWORK_POLICY = Kind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies")
EXTERNAL_SECRET = Kind("ExternalSecret", "external-secrets.io", "v1", "externalsecrets")
ENDPOINTS = Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices")
ROUTE = Kind("HTTPRoute", "gateway.networking.k8s.io", "v1", "httproutes")

COLOURED = (
    SERVICE_ACCOUNT,
    CONFIG_MAP,
    EXTERNAL_SECRET,
    NETWORK_POLICY,
    SERVICE,
    DEPLOYMENT,
    CRON_JOB,
    AUTOSCALER,
    BUDGET,
)
"""What a colour may be made of, in the order in which it is applied: what others need comes first."""

NEEDED = frozenset({SERVICE_ACCOUNT, CONFIG_MAP, EXTERNAL_SECRET, NETWORK_POLICY})
"""What pods find when they start: there before anything that makes pods."""

MAKES_PODS = frozenset({DEPLOYMENT, CRON_JOB})
"""What comes next: pods take their time, and nobody is sent to them before they are ready."""

SIZED = frozenset({DEPLOYMENT, CRON_JOB, AUTOSCALER})
"""What has a size of its own, which is no part of a content."""

BY_KIND = {kind.kind: kind for kind in (*COLOURED, JOB, POD, ROUTE, EVENT)}


def kind_of(manifest: dict[str, object]) -> Kind:
    """The kind of an object; KeyError for one that the driver does not know."""
    return BY_KIND[str(manifest["kind"])]


def label_value(text: str) -> str:
    """The text as a label's value: at most 63 letters, digits, dots, dashes and underscores."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text)[:63].strip("-._")


def short(text: str, length: int = 63) -> str:
    """The text as an object's name, cut to `length` without two different texts meeting."""
    clean = re.sub(r"[^a-z0-9-]", "-", text.lower()).strip("-")
    if len(clean) <= length and clean == text:
        return clean
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{clean[: length - 9].strip('-')}-{digest}"


def coloured(component: str, slot: str) -> str:
    """The name of a component's Service and Deployment in a colour."""
    return short(f"{component}-{slot}")
