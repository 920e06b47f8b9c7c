"""The portal's own settings: one typed class over the environment, and the only reader of it.

Comes in: DATABASE_URL, REDIS_URL and PORTAL_*. Goes out: one frozen object, or one error that lists
everything that is wrong. Called by `hmhp_portal.settings` alone.
"""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from pydantic import AliasChoices, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Mode = Literal["demo", "up", "test", "production"]
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "testserver"})


def _unprefixed(name: str) -> AliasChoices:
    return AliasChoices(name)


class Environment(BaseSettings):
    """Everything that the environment may decide; see docs of each field."""

    model_config = SettingsConfigDict(
        env_prefix="PORTAL_", frozen=True, str_strip_whitespace=True, extra="ignore"
    )

    mode: Mode = "test"
    database_url: str = Field("", validation_alias=_unprefixed("DATABASE_URL"))
    redis_url: str = Field("", validation_alias=_unprefixed("REDIS_URL"))
    secret_key: str = ""
    data_dir: Path = Path(tempfile.gettempdir()) / "hmhp-portal-test"
    base_url: str = "http://localhost:8000"
    allowed_hosts: str = Field("", description="comma-separated, besides the host of the base URL")
    local_agent_socket: Path | None = None
    local_agent_token: str = ""
    target_database_url: str = ""
    way_back_dir: Path | None = Field(None, description="each run's way back as a file; in the data folder")
    clock_offset: int = Field(0, description="seconds that the portal's clock is ahead of the machine's")
    idle_minutes: int = Field(30, ge=1, le=24 * 60, description="without activity, until log-off")
    trusted_proxies: int = Field(0, ge=0, le=10, description="proxies in front that set X-Forwarded-For")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    database_pool: int = Field(14, ge=2, le=100, description="most connections of one process")
    sockets: int = Field(2000, ge=1, description="open pages that one web process follows, most")
    sockets_of_one: int = Field(60, ge=1, description="open pages of one person, most")
    smtp_host: str = Field("", description="empty: mail is kept in the outbox and sent nowhere")
    smtp_port: int = Field(25, ge=1, le=65535)
    smtp_user: str = ""
    smtp_password: str = ""
    smtp_tls: Literal["none", "starttls", "tls"] = "none"
    smtp_from: str = "HMHP Release Portal <portal@localhost>"
    audit_head_folder: Path | None = Field(None, description="where heads of the audit trail are put")
    audit_head_mail: str = Field("", description="addresses that get the head, comma-separated")
    audit_head_mail_hours: int = Field(24, ge=1, le=24 * 31, description="at most one such mail in so long")
    retention_database_url: str = Field("", description="of the login that drops what is kept long enough")
    demo_password: str = Field("", description="of the demo's people")
    demo_releases: int = Field(7, ge=2, le=7, description="of the demo's past, the latest")
    ready_file: Path | None = Field(None, description="a worker makes it when it takes work")
    debug: bool = False
    key_keeper: Literal["file", "vault"] = Field("file", description="who keeps the signing key")
    key_folder: Path | None = Field(None, description="of the file keeper; DATA/keys when empty")
    vault_address: str = ""
    vault_token: str = ""
    vault_token_file: str = Field("", description="read at every call, since an agent renews it")
    vault_mount: str = "transit"
    vault_key: str = "hmhp-portal"
    vault_namespace: str = ""
    vault_authority: str = Field("", description="a file of certificates that vouch for Vault")

    @model_validator(mode="after")
    def _complete_and_safe(self) -> Self:
        problems = [*self._missing(), *self._unsafe(), *self._keyless()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def hosts(self) -> list[str]:
        """Host names that requests may name: people's, and this machine's for probes.

        Links never come from the request, always from the base URL.
        """
        own = urlsplit(self.base_url).hostname or ""
        extra = [name.strip() for name in self.allowed_hosts.split(",") if name.strip()]
        return list(dict.fromkeys([own, *extra, *sorted(LOOPBACK), "[::1]"]))

    @property
    def secure(self) -> bool:
        """Is the portal reached by https?"""
        return urlsplit(self.base_url).scheme == "https"

    def _missing(self) -> list[str]:
        if self.mode == "test":
            return []
        wanted = {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "PORTAL_SECRET_KEY": self.secret_key,
        }
        return [f"{name} is missing" for name, value in wanted.items() if not value]

    def _keyless(self) -> list[str]:
        """What stands in the way of a signing key in Vault."""
        if self.key_keeper != "vault":
            return []
        problems = []
        url = urlsplit(self.vault_address)
        if url.scheme not in ("http", "https") or not url.hostname:
            problems.append("PORTAL_VAULT_ADDRESS must be http://… or https://… with a host")
        elif url.scheme == "http" and url.hostname not in LOOPBACK:
            problems.append("PORTAL_VAULT_ADDRESS must be https: its token would travel in the clear")
        if bool(self.vault_token) == bool(self.vault_token_file):
            problems.append("PORTAL_VAULT_TOKEN or PORTAL_VAULT_TOKEN_FILE must be given, one of them")
        return problems

    def _unsafe(self) -> list[str]:
        problems = []
        url = urlsplit(self.base_url)
        if url.scheme not in ("http", "https") or not url.hostname:
            problems.append("PORTAL_BASE_URL must be http://… or https://… with a host")
        if self.mode == "production" and not self.secure and url.hostname not in LOOPBACK:
            problems.append(
                "PORTAL_BASE_URL must be https in production (it carries sessions and signatures)"
            )
        if self.mode == "production" and self.debug:
            problems.append("PORTAL_DEBUG shows internals and is refused in production")
        if self.mode == "production" and self.clock_offset:
            problems.append("PORTAL_CLOCK_OFFSET moves signatures in time and is refused in production")
        if self.mode != "test" and self.secret_key and len(self.secret_key) < 32:
            problems.append("PORTAL_SECRET_KEY must have at least 32 characters")
        if self.mode == "test" and url.hostname not in LOOPBACK:
            problems.append("PORTAL_MODE is test, which serves this machine only: set PORTAL_MODE")
        if "*" in self.allowed_hosts and self.mode == "production":
            problems.append("PORTAL_ALLOWED_HOSTS must name hosts, not *")
        if self.smtp_password and self.smtp_tls == "none" and self.smtp_host not in LOOPBACK:
            problems.append("PORTAL_SMTP_PASSWORD would travel in the clear: set PORTAL_SMTP_TLS")
        return problems


def read_environment() -> Environment:
    """The settings of this process.

    Raises ImproperlyConfigured with every problem, one a line, never with a value (it may be a secret).
    """
    try:
        found = Environment()
    except ValidationError as problem:
        lines = []
        for error in problem.errors(include_url=False, include_input=False):
            where = ".".join(str(part) for part in error["loc"])
            name = where if where.isupper() else f"PORTAL_{where.upper()}"
            text = error["msg"].removeprefix("Value error, ")
            lines += [f"{name}: {text}"] if where else text.split("; ")
        raise ImproperlyConfigured("The portal's settings are wrong:\n  " + "\n  ".join(lines)) from None
    if not found.secret_key:  # only in test mode: nothing signed by it outlives the process
        return found.model_copy(update={"secret_key": secrets.token_urlsafe(48)})
    return found
