"""The signing key in Vault's transit engine: it is made there, signs there, and never leaves.

A key's versions are the portal's keys, one after the other. What the portal's Vault policy must allow:
`update` on MOUNT/sign/NAME and MOUNT/keys/NAME/rotate, `read` and `create` on MOUNT/keys/NAME.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import hvac
import requests
from hvac import exceptions as answers

from platforms.keys.base import (
    KeysRefused,
    KeysUnavailable,
    PublicKey,
    Rotation,
    Signature,
    endorsement_of,
    key_id,
)

TIMEOUT = 3.0
"""Seconds for one call: somebody waits for it with a gate locked."""
LIST_SECONDS = 30.0
"""How long a list of versions is believed; a signature by a version not on it reads it again."""

Answer = TypeVar("Answer")


class VaultKeeper:
    """A keeper over one transit key."""

    def __init__(
        self,
        address: str,
        token: Callable[[], str],
        *,
        name: str = "hmhp-portal",
        mount: str = "transit",
        namespace: str = "",
        authority: str = "",
    ) -> None:
        """`token` is asked at every call, since an agent renews it; `authority` is a CA file."""
        self._token = token
        self._name, self._mount = name, mount
        self._client = hvac.Client(
            url=address, timeout=TIMEOUT, namespace=namespace or None, verify=authority or True
        )
        self._versions: tuple[float, dict[int, PublicKey]] | None = None

    def ensure(self, valid_from: datetime) -> PublicKey:
        """The present version, or version 1; Vault's own time of making counts."""
        try:
            return self.public_keys()[-1]
        except KeysUnavailable as error:
            if not isinstance(error.__cause__, answers.InvalidPath):
                raise
        self._ask(lambda transit: transit.create_key(self._name, key_type="ed25519", mount_point=self._mount))
        return self.public_keys()[-1]

    def sign(self, message: bytes) -> Signature:
        """Sign with the newest version."""
        version, value = self._sign(message)
        if version not in self._listed():
            self._versions = None
        return Signature(self._listed()[version].id, value)

    def public_keys(self) -> tuple[PublicKey, ...]:
        """Every version, oldest first, as Vault lists them now."""
        self._versions = None
        listed = self._listed()
        return tuple(listed[number] for number in sorted(listed))

    def rotate(self, now: datetime) -> Rotation:
        """A new version; Vault lets the one before it sign once more."""
        old_version = max(self._listed())
        self._ask(lambda transit: transit.rotate_key(self._name, mount_point=self._mount))
        keys = self.public_keys()
        _, endorsement = self._sign(endorsement_of(keys[-1].public), old_version)
        return Rotation(keys[-1], keys[-2], endorsement)

    def _sign(self, message: bytes, version: int | None = None) -> tuple[int, bytes]:
        text = base64.b64encode(message).decode()
        answer = self._ask(
            lambda transit: transit.sign_data(
                self._name, hash_input=text, key_version=version, mount_point=self._mount
            )
        )
        try:
            _, number, value = answer["data"]["signature"].split(":")
            return int(number.removeprefix("v")), base64.b64decode(value, validate=True)
        except (KeyError, TypeError, ValueError):
            raise KeysRefused("Vault's answer to a signature is not understood.") from None

    def _listed(self) -> dict[int, PublicKey]:
        if self._versions is None or time.monotonic() - self._versions[0] > LIST_SECONDS:
            answer = self._ask(lambda transit: transit.read_key(self._name, mount_point=self._mount))
            self._versions = time.monotonic(), _read(answer["data"])
        return self._versions[1]

    def _ask(self, call: Callable[[Any], Answer]) -> Answer:
        self._client.token = self._token()
        try:
            return call(self._client.secrets.transit)
        except answers.InvalidPath as error:
            sentence = f"Vault has no key {self._name} in {self._mount}; `./portal manage prepare` makes it."
            raise KeysUnavailable(sentence) from error
        except (answers.Forbidden, answers.Unauthorized) as error:
            raise KeysRefused(
                f"Vault does not let the portal use {self._mount}/{self._name}; see the policy it needs."
            ) from error
        except (requests.RequestException, answers.VaultError) as error:
            raise KeysUnavailable(f"Vault does not answer ({type(error).__name__}); try again.") from error


def _read(data: dict[str, Any]) -> dict[int, PublicKey]:
    if data.get("type") != "ed25519":
        raise KeysRefused(f"The key in Vault is of type {data.get('type')}; the portal signs with ed25519.")
    made = {int(number): entry for number, entry in data["keys"].items()}
    found = {}
    for number, entry in made.items():
        public = base64.b64decode(entry["public_key"])
        after = made.get(number + 1)
        until = datetime.fromisoformat(after["creation_time"]) if after else None
        since = datetime.fromisoformat(entry["creation_time"])
        found[number] = PublicKey(key_id(public), public, since, until)
    return found
