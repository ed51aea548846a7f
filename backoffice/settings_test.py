"""Settings of the test suite: no ``.env`` of the machine counts, plain static files, an upstream that is nowhere."""

import os
import tempfile

_HERE = {
    "DATA_DIR": tempfile.mkdtemp(prefix="backoffice-test-"),
    "SECRET_KEY": "a-key-for-tests-only-" * 3,
    "DEBUG": "False",
    "PUBLIC_BASE_URL": "http://testserver",
    "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
    "LANGUAGE_CODE": "en",
    "TIME_ZONE": "UTC",
    "PROCESSES": "1",
    "TRUSTED_PROXY_COUNT": "0",
    "KIRIM_BASE_URL": "https://kirim.example/v1",
    "KIRIM_API_KEY": "kirim-test-key",
    "KIRIM_WEBHOOK_SECRET": "",
    "REDIRECT_URL_HOSTS": "",
    "KIRIM_REQUESTS_PER_MINUTE": "0",
    "APIDECK_BASE_URL": "",
    "APIDECK_API_KEY": "",
    "APIDECK_APP_ID": "",
    "APIDECK_CONSUMER_ID": "",
    "APIDECK_SERVICE_ID": "",
    "APIDECK_REQUESTS_PER_MINUTE": "0",
    "LAYERCAKE_BASE_URL": "",
    "LAYERCAKE_API_KEY": "",
    "LAYERCAKE_ORGANIZATION_ID": "",
    "LAYERCAKE_WEBHOOK_SECRET": "",
    "LAYERCAKE_REQUESTS_PER_MINUTE": "0",
    "AFOSTO_BASE_URL": "",
    "AFOSTO_TOKEN": "",
    "AFOSTO_CLIENT_ID": "",
    "AFOSTO_CLIENT_SECRET": "",
    "AFOSTO_WEBHOOK_SECRET": "",
    "AFOSTO_REQUESTS_PER_MINUTE": "0",
    "CELERY_TASK_ALWAYS_EAGER": "True",
}
os.environ.update(_HERE)

from backoffice.settings import *  # noqa: E402, F403
from backoffice.settings import DATA_DIR, DATABASES, MIDDLEWARE  # noqa: E402

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MIDDLEWARE = [name for name in MIDDLEWARE if "whitenoise" not in name]
REMOTE_FIRST_WAIT_S = 0.001
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, as in production: threads and processes of a test see the same database.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
