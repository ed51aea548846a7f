"""The back office's addresses, and a view that does nothing: it costs what Django and our middleware cost."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from backoffice.urls import urlpatterns as ours


@csrf_exempt
def bare(request: HttpRequest) -> HttpResponse:
    """204."""
    return HttpResponse(status=204)


urlpatterns = [*ours[:-1], path("bare/", bare), ours[-1]]
