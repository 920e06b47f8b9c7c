"""`--kubeconfig`: what is refused before any cluster is asked, and the platform file that comes of it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples import cluster as example
from examples.build import RELEASES
from hmhp_portal import platform_file
from hmhp_portal.launcher.cluster import reach, settle, wish
from hmhp_portal.launcher.installation import Installation
from hmhp_portal.launcher.problem import Problem
from tests.launcher.test_refuse import launch, one_line

DIGEST = "sha256:" + "a" * 64
SETTLED: dict[str, Any] = {
    "kubeconfig": "/home/ada/.kube/config",
    "context": "kind-kind",
    "server": "https://127.0.0.1:6443",
    "asked": wish.IMAGE,
    "prefix": "hmhp-demo",
    "gateway": "",
    "image": f"docker.io/library/python@{DIGEST}",
    "port": 4711,
}


def kubeconfig(folder: Path, current: str = "one", **change: Any) -> Path:
    """A kubeconfig of two contexts, of servers that are not there."""
    document: dict[str, Any] = {
        "current-context": current,
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}],
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "ada"}} for name in ("one", "two")],
        "users": [{"name": "ada", "user": {"token": "t"}}],
    }
    file = folder / "config"
    file.write_text(yaml.safe_dump(document | change))
    return file


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("demo", "--kubeconfig", "/nowhere/config"), "there is no kubeconfig /nowhere/config"),
        (("up", "--kubeconfig", "config"), "up takes no --kubeconfig: the targets of your platform file"),
        (("dev", "--kubeconfig", "config"), "dev takes no --kubeconfig"),
        (("demo", "--context", "kind-kind"), "--context goes with --kubeconfig FILE"),
        (("demo", "--kubeconfig", "portal", "--gateway", "edge"), "--gateway is given as NAMESPACE/NAME"),
        (("demo", "--kubeconfig", "portal", "--namespace", "A_b"), "--namespace begins the names of all"),
        (("demo", "--kubeconfig", "portal"), "portal is no kubeconfig: it names no contexts and clusters"),
    ],
)
def test_words_that_cannot_be_meant_are_one_line(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    data = tmp_path / "data"
    assert says in one_line(launch(*arguments, "--port", "0", "--data", str(data)))
    assert not (data / "secrets.json").exists()


def test_context_is_the_one_named_or_the_current_one(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path)
    assert reach.context_of(file, "") == ("one", "https://127.0.0.1:9")
    assert reach.context_of(file, "two")[0] == "two"


@pytest.mark.parametrize(
    ("current", "wanted", "says"),
    [
        ("one", "three", "has no context three; it has: one, two"),
        ("", "", "has no current context; choose one with --context NAME: one, two"),
    ],
)
def test_context_that_is_not_there_names_those_that_are(
    tmp_path: Path, current: str, wanted: str, says: str
) -> None:
    with pytest.raises(Problem, match=says):
        reach.context_of(kubeconfig(tmp_path, current), wanted)


def test_context_of_no_cluster_is_told(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="names no cluster with a server"):
        reach.context_of(kubeconfig(tmp_path, clusters=[{"name": "x", "cluster": {}}]), "")


def test_server_that_is_not_there_is_told_before_anything_is_made(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    asked = wish.Wish(kubeconfig(tmp_path))
    with pytest.raises(Problem, match=r"of context one \(https://127.0.0.1:9\) cannot be used: .*refused"):
        settle.settle(installation, asked, print)
    assert not (tmp_path / settle.FILE).exists()


def test_folder_of_a_demo_on_this_machine_is_not_moved_to_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    with pytest.raises(Problem, match="runs on this machine; choose another folder"):
        settle.settle(Installation(tmp_path), wish.Wish(kubeconfig(tmp_path)), print)


def test_second_start_on_another_cluster_is_refused(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.write(settle.FILE, SETTLED)
    with pytest.raises(Problem, match=r"runs on context kind-kind of /home/ada/.kube/config"):
        settle.settle(installation, wish.Wish(kubeconfig(tmp_path)), print)


def test_what_cannot_be_taken_back_is_told_with_the_command(tmp_path: Path) -> None:
    told: list[str] = []
    settle.take_back(SETTLED | {"kubeconfig": str(kubeconfig(tmp_path))}, "key", told.append)
    assert "could not be removed" in told[0]
    selector = "release.hmhp.example/demo=key,app.kubernetes.io/managed-by=hmhp-portal"
    assert told[1].endswith(f"--context kind-kind delete namespace -l {selector}")


@pytest.mark.django_db
@pytest.mark.parametrize("gateway", ["", "gateways/edge"])
def test_platform_there_differs_in_targets_and_artefacts_only(tmp_path: Path, gateway: str) -> None:
    document = platform_file.read(example.lay_out(tmp_path, SETTLED | {"gateway": gateway}))
    assert platform_file.problems(copy.deepcopy(document)) == []
    local = yaml.safe_load(example.PLATFORM.read_text())
    for target, was in zip(document["targets"], local["targets"], strict=True):
        assert {key for key in target if target[key] != was[key]} == {"driver", "settings"}
        assert "gateway" in target["settings"] if gateway else "gateway" not in target["settings"]
    for component, was in zip(document["components"], local["components"], strict=True):
        manifest = dict(component["manifest"])
        assert manifest.pop("kubernetes")["image"] == "docker.io/library/python"
        jobs = {k: v for k, v in was["manifest"].get("jobs", {}).items() if "migrate" not in k}
        assert manifest | {"jobs": jobs} == was["manifest"] | {"jobs": jobs}
        assert {**component, "manifest": None} == {**was, "manifest": None}
    if not gateway:
        document["environments"][-1]["strategy"]["weights"] = [10, 50, 100]
    same = set(local) - {"targets", "components"}
    assert {key: document[key] for key in same} == {key: local[key] for key in same}


def test_same_image_is_another_content_by_its_configuration() -> None:
    built = example.built(SETTLED["image"])
    assert built.keys() == RELEASES.keys()
    assert {part.artifact for parts in built.values() for part in parts.values()} == {DIGEST}
    good, bad = (built[name]["scheduling"].configuration for name in ("good-2", "fails-8-percent"))
    assert good != bad
    assert '"fail_percent": 8' in bad["EXAMPLE_RELEASE"]
