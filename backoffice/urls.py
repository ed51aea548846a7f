"""The URLs of the back office."""

from django.contrib import admin
from django.urls import path

from backoffice import health, views

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("", views.desk, name="desk"),
    path("live/", views.desk_live, name="desk_live"),
    path("runs/start/<str:resource>/", views.start_run, name="start_run"),
    path("runs/<int:pk>/", views.run_page, name="run"),
    path("runs/<int:pk>/live/", views.run_live, name="run_live"),
    path("runs/<int:pk>/again/", views.run_again, name="run_again"),
    path("runs/<int:pk>/stop/", views.stop_run, name="stop_run"),
    path("runs/<int:pk>/approve/", views.approve_run, name="approve_run"),
    path("admin/", admin.site.urls),
]
