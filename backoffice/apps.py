"""The kernel as a Django app, and the admin with our site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BackofficeConfig(AppConfig):
    """Sees to it that there is a schedule, and that what needs a person is known; locks the audit."""

    name = "backoffice"
    verbose_name = _("Operations")

    def ready(self) -> None:
        from backoffice import auditlock, signins, textindex
        from backoffice.needs import sync, writes  # noqa: F401  importing registers them
        from backoffice.reindex import INDEXES
        from backoffice.schedule import EVERY_MINUTE, ensure_schedule

        EVERY_MINUTE["Index new words for the search"] = "backoffice.tasks.index_words"
        INDEXES["words in texts"] = textindex.rebuild
        post_migrate.connect(textindex.ensure, sender=self, dispatch_uid="backoffice.textindex")
        post_migrate.connect(ensure_schedule, sender=self, dispatch_uid="backoffice.schedule")
        post_migrate.connect(auditlock.lock, sender=self, dispatch_uid="backoffice.audit")
        signins.connect()


class BackofficeAdminConfig(AdminConfig):
    """Django's admin with our site as its default."""

    default_site = "backoffice.site.BackofficeSite"
