"""The verbs of locations."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import GONE
from backoffice.writes.known import known
from backoffice.writes.verbs import ReadVerb, WriteVerb, register
from fulfilment.models import Location
from fulfilment.services.locations import LocationService

LOCATION, RESOURCE = "location", "afosto.locations"


def location(remote_id: str) -> Location:
    """The mirrored location. Raises NotFound."""
    return known(Location, LOCATION, remote_id)


def _refresh(api: Any, remote_id: str) -> None:
    LocationService(api).refresh(location(remote_id))


CREATE_LOCATION = WriteVerb(
    LOCATION, "create", _("New location"), "fulfilment.create_location", RESOURCE,
    carry_out=lambda api, write: LocationService(api).create(write),
    look=lambda api, write, is_late: LocationService(api).look_for_created(write, is_late),
)  # fmt: skip
RENAME_LOCATION = WriteVerb(
    LOCATION, "rename", _("Rename"), "fulfilment.rename_location", RESOURCE, refuses=GONE,
    carry_out=lambda api, write: LocationService(api).rename(location(write.remote_id), write),
    look=lambda api, write, is_late: LocationService(api).look_for_changed(write, is_late),
)  # fmt: skip
ENABLE_LOCATION = WriteVerb(
    LOCATION, "enable", _("Enable"), "fulfilment.enable_location", RESOURCE, sends={"is_disabled": False},
    refuses=GONE | Q(is_disabled=False),
    carry_out=lambda api, write: LocationService(api).enable(location(write.remote_id), write),
    look=lambda api, write, is_late: LocationService(api).look_for_changed(write, is_late),
)  # fmt: skip
DISABLE_LOCATION = WriteVerb(
    LOCATION, "disable", _("Disable"), "fulfilment.disable_location", RESOURCE, sends={"is_disabled": True},
    consequence=_("Nothing new is picked or received there. It can be enabled again."),
    refuses=GONE | Q(is_disabled=True),
    carry_out=lambda api, write: LocationService(api).disable(location(write.remote_id), write),
    look=lambda api, write, is_late: LocationService(api).look_for_changed(write, is_late),
)  # fmt: skip
SET_WALK_ORDER = WriteVerb(
    LOCATION, "set_walk_order", _("Set the walking order"), "fulfilment.set_walk_order_location", RESOURCE,
    refuses=GONE,
    carry_out=lambda api, write: LocationService(api).set_walk_order(location(write.remote_id), write),
    look=lambda api, write, is_late: LocationService(api).look_for_walk_order(write, is_late),
)  # fmt: skip
SET_SKUS = WriteVerb(
    LOCATION, "set_skus", _("Set where SKUs lie"), "fulfilment.set_skus_location", RESOURCE, refuses=GONE,
    carry_out=lambda api, write: LocationService(api).set_skus(location(write.remote_id), write),
    look=lambda api, write, is_late: LocationService(api).look_for_skus(write, is_late),
)  # fmt: skip
REFRESH_LOCATION = ReadVerb(LOCATION, "refresh", _("Refresh"), "fulfilment.refresh_location", RESOURCE, read=_refresh)

register(
    CREATE_LOCATION, RENAME_LOCATION, ENABLE_LOCATION, DISABLE_LOCATION, SET_WALK_ORDER, SET_SKUS, REFRESH_LOCATION
)
