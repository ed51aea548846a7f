"""The URLs of the back office."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from backoffice import (
    bulkviews,
    exportpages,
    firststepspage,
    health,
    needspage,
    notifypage,
    savedviewpages,
    searchpage,
    views,
)
from backoffice.webhooks.inbox import inbox

SETUP_LINKS = RedirectView.as_view(pattern_name="admin:customers_setuplink_changelist", query_string=True)

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("language/", set_language, name="set_language"),
    path("", views.desk, name="desk"),
    path("live/", views.desk_live, name="desk_live"),
    path("getting-started/", firststepspage.first_steps, name="first_steps"),
    path("getting-started/<str:step>/look/", firststepspage.look, name="look_at_step"),
    path("getting-started/<str:upstream>/start/", firststepspage.read_upstream, name="read_upstream"),
    path("runs/start/<str:resource>/", views.start_run, name="start_run"),
    path("runs/<int:pk>/", views.run_page, name="run"),
    path("runs/<int:pk>/live/", views.run_live, name="run_live"),
    path("runs/<int:pk>/again/", views.run_again, name="run_again"),
    path("runs/<int:pk>/stop/", views.stop_run, name="stop_run"),
    path("runs/<int:pk>/approve/", views.approve_run, name="approve_run"),
    path("webhooks/<str:upstream>/", inbox, name="inbox"),
    path("setup-links/", views.staff_page()(SETUP_LINKS)),
    path("bulk/<uuid:pk>/", bulkviews.bulk_page, name="bulk"),
    path("bulk/<uuid:pk>/live/", bulkviews.bulk_live, name="bulk_live"),
    path("bulk/<uuid:pk>/cancel/", bulkviews.cancel_bulk, name="cancel_bulk"),
    path("bulk/<uuid:pk>/rest/", bulkviews.bulk_rest, name="bulk_rest"),
    path("bulk/<uuid:pk>/retry/", bulkviews.retry_bulk, name="retry_bulk"),
    path("search/", searchpage.search, name="search"),
    path("notifications/", notifypage.notifications, name="notifications"),
    path("notifications/bell/", notifypage.bell, name="bell"),
    path("notifications/latest/", notifypage.latest, name="latest_notifications"),
    path("notifications/read/", notifypage.mark_all_read, name="read_notifications"),
    path("notifications/<int:pk>/open/", notifypage.open_notification, name="open_notification"),
    path("notifications/<int:pk>/read/", notifypage.mark_read, name="read_notification"),
    path("exports/", exportpages.exports_page, name="exports"),
    path("exports/live/", exportpages.exports_live, name="exports_live"),
    path("exports/new/", exportpages.new_export, name="new_export"),
    path("exports/<uuid:pk>/download/", exportpages.download_export, name="download_export"),
    path("exports/<uuid:pk>/delete/", exportpages.delete_export, name="delete_export"),
    path("views/", savedviewpages.saved_views, name="saved_views"),
    path("views/new/", savedviewpages.save_view, name="save_view"),
    path("views/<int:pk>/", savedviewpages.open_view, name="saved_view"),
    path("views/<int:pk>/edit/", savedviewpages.edit_view, name="edit_view"),
    path("views/<int:pk>/update/", savedviewpages.update_view, name="update_view"),
    path("views/<int:pk>/pin/", savedviewpages.pin_view, name="pin_view"),
    path("views/<int:pk>/delete/", savedviewpages.delete_view, name="delete_view"),
    path("needs-you/", needspage.needs_you, name="needs_you"),
    path("needs-you/writes/<uuid:pk>/look/", needspage.look, name="look_for_write"),
    path("needs-you/writes/<uuid:pk>/again/", needspage.send_again, name="send_write_again"),
    path("needs-you/writes/<uuid:pk>/settle/", needspage.settle, name="settle_write"),
    path("needs-you/writes/<uuid:pk>/dismiss/", needspage.dismiss_write, name="dismiss_write"),
    path("needs-you/bulk/<uuid:pk>/<str:kind>/dismiss/", needspage.dismiss_of_bulk, name="dismiss_bulk_writes"),
    path("needs-you/drift/<int:pk>/dismiss/", needspage.dismiss_drift, name="dismiss_drift"),
    path("", include("customers.urls")),
    path("", include("customers.identitypage.urls")),
    path("", include("fulfilment.urls")),
    path("admin/", admin.site.urls),
]
