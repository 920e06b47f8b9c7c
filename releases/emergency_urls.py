"""Addresses of emergencies. An act's address asks on GET and does on POST."""

from __future__ import annotations

from django.urls import path

from releases.views import afterwards, emergencies

app_name = "emergency"
urlpatterns = [
    path("", emergencies.Here.as_view(), name="here"),
    path("stop/", emergencies.Stop.as_view(), name="stop"),
    path("stops/<int:pk>/sign/", emergencies.SignStop.as_view(), name="sign-stop"),
    path("stops/<int:pk>/lift/", emergencies.Lift.as_view(), name="lift"),
    path("stops/<int:pk>/ask-again/", emergencies.AskAgain.as_view(), name="ask-again"),
    path("reviews/<int:pk>/sign/", emergencies.SignReview.as_view(), name="sign-review"),
    path("reviews/<int:pk>/follow-up/", afterwards.FollowReview.as_view(), name="follow-up"),
    path("late-entry/", afterwards.LateEntry.as_view(), name="late-entry"),
]
