"""Settings of the desk's benchmark: those of the installation, and a second engine with Django's own templates."""

from pathlib import Path
from typing import Any

from django.contrib import admin

from backoffice import settings as ours
from backoffice.settings import *  # noqa: F403

ROOT_URLCONF = "backoffice.benchmarks.desk_urls"
STORAGES = {**ours.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
_OURS: list[dict[str, Any]] = ours.TEMPLATES
TEMPLATES = [
    *_OURS,
    {
        "NAME": "stock",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(admin.__file__).parent / "templates"],
        "OPTIONS": {"context_processors": _OURS[0]["OPTIONS"]["context_processors"]},
    },
]
