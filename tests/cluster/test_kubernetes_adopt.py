"""What a team runs already becomes the first blue: shown as a diff, then taken over without a restart."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from deployments import queries as deployments
from deployments.errors import NotAdoptable
from deployments.models import DeploymentRun, TargetView
from deployments.states import RunState
from events.models import Event
from platforms.base import ComponentSpec
from platforms.kubernetes import names
from releases.services import adopting
from releases.states import ReleaseState
from tests.cluster import grown
from tests.cluster.conftest import Namespace, component, eventually, rendered
from tests.cluster.plane import ControlPlane
from tests.cluster.platform import COMPONENTS, ClusterPlatform

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SPECS = [ComponentSpec("web", "http", "", edge=True)]


def adopt(*arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("adopt", *arguments, stdout=out)
    return out.getvalue()


def test_first_blue_is_taken_over_without_a_restart_and_the_first_release_goes_past_it(
    cluster: ClusterPlatform,
) -> None:
    cluster.staged = cluster.smoked = False
    cluster.load({"weights": [25, 100], "bake_seconds": 1, "monitoring_seconds": 2})
    spaces = [cluster.namespaces["production", region] for region in ("us-east", "eu-central")]
    for space in spaces:
        grown.put(space, *grown.platform())
    before = [grown.untouched(space) for space in spaces]

    with pytest.raises(CommandError, match="Nobody is there to say yes"):
        adopt("production")
    assert [space.get("v1/services/web")["metadata"].get("labels") for space in spaces] == [None, None]
    told = adopt("production", "--yes")
    run = DeploymentRun.objects.get()

    assert [grown.untouched(space) for space in spaces] == before
    assert f"+ metadata.labels.{names.SLOT}: {run.slot}" in told
    assert "- spec.rules[0].backendRefs[0].name: web" in told
    assert f"+ spec.rules[0].backendRefs[0].name: web-{run.slot}" in told
    assert (run.subject, run.run_state) == ("2026.9.4", RunState.SUCCEEDED)
    assert deployments.serving(deployments.production()) == run
    assert Event.objects.get(kind="environment.adopted").data["artifacts"] == grown.DIGESTS
    (view, other) = TargetView.objects.filter(target__environment__name="production")
    assert view.weights == other.weights == {run.slot: 100}
    seen = {c["name"]: c["artifact"] for c in view.slots[run.slot]["components"]}
    assert seen == grown.DIGESTS
    assert all(c["ready"] for c in view.slots[run.slot]["components"])
    (rule,) = spaces[0].get("gateway.networking.k8s.io/v1/httproutes/web")["spec"]["rules"]
    assert rule["filters"][0]["requestHeaderModifier"]["set"][0]["name"] == "x-team"
    assert not view.mark

    with pytest.raises(CommandError, match=r"runs 2026\.9\.4 by the portal already"):
        adopt("production", "--yes")

    cluster.prometheus.uncounted.add(run.slot)  # its pods carry no labels of ours
    release = cluster.ship("2026.10.0", "b")
    green = cluster.run(release).slot
    cluster.look_until(lambda: cluster.weights() == {run.slot: 75, green: 25})
    cluster.until(release, ReleaseState.COMPLETED)
    assert cluster.weights() == cluster.weights("eu-central") == {green: 100}
    for space in spaces:
        cluster.look_until(lambda: all(green in name for name in space.names("apps/v1/deployments")))  # noqa: B023
        assert space.names("autoscaling/v2/horizontalpodautoscalers") == set()
        assert {"web", "records"} <= space.names("v1/services")


def test_adoption_that_was_interrupted_is_taken_up_again(
    cluster: ClusterPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.load()
    spaces = [cluster.namespaces["production", region] for region in ("us-east", "eu-central")]
    for space in spaces:
        grown.put(space, *grown.platform())
    before = [grown.untouched(space) for space in spaces]
    with monkeypatch.context() as patch:
        patch.setattr("deployments.services.adopting._recorded", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            adopt("production", "--yes")
    assert deployments.serving(deployments.production()) is None
    adopt("production", "--yes")
    assert [grown.untouched(space) for space in spaces] == before
    assert cluster.weights() == {DeploymentRun.objects.get().slot: 100}


def test_without_a_gateway_the_team_s_service_is_cut_over_and_its_schedule_handed_over(
    cluster: ClusterPlatform,
) -> None:
    web, records, mailer = COMPONENTS
    own_port = {**web, "manifest": {**web["manifest"], "kubernetes": {"port": 80}}}
    schedule = {**mailer, "kind": "schedule", "manifest": {**mailer["manifest"], "every": 3600}}
    alone = [{**t, "settings": {k: v for k, v in t["settings"].items() if k != "gateway"}}
             for t in cluster.targets()]  # fmt: skip
    times = {"weights": [100], "bake_seconds": 1, "monitoring_seconds": 2}
    cluster.staged = cluster.smoked = False
    cluster.load(times, components=[own_port, records, schedule], targets=alone)
    spaces = [cluster.namespaces["production", region] for region in ("us-east", "eu-central")]
    for space in spaces:
        grown.put(space, *(grown.deployment(name) for name in ("web", "records")))
        grown.put(space, *(grown.service(name) for name in ("web", "records")), grown.cron_job("mailer"))
    before = [grown.untouched(space) for space in spaces]

    told = adopt("production", "--yes")
    blue = DeploymentRun.objects.get()
    assert [grown.untouched(space) for space in spaces] == before
    assert "Callers of records go on to reach this colour alone" in told
    assert {chosen(space) for space in spaces} == {("app", "web")}
    assert {
        view.weights[blue.slot] for view in TargetView.objects.filter(target__environment__name="production")
    } == {100}
    assert TargetView.objects.filter(background=blue.slot).count() == 2

    cluster.prometheus.uncounted.add("")  # before the cut-over no label of ours tells the colour
    release = cluster.ship("2026.10.0", "b")
    green = cluster.run(release).slot
    cluster.until(release, ReleaseState.COMPLETED)
    for space in spaces:
        assert (names.SLOT, green) in space.get("v1/services/web")["spec"]["selector"].items()
        assert "app" not in space.get("v1/services/web")["spec"]["selector"]
        cluster.look_until(lambda: all(green in name for name in space.names("apps/v1/deployments")))  # noqa: B023
        (cron,) = space.get("batch/v1/cronjobs")["items"]
        assert (cron["metadata"]["name"], cron["spec"].get("suspend")) == (f"mailer-{green}", False)
        assert "records" in space.names("v1/services")


def chosen(space: Namespace) -> tuple[str, str]:
    """The one label by which the team's Service chooses its pods."""
    (pair,) = space.get("v1/services/web")["spec"]["selector"].items()
    return (str(pair[0]), str(pair[1]))


def test_regions_that_run_different_digests_are_not_one_blue(cluster: ClusterPlatform) -> None:
    cluster.load()
    for region in ("us-east", "eu-central"):
        grown.put(cluster.namespaces["production", region], *grown.platform())
    space = cluster.namespaces["production", "eu-central"]
    image = f"{grown.REGISTRY}/web@sha256:{'9' * 64}"
    path = f"/apis/apps/v1/namespaces/{space.name}/deployments/web"
    patch = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
    space.plane.call("PATCH", path, patch, "application/json-patch+json")
    eventually(lambda: grown.settled(space))
    eventually(lambda: len(space.get("v1/pods")["items"]) == 6)
    with pytest.raises(NotAdoptable) as refused:
        adopting.propose("production", named={})
    (blocker,) = refused.value.blockers
    assert "us-east runs sha256:111111111111" in blocker.sentence
    assert "brings every region to one of them first" in blocker.sentence


ARGO = {"annotations": {"argocd.argoproj.io/tracking-id": "a"}}
OTHER = {"app": "web", "b": "b"}
TWO = (
    grown.deployment("web", name="web-a"),
    grown.deployment("web", name="web-b", labels={"app": "web", "b": "b"}),
)


def beside(image: str) -> dict[str, Any]:
    """A Deployment with a container before the one of its own, which has that image."""
    found = grown.deployment("web")
    pod = found["spec"]["template"]["spec"]
    own = {**pod["containers"][0], "image": f"{image}@{grown.DIGESTS['web']}"}
    pod["containers"] = [{"name": "proxy", "image": "proxy.example/proxy:2"}, own]
    return found


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "argo": (
        [grown.deployment("web", metadata=ARGO), grown.service("web"), grown.route("web", "web")],
        "web: Deployment web is kept by Argo CD, which would undo what the portal writes; whoever",
    ),
    "no-route": (
        [grown.deployment("web"), grown.service("web")],
        "no HTTPRoute leads to it; whoever owns its",
    ),
    "other-name": (
        [grown.deployment("web"), grown.service("web"), grown.route("public", "web")],
        "comes by the HTTPRoute public, and the portal moves traffic by the one named web; its team",
    ),
    "shared": (
        [grown.deployment("web"), grown.service("web"), grown.route("web", "web", "canary")],
        "leads to several Services (canary, web); its team gives each a route",
    ),
    "containers": (
        [beside("registry.example/team/site")],
        "have several containers (proxy, app) and none is named web; give the image of the one that runs",
    ),
    "nothing": ([], "no Deployment is it, by name or by label; say which with --workload web=NAME"),
    "several": (list(TWO), "several carry its name in the label app: web-a, web-b; say which"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_adopted_says_who_can_mend_what(namespace: Namespace, case: str) -> None:
    objects, words = REFUSED[case]
    grown.put(namespace, *objects)
    seen = namespace.open().running(SPECS, {})
    assert any(words in text for text in seen.problems), seen.problems


@pytest.mark.parametrize(
    ("image", "section"), [("web", {}), ("site", {"image": "registry.example/team/site"})]
)
def test_of_several_containers_the_one_with_the_component_s_image_is_it(
    namespace: Namespace, image: str, section: dict[str, Any]
) -> None:
    grown.put(
        namespace, beside(f"registry.example/team/{image}"), grown.service("web"), grown.route("web", "web")
    )
    seen = namespace.open().running((component("web", kubernetes=section),), {})
    assert (seen.problems, seen.artifacts) == ((), {"web": grown.DIGESTS["web"]})


def test_service_that_would_choose_green_too_is_narrowed(namespace: Namespace, plane: ControlPlane) -> None:
    chosen = {"app.kubernetes.io/name": "web"}
    grown.put(
        namespace,
        grown.deployment("web", labels=chosen),
        grown.service("web", **chosen),
        grown.route("web", "web"),
    )
    platform, before = namespace.open(), grown.untouched(namespace)
    digest = platform.running(SPECS, {}).artifacts["web"]
    slot = namespace.slot("blue", *rendered(namespace.place, component("web", artifact=digest)))
    told = platform.take_over(slot, {})
    assert told.problems == ()
    assert any("narrowed to the pods that run now" in note for note in told.notes)
    platform.adopt(1, slot, {})
    assert grown.untouched(namespace) == before
    for name in ("web", "web-blue"):
        assert "pod-template-hash" in namespace.get(f"v1/services/{name}")["spec"]["selector"]
    assert platform.observe().weights == {"blue": 100}
    assert platform.take_over(slot, {}).changes == ()
