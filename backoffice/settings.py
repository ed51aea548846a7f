"""Everything that differs between installations, read from the environment once. Nothing else reads it.

Order: the process environment, then ``.env`` or (where there is none, and for the demo) ``DATA_DIR/demo.env``.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from backoffice.demo_env import env_file
from backoffice.logs import logging_config
from backoffice.theme import UNFOLD  # noqa: F401  a setting

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(env_file())


def _whole_number(name: str, default: int, least: int = 0) -> int:
    value = env(name, default=str(default))
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        raise ImproperlyConfigured(f"{name} must be a whole number from {least}.")
    return int(value)


def _address(name: str, default: str, schemes: tuple[str, ...]) -> str:
    """An address of a server; its text, which may hold a password, is not repeated when it cannot be read."""
    value = str(env(name, default=default))
    try:
        url = urlsplit(value)
        is_readable = url.scheme in schemes and (url.port is None or url.port > 0)
    except ValueError:
        is_readable = False
    if not is_readable:
        raise ImproperlyConfigured(
            f"{name} cannot be read: it begins with one of {', '.join(schemes)}, and what is special in its password "
            "is written as %40 and the like."
        )
    return value


def _password_of(address: str) -> str:
    return unquote(urlsplit(address).password or "")


# --- The installation ------------------------------------------------------------------------------------------------
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env("SECRET_KEY", default="only-for-debugging" * 3) if DEBUG else env("SECRET_KEY")
PUBLIC_BASE_URL = env("PUBLIC_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_BASE_URL)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", _public.hostname or ""])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[f"{_public.scheme}://{_public.netloc}"])
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("nl", "Nederlands")]
LANGUAGE_CODE = env("LANGUAGE_CODE", default="en")  # of who chose none, of commands, of what is written down
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise ImproperlyConfigured(f"LANGUAGE_CODE must be one of {', '.join(dict(LANGUAGES))}.")
TIME_ZONE = env("TIME_ZONE", default="UTC")
try:
    ZoneInfo(TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError):
    raise ImproperlyConfigured("TIME_ZONE must be a name like Europe/Amsterdam.") from None
PROCESSES = _whole_number("PROCESSES", 1, least=1)  # processes that share an upstream's rate budget
TRUSTED_PROXY_COUNT = _whole_number("TRUSTED_PROXY_COUNT", 0)

# --- Upstreams: without its variables an upstream is off, visibly -----------------------------------------------------
KIRIM_BASE_URL = env("KIRIM_BASE_URL", default="")
KIRIM_API_KEY = env("KIRIM_API_KEY", default="")
KIRIM_WEBHOOK_SECRET = env("KIRIM_WEBHOOK_SECRET", default="")  # two, comma-separated, while one takes over
KIRIM_REQUESTS_PER_MINUTE = _whole_number("KIRIM_REQUESTS_PER_MINUTE", 0)  # 0: no budget of our own
APIDECK_BASE_URL = env("APIDECK_BASE_URL", default="")
# Deliveries are signed with it: two, comma-separated, while one takes over. The first is sent, both verify.
APIDECK_API_KEY = ",".join(filter(None, (key.strip() for key in env.list("APIDECK_API_KEY", default=[]))))
APIDECK_APP_ID = env("APIDECK_APP_ID", default="")
APIDECK_CONSUMER_ID = env("APIDECK_CONSUMER_ID", default="")
APIDECK_SERVICE_ID = env("APIDECK_SERVICE_ID", default="")
APIDECK_REQUESTS_PER_MINUTE = _whole_number("APIDECK_REQUESTS_PER_MINUTE", 0)
LAYERCAKE_BASE_URL = env("LAYERCAKE_BASE_URL", default="")
LAYERCAKE_API_KEY = env("LAYERCAKE_API_KEY", default="")
LAYERCAKE_ORGANIZATION_ID = env("LAYERCAKE_ORGANIZATION_ID", default="")
LAYERCAKE_WEBHOOK_SECRET = env("LAYERCAKE_WEBHOOK_SECRET", default="")
LAYERCAKE_REQUESTS_PER_MINUTE = _whole_number("LAYERCAKE_REQUESTS_PER_MINUTE", 60)  # what the smallest plan allows
AFOSTO_BASE_URL = env("AFOSTO_BASE_URL", default="")
AFOSTO_TOKEN = env("AFOSTO_TOKEN", default="")  # or the two below, for which tokens are asked for
AFOSTO_CLIENT_ID = env("AFOSTO_CLIENT_ID", default="")
AFOSTO_CLIENT_SECRET = env("AFOSTO_CLIENT_SECRET", default="")
AFOSTO_WEBHOOK_SECRET = env("AFOSTO_WEBHOOK_SECRET", default="")
AFOSTO_REQUESTS_PER_MINUTE = _whole_number("AFOSTO_REQUESTS_PER_MINUTE", 0)
REDIRECT_URL_HOSTS = [host.strip().lower() for host in env.list("REDIRECT_URL_HOSTS", default=[])]  # empty: any host
PHONE_REGION = env("PHONE_REGION", default="NL").strip().upper()  # where a phone number without its country is read
REMOTE_TRANSPORT = None  # an httpx transport instead of the network: tests only
REMOTE_FIRST_WAIT_S = 0.3  # before the first repeat of a failed call; it doubles, with full jitter

# --- Django ----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "backoffice.apps.BackofficeConfig",
    "customers.apps.CustomersConfig",
    "fulfilment.apps.FulfilmentConfig",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "backoffice.apps.BackofficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "axes",
]
MIDDLEWARE = [
    "backoffice.correlation.middleware",
    "csp.middleware.CSPMiddleware",  # these two first: what they add belongs on redirects and static files too
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "backoffice.audit.middleware",
    "backoffice.limits.middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "backoffice.pasted.middleware",  # before any view; it tells by a message
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "backoffice" / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
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
            ]
        },
    }
]

# --- Database --------------------------------------------------------------------------------------------------------
DATABASE_URL = _address(
    "DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}", ("sqlite", "postgres", "postgresql", "psql", "pgsql")
)
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASES["default"]["CONN_MAX_AGE"] = 60  # a connection a thread, not one a request: opening costs more than a query
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Web, worker and beat share the file: write transactions queue up instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"] |= {"CONN_HEALTH_CHECKS": True, "OPTIONS": {"connect_timeout": 5}}

# --- Celery: the row is the truth, a task only carries its id ---------------------------------------------------------
BROKER_DIR = DATA_DIR / "broker"
# The default names a host because kombu warns where there is none.
CELERY_BROKER_URL = _address(
    "CELERY_BROKER_URL", "filesystem://localhost", ("filesystem", "redis", "rediss", "amqp", "amqps")
)
if CELERY_BROKER_URL.startswith("filesystem:"):
    (BROKER_DIR / "queue").mkdir(parents=True, exist_ok=True)
    (BROKER_DIR / "control").mkdir(exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.1,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 1,
        "socket_timeout": 5,
        # Whoever publishes has a person waiting: give up at once, the row is kept and sent again.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
    }
CELERY_TASK_ALWAYS_EAGER = env.bool("CELERY_TASK_ALWAYS_EAGER", default=False)
CELERY_TASK_PUBLISH_RETRY = False  # a person waits: the row is kept and the reaper sends it again
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # there are no results, so beat need not plan to clean them up
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

# --- Log-in ----------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "backoffice.people.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
AXES_FAILURE_LIMIT = 5
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "backoffice.security.client_address"
AXES_LOCKOUT_TEMPLATE = "admin/locked_out.html"
AXES_USERNAME_CALLABLE = "backoffice.security.typed_username"
AXES_ENABLE_ADMIN = False  # its pages would let an administrator edit and delete who logged in
AXES_SENSITIVE_PARAMETERS = ["password"]  # who logs in, from where, and who fails to: the log tells

# --- Browser security ------------------------------------------------------------------------------------------------
HTTPS = _public.scheme == "https"
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Alpine, on which the theme is built, evaluates its attributes and so needs unsafe-eval; inline scripts stay blocked.
# The hash is the one inline script of django-celery-beat 2.9's form.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, UNSAFE_EVAL, "'sha256-QE3U2xYF7B4J2ro1/9oxiKhaWCGW39gB7ocQ/xlD0bE='"],
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
    }
}

# --- Static files ----------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Logs ------------------------------------------------------------------------------------------------------------
LOGGING_CONFIG = None
LOGGING = logging_config(
    secrets=[
        KIRIM_API_KEY,
        *(secret.strip() for secret in KIRIM_WEBHOOK_SECRET.split(",")),
        *APIDECK_API_KEY.split(","),
        LAYERCAKE_API_KEY,
        *(secret.strip() for secret in LAYERCAKE_WEBHOOK_SECRET.split(",")),
        AFOSTO_TOKEN,
        AFOSTO_CLIENT_SECRET,
        *(secret.strip() for secret in AFOSTO_WEBHOOK_SECRET.split(",")),
        SECRET_KEY,
        _password_of(DATABASE_URL),
        _password_of(CELERY_BROKER_URL),
    ],
    debug=DEBUG,
)
