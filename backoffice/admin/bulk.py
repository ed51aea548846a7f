"""The lists of bulk actions and of their rows. The page of a bulk action is ``/bulk/<id>/``."""

from collections.abc import Iterable
from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin.filters import Filter, choice_filter
from backoffice.admin.readonly import ReadOnlyAdmin, ReadOnlyChangeList
from backoffice.badges import word
from backoffice.bulk.outcome import (
    TONES,
    done_where,
    outcomes_of,
    state_in_words,
    verb_of,
    visible_bulk_actions,
    with_writes,
)
from backoffice.bulkpage import record_urls
from backoffice.models import BulkAction, BulkItem, words
from backoffice.texts import Text, number
from backoffice.writes.verbs import VERBS


class VerbFilter(Filter):
    """What was done."""

    title, parameter_name = _("verb"), "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        met = BulkAction.objects.order_by().values_list("target", "verb").distinct()
        known = [VERBS[names] for names in met if names in VERBS]
        return [(f"{verb.target}.{verb.name}", done_where(verb)) for verb in known]

    def narrow(self, rows: Any, value: str) -> Any:
        target, _, verb = value.partition(".")
        return rows.filter(target=target, verb=verb)


class BulkChangeList(ReadOnlyChangeList):
    """Bulk actions that know what came of them, with one query for the page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        outcomes = outcomes_of(self.result_list)
        for bulk in self.result_list:
            bulk.outcome = outcomes[bulk.pk]


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnlyAdmin):
    """Bulk actions, newest first."""

    list_about = _("One thing done to many records at once. Each record ends with an outcome of its own.")

    list_display = ("name", "shown_state", "told", "selection", "who", "confirmed")
    list_display_links = ("name",)
    list_filter = (choice_filter("state", _("state"), BulkAction.State.choices), VerbFilter)
    search_fields = ("selection", "reason", "actor__username")
    search_help_text = _("Selection, reason or person")
    export_columns = (
        ("bulk", "pk"), ("target", "target"), ("verb", "verb"), ("rows", "total"), ("selection", "selection"),
        ("reason", "reason"), ("actor", lambda bulk: str(bulk.actor or "")), ("state", "state"),
        ("confirmed_at", "confirmed_at"), ("ended_at", "ended_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkAction]:
        return visible_bulk_actions(cast(User, request.user))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BulkChangeList]:
        return BulkChangeList

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if not changes.is_narrowed:
            changes.empty_sentence = _(
                "Nothing was done in bulk yet, as far as you may see it. Select rows of a list, customers for example."
            )

    @admin.display(description=_("what"), ordering="verb")
    def name(self, bulk: BulkAction) -> str:
        return f"{done_where(verb_of(bulk))}: {words.counted(bulk.target, bulk.total)}"

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, bulk: Any) -> SafeString:
        return word(state_in_words(bulk, bulk.outcome), TONES)

    @admin.display(description=_("outcome"))
    def told(self, bulk: Any) -> str:
        return str(bulk.outcome.sentence)

    @admin.display(description=_("by"), ordering="actor__username")
    def who(self, bulk: BulkAction) -> str:
        return str(bulk.actor or gettext("the operator"))

    @admin.display(description=_("when"), ordering="confirmed_at")
    def confirmed(self, bulk: BulkAction) -> SafeString | str:
        return times.ago(bulk.confirmed_at)

    def record_page(self, request: HttpRequest, obj: BulkAction) -> HttpResponseBase:
        return redirect("bulk", obj.pk)


@admin.register(BulkItem)
class BulkItemAdmin(ReadOnlyAdmin):
    """The rows of bulk actions, in the order of their lists."""

    list_display = ("name_of", "remote_id", "shown_state", "error", "shown_status", "shown_request_id", "ended")
    list_display_links = ("name_of",)
    list_filter = (choice_filter("state", _("state"), BulkItem.State.choices),)
    search_fields = ("name", "remote_id", "error")
    search_help_text = _("Name, id or error")
    url_lookups = frozenset({"bulk"})
    export_columns = (
        ("bulk", "bulk_id"), ("position", "position"), ("remote_id", "remote_id"), ("name", "name"),
        ("state", "state"), ("error", "error"), ("status", "status"), ("request_id", "request_id"),
        ("ended_at", "ended_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkItem]:
        bulks = visible_bulk_actions(cast(User, request.user)).order_by().values("pk")
        return with_writes(BulkItem.objects.filter(bulk__in=bulks))

    @admin.display(description=_("row"), ordering="position")
    def name_of(self, item: BulkItem) -> str:
        return f"{number(item.position)}. {item}"

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, item: BulkItem) -> SafeString:
        return word(item.state, TONES)

    @admin.display(description=_("HTTP status"), empty_value="–")
    def shown_status(self, item: Any) -> int | None:
        return cast("int | None", item.status)

    @admin.display(description=_("request id"), empty_value="–")
    def shown_request_id(self, item: Any) -> str | None:
        return item.request_id or None

    @admin.display(description=_("ended"), ordering="ended_at")
    def ended(self, item: BulkItem) -> SafeString | str:
        return times.ago(item.ended_at, "–")

    def record_page(self, request: HttpRequest, obj: BulkItem) -> HttpResponseBase:
        """The page of the record; that of the bulk action where it is not mirrored here."""
        url = record_urls(obj.bulk, [obj.remote_id]).get(obj.remote_id)
        return redirect(url) if url else redirect("bulk", obj.bulk_id)
