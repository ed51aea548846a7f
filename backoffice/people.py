"""Who is signed in."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef

from backoffice.models import SavedView


class StaffBackend(ModelBackend):
    """Django's own; the person comes with his limits, and with whether he pinned views, so that these cost no query."""

    def get_user(self, user_id: Any) -> User | None:
        pins = SavedView.pinned_by.through.objects.filter(user=OuterRef("pk"))
        people = User.objects.select_related("limits").annotate(has_pins=Exists(pins))
        user = people.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
