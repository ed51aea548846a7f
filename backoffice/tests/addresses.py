"""Every address there is, as the URL configuration states it, each with a row that exists."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from backoffice.models import BulkAction, RemoteWrite, SyncRun

Rows = Mapping[type[Model], Any]
"""A row of each model that the admin knows; None where there is none."""


def addresses(rows: Rows, remote_ids: Mapping[str, str] | None = None) -> Iterator[str]:
    """Every address, some of them more than once.

    Args:
        remote_ids: by the first segment of an address, as in ``/customers/<remote_id>/``; "one" for what is not there.
    """
    for pattern, model in _patterns(get_resolver().url_patterns):
        row = rows.get(model) if model else None
        pk = str(row.pk if row else SyncRun.objects.first().pk)
        remote_id = (remote_ids or {}).get(pattern.split("/")[1], "one")
        address = re.sub(r"<[^>]*\bremote_id>", remote_id, pattern)
        address = re.sub(r"<[^>]*\bkind>", "csv", address)
        address = re.sub(r"<[^>]*\bresource>", "kirim.customers", address)
        address = re.sub(r"<[^>]*\b(upstream|step)>", "kirim", address)
        uuid_of = rows[BulkAction if "bulk/" in address else RemoteWrite]
        address = re.sub(r"<uuid:[^>]*>", str(uuid_of.pk), address)
        address = re.sub(r"<[^>]*>", pk, address)
        yield re.sub(r"\(\?P<app_label>[^)]*\)", "customers", address).replace("$", "").replace("^", "")


def first_of_each() -> dict[type[Model], Any]:
    """The oldest row of each model that the admin knows."""
    return {model: model._default_manager.order_by("pk").first() for model in admin.site._registry}


def _patterns(
    patterns: list[Any], before: str = "/", model: type[Model] | None = None
) -> Iterator[tuple[str, type[Model] | None]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern.url_patterns, route, _model_at(route) or model)
        elif isinstance(pattern, URLPattern) and pattern.name is not None or "final_catch_all" not in route:
            if "(?P<url>" not in route:
                yield route, model


def _model_at(route: str) -> type[Model] | None:
    for model in admin.site._registry:
        if route.endswith(f"/{model._meta.app_label}/{model._meta.model_name}/"):
            return model
    return None
