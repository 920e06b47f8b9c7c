"""A real control plane for tests: etcd, API server and controllers, on ports and in a folder of its own.

Nodes, kubelets and the gateway's controller are stood in for by `standins`: none of them can run here.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from hmhp_portal.embedded.child import end_with_parent
from tests.cluster.binaries import Binaries

ADMIN = "admin-token"
ACCOUNT = "release-portal"
"""The ServiceAccount that the portal is: what the Role in deploy/kubernetes is bound to."""

GARBAGE = {"GOGC": "off", "GOMEMLIMIT": "1GiB"}
"""Memory is there, processors are few: garbage is collected once it is that much."""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class ControlPlane:
    """One control plane; `start` and `stop`, or killed with the test's process."""

    def __init__(self, binaries: Binaries, *, audit: bool = False, tunnel: Path | None = None) -> None:
        """`tunnel` is the socket of an HTTP CONNECT proxy through which pods and nodes are reached."""
        self.binaries, self.audit, self._tunnel = binaries, audit, tunnel
        self.folder = Path(tempfile.mkdtemp(prefix="hmhp-cluster-"))
        self.port, self._etcd_port, self._peer_port = free_port(), free_port(), free_port()
        self.server = f"https://127.0.0.1:{self.port}"
        self.ca = self.folder / "server.crt"
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._pool: Any = None

    def start(self) -> None:
        """Start everything and wait until it answers."""
        _certificate(self.folder, "server")
        _service_account_key(self.folder)
        (self.folder / "tokens.csv").write_text(f'{ADMIN},admin,1,"system:masters"\n')
        writes = ["create", "update", "patch", "delete", "deletecollection"]
        routes = {"group": "gateway.networking.k8s.io", "resources": ["httproutes"]}
        policy = {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived", "ResponseStarted"],
            "rules": [
                {"level": "Request", "verbs": writes, "resources": [routes]},
                {"level": "Metadata", "verbs": writes},
                {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
                {"level": "None"},
            ],
        }
        (self.folder / "audit.yaml").write_text(yaml.safe_dump(policy))
        way = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": str(self._tunnel)}}}
        egress = {
            "apiVersion": "apiserver.k8s.io/v1beta1",
            "kind": "EgressSelectorConfiguration",
            "egressSelections": [{"name": "cluster", "connection": way}],
        }
        (self.folder / "egress.yaml").write_text(yaml.safe_dump(egress))
        self._run("etcd", self._etcd())
        self.start_apiserver()
        self._run("controllers", self._controllers())
        for path in sorted(self.binaries.crds.glob("*.yaml")):
            self.call(
                "POST",
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                yaml.safe_load(path.read_text()),
            )
        self.wait(lambda: self.status("GET", "/apis/gateway.networking.k8s.io/v1/httproutes") == 200)

    def start_apiserver(self) -> None:
        """Start the API server, also again after `stop_apiserver`."""
        self._run("apiserver", self._apiserver())
        self.wait(lambda: self.status("GET", "/readyz") == 200, 60)

    def stop_apiserver(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Have the API server gone."""
        child = self._children.pop("apiserver")
        child.send_signal(number)
        child.wait(30)

    def stop(self) -> None:
        """End everything and remove every trace."""
        for name in ("controllers", "apiserver", "etcd"):
            child = self._children.get(name)
            if child is not None and child.poll() is None:
                child.kill()
                child.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)

    def leave(self, namespace: str) -> None:
        """A test has ended; what it made goes with the plane: taking it away costs as much as making it."""

    def kubeconfig(self, token: str, **change: Any) -> Path:
        """A kubeconfig for that token; `change` overrides the cluster's entry."""
        cluster = {**self.cluster_entry(), **change}
        text = json.dumps([token, change], sort_keys=True)
        path = self.folder / f"kubeconfig-{hashlib.sha256(text.encode()).hexdigest()[:12]}.yaml"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {k: v for k, v in cluster.items() if v is not None}}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        }
        path.write_text(yaml.safe_dump(document))
        return path

    def call(
        self, method: str, path: str, body: Any = None, media: str = "application/json"
    ) -> dict[str, Any]:
        """As an administrator; fails the test with the server's own words."""
        response = self._send(method, path, body, media)
        found: dict[str, Any] = json.loads(response.data) if response.data[:1] == b"{" else {}
        assert response.status < 400, (
            f"{method} {path}: {response.status} {found.get('message', response.data[:300])}"
        )
        return found

    def status(self, method: str, path: str, body: Any = None) -> int:
        """The status of an answer, 0 when there is none."""
        try:
            return int(self._send(method, path, body, "application/json").status)
        except urllib3.exceptions.HTTPError:
            return 0

    def wait(self, condition: Any, seconds: float = 30.0) -> Any:
        """Wait until it holds; the logs are in the message when it never does."""
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            dead = [name for name, child in self._children.items() if child.poll() is not None]
            if dead or time.monotonic() > deadline:
                raise AssertionError(f"never true; ended: {dead}\n{self._logs()}")
            time.sleep(0.05)

    def token(self, namespace: str) -> str:
        """A token of the portal's ServiceAccount in that namespace."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{ACCOUNT}/token"
        found = self.call("POST", path, {"spec": {"expirationSeconds": 7200}})
        return str(found["status"]["token"])

    def audit_mark(self) -> int:
        """Where the audit log ends now."""
        path = self.folder / "audit.log"
        return path.stat().st_size if path.exists() else 0

    def audit_log(self, mark: int = 0) -> list[dict[str, Any]]:
        """Every change that the API server was asked for since that mark, and every read of the portal's.

        Of routes with what was asked for, which tells the weights.
        """
        path = self.folder / "audit.log"
        if not path.exists():
            return []
        with path.open("rb") as log:
            log.seek(mark)
            return [json.loads(line) for line in log.read().splitlines(keepends=True) if line.endswith(b"\n")]

    def stream(self, path: str) -> Iterator[bytes]:
        """The lines of a watch, as an administrator, until the server ends it."""
        timeout = urllib3.Timeout(connect=5, read=None)
        response = self.pool().request(
            "GET", self.server + path, headers=self.headers(), retries=False, timeout=timeout,
            preload_content=False,
        )  # fmt: skip
        try:
            yield from response
        finally:
            response.close()

    def cluster_entry(self) -> dict[str, Any]:
        """How a kubeconfig describes it."""
        return {"server": self.server, "certificate-authority": str(self.ca)}

    def headers(self) -> dict[str, str]:
        """As an administrator."""
        return {"Authorization": f"Bearer {ADMIN}"}

    def pool(self) -> Any:
        """Connections of an administrator."""
        if self._pool is None:
            self._pool = urllib3.PoolManager(ca_certs=str(self.ca), maxsize=24)
        return self._pool

    def _send(self, method: str, path: str, body: Any, media: str) -> Any:
        headers = {**self.headers(), "Content-Type": media}
        data = None if body is None else json.dumps(body).encode()
        timeout = urllib3.Timeout(10)
        address = self.server + path
        return self.pool().request(
            method, address, body=data, headers=headers, retries=False, timeout=timeout
        )

    def _etcd(self) -> list[str]:
        client, peer = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{self._peer_port}"
        return [
            str(self.binaries.etcd),
            "--data-dir",
            str(self.folder / "etcd"),
            "--listen-client-urls",
            client,
            "--advertise-client-urls",
            client,
            "--listen-peer-urls",
            peer,
            "--initial-advertise-peer-urls",
            peer,
            "--initial-cluster",
            f"default={peer}",
            "--unsafe-no-fsync",
            "--log-level",
            "error",
        ]

    def _apiserver(self) -> list[str]:
        key = str(self.folder / "accounts.key")
        command = [
            str(self.binaries.apiserver),
            "--etcd-servers",
            f"http://127.0.0.1:{self._etcd_port}",
            "--bind-address",
            "127.0.0.1",
            "--advertise-address",
            "127.0.0.1",
            "--secure-port",
            str(self.port),
            "--tls-cert-file",
            str(self.ca),
            "--tls-private-key-file",
            str(self.folder / "server.key"),
            "--token-auth-file",
            str(self.folder / "tokens.csv"),
            "--authorization-mode",
            "RBAC",
            "--service-account-issuer",
            "https://test",
            "--service-account-key-file",
            key,
            "--service-account-signing-key-file",
            key,
            "--service-cluster-ip-range",
            "10.96.0.0/16",
            "--endpoint-reconciler-type",
            "none",
            "--max-requests-inflight",
            "800",
            "-v",
            "1",
        ]
        if self.audit:
            command += [
                "--audit-policy-file",
                str(self.folder / "audit.yaml"),
                "--audit-log-path",
                str(self.folder / "audit.log"),
                "--audit-log-mode",
                "blocking",
            ]
        if self._tunnel:
            command += ["--egress-selector-config-file", str(self.folder / "egress.yaml")]
        return command

    def _controllers(self) -> list[str]:
        return [
            str(self.binaries.controllers),
            "--kubeconfig",
            str(self.kubeconfig(ADMIN)),
            "--leader-elect=false",
            "--service-account-private-key-file",
            str(self.folder / "accounts.key"),
            "--root-ca-file",
            str(self.ca),
            "--secure-port",
            "0",
            "--kube-api-qps",
            "400",
            "--kube-api-burst",
            "800",
            "--horizontal-pod-autoscaler-sync-period",  # nobody measures pods here
            "1h",
            "--controllers",
            "*,-node-lifecycle-controller,-taint-eviction-controller",
            "-v",
            "1",
        ]

    def _run(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._children[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), **GARBAGE},
                preexec_fn=end_with_parent(signal.SIGKILL),
            )

    def _logs(self) -> str:
        return "\n".join(
            f"{p.name}: {p.read_text()[-2000:]}" for p in self.folder.glob("*.log") if p.name != "audit.log"
        )


def _certificate(folder: Path, name: str, days: int = 2) -> None:
    """A certificate that signs itself, for the API server or a stand-in; `days` below 0: it has expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"hmhp test {name}")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=9))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(_pem(key))


def _service_account_key(folder: Path) -> None:
    (folder / "accounts.key").write_bytes(_pem(rsa.generate_private_key(65537, 2048)))


def _pem(key: Any) -> bytes:
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    written: bytes = key.private_bytes(encoding, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    return written
