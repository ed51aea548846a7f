"""The Celery application: ``celery -A backoffice``."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES["filesystem"] = "backoffice.broker_files:Transport"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backoffice.settings")
app = Celery("backoffice")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
