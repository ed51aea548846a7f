"""A page that fails, for the tests of what people see then."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def fails(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("kaboom")


urlpatterns = [path("fails", fails)]
