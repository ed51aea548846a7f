"""The kernel: mirroring, driving and reconciling remote systems. Imports neither app."""

from backoffice.celery import app as celery_app  # so that every process, also the web's, knows the tasks

__all__ = ["celery_app"]
