"""The mirrored object that a verb is done to."""

from typing import TypeVar, cast

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.errors import NotFound
from backoffice.mirror import MirrorModel
from backoffice.texts import capital_lazy

M = TypeVar("M", bound=MirrorModel)


def known(model: type[M], target: str, remote_id: str) -> M:
    """The mirrored object of a kind. Raises NotFound, with a sentence that says how to get it here."""
    found = cast("M | None", model._default_manager.filter(remote_id=remote_id).first())
    if found is None:
        told = _("{noun} {id} is not mirrored here. To read it: manage.py {target} fetch {id}")
        raise NotFound(
            format_lazy(told, noun=capital_lazy(model._meta.verbose_name or target), id=remote_id, target=target)
        )
    return found
