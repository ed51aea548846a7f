"""Settings of the inbox's benchmark: those of the installation, and beside its addresses one bare view."""

from backoffice.settings import *  # noqa: F403

ROOT_URLCONF = "backoffice.benchmarks.inbox_urls"
CELERY_TASK_DEFAULT_QUEUE = "bench-inbox"  # nobody's worker takes these
