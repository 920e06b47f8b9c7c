"""People, their roles over time, their logins at source hosts, and API tokens.

Written by `accounts.services` only. What a role or a scope may do stands in `approvals.policy`.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import connection, models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Lower

from accounts.roles import SERVICE_SCOPES, Role, Scope
from events import clock

HANDLE = r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?"
"""A login: 1 to 40 lower-case letters, digits, dots, dashes, underscores."""


ZONES = frozenset(available_timezones())
"""IANA time zones; read once, since asking walks through the zone files."""


def known_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone."""
    if name not in ZONES:
        raise ValidationError(f"“{name}” is not an IANA time zone such as Europe/Berlin.")


class Theme(models.TextChoices):
    """How pages look for a person."""

    SYSTEM = "system", "As the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class People(UserManager["User"]):
    """Makes accounts; there is no other kind than a plain one."""

    def create_user(
        self, username: str, email: str | None = None, password: str | None = None, **fields: Any
    ) -> User:
        """A new account; without a password nobody can log in to it."""
        person = self.model(username=username, email=self.normalize_email(email), **fields)
        person.password = make_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, *args: Any, **kwargs: Any) -> User:
        """Refused: what a person may do comes from roles."""
        raise NotImplementedError("There are no superusers here; grant the role Administrator.")


def standing_roles(rows: Iterable[tuple[str, int | None]]) -> dict[Role, tuple[int, ...]]:
    """Role → the ids of those for whom it is held, in order, from (role, id or None for their own) rows."""
    found: dict[Role, set[int | None]] = {}
    for role, principal in rows:
        found.setdefault(Role(role), set()).add(principal)
    return {role: () if None in of else tuple(sorted(filter(None, of))) for role, of in found.items()}


HELD_NOW = """
SELECT role, NULL::bigint FROM accounts_role_holding WHERE user_id = %(user)s AND until IS NULL
UNION ALL
SELECT lent.role, lent.principal_id FROM accounts_deputy lent
JOIN accounts_user principal ON principal.id = lent.principal_id AND principal.is_active
JOIN accounts_role_holding held USING (role)
WHERE held.user_id = principal.id AND held.until IS NULL
  AND lent.deputy_id = %(user)s AND lent.since <= %(now)s AND lent.until > %(now)s AND lent.ended_at IS NULL
"""
"""What somebody holds, and what `Deputy.standing` lends them: role, and whose it is (NULL: their own)."""


class User(AbstractUser):
    """A human being with a login. Rights come from the roles held, never from flags on the row."""

    username = models.CharField(
        "login",
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(f"^{HANDLE}$", "Lower-case letters, digits, dots, dashes and underscores only.")
        ],
    )
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    display_name = models.CharField(max_length=120, blank=True)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[known_zone])
    theme = models.CharField(max_length=6, choices=Theme, default=Theme.SYSTEM)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    objects: ClassVar[People] = People()

    class Meta:
        """One account a login and an address, whatever their case; no flag beside the roles."""

        db_table = "accounts_user"
        ordering = ("username",)
        constraints = (
            models.UniqueConstraint(Lower("username"), name="user_login_once"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="user_email_once"),
            models.CheckConstraint(condition=Q(is_superuser=False), name="user_no_superuser"),
            models.CheckConstraint(condition=Q(theme__in=Theme.values), name="user_theme_known"),
        )

    def __str__(self) -> str:
        return self.handle

    @property
    def actor_id(self) -> str:
        """How events name this person."""
        return f"person:{self.public_id}"

    @property
    def stream(self) -> str:
        """Where what happens to this account is recorded."""
        return f"people/{self.public_id}"

    @property
    def handle(self) -> str:
        """How pages name this person in short."""
        return self.username

    @property
    def name(self) -> str:
        """How letters name this person: the display name, or else the login."""
        return self.display_name or self.username

    @property
    def zone(self) -> ZoneInfo:
        """The person's own time zone."""
        return ZoneInfo(self.time_zone)

    def current_roles(self) -> frozenset[Role]:
        """The roles held now, as a deputy too; none when the account is not active. One query."""
        return frozenset(self.standing_roles())

    def standing_roles(self) -> dict[Role, tuple[int, ...]]:
        """The roles held now, each with the ids of those whose deputy this is; none where it is their own."""
        if not self.is_active:
            return {}
        with connection.cursor() as cursor:  # written by hand: every request begins with it
            cursor.execute(HELD_NOW, {"user": self.pk, "now": clock.now()})
            return standing_roles(cursor.fetchall())

    @property
    def is_staff(self) -> bool:  # type: ignore[override]
        """Whether the read-only admin opens: for those who look after the portal or audit it."""
        return bool(self.current_roles() & {Role.ADMINISTRATOR, Role.AUDITOR})

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """What Django itself asks: reading in the admin, and hearing the doorbell.

        All else is asked of `approvals.policy`. No account is a superuser.
        """
        if perm == "events.hear_doorbell":
            return bool(self.current_roles())
        return ".view_" in perm and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        """Which rooms of the admin open: all or none."""
        return self.is_staff


class KeptApart(models.Model):
    """A fact about a person that the record refers to by this row's id; gone when the person is erased."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(User, models.CASCADE, related_name="kept_apart")
    field = models.CharField(max_length=40)
    value = models.CharField(max_length=400)

    class Meta:
        """Written once."""

        db_table = "accounts_kept_apart"

    def __str__(self) -> str:
        return self.field


class RoleHolding(models.Model):
    """A role that a person holds or held. Ended, never deleted: who could sign then stays known."""

    user = models.ForeignKey(User, models.PROTECT, related_name="holdings")
    role = models.CharField(max_length=32, choices=Role)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    given_by = models.CharField(max_length=80, help_text="actor id")
    from_file = models.BooleanField(default=False, help_text="given and ended by the platform file")

    class Meta:
        """At most one open holding of a role a person."""

        db_table = "accounts_role_holding"
        ordering = ("user", "since")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "role"), condition=Q(until=None), name="role_held_once_at_a_time"
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_known"),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")), name="role_ends_after_its_start"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} {self.role}"


class Deputy(models.Model):
    """`deputy` stands in for `principal` in one role for a named time. Ended early, never deleted.

    It lends what the principal holds: it rests while the principal's role or account does.
    """

    principal = models.ForeignKey(User, models.PROTECT, related_name="deputies")
    deputy = models.ForeignKey(User, models.PROTECT, related_name="deputyships")
    role = models.CharField(max_length=32, choices=Role)
    since = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    given_by = models.CharField(max_length=80, help_text="actor id")
    given_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """For somebody else, for a time, in a role that signs."""

        db_table = "accounts_deputy"
        ordering = ("-since", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(principal=F("deputy")), name="deputy_is_somebody_else"),
            models.CheckConstraint(condition=Q(until__gt=F("since")), name="deputy_for_a_time"),
            models.CheckConstraint(condition=~Q(reason=""), name="deputy_with_reason"),
            models.CheckConstraint(
                condition=Q(role__in=Role.values) & ~Q(role__in=[Role.ADMINISTRATOR, Role.AUDITOR]),
                name="deputy_role_signs",
            ),
        )

    def __str__(self) -> str:
        return f"{self.deputy} for {self.principal} as {self.role}"

    @classmethod
    def standing(cls) -> models.QuerySet[Deputy]:
        """Those that count now: their time runs, and the principal is active and holds the role."""
        now = clock.now()
        held = RoleHolding.objects.filter(user=OuterRef("principal"), role=OuterRef("role"), until=None)
        running = cls.objects.filter(since__lte=now, until__gt=now, ended_at=None)
        return running.filter(Exists(held), principal__is_active=True).order_by()


class SourceLogin(models.Model):
    """The name under which a person writes commits at a source host; ties authors to people."""

    user = models.ForeignKey(User, models.CASCADE, related_name="source_logins")
    host = models.CharField(max_length=200)
    login = models.CharField(max_length=100)
    from_file = models.BooleanField(default=False)

    class Meta:
        """One person a login."""

        db_table = "accounts_source_login"
        ordering = ("host", "login")
        constraints = (models.UniqueConstraint("host", Lower("login"), name="source_login_once"),)

    def __str__(self) -> str:
        return f"{self.login} at {self.host}"


def digest_of(secret: str) -> str:
    """What is kept of a token's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class ApiToken(models.Model):
    """Lets a machine act for its owner within scopes, or as a service when it has no owner.

    Only the SHA-256 of the secret is kept: 32 random bytes need no slow hash.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=8, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="api_tokens")
    scopes = ArrayField(models.CharField(max_length=16))
    environments = ArrayField(models.CharField(max_length=63), default=list, blank=True)
    created_by = models.CharField(max_length=80, help_text="actor id")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Scopes are known; a token without an owner never signs, decides or starts production."""

        db_table = "accounts_api_token"
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(scopes__contained_by=Scope.values) & Q(scopes__len__gt=0),
                name="token_scopes_known",
            ),
            models.CheckConstraint(
                condition=Q(owner__isnull=False)
                | Q(scopes__contained_by=sorted(scope.value for scope in SERVICE_SCOPES)),
                name="service_token_never_signs_or_deploys",
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    @property
    def actor_id(self) -> str:
        """How events name who acts by this token."""
        return self.owner.actor_id if self.owner else f"service:{self.public_id}"

    @property
    def stream(self) -> str:
        """Where what happens to this token is recorded."""
        return self.owner.stream if self.owner else "platform"


class CodeUse(models.Model):
    """The newest step of a person's authenticator app that was used: no code is taken twice."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="code_use")
    last_step = models.BigIntegerField(default=0)

    class Meta:
        """Table facts."""

        db_table = "accounts_code_use"

    def __str__(self) -> str:
        return f"{self.user_id} up to {self.last_step}"
