"""The portal's settings with the addresses of `_bare_urls`, for the server that `api` measures."""

from hmhp_portal.settings import *  # noqa: F403

ROOT_URLCONF = "bench._bare_urls"
