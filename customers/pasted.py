"""Setup links that people paste into a search: known by their shape, looked for by their last four characters.

What a token looks like is not stated by the contract, so its shape is guessed wide: inside an address any long run of
letters and digits, by itself only one that mixes capitals, small letters and digits. Ids of records are none, nor are
their beginnings: who types one letter by letter has typed only that so far.
``setup_links.js`` follows the same rules; ``customers/tests/test_pasted_links.py`` has the examples for both.
"""

import re

from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from backoffice import pasted
from customers.models import SetupLink

MARK = "…"
LAST = 4
_IN_ADDRESS, _ALONE = 16, 20  # characters at least
_TOKEN = re.compile(r"[A-Za-z0-9_~.-]+")
_ID = re.compile(r"[a-z]{2,8}_[0-9A-Z]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def shorten(text: str) -> str:
    """``text`` with each setup link or token in it replaced by "…" and its last four: "…x7Qd"."""
    return re.sub(r"\S+", lambda word: _shortened(word[0]), text)


def link_ending(part: str, owner: str) -> Q:
    """Rows whose customer (in the field ``owner``) has a link that ends so, where ``part`` is "…x7Qd"; else none."""
    if not part.startswith(MARK):
        return Q(pk__in=[])
    links = SetupLink.objects.order_by().filter(ending_so(part), customer__isnull=False)
    return Q(**{f"{owner}__in": links.values("customer")})


def ending_so(part: str) -> Q:
    """Links with these last four, as pages show them, "…x7Qd", or without the mark."""
    return Q(Exact(Lower("token_last4"), part.removeprefix(MARK).lower()))


def _shortened(word: str) -> str:
    plain = word.strip("\"'<>()[]{},;:!?.")
    if "/" in plain or "=" in plain:
        parts = [part for part in re.split(r"[/?#&=]", plain.partition("://")[2] or plain)[1:] if _is_token(part)]
        token = max(parts, key=len, default="")
    else:
        is_mixed = all(re.search(kind, plain) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
        token = plain if is_mixed and len(plain) >= _ALONE and _is_token(plain) else ""
    return f"{MARK}{token[-LAST:]}" if token else word


def _is_token(part: str) -> bool:
    is_long = len(part) >= _IN_ADDRESS and _TOKEN.fullmatch(part) is not None
    has_both = re.search("[A-Za-z]", part) and re.search("[0-9]", part)
    return bool(is_long and has_both and not _ID.fullmatch(part))


pasted.register(shorten)
