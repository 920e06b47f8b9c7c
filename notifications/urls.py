"""Addresses of the outbox."""

from __future__ import annotations

from django.urls import path

from notifications import views

app_name = "notifications"
urlpatterns = [
    path("outbox/", views.Outbox.as_view(), name="outbox"),
    path("outbox/<int:pk>/", views.MessagePage.as_view(), name="message"),
    path("outbox/<int:pk>/html/", views.MessageAsHtml.as_view(), name="message-html"),
    path("outbox/<int:pk>/message.eml", views.MessageAsFile.as_view(), name="message-file"),
    path("outbox/<int:pk>/again/", views.TryAgain.as_view(), name="try-again"),
]
