"""The outbox: what was written to whom, where it stands, and each mail as text, as HTML, as a file.

The HTML is shown as a page of its own whose styles come from `mail.css`: the portal's
Content-Security-Policy holds there too, and nothing in a mail needs a script.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html

from approvals.acts import Act, Confirm, refusal
from approvals.long_lists import page_of
from approvals.pages import ActPage, PolicyPage
from approvals.policy import Action
from notifications import mime, queries, styles
from notifications.errors import MessageNotFound
from notifications.models import Message
from notifications.services.retrying import try_again
from notifications.states import MessageState

PAGE_SIZE = 30
TONES = {
    MessageState.WAITING: ("idle", "wait"),
    MessageState.SENDING: ("live", "run"),
    MessageState.SENT: ("ok", "check"),
    MessageState.FAILED: ("bad", "cross"),
    MessageState.KEPT: ("idle", "mail"),
}


class Outbox(PolicyPage):
    """`/outbox/`: how the post does, and every message."""

    action = Action.READ_OUTBOX

    def get(self, request: HttpRequest) -> HttpResponse:
        """The filtered list, newest first."""
        state = request.GET.get("state", "")
        words = request.GET.get("q", "").replace("\x00", "")[:100].strip()
        found = queries.outbox(state=state, words=words)
        page, messages = page_of(found, PAGE_SIZE, request.GET.get("page"))
        post = queries.post()
        keep = request.GET.copy()
        keep.pop("page", None)
        context: dict[str, Any] = {
            "post": post,
            "sentence": queries.sentence(post),
            "page": page,
            "found": messages.counted,
            "rows": [(message, *TONES[message.status]) for message in page.object_list],
            "states": [(value, label, post.counts[value]) for value, label in MessageState.choices],
            "state": state,
            "words": words,
            "keep": keep.urlencode(),
        }
        return render(request, "notifications/outbox.html", context)


def _message(pk: int) -> Message:
    found = Message.objects.filter(pk=pk).first()
    if found is None:
        raise MessageNotFound("There is no such message.")
    return found


class MessagePage(PolicyPage):
    """`/outbox/<id>/`: one message with its headers and its text."""

    action = Action.READ_OUTBOX

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The message as it was or will be sent."""
        message = _message(pk)
        tone, icon = TONES[message.status]
        context: dict[str, Any] = {"message": message, "tone": tone, "icon": icon, "again": None}
        context["about"], context["about_url"] = queries.about(message)
        context["earlier"] = len(message.references.split())
        if message.status == MessageState.FAILED:
            context["again"] = Act(
                "again",
                "Send it again",
                reverse("notifications:try-again", args=[pk]),
                icon="reset",
                refused=refusal(self.actor, Action.RESEND_MAIL),
            )
        return render(request, "notifications/message.html", context)


class MessageAsHtml(PolicyPage):
    """`/outbox/<id>/html/`: what a mail program shows, under the portal's own policy."""

    action = Action.READ_OUTBOX

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The HTML part, its style attributes taken out and `mail.css` linked instead."""
        sheet = format_html('<link rel="stylesheet" href="{}">', static("notifications/mail.css"))
        bare = styles.without_styles(_message(pk).html)
        return HttpResponse(bare.replace("</head>", f"{sheet}</head>", 1))


class MessageAsFile(PolicyPage):
    """`/outbox/<id>/message.eml`: the whole mail for a mail program."""

    action = Action.READ_OUTBOX

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The mail as message/rfc822, to be saved."""
        response = HttpResponse(mime.payload(_message(pk)), content_type="message/rfc822")
        response["Content-Disposition"] = f'attachment; filename="message-{pk}.eml"'
        return response


class TryAgain(ActPage):
    """`/outbox/<id>/again/`: send a refused message once more."""

    action = Action.RESEND_MAIL

    def confirm(self) -> Confirm:
        """What sending again does."""
        message = _message(self.kwargs["pk"])
        return Confirm(
            "again",
            "Send the refused message again",
            [f"{message.recipient_email} gets “{message.subject}” once the mail server takes it."],
            "Send it again",
            self.request.path,
            icon="reset",
            keep="Leave it",
            keep_url=reverse("notifications:message", args=[message.pk]),
        )

    def stands(self) -> str:
        """What came of it so far."""
        message = _message(self.kwargs["pk"])
        return f"The mail to {message.recipient_email} is {message.status.label.lower()}."

    def perform(self, data: dict[str, Any]) -> str:
        """Put it back in line."""
        message = try_again(self.kwargs["pk"], actor=self.actor)
        return f"The message to {message.recipient_email} waits to be sent again."
