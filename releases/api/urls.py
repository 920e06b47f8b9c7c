"""Addresses of releases under `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from releases.api.views import emergencies, freezes, readiness, releases, results, signing, verbs

ONE = "releases/<plain:version>/"

urlpatterns = [
    path("releases/", releases.Releases.as_view(), name="api-releases"),
    path(ONE, releases.OneRelease.as_view(), name="api-release"),
    path(f"{ONE}components/<plain:name>/", releases.OneComponent.as_view(), name="api-component"),
    path(f"{ONE}checklist/<plain:name>/", results.Checklist.as_view(), name="api-checklist"),
    path(f"{ONE}validations/<plain:name>/", results.Validations.as_view(), name="api-validation"),
    path(f"{ONE}facts/<plain:name>/", results.Facts.as_view(), name="api-fact"),
    path(f"{ONE}lessons/", results.LessonsLearned.as_view(), name="api-lessons"),
    path(f"{ONE}readiness/", readiness.ReadinessOfRelease.as_view(), name="api-readiness"),
    path(f"{ONE}sign-offs/", signing.SignOffs.as_view(), name="api-sign-offs"),
    path(f"{ONE}sign-offs/<id:pk>/", signing.OneSignOff.as_view(), name="api-sign-off"),
    path(f"{ONE}decision/", signing.Decision.as_view(), name="api-decision"),
    path(f"{ONE}watching/", signing.Watching.as_view(), name="api-watching"),
    path(f"{ONE}stage/", verbs.Stage.as_view(), name="api-stage"),
    path(f"{ONE}submit/", verbs.Submit.as_view(), name="api-submit"),
    path(f"{ONE}deploy/", verbs.Deploy.as_view(), name="api-deploy"),
    path(f"{ONE}rollback/", verbs.Rollback.as_view(), name="api-rollback"),
    path(f"{ONE}replan/", verbs.Replan.as_view(), name="api-replan"),
    path(f"{ONE}ask-again/", verbs.AskAgain.as_view(), name="api-ask-again"),
    path(f"{ONE}rebase/", verbs.Rebase.as_view(), name="api-rebase"),
    path(f"{ONE}cancel/", verbs.Cancel.as_view(), name="api-cancel"),
    path(f"{ONE}reopen/", verbs.Reopen.as_view(), name="api-reopen"),
    path(f"{ONE}follow-up/", verbs.FollowUp.as_view(), name="api-follow-up"),
    path(f"{ONE}break-glass/", emergencies.BreakGlass.as_view(), name="api-break-glass"),
    path(f"{ONE}freeze-overrides/", emergencies.FreezeOverrides.as_view(), name="api-freeze-overrides"),
    path("emergency-stops/", emergencies.Stops.as_view(), name="api-stops"),
    path("emergency-stops/<id:pk>/sign-offs/", emergencies.SignStop.as_view(), name="api-stop-sign"),
    path("emergency-stops/<id:pk>/lift/", emergencies.LiftStop.as_view(), name="api-stop-lift"),
    path("emergency-stops/<id:pk>/ask-again/", emergencies.AskStopAgain.as_view(), name="api-stop-ask"),
    path("reviews/", emergencies.Reviews.as_view(), name="api-reviews"),
    path("reviews/<id:pk>/sign-offs/", emergencies.SignReview.as_view(), name="api-review-sign"),
    path("reviews/<id:pk>/follow-up/", emergencies.FollowReview.as_view(), name="api-review-follow-up"),
    path("late-entries/", emergencies.LateEntries.as_view(), name="api-late-entries"),
    path("freezes/", freezes.Freezes.as_view(), name="api-freezes"),
    path("freezes/<id:pk>/", freezes.OneFreeze.as_view(), name="api-freeze"),
]
