"""The admin site: Unfold's, for people with a role."""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any, cast

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

from backoffice.palette import MAX_HITS, find
from backoffice.roles import has_role

View = Callable[..., HttpResponseBase]


class BackofficeSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold is untyped
    """Staff without a role see one page that says so, and may log out.

    What an open page asks for by itself, once its person may no longer see anything here, is answered with ``reload``.
    """

    index_title = "Desk"

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner: View = super().admin_view(view, cacheable)

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            is_known = self.has_permission(request)
            if request.headers.get("HX-Request") and not (is_known and has_role(request.user)):
                return reload()  # what the script would put into the page is the log-in
            if is_known and not has_role(request.user) and request.path != reverse("admin:logout"):
                return no_role(request)
            return inner(request, *args, **kwargs)

        return update_wrapper(checked if cacheable else never_cache(checked), inner)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Models by app, as far as the person may see them. Every page is given all; only the palette looks."""
        if app_label:
            return cast(list[dict[str, Any]], super().get_app_list(request, app_label))
        return cast(list[dict[str, Any]], SimpleLazyObject(partial(super().get_app_list, request)))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The command palette. Unlike Unfold's, it keeps nothing: what a person may see can change at any time."""
        term = request.GET.get("s", "").replace("\x00", "").strip()[:100]
        is_palette = "extended" in request.GET
        results: list[Any] = []
        records: list[Any] = []
        if term:
            results = self._search_apps(self.get_app_list(request), term.lower())
            if is_palette:
                records = find(request, self._registry.values(), term)
                results += records
        pages = Paginator(results, 100)
        name = "command_results" if is_palette else "search_results"
        return TemplateResponse(
            request,
            f"unfold/helpers/{name}.html",
            {"results": pages.page(1), "term": term, "most": MAX_HITS, "is_cut": len(records) == MAX_HITS},
            headers={"HX-Trigger": "search"},
        )


def reload() -> HttpResponse:
    """Tell an open page that asked for a part of itself to load itself anew: the whole answer is then shown."""
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


def no_role(request: HttpRequest) -> TemplateResponse:
    """For staff whom nobody has put into a group yet."""
    return TemplateResponse(request, "admin/no_role.html", status=403)
