"""What the four groups may do in fulfilment: the warehouse all but raw payloads, the others see."""

from django.db import migrations

from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, VIEWER, WAREHOUSE, grant

VIEWS = [
    "view_handlinglist", "view_shipment", "view_parcel", "view_location", "view_shippingmethod", "view_recipient",
    "view_labeljob",
]  # fmt: skip
VERBS = [
    "create_handlinglist", "assign_handlinglist", "hold_handlinglist", "release_handlinglist",
    "mark_handled_handlinglist", "delete_handlinglist", "refresh_handlinglist",
    "set_method_shipment", "take_default_positions_shipment", "set_backorders_shipment", "set_overage_shipment",
    "set_missing_shipment", "cancel_shipment", "refresh_shipment",
    "create_parcel", "update_parcel", "add_pieces_parcel", "remove_pieces_parcel", "request_label_parcel",
    "request_slip_parcel", "mark_in_transit_parcel", "finish_parcel", "delete_parcel", "refresh_parcel",
    "create_location", "rename_location", "enable_location", "disable_location", "set_walk_order_location",
    "set_skus_location", "refresh_location", "refresh_recipient",
]  # fmt: skip
PAYLOADS = [
    f"view_payload_{model}"
    for model in ("handlinglist", "shipment", "parcel", "location", "shippingmethod", "recipient")
]
PICKERS = ["add_picker", "change_picker", "delete_picker", "view_picker"]
FULFILMENT = {
    VIEWER: VIEWS,
    CUSTOMER_DESK: VIEWS,
    WAREHOUSE: [*VIEWS, *VERBS],
    SUPERVISOR: [*VIEWS, *VERBS, *PAYLOADS, *PICKERS],
}


def give(apps, schema_editor):
    grant(apps, "fulfilment", FULFILMENT)


class Migration(migrations.Migration):
    dependencies = [("fulfilment", "0001_initial"), ("backoffice", "0006_reading_details")]

    operations = [migrations.RunPython(give, migrations.RunPython.noop)]
