"""Who is signed in."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User


class StaffBackend(ModelBackend):
    """Django's own; the person comes with his limits, so that these cost no query."""

    def get_user(self, user_id: Any) -> User | None:
        user = User.objects.select_related("limits").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
