"""The way to a cluster's API server: who we are, whom we trust, through which proxy.

In comes a target's `ClusterSettings`, out goes a `Connection` with a pool of kept connections. TLS is
always verified; a kubeconfig that switches it off is refused. Only `api` sends requests over it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from platforms.base import PlatformRefused
from platforms.kubernetes.settings import ClusterSettings

POOL_SIZE = 256
"""Most connections that are kept per cluster in one process: each watch holds one."""


class Connection:
    """One cluster as one identity; shared by all targets that name the same."""

    def __init__(self, settings: ClusterSettings) -> None:
        """Raises PlatformRefused (`invalid`) when kubeconfig, context, token or CA cannot be used."""
        self._settings = settings
        self._lock = threading.Lock()
        self._configuration: Any = None
        self._pool: Any = None
        self.open()

    def open(self) -> None:
        """Read credentials afresh; also what helps when they have expired."""
        configuration = _configuration(self._settings)
        if not configuration.verify_ssl:
            raise PlatformRefused("invalid", "The kubeconfig switches off the verification of TLS.")
        if not str(configuration.host).startswith("https://"):
            raise PlatformRefused("invalid", f"The cluster's address must be https: {configuration.host}.")
        configuration.connection_pool_maxsize = POOL_SIZE
        configuration.proxy = self._settings.proxy or configuration.proxy
        with self._lock:
            self._configuration, self._pool = configuration, RESTClientObject(configuration).pool_manager

    @property
    def host(self) -> str:
        """The address of the API server."""
        return str(self._configuration.host)

    @property
    def pool(self) -> Any:
        """urllib3's pool with our trust and client certificate."""
        return self._pool

    def headers(self) -> dict[str, str]:
        """Who we are; a token that expires is read again when it does."""
        if self._settings.token_file and self._settings.server:
            return {"Authorization": f"Bearer {_text(self._settings.token_file, 'token_file')}"}
        token = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        if token:
            return {"Authorization": token if " " in token else f"Bearer {token}"}
        if self._configuration.username:
            return {"Authorization": self._configuration.get_basic_auth_token()}
        return {}


def _configuration(settings: ClusterSettings) -> Any:
    configuration = Configuration()
    try:
        if settings.in_cluster:
            load_incluster_config(configuration)
        elif settings.server:
            _text(settings.ca_file, "ca_file")
            configuration.host, configuration.ssl_ca_cert = settings.server, settings.ca_file
        else:
            _from_kubeconfig(settings, configuration)
    except (ConfigException, OSError, ValueError, KeyError, TypeError) as error:
        where = settings.kubeconfig or "the cluster that the portal runs in"
        raise PlatformRefused("invalid", f"The portal cannot connect with {where}: {error}.") from error
    return configuration


def _from_kubeconfig(settings: ClusterSettings, configuration: Any) -> None:
    path = Path(settings.kubeconfig).expanduser()
    if not path.is_file():
        raise PlatformRefused("invalid", f"There is no kubeconfig at {path}.")
    load_kube_config(str(path), settings.context or None, configuration, persist_config=False)


def _text(path: str, what: str) -> str:
    try:
        return Path(path).expanduser().read_text().strip()
    except OSError as error:
        raise PlatformRefused("invalid", f"The {what} {path} cannot be read: {error.strerror}.") from error


_open: dict[tuple[str, ...], Connection] = {}
_open_lock = threading.Lock()


def connection_of(settings: ClusterSettings) -> Connection:
    """The process's connection for these settings; opens no socket yet."""
    with _open_lock:
        found = _open.get(settings.connection_key)
        if found is None:
            found = _open[settings.connection_key] = Connection(settings)
        return found
