"""The URLs of the warehouse. ``<remote_id>`` is the id at Afosto."""

from django.urls import path

from fulfilment import documents, listdeeds, person, print_job, views  # noqa: F401  person: importing registers it
from fulfilment.stations import pack_views, pick_views, print_views

urlpatterns = [
    path("board/", views.board, name="board"),
    path("board/export/<str:kind>/", views.board_export, name="board_export"),
    path("lists/<str:remote_id>/take/", listdeeds.take_list, name="take_list"),
    path("lists/<str:remote_id>/hold/", listdeeds.hold_list, name="hold_list"),
    path("lists/<str:remote_id>/release/", listdeeds.release_list, name="release_list"),
    path("lists/<str:remote_id>/refresh/", listdeeds.refresh_list, name="refresh_list"),
    path("lists/<str:remote_id>/pick/", pick_views.pick_list, name="pick_list"),
    path("lists/<str:remote_id>/short/", pick_views.short_pick, name="short_pick"),
    path("lists/<str:remote_id>/undo/", pick_views.undo_pick, name="undo_pick"),
    path("lists/<str:remote_id>/print/", print_views.printed_list, name="printed_list"),
    path("shipments/<str:remote_id>/pack/", pack_views.pack_shipment, name="pack_shipment"),
    path("shipments/<str:remote_id>/pack/<str:verb>/", pack_views.parcel_deed, name="parcel_deed"),
    path("labels/print/", print_job.print_labels, name="print_labels"),
    path("labels/print/document/", print_job.print_document, name="print_document"),
    path("labels/<int:pk>/", documents.label_document, name="label_document"),
    path("parcels/<str:remote_id>/label/", documents.parcel_label, name="parcel_label"),
]
