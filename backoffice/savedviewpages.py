"""Saved views: the page of all, the address that opens one, and what people do with them. All changes are POSTs."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from unfold.widgets import UnfoldAdminTextInputWidget

from backoffice import savedviews
from backoffice.models import SavedView
from backoffice.models.views import LONGEST_NAME
from backoffice.pasted import without_secrets
from backoffice.savedviews import Arranged
from backoffice.texts import number
from backoffice.views import staff_page

MOST_A_PERSON = 100


class ViewForm(forms.Form):
    """A view's name, and the groups that see it as well."""

    name = forms.CharField(
        max_length=LONGEST_NAME,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        error_messages={
            "required": gettext_lazy("Give it a name."),
            "max_length": format_lazy(
                gettext_lazy("Give it a shorter name, of {count} characters at most."), count=LONGEST_NAME
            ),
        },
    )
    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=gettext_lazy("Share with"),
        error_messages={"invalid_choice": gettext_lazy("You can share it with groups that you are in.")},
    )
    pin = forms.BooleanField(required=False, label=gettext_lazy("Pin it to my menu"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = self.fields["groups"]
        assert isinstance(groups, forms.ModelMultipleChoiceField)  # noqa: S101  declared above
        groups.queryset = savedviews.groups_for(user)

    def clean_name(self) -> str:
        """A link that somebody pasted is kept nowhere."""
        return without_secrets(self.cleaned_data["name"])


@require_safe
@staff_page()
def saved_views(request: HttpRequest) -> HttpResponseBase:
    """All views that the person may open."""
    user = _user(request)
    views = savedviews.visible_to(user)
    lines = [
        {
            "view": view,
            "list": savedviews.title_of(view.list_label),
            "groups": ", ".join(group.name for group in view.shared_with.all()),
            "may_change": savedviews.may_change(user, view),
        }
        for view in views.select_related("owner").prefetch_related("shared_with")
        if savedviews.may_see(request, view)
    ]
    context = {**admin.site.each_context(request), "title": _("Saved views"), "lines": lines}
    return TemplateResponse(request, "backoffice/saved_views.html", context)


@require_safe
@staff_page()
def open_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The list as the view keeps it. What the list does not know any more is left out, and told."""
    view = _visible(request, pk)
    url, unknown = savedviews.opened(request, view)
    if unknown:
        told = _(
            "“{view}” asks for what this list does not have any more ({names}); that is left out. "
            "Look whether it still shows what you mean, then update the view."
        )
        messages.warning(request, told.format(view=view.name, names=", ".join(unknown)))
    return redirect(url)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def save_view(request: HttpRequest) -> HttpResponseBase:
    """GET asks for a name, POST keeps the list as it is shown."""
    model_admin = savedviews.list_of(request.GET.get("list", ""))
    if model_admin is None:
        raise Http404
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    user = _user(request)
    now = savedviews.arranged(request, model_admin, request.GET.get("query", ""))
    form = ViewForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        view = SavedView(owner=user, list_label=savedviews.label_of(model_admin), name=form.cleaned_data["name"])
        if SavedView.objects.filter(owner=user).count() >= MOST_A_PERSON:
            told = _("You keep {count} views. Delete one that you do not need first.")
            form.add_error(None, told.format(count=number(MOST_A_PERSON)))
        elif _keep(view, now, form):
            if form.cleaned_data["pin"]:
                view.pinned_by.add(user)
            messages.success(request, _("Saved as “{view}”.").format(view=view.name))
            return redirect(savedviews.url_of(view))
    return _form_page(request, model_admin, form, now, _("Save this view"), _("Save"))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page()
def edit_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Rename a view, and say who sees it."""
    view = _manageable(request, pk)
    user, model_admin = _user(request), savedviews.list_of(view.list_label)
    now = savedviews.stored(request, model_admin, view)
    initial = {
        "name": view.name,
        "groups": view.shared_with.all(),
        "pin": view.pinned_by.filter(pk=user.pk).exists(),
    }
    form = ViewForm(request.POST or None, user=user, initial=initial)
    if request.method == "POST" and form.is_valid():
        view.name = form.cleaned_data["name"]
        if _keep(view, None, form):
            _pin(view, user, form.cleaned_data["pin"])
            messages.success(request, _("“{view}” was changed.").format(view=view.name))
            return redirect("saved_views")
    title = _("Edit “{view}”").format(view=view.name)
    return _form_page(request, model_admin, form, now, title, _("Keep it"), view)


@require_POST
@staff_page()
def update_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Let a view keep what its list shows now."""
    view = _manageable(request, pk)
    now = savedviews.arranged(request, savedviews.list_of(view.list_label), request.POST.get("query", ""))
    if len(now.query) > savedviews.LONGEST_QUERY:
        messages.error(request, _("Nothing was changed: what you search for is too long to be kept."))
        return redirect(savedviews.url_of(view))
    view.query, view.order, view.columns = now.query, now.order, now.columns
    view.save(update_fields=["query", "order", "columns"])
    messages.success(request, _("“{view}” keeps what is shown now.").format(view=view.name))
    return redirect(savedviews.url_of(view))


@require_POST
@staff_page()
def pin_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Pin a view to one's own menu, or take it away from there."""
    view = _visible(request, pk)
    is_wanted = request.POST.get("pinned") == "yes"
    _pin(view, _user(request), is_wanted)
    told = _("“{view}” is in your menu now.") if is_wanted else _("“{view}” is not in your menu any more.")
    messages.success(request, told.format(view=view.name))
    return redirect("saved_views" if request.POST.get("from") == "all" else savedviews.url_of(view))


@require_POST
@staff_page()
def delete_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Forget a view, for everybody. No row of its list is touched."""
    view = _manageable(request, pk)
    view.delete()
    told = _("“{view}” was deleted. The list and its rows are as they were.")
    messages.success(request, told.format(view=view.name))
    return redirect("saved_views")


def _keep(view: SavedView, now: Arranged | None, form: ViewForm) -> bool:
    """Write a view down with the form's groups; False, with the reason in the form, where that cannot be."""
    if now is not None:
        if len(now.query) > savedviews.LONGEST_QUERY:
            told = _("What you search for is too long to be kept. Shorten it in the list, then save.")
            form.add_error(None, told)
            return False
        view.query, view.order, view.columns = now.query, now.order, now.columns
    chosen = set(form.cleaned_data["groups"])
    offered = set(form.fields["groups"].queryset)  # type: ignore[attr-defined]
    try:
        with transaction.atomic():
            view.save()
            kept = set(view.shared_with.all()) - offered  # of another group, by somebody who may
            view.shared_with.set(chosen | kept)
    except IntegrityError:
        form.add_error("name", _("A view of this list has that name already. Choose another one."))
        return False
    return True


def _pin(view: SavedView, user: User, is_wanted: bool) -> None:
    (view.pinned_by.add if is_wanted else view.pinned_by.remove)(user)


def _visible(request: HttpRequest, pk: int) -> SavedView:
    view = get_object_or_404(savedviews.visible_to(request.user), pk=pk)
    if not savedviews.may_see(request, view):
        raise Http404
    return view


def _manageable(request: HttpRequest, pk: int) -> SavedView:
    view = _visible(request, pk)
    if not savedviews.may_change(request.user, view):
        raise PermissionDenied
    return view


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)  # staff_page let them in


def _form_page(
    request: HttpRequest,
    model_admin: Any,
    form: ViewForm,
    now: Arranged,
    title: str,
    button: str,
    view: SavedView | None = None,
) -> HttpResponseBase:
    changelist = reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
    address = now.address(request, model_admin)
    context = {
        **admin.site.each_context(request),
        "title": title,
        "button": button,
        "form": form,
        "view": view,
        "list": savedviews.title_of(savedviews.label_of(model_admin)),
        "back_url": f"{changelist}?{address}" if address else changelist,
    }
    return TemplateResponse(request, "backoffice/saved_view.html", context)
