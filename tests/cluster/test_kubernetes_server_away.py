"""The API server gone for a while: never taken for healthy, waited out, and what it held is still there.

A file of its own, after the others: what runs on a control plane that was restarted is slow for a while.
"""

from __future__ import annotations

import pytest

from platforms.base import PlatformUnavailable, Routing
from tests.cluster.conftest import Namespace, eventually
from tests.cluster.plane import ControlPlane
from tests.cluster.test_kubernetes_faults import Here
from tests.platforms.contract import ready


@pytest.fixture
def here(namespace: Namespace) -> Here:
    return Here(namespace)


def test_api_server_that_is_away_is_waited_out_and_never_taken_for_healthy(
    here: Here, plane: ControlPlane
) -> None:
    ready(here, "blue")
    here.platform.switch(1, Routing({"blue": 100}, "blue"))
    eventually(lambda: here.platform.observe().background == "blue")
    plane.stop_apiserver()
    with pytest.raises(PlatformUnavailable, match="cannot be reached"):
        here.platform.observe()
    plane.start_apiserver()

    def back() -> bool:
        try:
            return bool(here.platform.observe().slot("blue").ready)
        except PlatformUnavailable:
            return False

    eventually(back, 30)
    assert here.platform.observe().weights == {"blue": 100}
