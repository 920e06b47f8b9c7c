"""Jobs of a step: started once for a key, told until they have ended, their output line by line.

A Job's name is its key, so that a second call finds the first outcome, whoever makes it.
"""

from __future__ import annotations

import copy
import hashlib
from contextlib import suppress
from typing import Any

from platforms.base import ComponentSpec, JobResult, JobSpec, PlatformRefused, PlatformUnavailable, SlotSpec
from platforms.kubernetes import names, slots
from platforms.kubernetes.complaints import Complaints
from platforms.kubernetes.reasons import BEGINS, trouble_of
from platforms.kubernetes.refusals import Conflict, Missing
from platforms.kubernetes.render.section import read_section
from platforms.kubernetes.target import Target, label, notes, own_container

JSON = dict[str, Any]
MOST_LINES = 2000
MOST_BYTES = 512 * 1024


def run(target: Target, slot: SlotSpec, job: JobSpec) -> JobResult:
    """Start the job if its key is new; where it stands."""
    component = next((c for c in slot.components if c.name == job.component), None)
    command = _command(target, component, job.name)
    if component is None or command is None:
        raise PlatformRefused("unknown_job", f"{job.component} brings no job named {job.name}.")
    name = _name(job)
    found = target.api.find(names.JOB.path(target.namespace, name))
    if found is None:
        holder = slots.apply_needs(target, slot, component)
        with suppress(Conflict):  # somebody else has just started it
            target.api.create(names.JOB, target.namespace, _job(target, holder, job, name, command))
        return JobResult(job.key, "running")
    return _told(target, found, job)


def _told(target: Target, found: JSON, job: JobSpec) -> JobResult:
    if notes(found).get(names.KEY) != job.key:
        raise PlatformRefused("invalid", f"The Job {found['metadata']['name']} is another one's.")
    pod = _pod(target, found)
    lines, truncated = _lines(target, pod)
    code = _exit_code(pod)
    for condition in (found.get("status") or {}).get("conditions") or []:
        if condition.get("status") == "True" and condition.get("type") in ("Complete", "SuccessCriteriaMet"):
            return JobResult(job.key, "succeeded", 0 if code is None else code, lines, truncated)
        if condition.get("status") == "True" and condition.get("type") in ("Failed", "FailureTarget"):
            why = str(condition.get("message") or condition.get("reason") or "it failed")
            return JobResult(job.key, "failed", code, (*lines, why) if code is None else lines, truncated)
    return JobResult(job.key, "running", None, lines or _waiting(target, pod), truncated)


def _waiting(target: Target, pod: JSON | None) -> tuple[str, ...]:
    """What keeps the job's pod from beginning, where that may last."""
    if pod is None or (pod.get("status") or {}).get("phase") != "Pending":
        return ()
    trouble = trouble_of(pod, Complaints(target).of)
    return () if trouble in ("", *BEGINS) else (f"The job's pod {trouble}",)


def _pod(target: Target, job: JSON) -> JSON | None:
    chosen = f"batch.kubernetes.io/job-name={job['metadata']['name']}"
    items = target.api.list(names.POD, target.namespace, chosen)["items"]
    return max(items, key=lambda p: str(p["metadata"]["creationTimestamp"]), default=None)


def _lines(target: Target, pod: JSON | None) -> tuple[tuple[str, ...], bool]:
    status = (pod or {}).get("status") or {}
    if pod is None or status.get("phase") not in ("Running", "Succeeded", "Failed"):
        return (), False
    path = names.POD.path(target.namespace, pod["metadata"]["name"]) + "/log"
    container = own_container(pod, label(pod, names.COMPONENT))
    try:
        text = target.api.text(path, container=container, limitBytes=MOST_BYTES)
    except (Missing, PlatformUnavailable, PlatformRefused):
        return (), False  # the log is only told; the outcome is what counts
    lines = text.splitlines()
    return tuple(lines[:MOST_LINES]), len(lines) > MOST_LINES or len(text) >= MOST_BYTES


def _exit_code(pod: JSON | None) -> int | None:
    """How the job's own container has ended; one that admission put beside it says nothing about it."""
    statuses = ((pod or {}).get("status") or {}).get("containerStatuses") or []
    own = own_container(pod, label(pod, names.COMPONENT)) if pod and statuses else ""
    for container in (c for c in statuses if c.get("name") in (own, None)):
        ended = (container.get("state") or {}).get("terminated")
        if ended is not None:
            return int(ended.get("exitCode", 1))
    return None


def _command(target: Target, component: ComponentSpec | None, job: str) -> list[str] | None:
    if component is None:
        return None
    section, problems = read_section(component.name, component.manifest, target.environment)
    if section is None:
        raise PlatformRefused("invalid", " ".join(problems))
    found = section.jobs.get(job)
    return list(found) if found else None


def _name(job: JobSpec) -> str:
    digest = hashlib.sha256(job.key.encode()).hexdigest()[:16]
    return names.short(f"{job.component}-{job.name.replace('_', '-')}", 46) + f"-{digest}"


def _job(target: Target, holder: JSON, job: JobSpec, name: str, command: list[str]) -> JSON:
    """The component's own pod with another command; nothing of it is taken for the component's."""
    spec = holder["spec"]
    template = copy.deepcopy(
        (spec["jobTemplate"]["spec"] if holder["kind"] == "CronJob" else spec)["template"]
    )
    labels = {**template["metadata"]["labels"], names.ROLE: "job"}
    template["metadata"]["labels"] = labels
    pod = template["spec"]
    pod["restartPolicy"] = "Never"
    for key in ("topologySpreadConstraints", "affinity"):
        pod.pop(key, None)
    name_of_own = own_container(template, job.component)
    own = next(c for c in pod["containers"] if c["name"] == name_of_own)
    for key in ("args", "ports", "lifecycle", "readinessProbe", "livenessProbe", "startupProbe"):
        own.pop(key, None)
    own["command"] = command
    pod["containers"] = [own]  # a sidecar would keep the job from ending
    return {
        "apiVersion": names.JOB.api_version,
        "kind": "Job",
        "metadata": {
            "name": name,
            "namespace": target.namespace,
            "labels": labels,
            "annotations": {names.KEY: job.key, **_story(holder)},
        },
        "spec": {
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "activeDeadlineSeconds": job.timeout_seconds,
            "template": template,
        },
    }


def _story(holder: JSON) -> dict[str, str]:
    own = (names.RELEASE, names.RUN, names.SEAL)
    return {key: value for key, value in notes(holder).items() if key in own}
