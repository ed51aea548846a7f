"""Mirrored rows as other pages name them: a link for those who may see the row."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backoffice.admin.mirror import MirrorAdmin, copyable
from backoffice.mirror import MirrorModel
from backoffice.texts import Text


def linked(request: HttpRequest, row: Any, remote_id: str, name: str = "", none: Text = "–") -> SafeString | str:
    """A link to a row's page; only its id where it is not mirrored here or the person may not see it."""
    if row is None:
        return copyable(remote_id) if remote_id else str(none)
    meta = row._meta
    if not request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}"):
        return copyable(remote_id)
    return format_html('<a href="{}">{}</a>', url_of(row), name or str(row))


def url_of(row: Any) -> str:
    """The page of a row."""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def admin_of(model: type[MirrorModel]) -> MirrorAdmin:
    """The admin of a mirrored model: how its rows are shown."""
    own = admin.site.get_model_admin(model)
    assert isinstance(own, MirrorAdmin)  # noqa: S101  declared in our own admins
    return own
