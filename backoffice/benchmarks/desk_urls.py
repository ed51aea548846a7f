"""The back office's addresses, and beside them Django's own admin index over the same models."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import path

from backoffice.urls import urlpatterns as ours


class StockSite(admin.AdminSite):
    """Django's site, drawn with Django's templates: the theme has put its own in their place."""

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        answer = super().index(request, extra_context)
        answer.using = "stock"
        return answer


stock = StockSite("admin")
for model in admin.site._registry:
    stock.register(model)

urlpatterns = [*ours[:-1], path("stock/", stock.admin_view(stock.index)), ours[-1]]
