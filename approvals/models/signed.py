"""What somebody signed, word for word, with the portal's signature over it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from approvals.models.answers import Decision, SignOff
from approvals.models.gates import Gate


class SignedAct(models.Model):
    """One act as canonical JSON (RFC 8785) and the Ed25519 signature over exactly this text.

    Written once, with the act (guarded by 0004). The text names the signer, because a signature without a
    printed name is none (21 CFR 11.50); it is kept as long as the law asks, also when a person is erased.
    """

    act = models.CharField(max_length=40)
    stream = models.CharField(max_length=200)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    gate = models.ForeignKey(Gate, on_delete=models.PROTECT, null=True, related_name="signed_acts")
    signoff = models.ForeignKey(SignOff, on_delete=models.PROTECT, null=True, related_name="signed_acts")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, null=True, related_name="signed_acts")
    at = models.DateTimeField()
    text = models.TextField()
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=100)

    class Meta:
        """In order; nothing is signed by no key."""

        ordering = ("at", "id")
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(key_id="") & ~models.Q(signature=""), name="signed_act_is_signed"
            ),
            models.UniqueConstraint(fields=("act", "signoff"), name="signed_act_once_per_signoff"),
            models.UniqueConstraint(fields=("act", "decision"), name="signed_act_once_per_decision"),
        )
        indexes = (models.Index(fields=("stream", "at"), name="signed_act_by_stream"),)

    def __str__(self) -> str:
        return f"{self.act} by {self.person_id} signed with {self.key_id}"
