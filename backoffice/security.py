"""Who is at the other end of a request."""

from django.conf import settings
from django.http import HttpRequest

MAX_USERNAME_CHARS = 150  # of Django's own users


def typed_username(request: HttpRequest, credentials: dict[str, str] | None = None) -> str:
    """Whom somebody tries to log in as, for the log-in throttle; what cannot be a name of ours is cut."""
    typed = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(typed).replace("\x00", "")[:MAX_USERNAME_CHARS]


def client_address(request: HttpRequest) -> str:
    """The client's address, for the log-in throttle.

    ``X-Forwarded-For`` counts only behind ``TRUSTED_PROXY_COUNT`` proxies of our own: each appends the address that
    it saw, so the entry that the outermost trusted one wrote is that many from the right.
    """
    seen = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    trusted = settings.TRUSTED_PROXY_COUNT
    if trusted and len(seen) >= trusted:
        return str(seen[-trusted])
    return str(request.META.get("REMOTE_ADDR", ""))
