"""Where the browser may be sent after signing up: https only, and to named hosts where the installation names some."""

from urllib.parse import urlsplit

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.texts import Text, number_lazy

MAX_CHARS = 2048


def why_refused(url: str) -> Text:
    """Why an address is not taken as a redirect, in a sentence; "" when it is. Nothing is ever fetched from it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return _("This is not a web address.")
    if not (url.isascii() and url.isprintable() and " " not in url and "\\" not in url):
        return _("A web address has no spaces, backslashes or characters beyond ASCII.")
    if len(url) > MAX_CHARS:
        return format_lazy(_("It may have {count} characters at most."), count=number_lazy(MAX_CHARS))
    if parts.scheme != "https" or not host or port == 0:
        return _("It must begin with https:// and name a host.")
    if parts.username is not None or parts.password is not None:
        return _("It must not hold a user name or password.")
    allowed = settings.REDIRECT_URL_HOSTS
    if allowed and host not in allowed:
        return format_lazy(_("Its host must be one of {hosts} (REDIRECT_URL_HOSTS)."), hosts=", ".join(allowed))
    return ""
