"""Addresses of releases. An act's address asks on GET and does on POST."""

from __future__ import annotations

from django.urls import path

from releases.views import detail, editing, freezing, gonogo, listing, signatures, urgent
from releases.views.verbs import deciding, ending, preparing, production

app_name = "releases"
urlpatterns = [
    path("", listing.ReleaseList.as_view(), name="list"),
    path("new/", editing.New.as_view(), name="new"),
    path("freezes/", freezing.FreezeList.as_view(), name="freezes"),
    path("freezes/add/", freezing.FreezeAdd.as_view(), name="freeze-add"),
    path("freezes/<int:pk>/remove/", freezing.FreezeRemove.as_view(), name="freeze-remove"),
    path("<str:version>/", detail.Overview.as_view(), name="detail"),
    path("<str:version>/content/", detail.Content.as_view(), name="content"),
    path("<str:version>/deployments/", detail.Runs.as_view(), name="runs"),
    path("<str:version>/history/", detail.History.as_view(), name="history"),
    path("<str:version>/go/", gonogo.Room.as_view(), name="go"),
    path("<str:version>/signatures/", signatures.Signatures.as_view(), name="signatures"),
    path("<str:version>/sign/", gonogo.Sign.as_view(), name="sign"),
    path("<str:version>/sign-offs/<int:pk>/withdraw/", deciding.Withdraw.as_view(), name="withdraw"),
    path("<str:version>/approve/", deciding.Approve.as_view(), name="approve"),
    path("<str:version>/no-go/", deciding.NoGo.as_view(), name="no-go"),
    path("<str:version>/postpone/", deciding.Postpone.as_view(), name="postpone"),
    path("<str:version>/edit/", editing.Edit.as_view(), name="edit"),
    path("<str:version>/authors/", editing.Authors.as_view(), name="authors"),
    path("<str:version>/window/", editing.SetWindow.as_view(), name="window"),
    path("<str:version>/components/<str:name>/", editing.EditComponent.as_view(), name="component"),
    path("<str:version>/items/<str:list>/<str:name>/", editing.RecordItem.as_view(), name="item"),
    path("<str:version>/facts/<str:name>/", editing.RecordFact.as_view(), name="fact"),
    path("<str:version>/development/", preparing.Development.as_view(), name="development"),
    path("<str:version>/stage/", preparing.Stage.as_view(), name="stage"),
    path("<str:version>/break-glass/", urgent.BreakGlass.as_view(), name="break-glass"),
    path("<str:version>/override-freezes/", urgent.OverrideFreezes.as_view(), name="override-freezes"),
    path("<str:version>/submit/", preparing.Submit.as_view(), name="submit"),
    path("<str:version>/watching/", production.Watching.as_view(), name="watching"),
    path("<str:version>/deploy/", production.Deploy.as_view(), name="deploy"),
    path("<str:version>/rollback/", production.Rollback.as_view(), name="rollback"),
    path("<str:version>/lessons/", production.Lessons.as_view(), name="lessons"),
    path("<str:version>/follow-up/", ending.FollowUp.as_view(), name="follow-up"),
    path("<str:version>/replan/", preparing.Replan.as_view(), name="replan"),
    path("<str:version>/ask-again/", deciding.AskAgain.as_view(), name="ask-again"),
    path("<str:version>/rebase/", preparing.Rebase.as_view(), name="rebase"),
    path("<str:version>/cancel/", ending.Cancel.as_view(), name="cancel"),
    path("<str:version>/reopen/", ending.Reopen.as_view(), name="reopen"),
]
