"""The admin site: Unfold's, for people with a role."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.sites import UnfoldAdminSite

from backoffice.palette import find
from backoffice.roles import has_role

View = Callable[..., HttpResponseBase]


class BackofficeSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold is untyped
    """Staff without a role see one page that says so, and may log out."""

    index_title = "Desk"

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner: View = super().admin_view(view, cacheable)

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            is_known = self.has_permission(request)
            if is_known and not has_role(request.user) and request.path != reverse("admin:logout"):
                return no_role(request)
            return inner(request, *args, **kwargs)

        return update_wrapper(checked, inner)

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The command palette. Unlike Unfold's, it keeps nothing: what a person may see can change at any time."""
        term = request.GET.get("s", "").replace("\x00", "").strip()[:100]
        is_palette = "extended" in request.GET
        results: list[Any] = []
        if term:
            results = self._search_apps(self.get_app_list(request), term.lower())
            if is_palette:
                results += find(request, self._registry.values(), term)
        pages = Paginator(results, 100)
        name = "command_results" if is_palette else "search_results"
        return TemplateResponse(
            request,
            f"unfold/helpers/{name}.html",
            {"page_obj": pages, "results": pages.page(1), "page_counter": 0, "execution_time": 0.0},
            headers={"HX-Trigger": "search"},
        )


def no_role(request: HttpRequest) -> TemplateResponse:
    """For staff whom nobody has put into a group yet."""
    return TemplateResponse(request, "admin/no_role.html", status=403)
