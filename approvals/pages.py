"""Bases of every page: who may read it, how an act is asked for and done, how a refusal is shown.

In: requests. Out: rendered pages; every `PortalError` becomes a page with its sentence and status.
Called by the views of the rooms above; API views have bases of their own.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.forms import DateTimeInput, Form, Textarea, TextInput, URLInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views import View

from accounts.actors import Actor, of_request
from accounts.errors import FactorNeeded
from accounts.services.refusals import refused as record_refusal
from accounts.services.refusals import wrong_form
from accounts.step_up import lead_to_factor
from approvals.acts import Confirm
from approvals.policy import Action, require
from events.errors import PortalError

COUNTS = "portal_poll_counts"
TYPED = (TextInput, Textarea, URLInput, DateTimeInput)
"""Widgets that hold what somebody typed; none of them holds a password or a code."""
WORDS = {403: "Not allowed", 404: "Not found", 409: "Not possible now", 412: "Changed meanwhile"}


class PolicyPage(View):
    """A page for people: login first, then the table, then the view; refusals become pages."""

    action: Action | None = Action.READ_RELEASES
    actor: Actor

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Ask who is there and whether they may; carry out; show a refusal as a sentence."""
        if not request.user.is_authenticated:
            return self.logged_out(request)
        self.actor = of_request(request)
        request.portal_actor = self.actor  # type: ignore[attr-defined]  # the shell reads roles from it
        try:
            if self.action is not None:
                require(self.actor, self.action)
            return super().dispatch(request, *args, **kwargs)
        except FactorNeeded as error:
            return lead_to_factor(request, error)
        except PortalError as error:
            if request.method == "POST":
                record_refusal(request, self.actor, error)
            return refused(request, error)

    def logged_out(self, request: HttpRequest) -> HttpResponseBase:
        """The login, coming back here afterwards; a fragment gets 401 and the page says so."""
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401)
        return redirect_to_login(request.get_full_path())


class ActPage(PolicyPage):
    """An act: GET asks with its effect in numbers, POST does it and goes back with one sentence.

    Without JavaScript the GET is a page of its own; with it, pages carry the same `Confirm` as a
    sheet. After a login that interrupted the POST, the GET is the one confirm that is left.
    """

    action: Action | None = None
    form_class: type[Form] = Form
    template_name = "acts/confirm.html"

    def confirm(self) -> Confirm:
        """What is asked. `self.kwargs` names the thing."""
        raise NotImplementedError

    def stands(self) -> str:
        """What is true now of the thing asked about, in one sentence: the heading above the question.

        Empty where the question itself says it.
        """
        return ""

    def perform(self, data: dict[str, Any]) -> str:
        """Call the one service; return the sentence of what has been done."""
        raise NotImplementedError

    def form_kwargs(self) -> dict[str, Any]:
        """More arguments for the form, such as initial values."""
        return {}

    def done_url(self) -> str:
        """Where to go after the act."""
        return self.confirm().keep_url

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ask."""
        return self._ask(self.form_class(**self.form_kwargs()))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Do it, or say what is missing with the input kept."""
        form = self.form_class(request.POST, **self.form_kwargs())
        if not form.is_valid():
            wrong_form(request, self.actor, form)
            return self._ask(form, status=400)
        try:
            sentence = self.perform({name: _unix(value) for name, value in form.cleaned_data.items()})
        except FactorNeeded:
            raise
        except PortalError as error:
            record_refusal(request, self.actor, error)
            for path, texts in error.fields.items():
                name = path.rpartition(".")[2] if path not in form.fields else path
                if name in form.fields:
                    form.add_error(name, texts)
            return self._ask(form, error=error, status=error.status)
        messages.success(request, sentence)
        return HttpResponseRedirect(self.done_url())

    def _ask(self, form: Form, *, error: PortalError | None = None, status: int = 200) -> HttpResponse:
        confirm = self.confirm()
        _keep_drafts(form)
        confirm.form, confirm.error = form, error
        context = {"confirm": confirm, "stands": self.stands()}
        return render(self.request, self.template_name, context, status=status)


def _keep_drafts(form: Form) -> None:
    """What is typed into these fields outlives a session that ends (portal.js): the page promises it."""
    for name, field in form.fields.items():
        if type(field.widget) in TYPED and "autocomplete" not in field.widget.attrs:
            field.widget.attrs.setdefault("data-draft", name)


def count_as_activity(request: HttpRequest) -> None:
    """This request renews the session although the page made it by itself (see `desk.idle`)."""
    setattr(request, COUNTS, True)


def _unix(value: Any) -> Any:
    """Browsers send line ends as CR LF; the record keeps LF."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def refused(request: HttpRequest, error: PortalError) -> HttpResponse:
    """The page of a refusal: what, why, who can, and the way back."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=error.status)
    heading = WORDS.get(error.status, "Not done")
    context = {"error": error, "heading": heading, "status": error.status}
    return render(request, "errors/refused.html", context, status=error.status)
