"""Admins of rows that people do edit by hand: each edit stands in the audit, beside Django's own log of it."""

import json
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.utils.functional import lazy

from backoffice import audit
from backoffice.texts import Text, written


class NotedAdmin:
    """To be inherited before Django's ``ModelAdmin``."""

    noted_kind: ClassVar[str]

    def noted_state(self, obj: Any) -> str:
        """How the object is after an edit, as far as the audit is to tell it."""
        return ""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self.note("add", obj, message)
        return super().log_addition(request, obj, message)  # type: ignore[misc]

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self.note("change", obj, message)
        return super().log_change(request, obj, message)  # type: ignore[misc]

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Any]) -> Any:
        for obj in queryset:
            self.note("remove", obj)
        return super().log_deletions(request, queryset)  # type: ignore[misc]

    def note(self, verb: str, obj: Any, message: Any = "") -> None:
        """Add an entry. ``message``: a sentence, or which fields were changed as Django's admin tells it."""
        state = "" if verb == "remove" else written(lazy(self.noted_state, str)(obj))
        detail = " ".join(filter(None, (written(lazy(_told, str)(message)), state)))
        audit.note(verb, kind=self.noted_kind, remote_id=str(obj.pk), label=str(obj), detail=detail)


def _told(message: Any) -> str:
    if isinstance(message, Text):
        return str(message)
    return LogEntry(change_message=json.dumps(message)).get_change_message()
