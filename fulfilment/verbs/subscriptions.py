"""Our subscription to Afosto's webhooks: made, repaired, removed, by command only."""

from django.utils.translation import gettext_lazy as _

from backoffice.subscriptions import SUBSCRIBE
from backoffice.writes.verbs import WriteVerb, register
from fulfilment.services.subscriptions import SUBSCRIPTION, SubscriptionService

CREATE_SUBSCRIPTION = WriteVerb(
    SUBSCRIPTION, "create", _("Subscribe"), SUBSCRIBE, "afosto.shipments", has_secret=True, shows="secret",
    carry_out=lambda api, write: SubscriptionService(api).create(write),
    look=lambda api, write, is_late: SubscriptionService(api).look_for_created(write, is_late),
)  # fmt: skip
UPDATE_SUBSCRIPTION = WriteVerb(
    SUBSCRIPTION, "update", _("Change the subscription"), SUBSCRIBE, "afosto.shipments",
    carry_out=lambda api, write: SubscriptionService(api).update(write),
    look=lambda api, write, is_late: SubscriptionService(api).look_for_updated(write, is_late),
)  # fmt: skip
DELETE_SUBSCRIPTION = WriteVerb(
    SUBSCRIPTION, "delete", _("Remove the subscription"), SUBSCRIBE, "afosto.shipments",
    carry_out=lambda api, write: SubscriptionService(api).delete(write),
    look=lambda api, write, is_late: SubscriptionService(api).look_for_deleted(write, is_late),
)  # fmt: skip

register(CREATE_SUBSCRIPTION, UPDATE_SUBSCRIPTION, DELETE_SUBSCRIPTION)
