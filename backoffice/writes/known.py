"""The mirrored object that a verb is done to."""

from typing import TypeVar, cast

from backoffice.errors import NotFound
from backoffice.mirror import MirrorModel

M = TypeVar("M", bound=MirrorModel)


def known(model: type[M], target: str, remote_id: str) -> M:
    """The mirrored object of a kind. Raises NotFound, with a sentence that says how to get it here."""
    found = cast("M | None", model._default_manager.filter(remote_id=remote_id).first())
    if found is None:
        noun = str(model._meta.verbose_name).capitalize()
        raise NotFound(f"{noun} {remote_id} is not mirrored here. To read it: manage.py {target} fetch {remote_id}")
    return found
