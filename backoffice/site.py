"""The admin site: Unfold's, for people with a role."""

from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from unfold.dataclasses import SearchResult
from unfold.sites import UnfoldAdminSite

from backoffice.roles import has_role
from backoffice.theme import ACTIONS, NAVIGATION

if TYPE_CHECKING:
    from backoffice.palette import Answer

MAX_CHARS = 200  # of a term
View = Callable[..., HttpResponseBase]


class BackofficeSite(UnfoldAdminSite):  # type: ignore[misc]  # unfold is untyped
    """Staff without a role see one page that says so, and may log out.

    What an open page asks for by itself, once its person may no longer see anything here, is answered with ``reload``.
    """

    index_title = _("Desk")

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
        """Models by app, as far as the person may see them; worked out where a page looks: the menu is another."""
        if app_label:
            return cast(list[dict[str, Any]], super().get_app_list(request, app_label))
        return cast(list[dict[str, Any]], SimpleLazyObject(partial(super().get_app_list, request)))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without the redirect to a record's public page: none has one, and it fails on keys that are no numbers."""
        urls: list[URLPattern | URLResolver] = super().get_urls()
        return [url for url in urls if getattr(url, "name", "") != "view_on_site"]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The command palette. Unlike Unfold's, it keeps nothing: what a person may see can change at any time."""
        term = request.GET.get("s", "").replace("\x00", "").strip()[:MAX_CHARS]
        is_palette = "extended" in request.GET
        found = self._find(request, term) if term and is_palette else None
        pages = [*self._pages(request, term)] if term else []
        context = {
            "results": [*found.exact, *pages, *found.others, *found.offers] if found else pages,
            "term": term,
            "found": found,
        }
        name = "command_results" if is_palette else "search_results"
        return TemplateResponse(request, f"unfold/helpers/{name}.html", context, headers={"HX-Trigger": "search"})

    def _find(self, request: HttpRequest, term: str) -> "Answer":
        find = import_string(self._get_config("COMMAND", request)["search_callback"])  # this is loaded before any admin
        answer: Answer = find(request, term)
        return answer

    def _pages(self, request: HttpRequest, term: str) -> Iterator[SearchResult]:
        """What the menu names and what can be begun from anywhere, with the term in its name, if the person may."""
        for group in [*NAVIGATION, ACTIONS]:
            of = str(group.get("title") or pgettext("kind of a hit", "page"))
            for item in group["items"]:
                name = str(item["title"])
                if term.lower() in name.lower() and self._call_permission_callback(item.get("permission"), request):
                    yield SearchResult(name, of, str(item["link"]), item["icon"])


def reload() -> HttpResponse:
    """Tell an open page that asked for a part of itself to load itself anew: the whole answer is then shown."""
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


def no_role(request: HttpRequest) -> TemplateResponse:
    """For staff whom nobody has put into a group yet."""
    return TemplateResponse(request, "admin/no_role.html", status=403)
