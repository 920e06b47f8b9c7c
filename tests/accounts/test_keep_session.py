"""A session outlives a Redis that forgets or is away; one that ended stays ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.sessions import SessionStore
from accounts.tasks import clear_sessions
from tests.cast import user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(user("rita"))
    return client


def logged_in(client: Client) -> bool:
    return client.get("/").status_code != 302


def test_redis_that_forgets_everything_logs_nobody_out(client: Client) -> None:
    assert logged_in(client)
    cache.clear()
    assert logged_in(client)


def test_renewal_within_minutes_writes_no_row(client: Client) -> None:
    assert logged_in(client)
    store = SessionStore(client.session.session_key)
    store.load()
    Session.objects.all().delete()
    store.save()
    assert not Session.objects.exists()


def test_session_that_was_ended_does_not_come_back(client: Client) -> None:
    key = client.session.session_key
    client.logout()
    cache.clear()
    assert not SessionStore(key).exists(key)


def test_copy_past_its_end_is_no_session_and_is_cleared(client: Client) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))
    cache.clear()
    assert not logged_in(client)
    clear_sessions()
    assert not Session.objects.filter(expire_date__lt=timezone.now()).exists()
