"""Relations between mirrored rows, filled in once both ends are here."""

from django.db.models import Exists, Model, OuterRef, Subquery

from backoffice.sync.resource import RESOURCES


def resolve(model: type[Model]) -> None:
    """Relate rows that name a row of ``model``, or are rows of it, to the rows they name."""
    for resource in RESOURCES.values():
        for name in resource.model.references:
            target = resource.model.target_of(name)
            if model not in {target, resource.model}:
                continue
            column = resource.model.reference_column(name)
            named = target._default_manager.filter(remote_id=OuterRef(column))
            dangling = resource.model._default_manager.filter(**{f"{name}__isnull": True})
            dangling = dangling.exclude(**{column: ""}).filter(Exists(named))
            dangling.update(**{name: Subquery(named.values("pk")[:1])})
