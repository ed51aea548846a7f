"""The table of the work board."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django_tables2 import Column, RequestConfig, Table

from backoffice import times
from backoffice.admin.readonly import Button
from backoffice.badges import badge, word
from backoffice.texts import Text
from fulfilment.board import holder_of
from fulfilment.counts import done_of, missing
from fulfilment.models import HandlingList
from fulfilment.states import LIST, OVER

ROWS_A_PAGE = 50
EXPORTED: Sequence[Text] = (
    _("list"), _("number"), _("state"), _("location"), _("held by"), _("due at"), _("overdue"), _("pieces"),
    _("handled"), _("missing"),
)  # fmt: skip


class BoardTable(Table):  # type: ignore[misc]  # django-tables2 is untyped
    """Handling lists, one a row."""

    number = Column(_("List"))
    state = Column(_("State"))
    due_at = Column(_("Due"), empty_values=())
    location = Column(_("Location"), order_by="location__name", empty_values=())
    sub = Column(_("Held by"), empty_values=())
    handled_count = Column(_("Progress"), empty_values=())
    remote_created_at = Column(_("Age"), empty_values=())
    actions = Column("", orderable=False, empty_values=())

    class Meta:
        model = HandlingList
        fields: Sequence[str] = ()

    def __init__(
        self,
        request: HttpRequest,
        rows: Any,
        names: Mapping[str, str],
        buttons: Callable[[HandlingList], Sequence[Button]],
    ) -> None:
        """
        Args:
            names: of the people who hold lists, by their ids at Afosto.
            buttons: what the person may do with a list.
        """
        super().__init__(rows, order_by=None)
        self._request, self._names, self._buttons = request, names, buttons
        RequestConfig(request, paginate={"per_page": ROWS_A_PAGE, "silent": True}).configure(self)

    def render_number(self, record: HandlingList) -> SafeString:
        url = reverse("admin:fulfilment_handlinglist_change", args=[record.pk])
        kind = "" if record.is_outbound else pgettext("a list of goods that came in", "sort")
        return format_html('<a href="{}">{}</a> <span class="bo-dim">{}</span>', url, record, kind)

    def render_state(self, record: HandlingList) -> SafeString:
        return word(record.state, LIST)

    def render_due_at(self, record: Any) -> SafeString | str:
        if record.state in OVER:
            return format_html('<span class="bo-dim">{}</span>', times.ago(record.due_at, "–"))
        late = format_html('<span class="ff-overdue">{}</span>', badge(gettext("overdue"), "bad"))
        mark = late if record.is_overdue else ""
        return format_html("{} {}", times.ago(record.due_at, gettext("no time")), mark)

    def render_location(self, record: HandlingList) -> str:
        return location_of(record) or "–"

    def render_sub(self, record: HandlingList) -> SafeString:
        if not record.sub:
            return format_html('<span class="bo-dim">{}</span>', gettext("nobody"))
        return format_html('<span title="{}">{}</span>', record.sub, holder_of(record, self._names))

    def render_handled_count(self, record: HandlingList) -> SafeString:
        return format_html(
            '<progress max="{}" value="{}" aria-hidden="true"></progress><span class="ff-count">{}</span> {}',
            max(record.piece_count, 1),
            record.handled_count,
            done_of(record.handled_count, record.piece_count),
            missing(record.missing_count) if record.missing_count else "",
        )

    def render_remote_created_at(self, record: HandlingList) -> SafeString | str:
        return times.ago(record.remote_created_at, gettext("not told"))

    def render_actions(self, record: HandlingList) -> str:
        return render_to_string("admin/parts/_buttons.html", {"buttons": self._buttons(record)}, self._request)


def location_of(handling_list: HandlingList) -> str:
    """The name of its location; its id where the location is not here, "" where there is none."""
    return str(handling_list.location or handling_list.location_remote_id)


def exported(row: Any, names: Mapping[str, str]) -> list[Any]:
    """One list as a line of an exported file, by ``EXPORTED``."""
    return [
        row.remote_id, row.number, row.state, location_of(row), holder_of(row, names), row.due_at, row.is_overdue,
        row.piece_count, row.handled_count, row.missing_count,
    ]  # fmt: skip
