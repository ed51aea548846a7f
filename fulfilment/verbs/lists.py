"""The verbs of handling lists."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import GONE
from backoffice.writes.known import known
from backoffice.writes.verbs import ReadVerb, WriteVerb, register
from fulfilment.models import HandlingList
from fulfilment.services.lists import HandlingListService

HANDLING_LIST, RESOURCE = "handling_list", "afosto.handling_lists"
OVER = GONE | Q(is_cancelled=True) | Q(is_finished=True)


def handling_list(remote_id: str) -> HandlingList:
    """The mirrored list. Raises NotFound."""
    return known(HandlingList, HANDLING_LIST, remote_id)


def _refresh(api: Any, remote_id: str) -> None:
    HandlingListService(api).refresh(handling_list(remote_id))


CREATE_LIST = WriteVerb(
    HANDLING_LIST, "create", _("Make a handling list"), "fulfilment.create_handlinglist", RESOURCE,
    carry_out=lambda api, write: HandlingListService(api).create(write),
    look=lambda api, write, is_late: HandlingListService(api).look_for_created(write, is_late),
)  # fmt: skip
ASSIGN_LIST = WriteVerb(
    HANDLING_LIST, "assign", _("Assign"), "fulfilment.assign_handlinglist", RESOURCE,
    consequence=_("Whoever held a list before loses it; Afosto knows no way back to nobody."),
    refuses=OVER,
    carry_out=lambda api, write: HandlingListService(api).assign(handling_list(write.remote_id), write),
    look=lambda api, write, is_late: HandlingListService(api).look_for_state(write, is_late),
)  # fmt: skip
HOLD_LIST = WriteVerb(
    HANDLING_LIST, "hold", _("Hold"), "fulfilment.hold_handlinglist", RESOURCE, sends={"is_on_hold": True},
    consequence=_("Nothing is picked from a list on hold until it is released."),
    refuses=OVER | Q(is_on_hold=True),
    carry_out=lambda api, write: HandlingListService(api).hold(handling_list(write.remote_id), write),
    look=lambda api, write, is_late: HandlingListService(api).look_for_state(write, is_late),
)  # fmt: skip
RELEASE_LIST = WriteVerb(
    HANDLING_LIST, "release", _("Release"), "fulfilment.release_handlinglist", RESOURCE, sends={"is_on_hold": False},
    refuses=OVER | Q(is_on_hold=False),
    carry_out=lambda api, write: HandlingListService(api).release(handling_list(write.remote_id), write),
    look=lambda api, write, is_late: HandlingListService(api).look_for_state(write, is_late),
)  # fmt: skip
MARK_HANDLED = WriteVerb(
    HANDLING_LIST, "mark_handled", _("Mark as handled"), "fulfilment.mark_handled_handlinglist", RESOURCE,
    refuses=OVER | Q(is_on_hold=True),
    carry_out=lambda api, write: HandlingListService(api).mark_handled(handling_list(write.remote_id), write),
    look=lambda api, write, is_late: HandlingListService(api).look_for_handled(write, is_late),
)  # fmt: skip
DELETE_LIST = WriteVerb(
    HANDLING_LIST, "delete", _("Delete"), "fulfilment.delete_handlinglist", RESOURCE, asks_reason=True,
    consequence=_("A deleted list is cancelled for good; its shipments can be put on another one."),
    refuses=OVER,
    carry_out=lambda api, write: HandlingListService(api).delete(handling_list(write.remote_id), write),
    look=lambda api, write, is_late: HandlingListService(api).look_for_deleted(write, is_late),
)  # fmt: skip
REFRESH_LIST = ReadVerb(
    HANDLING_LIST, "refresh", _("Refresh"), "fulfilment.refresh_handlinglist", RESOURCE, read=_refresh
)

register(CREATE_LIST, ASSIGN_LIST, HOLD_LIST, RELEASE_LIST, MARK_HANDLED, DELETE_LIST, REFRESH_LIST)
