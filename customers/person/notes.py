"""Notes on a customer: added by those who may, changed and deleted by their authors alone. None leaves this place."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from backoffice import audit
from backoffice.views import staff_page
from customers.models import Customer, CustomerNote
from customers.person.address import page_url
from customers.person.forms import NoteForm
from customers.person.page import VIEW, shown

SEE = "customers.view_customernote"


@require_POST
@staff_page(VIEW, SEE, "customers.add_customernote")
def add_note(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """Keep a note. One that cannot be kept is shown once more, with what was typed."""
    customer = get_object_or_404(Customer, remote_id=remote_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return shown(request, customer, form)
    author, id = cast(User, request.user), form.cleaned_data["note_id"]
    note = CustomerNote(pk=id, customer=customer, author=author, text=form.cleaned_data["text"])
    try:
        with transaction.atomic():
            note.save(force_insert=True)
            _note("add", note)
    except IntegrityError:  # the same form once more
        earlier = CustomerNote.objects.filter(pk=id, customer=customer, author=author).first()
        if earlier is None or earlier.text != note.text:
            return shown(request, customer, _anew(form))
    return redirect(f"{page_url(customer)}#timeline")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW, SEE, "customers.change_customernote")
def edit_note(request: HttpRequest, remote_id: str, pk: str) -> HttpResponseBase:
    """Change one's own note."""
    note = _own_note(request, remote_id, pk)
    form = NoteForm(request.POST or None, initial={"note_id": note.pk, "text": note.text})
    if request.method != "POST" or not form.is_valid():
        return _page(request, note, _("Edit the note"), "customers/person/note_edit.html", form)
    if form.cleaned_data["text"] != note.text:
        note.text, note.edited_at = form.cleaned_data["text"], timezone.now()
        with transaction.atomic():
            note.save(update_fields=["text", "edited_at"])
            _note("change", note)
        messages.success(request, _("The note was changed."))
    return redirect(f"{page_url(note.customer)}#timeline")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW, SEE, "customers.delete_customernote")
def delete_note(request: HttpRequest, remote_id: str, pk: str) -> HttpResponseBase:
    """GET asks, POST deletes one's own note."""
    note = _own_note(request, remote_id, pk)
    if request.method != "POST":
        return _page(request, note, _("Delete the note?"), "customers/person/note_delete.html")
    customer = note.customer
    with transaction.atomic():
        _note("remove", note)
        note.delete()
    messages.success(request, _("The note was deleted."))
    return redirect(f"{page_url(customer)}#timeline")


def _note(verb: str, note: CustomerNote) -> None:
    """In the audit; what the note says is not repeated there."""
    audit.note(verb, kind="note", remote_id=str(note.pk), owner_remote_id=note.customer.remote_id)


def _own_note(request: HttpRequest, remote_id: str, pk: str) -> CustomerNote:
    notes = CustomerNote.objects.select_related("customer", "author")
    note = get_object_or_404(notes, pk=pk, customer__remote_id=remote_id)
    if note.author_id != request.user.pk:
        raise PermissionDenied
    return note


def _anew(form: NoteForm) -> NoteForm:
    """The same text in a fresh form: the earlier one was kept already with another text."""
    fresh = NoteForm({"note_id": NoteForm()["note_id"].value(), "text": form.cleaned_data["text"]})
    told = _("This form was sent before with another text, which is kept. Send it again to add this one too.")
    fresh.add_error(None, told)
    return fresh


def _page(
    request: HttpRequest, note: CustomerNote, title: str, template: str, form: NoteForm | None = None
) -> HttpResponseBase:
    context = {
        **admin.site.each_context(request),
        "title": title,
        "opts": Customer._meta,
        "note": note,
        "form": form,
        "back_url": page_url(note.customer),
    }
    return TemplateResponse(request, template, context)
