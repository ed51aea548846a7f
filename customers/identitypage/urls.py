"""The URLs of the queue. The keys are our own: a pair is two records."""

from django.urls import path

from customers.identitypage import decide, queue

urlpatterns = [
    path("identity/", queue.queue, name="identity"),
    path("identity/<int:pk>/confirm/", decide.confirm, name="confirm_identity"),
    path("identity/<int:pk>/reject/", decide.reject, name="reject_identity"),
    path("identity/<int:pk>/unlink/", decide.unlink, name="unlink_identity"),
    path("identity/decisions/<int:pk>/undo/", decide.undo, name="undo_identity"),
]
