"""The base of this app's pages: login first, then the table, then the view; refusals become pages.

The rooms above have a fuller base in `approvals.pages`; this app lies below the policy table and asks
it through `accounts.authority`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views import View

from accounts import authority
from accounts.actors import Actor, of_request
from accounts.errors import FactorNeeded
from accounts.services.refusals import refused as record_refusal
from accounts.services.refusals import wrong_form
from accounts.step_up import lead_to_factor
from events.errors import PortalError

HEADINGS = {400: "Not valid", 403: "Not allowed", 404: "Not found", 409: "Not possible now"}


class Page(View):
    """A page for people who are logged in; `verb` is what the table must allow, None for anybody."""

    verb: authority.Verb | None = None
    actor: Actor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask who is there and whether they may; show a refusal as a sentence."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        self.actor = of_request(request)
        try:
            if self.verb is not None:
                authority.require(self.actor, self.verb)
            return super().dispatch(request, *args, **kwargs)
        except FactorNeeded as error:
            return lead_to_factor(request, error)
        except PortalError as error:
            if request.method == "POST":
                record_refusal(request, self.actor, error)
            return refused(request, error)

    def may(self, verb: authority.Verb) -> bool:
        """Whether the reader may; controls that they may not use are not drawn enabled."""
        return authority.refusal(self.actor, verb) is None


class Act(Page):
    """A change by POST: one service call, one sentence, back to where it was asked for.

    GET asks first, as a page of its own, where `question` gives the effect in sentences.
    """

    verb: authority.Verb | None = "MANAGE_PEOPLE"
    form_class: type[Form] = Form

    def perform(self, data: dict[str, Any]) -> str:
        """Call the one service; return the sentence of what has been done."""
        raise NotImplementedError

    def back(self) -> str:
        """Where to go afterwards."""
        raise NotImplementedError

    def question(self) -> dict[str, Any]:
        """`title`, `effects`, `label` for the confirming page; `kind` and `icon` if not plain."""
        raise NotImplementedError

    def stands(self) -> str:
        """What is true now of the thing asked about, in one sentence: the heading above the question."""
        return ""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask."""
        return self._ask(request, self.form_class())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Do it, or ask again with what is missing and the input kept."""
        form = self.form_class(request.POST)
        if not form.is_valid():
            wrong_form(request, self.actor, form)
            return self._ask(request, form, status=400)
        try:
            sentence = self.perform(form.cleaned_data)
        except FactorNeeded:
            raise
        except PortalError as error:
            record_refusal(request, self.actor, error)
            put_errors(form, error)
            return self._ask(request, form, error=error, status=error.status)
        messages.success(request, sentence)
        return HttpResponseRedirect(self.back())

    def _ask(
        self, request: HttpRequest, form: Form, *, error: PortalError | None = None, status: int = 200
    ) -> HttpResponse:
        confirm = {
            "id": "ask",
            "icon": "check",
            "kind": "primary",
            "url": request.path,
            "keep": "Keep as it is",
            "keep_url": self.back(),
            "form": form,
            "error": error,
        } | self.question()
        context = {"confirm": confirm, "stands": self.stands()}
        return render(request, "acts/confirm.html", context, status=status)


def put_errors(form: Form, error: PortalError) -> None:
    """Put what a service said about a field at that field."""
    for name, texts in error.fields.items():
        if name in form.fields:
            form.add_error(name, list(texts))


def answered(
    request: HttpRequest, actor: Actor, form: Form, call: Callable[[dict[str, Any]], Any]
) -> tuple[Any, PortalError | None]:
    """The service's result for a valid form, or None with what it refused, its words at the fields.

    What was refused, by the form or the service, is recorded. A second factor that is missing is the
    page's to ask for: FactorNeeded passes.
    """
    if not form.is_valid():
        wrong_form(request, actor, form)
        return None, None
    try:
        return call(form.cleaned_data), None
    except FactorNeeded:
        raise
    except PortalError as error:
        record_refusal(request, actor, error)
        put_errors(form, error)
        return None, error


def refused(request: HttpRequest, error: PortalError) -> HttpResponse:
    """The page of a refusal: what, why, and the way back."""
    context = {"error": error, "heading": HEADINGS.get(error.status, "Not done"), "status": error.status}
    return render(request, "errors/refused.html", context, status=error.status)
