"""Refusals of the outbox."""

from __future__ import annotations

from events.errors import NotFound, WrongState


class MessageNotFound(NotFound):
    """No message with this number."""


class NotRefused(WrongState):
    """Only a message that the mail server refused can be sent again by hand."""
