"""Callers of the probe endpoint: a service with scope `release`."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests import cast


@pytest.fixture
def ci(db: None) -> APIClient:
    """CI with a service token; exceptions come back as answers, as they do in production."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {cast.token_of(None, 'read', 'release')[1]}")
    return client
