"""Doing one verb to many rows of a list: the action, the page that confirms it, and what it evaluates to then."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, cast
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice import listed, tasks, upstreams
from backoffice.admin.doing import SHOW, ReasonForm, writes_to
from backoffice.admin.filters import ValueFilter, VanishedFilter
from backoffice.admin.readonly import ReadOnlyAdmin
from backoffice.admin.showing import show_first
from backoffice.bulk.freeze import MAX_ROWS, Row, digest_of, freeze
from backoffice.bulk.outcome import done_where
from backoffice.keys import is_key
from backoffice.models import BulkAction
from backoffice.pasted import without_secrets
from backoffice.texts import Text, number
from backoffice.views import BROKER_DOWN
from backoffice.writes.plan import may
from backoffice.writes.verbs import Verb, WriteVerb

SHOWN_ROWS = 10
_GROUPING = re.compile(r"[.,'’\s]")  # what people put between the digits of a number, whatever their language


UNREADABLE = _("Nothing was done: the selection could not be read. Select the rows again.")


class NoSelection(Exception):
    """What was selected cannot be taken; ``str(error)`` is a sentence that says why."""


@dataclass(frozen=True)
class Selection:
    """Rows that a person selected, as they are now, in the order of the list."""

    rows: QuerySet[Any]
    words: Text
    carried: list[tuple[str, str]]
    """How the form carries it: keys of rows that were picked by hand, else only that all are meant."""

    def digest(self) -> str:
        """Of the ids of all its rows."""
        return digest_of(self.rows.values_list("remote_id", flat=True))


class ConfirmForm(ReasonForm):
    """Confirms a bulk action. The id of the form becomes that of the bulk action, so a second click joins it."""

    own_fields: ClassVar[Sequence[str]] = ()
    """Names of the fields that a verb of its own adds."""

    digest = forms.CharField(widget=forms.HiddenInput, max_length=32)
    typed = forms.CharField(
        max_length=20,
        error_messages={"required": _("Type the number of rows.")},
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, verb: Verb, count: int, **kwargs: Any) -> None:
        super().__init__(*args, is_required=verb.asks_reason, **kwargs)
        self._count = count
        if verb.asks_reason:
            told = _("Type {count}, the number of rows, to confirm")
            self.fields["typed"].label = told.format(count=number(count))
        else:
            del self.fields["typed"]

    @property
    def sends(self) -> dict[str, Any]:
        """The members that each row sends, beside those of the verb; only of a valid form."""
        return {name: self.cleaned_data[name] for name in self.own_fields}

    @property
    def asks(self) -> list[forms.BoundField]:
        """What the form asks for beside the reason."""
        return [self[name] for name in self.own_fields]

    @property
    def words(self) -> Text:
        """What is chosen in the fields of its own, as people say it; only of a valid form."""
        return ""

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if _GROUPING.sub("", typed) != str(self._count):
            told = _("There are {count} rows. Type that number.")
            raise forms.ValidationError(told.format(count=number(self._count)))
        return typed


class SelectingAdmin(ReadOnlyAdmin):
    """A list whose rows a verb can be done to, many at once. Nothing is written before the confirmation."""

    bulk_verbs: ClassVar[Sequence[Verb]] = ()
    confirm_forms: ClassVar[Mapping[str, type[ConfirmForm]]] = {}
    """By the verb's name, for those verbs whose rows send what a person chooses."""
    name_columns: ClassVar[Sequence[str]] = ("name",)
    """The columns that make a row's name."""

    # -- the actions of the list --------------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, Any]]:
        """The verbs that the person may do."""
        if IS_POPUP_VAR in request.GET:
            return {}
        offered = [verb for verb in self.bulk_verbs if may(cast(User, request.user), verb.permission)]
        return {verb.name: (partial(_ask, verb=verb), verb.name, f"{done_where(verb)}…") for verb in offered}

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        """Django filters by the keys as they came; those that are no keys would be an error there."""
        if not all(is_key(key) for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            messages.error(request, str(UNREADABLE))
            return None
        answer: HttpResponseBase | None = super().response_action(request, queryset)
        return answer

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.bulk_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_bulk"
        return [path("bulk/<str:verb_name>/", view, name=name), *super().get_urls()]

    def ask(self, request: HttpRequest, verb: Verb) -> HttpResponseBase:
        """The confirmation page, before anything was typed into it."""
        try:
            selection = self.selection(request)
            count = _countable(selection)
        except NoSelection as error:
            messages.error(request, str(error))
            return redirect(self._list_url(request))
        form = self._form(verb)(verb=verb, count=count, initial={"digest": selection.digest()})
        return self._confirmation(request, verb, selection, count, form)

    def bulk_view(self, request: HttpRequest, verb_name: str) -> HttpResponseBase:
        """POST: the confirmation. What it confirms is evaluated again and must be what the page showed."""
        verb = next((verb for verb in self.bulk_verbs if verb.name == verb_name), None)
        if verb is None:
            raise Http404
        user = cast(User, request.user)
        if not self.has_view_permission(request) or not may(user, verb.permission):
            raise PermissionDenied
        if request.method != "POST":
            return redirect(self._list_url(request))
        id = _usable_id(request.POST.get("write_id", ""), verb)
        earlier = BulkAction.objects.filter(pk=id).first()
        if earlier is not None:
            told = gettext("This was confirmed already; it is not done twice. Here is what comes of it.")
            messages.info(request, told)
            return self._to_bulk(request, earlier)
        try:
            selection = self.selection(request)
            count = _countable(selection)
        except NoSelection as error:
            messages.error(request, str(error))
            return redirect(self._list_url(request))
        rows = self._frozen(selection)
        digest = digest_of(row.remote_id for row in rows)
        has_changed = digest != request.POST.get("digest")
        data = request.POST.copy()
        data["write_id"], data["digest"] = str(id), digest
        form = self._form(verb)(data, verb=verb, count=len(rows))
        if not form.is_valid() or has_changed or upstreams.why_off(verb.upstream):
            return self._confirmation(request, verb, selection, count, form, has_changed=has_changed)
        reason = form.cleaned_data["reason"]
        if isinstance(verb, WriteVerb) and SHOW in request.POST:
            likely = selection.rows.exclude(verb.refuses) if verb.refuses is not None else selection.rows
            first = next(iter([*likely.values_list("remote_id", flat=True)[:1], rows[0].remote_id]))
            show_first(request, form, verb, Row(first, ""), likely.count(), sends=form.sends, reason=reason)
            return self._confirmation(request, verb, selection, count, form)
        words = format_lazy("{selection}{choice}", selection=selection.words, choice=form.words)
        bulk, is_new = freeze(verb, user, id=form.id, rows=rows, words=words, reason=reason, sends=form.sends)
        if not is_new:
            told = gettext("The same was confirmed by {who} and is going on, so this joins it.")
            messages.info(request, told.format(who=bulk.actor or gettext("the operator")))
        elif not tasks.start_bulk(bulk):
            messages.warning(request, BROKER_DOWN)
        return self._to_bulk(request, bulk)

    # -- the selection ------------------------------------------------------------------------------------------------

    def selection(self, request: HttpRequest) -> Selection:
        """What the request selects: rows picked by hand, else all that the list's address finds. Raises NoSelection."""
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        try:
            changes = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            raise NoSelection(_("Nothing was done: the list's filters are not valid. Select the rows again.")) from None
        if request.POST.get("select_across", "0") not in {"", "0"}:
            words = self._all_in_words(changes)
            return Selection(_plain(changes.get_queryset(request)), words, [("select_across", "1")])
        if not all(is_key(key) for key in keys):
            raise NoSelection(UNREADABLE)
        # Those who pick rows mean these rows, whether or not the filter still shows them.
        picked = self.get_queryset(request).filter(pk__in=keys)
        rows = picked.order_by(*changes.get_ordering(request, picked))
        carried = [(ACTION_CHECKBOX_NAME, key) for key in keys]
        count = picked.count()
        return Selection(_plain(rows), lazy(_picked, str)(count), carried)

    def _all_in_words(self, changes: Any) -> Text:
        """All rows that the list's filters and search find, as people say it. Raises NoSelection."""
        filters: list[tuple[Text, Text]] = []
        narrows = False
        for spec in changes.filter_specs:
            value = spec.value()
            if not value:
                continue
            filters.append((spec.title, _choice_in_words(spec, value, self.model)))
            narrows = narrows or not (isinstance(spec, VanishedFilter) and value == "all")
        found_by = without_secrets(" ".join(self.words_of(changes.query)))
        if not narrows and not found_by:
            told = _(
                "Nothing was done: this would be all {things} there are. Search or filter first, then select all that "
                "match."
            )
            raise NoSelection(told.format(things=self.opts.verbose_name_plural))
        return lazy(listed.found, str)(self.opts.verbose_name_plural, filters, found_by)

    def words_of(self, search: str) -> list[str]:
        """The words of a search that count."""
        return search.split()

    def _form(self, verb: Verb) -> type[ConfirmForm]:
        return self.confirm_forms.get(verb.name, ConfirmForm)

    def _frozen(self, selection: Selection) -> list[Row]:
        rows = selection.rows.only("pk", "remote_id", *self.name_columns)
        return [Row(row.remote_id, str(row)) for row in rows.iterator(chunk_size=2_000)]

    # -- the pages ----------------------------------------------------------------------------------------------------

    def _confirmation(
        self,
        request: HttpRequest,
        verb: Verb,
        selection: Selection,
        count: int,
        form: ConfirmForm,
        *,
        has_changed: bool = False,
    ) -> HttpResponseBase:
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        noun = self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural
        context = {
            **self.admin_site.each_context(request),
            **writes_to(verb.upstream),
            "title": pgettext("what a page does, to how many of what", "{verb}: {count} {things}").format(
                verb=done_where(verb), count=number(count), things=noun
            ),
            "opts": self.opts,
            "verb": verb,
            "form": form,
            "count": count,
            "noun": noun,
            "selection": selection,
            "is_write": isinstance(verb, WriteVerb),
            "in_request": count <= tasks.BULK_ROWS_HERE,
            "refused": selection.rows.filter(verb.refuses).count() if verb.refuses is not None else 0,
            "lines": [(str(row), row.remote_id, self.shown_state(row)) for row in selection.rows[:SHOWN_ROWS]],
            "off": upstreams.why_off(verb.upstream),
            "has_changed": has_changed,
            "action": reverse(self._url("bulk"), args=[verb.name]) + query,
            "list_url": self._list_url(request),
        }
        return TemplateResponse(request, "backoffice/bulk_confirm.html", context)

    def shown_state(self, row: Any) -> Any:
        """How a row is, beside its name."""
        return ""

    def _list_url(self, request: HttpRequest) -> str:
        """The list with the filters that the request came with."""
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return f"{reverse(self._url('changelist'))}{query}"

    def _to_bulk(self, request: HttpRequest, bulk: BulkAction) -> HttpResponseBase:
        """The page of the bulk action, which leads back to the list as it was."""
        query = f"?{urlencode({'list': request.GET.urlencode()})}" if request.GET else ""
        return redirect(f"{reverse('bulk', args=[bulk.pk])}{query}")


def _ask(admin: SelectingAdmin, request: HttpRequest, queryset: QuerySet[Any], verb: Verb) -> HttpResponseBase:
    """As Django calls an action; the selection is read from the request, in the same way as at the confirmation."""
    return admin.ask(request, verb)


def _countable(selection: Selection) -> int:
    """How many rows it has. Raises NoSelection for none and for too many."""
    count: int = selection.rows.count()
    if not count:
        raise NoSelection(_("Nothing was done: no row matches any more. Select again."))
    if count > MAX_ROWS:
        told = _(
            "Nothing was done: {count} rows match, and one bulk action takes {most}. Narrow the list, by team or state "
            "for example, and do it in parts."
        )
        raise NoSelection(told.format(count=number(count), most=number(MAX_ROWS)))
    return count


def _picked(count: int) -> str:
    return ngettext("{count} row picked by hand", "{count} rows picked by hand", count).format(count=number(count))


def _choice_in_words(spec: Any, value: str, model: Any) -> Text:
    """How the drop-down words its choice. Raises NoSelection for one that it does not have."""
    words = listed.choice_in_words(spec, value)
    if words is not None:
        return words
    if isinstance(spec, ValueFilter) and spec.narrow(model._default_manager.all(), value).exists():
        return value  # more values than a drop-down can show
    told = _(
        "Nothing was done: the filter “{name}” has no choice “{choice}”, so it is not clear which rows are meant. "
        "Choose one of those it offers."
    )
    raise NoSelection(told.format(name=spec.title, choice=value[:60]))


def _plain(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Without the joins that only the list's columns need."""
    return rows.select_related(None)


def _usable_id(posted: str, verb: Verb) -> UUID:
    """The form's id; a fresh one where it has none, or that of a bulk action of another kind."""
    try:
        id = UUID(posted)
    except ValueError:
        return uuid4()
    is_another = BulkAction.objects.filter(pk=id).exclude(verb=verb.name, target=verb.target).exists()
    return uuid4() if is_another else id
