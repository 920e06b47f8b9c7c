"""Addresses of the pages about people, tokens and one-time links; logging in is allauth's."""

from __future__ import annotations

from django.urls import path

from accounts.views import deputies, doors, erasing, own, people, person_acts, step_up, tokens

app_name = "accounts"
urlpatterns = [
    path("people/", people.PeoplePage.as_view(), name="people"),
    path("people/+/", people.AddPersonPage.as_view(), name="add-person"),
    path("people/<str:login>/", people.PersonPage.as_view(), name="person"),
    path("people/<str:login>/roles/", person_acts.GrantRole.as_view(), name="grant-role"),
    path("people/<str:login>/roles/<str:role>/end/", person_acts.EndRole.as_view(), name="end-role"),
    path("people/<str:login>/off/", person_acts.SwitchAccount.as_view(active=False), name="switch-off"),
    path("people/<str:login>/on/", person_acts.SwitchAccount.as_view(active=True), name="switch-on"),
    path("people/<str:login>/erase/", erasing.ErasePerson.as_view(), name="erase"),
    path("people/<str:login>/source-logins/", person_acts.AddSourceLogin.as_view(), name="add-source-login"),
    path(
        "people/<str:login>/source-logins/<int:tie>/untie/",
        person_acts.RemoveSourceLogin.as_view(),
        name="remove-source-login",
    ),
    path("people/<str:login>/deputies/", deputies.NameDeputy.as_view(), name="name-deputy"),
    path("people/<str:login>/deputies/<int:pk>/end/", deputies.EndDeputy.as_view(), name="end-deputy"),
    path("people/<str:login>/link/", person_acts.PasswordLinkPage.as_view(), name="password-link"),
    path("account/tokens/", tokens.TokensPage.as_view(), name="tokens"),
    path("account/tokens/<uuid:token>/revoke/", tokens.RevokeToken.as_view(), name="revoke-token"),
    path("account/settings/", own.SettingsPage.as_view(), name="settings"),
    path("account/step-up/", step_up.StepUpPage.as_view(), name="step-up"),
    path("people/<str:login>/factors/reset/", person_acts.ResetFactors.as_view(), name="reset-factors"),
    path("account/first/<str:token>/", doors.FirstAdministrator.as_view(), name="first-administrator"),
    path("account/link/<str:token>/", doors.SetPassword.as_view(), name="set-password"),
]
