"""Django's settings, made from the typed environment; no rule and no secret is written here.

`environment.py` reads and judges the environment, `services.py` turns addresses into connections,
`schedule.py` says what beat sends when.
"""

from __future__ import annotations

from pathlib import Path

from hmhp_portal.settings import services
from hmhp_portal.settings.api import REST_FRAMEWORK as REST_FRAMEWORK
from hmhp_portal.settings.api import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from hmhp_portal.settings.environment import read_environment
from hmhp_portal.settings.logs import logging_of
from hmhp_portal.settings.schedule import BEAT_SCHEDULE

ENVIRONMENT = read_environment()
BASE_DIR = Path(__file__).resolve().parents[2]

PORTAL_MODE = ENVIRONMENT.mode
PORTAL_DATA_DIR = ENVIRONMENT.data_dir
PORTAL_BASE_URL = ENVIRONMENT.base_url.rstrip("/")
PORTAL_CLOCK_OFFSET = ENVIRONMENT.clock_offset
LOCAL_AGENT_SOCKET = str(ENVIRONMENT.local_agent_socket or ENVIRONMENT.data_dir / "run" / "agent.sock")
LOCAL_AGENT_TOKEN = ENVIRONMENT.local_agent_token
PORTAL_WAY_BACK_DIR = str(ENVIRONMENT.way_back_dir or ENVIRONMENT.data_dir / "way-back")
TARGET_DATABASE_URL = ENVIRONMENT.target_database_url
PORTAL_DEMO_PASSWORD = ENVIRONMENT.demo_password
PORTAL_DEMO_RELEASES = ENVIRONMENT.demo_releases
PORTAL_KEY_KEEPER = ENVIRONMENT.key_keeper
PORTAL_KEY_SETTINGS = services.key_keeper(ENVIRONMENT)
PORTAL_READY_FILE = ENVIRONMENT.ready_file
PORTAL_AUDIT_HEAD_FOLDER = ENVIRONMENT.audit_head_folder
PORTAL_AUDIT_HEAD_MAIL = [a.strip() for a in ENVIRONMENT.audit_head_mail.split(",") if a.strip()]
PORTAL_AUDIT_HEAD_MAIL_HOURS = ENVIRONMENT.audit_head_mail_hours
PORTAL_RETENTION_DATABASE_URL = ENVIRONMENT.retention_database_url
PORTAL_SOCKETS = ENVIRONMENT.sockets
PORTAL_SOCKETS_OF_ONE = ENVIRONMENT.sockets_of_one
PORTAL_SMTP_HOST = ENVIRONMENT.smtp_host
PORTAL_SMTP_PORT = ENVIRONMENT.smtp_port
PORTAL_SMTP_USER = ENVIRONMENT.smtp_user
PORTAL_SMTP_PASSWORD = ENVIRONMENT.smtp_password
PORTAL_SMTP_TLS = ENVIRONMENT.smtp_tls
PORTAL_SMTP_FROM = ENVIRONMENT.smtp_from

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
ALLOWED_HOSTS = ENVIRONMENT.hosts
CSRF_TRUSTED_ORIGINS = [PORTAL_BASE_URL]
ROOT_URLCONF = "hmhp_portal.urls"
ASGI_APPLICATION = "hmhp_portal.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

OWN_APPS = [
    "hmhp_portal",
    "desk",
    "notifications",
    "releases",
    "deployments",
    "compliance",
    "approvals",
    "rest",
    "accounts",
    "events",
]
INSTALLED_APPS = [
    *OWN_APPS,
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "channels",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pads at random; tokens in pages are masked anew each time
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hmhp_portal.headers.PrivacyHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "desk.idle.PollsDoNotCount",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.RefusedInAdmin",
]
CSRF_FAILURE_VIEW = "accounts.middleware.csrf_failed"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "desk.context.shell",
            ],
        },
    }
]

DATABASES = {"default": services.database(ENVIRONMENT)}
CHANNEL_LAYERS = services.channel_layers(ENVIRONMENT)
CACHES = services.caches(ENVIRONMENT)

CELERY_BROKER_URL = services.broker_url(ENVIRONMENT)
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_ROUTES = {  # the first that fits counts: a silent mail server must never hold up control
    "notifications.tasks.*": {"queue": "mail"},
    "*.tasks.sweep": {"queue": "control"},
    "deployments.tasks.*": {"queue": "engine"},
}
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_BEAT_SCHEDULER = "hmhp_portal.beat:SingleScheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(PORTAL_DATA_DIR / "beat-schedule")
CELERY_TIMEZONE = "UTC"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False
LOGGING = logging_of(ENVIRONMENT)

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = PORTAL_DATA_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = PORTAL_MODE == "test"
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if PORTAL_MODE == "test"
        else "hmhp_portal.static_files.PackedFiles"
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a test's people log in hundreds of times
    if PORTAL_MODE == "test"
    else [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ALLAUTH_TRUSTED_PROXY_COUNT = ENVIRONMENT.trusted_proxies
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
MFA_ADAPTER = "accounts.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "HMHP Release Portal"
MFA_TOTP_TOLERANCE = 1  # half a minute either way: phones' clocks differ
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "accounts.factor_forms.AuthenticateForm",
    "reauthenticate": "accounts.factor_forms.ReauthenticateForm",
    "activate_totp": "accounts.factor_forms.ActivateTOTPForm",
}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # all mail goes through the outbox

# Sessions are read from the shared cache: no query a page; a copy in the database outlives a Redis that
# forgets. They end when idle (HIPAA 164.312(a)(2)(iii)).
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = ENVIRONMENT.idle_minutes * 60
SESSION_SAVE_EVERY_REQUEST = True
SESSION_COOKIE_NAME = "hmhp_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENVIRONMENT.secure
CSRF_COOKIE_NAME = "hmhp_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = ENVIRONMENT.secure
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if ENVIRONMENT.secure else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.trusted_proxies else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
