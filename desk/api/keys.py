"""`keys/`: the public keys by which anybody checks what was signed here."""

from __future__ import annotations

from typing import ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.policy import Action
from events import keys
from rest.schema import operation
from rest.strict import Strict
from rest.views import Endpoint

EXAMPLE = {
    "format": "hmhp-portal public keys 1",
    "algorithm": "Ed25519",
    "keys": [
        {
            "id": "5f0c9d1e7ab34c52",
            "public_key": "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqo=",
            "valid_from": "2026-11-24T09:00:00+00:00",
            "valid_until": None,
            "endorsed_by": None,
            "endorsement": None,
        }
    ],
}


class KeyGiven(Strict):
    """One public key, and the word of the one before it."""

    id = serializers.CharField()
    public_key = serializers.CharField(help_text="32 bytes, base64.")
    valid_from = serializers.DateTimeField()
    valid_until = serializers.DateTimeField(allow_null=True, help_text="Null: it signs now.")
    endorsed_by = serializers.CharField(allow_null=True, help_text="Id of the key before it.")
    endorsement = serializers.CharField(allow_null=True, help_text="That key's signature over it, base64.")


class KeysGiven(Strict):
    """What an auditor keeps."""

    format = serializers.CharField()
    algorithm = serializers.CharField()
    keys = KeyGiven(many=True)


class Keys(Endpoint):
    """Every key that ever signed, oldest first."""

    policy_actions: ClassVar = {"GET": Action.READ_RELEASES}

    @operation(
        "Record",
        "Public keys",
        description="The same document as `./portal manage export_public_keys`; a verifier takes it so.",
        gives=KeysGiven,
        answer=EXAMPLE,
        name="keys_list",
    )
    def get(self, request: Request) -> Response:
        """The keys."""
        return Response(keys.exported())
