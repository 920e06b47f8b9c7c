"""The environment is read once, judged whole, and an unsafe one stops the start."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from hmhp_portal.settings import services
from hmhp_portal.settings.environment import Environment, read_environment

COMPLETE = {
    "PORTAL_MODE": "production",
    "DATABASE_URL": "postgresql://portal:secret@db/portal",
    "REDIS_URL": "redis://:secret@redis:6379",
    "PORTAL_SECRET_KEY": "k" * 50,
    "PORTAL_BASE_URL": "https://releases.example.org",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("PORTAL_DATA_DIR", "PORTAL_TARGET_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_complete_environment_is_accepted(environment: pytest.MonkeyPatch) -> None:
    found = read_environment()
    assert found.secure
    assert found.hosts[0] == "releases.example.org"
    assert "evil.example" not in found.hosts


def test_every_error_is_listed_at_once_and_no_value(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PORTAL_DEBUG", "maybe")
    environment.setenv("PORTAL_SMTP_PORT", "many")
    environment.setenv("PORTAL_MODE", "produktion")
    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment()
    text = str(caught.value)
    assert all(name in text for name in ("PORTAL_DEBUG", "PORTAL_SMTP_PORT", "PORTAL_MODE"))
    assert "secret" not in text.replace("SECRET", "")


def test_everything_that_is_missing_is_listed_at_once(environment: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "PORTAL_SECRET_KEY"):
        environment.delenv(name)
    with pytest.raises(ImproperlyConfigured) as caught:
        read_environment()
    assert str(caught.value).count("is missing") == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_DEBUG", "true"),
        ("PORTAL_BASE_URL", "http://releases.example.org"),
        ("PORTAL_BASE_URL", "releases.example.org"),
        ("PORTAL_SECRET_KEY", "short"),
        ("PORTAL_CLOCK_OFFSET", "3600"),
        ("PORTAL_ALLOWED_HOSTS", "*"),
        ("PORTAL_SMTP_PASSWORD", "in-the-clear"),
        ("PORTAL_MODE", "test"),
    ],
)
def test_unsafe_setting_is_refused_in_production(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match="PORTAL_"):
        read_environment()


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("unix://:pw@/run/kv.sock", "redis+socket://:pw@/run/kv.sock?virtual_host=2"),
        ("redis://:pw@host:6379", "redis://:pw@host:6379/2"),
        ("rediss://host/0", "rediss://host/2"),
    ],
)
def test_one_redis_address_serves_the_queues(environment: pytest.MonkeyPatch, url: str, broker: str) -> None:
    environment.setenv("REDIS_URL", url)
    assert services.broker_url(Environment()) == broker


@pytest.mark.parametrize(("name", "value"), [("DATABASE_URL", "mysql://x"), ("REDIS_URL", "http://x")])
def test_foreign_address_is_refused_without_showing_it(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    read = services.database if name == "DATABASE_URL" else services.broker_url
    with pytest.raises(ImproperlyConfigured, match=name) as caught:
        read(Environment())
    assert value not in str(caught.value)


def test_database_address_is_taken_apart(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgresql://u:p%40ss@/portal?host=%2Frun%2Fpg&sslmode=disable")
    entry = services.database(Environment())
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"]) == ("u", "p@ss", "/run/pg")
    assert entry["OPTIONS"]["sslmode"] == "disable"
    assert entry["OPTIONS"]["pool"]["max_size"] == 14
