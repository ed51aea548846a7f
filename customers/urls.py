"""The staff pages about customers. ``<remote_id>`` is the id at Kirim."""

from django.urls import path

from customers.person import notes, page

urlpatterns = [
    path("customers/<str:remote_id>/", page.customer_page, name="customer"),
    path("customers/<str:remote_id>/notes/", notes.add_note, name="add_note"),
    path("customers/<str:remote_id>/notes/<uuid:pk>/edit/", notes.edit_note, name="edit_note"),
    path("customers/<str:remote_id>/notes/<uuid:pk>/delete/", notes.delete_note, name="delete_note"),
]
