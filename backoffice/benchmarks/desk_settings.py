"""Settings of the desk's benchmark: those of the installation, and a second engine with Django's own templates."""

from pathlib import Path

from django.contrib import admin

from backoffice.settings import *  # noqa: F403
from backoffice.settings import STORAGES, TEMPLATES

ROOT_URLCONF = "backoffice.benchmarks.desk_urls"
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
TEMPLATES = [
    *TEMPLATES,
    {
        "NAME": "stock",
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(admin.__file__).parent / "templates"],
        "OPTIONS": {"context_processors": TEMPLATES[0]["OPTIONS"]["context_processors"]},
    },
]
