"""Our subscription to L4YERCAK3's webhooks: made and removed, by command only."""

from django.utils.translation import gettext_lazy as _

from backoffice.subscriptions import SUBSCRIBE
from backoffice.writes.verbs import WriteVerb, register
from customers.services.crm_subscriptions import SUBSCRIPTION, SubscriptionService

CREATE_SUBSCRIPTION = WriteVerb(
    SUBSCRIPTION, "create", _("Subscribe"), SUBSCRIBE, "layercake.contacts", has_secret=True, shows="secret",
    carry_out=lambda api, write: SubscriptionService(api).create(write),
    look=lambda api, write, is_late: SubscriptionService(api).look_for_created(write, is_late),
)  # fmt: skip
DELETE_SUBSCRIPTION = WriteVerb(
    SUBSCRIPTION, "delete", _("Remove the subscription"), SUBSCRIBE, "layercake.contacts",
    carry_out=lambda api, write: SubscriptionService(api).delete(write),
    look=lambda api, write, is_late: SubscriptionService(api).look_for_deleted(write, is_late),
)  # fmt: skip

register(CREATE_SUBSCRIPTION, DELETE_SUBSCRIPTION)
