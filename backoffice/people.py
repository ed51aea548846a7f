"""Who is signed in."""

from typing import Any, cast

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission, User
from django.db.models import Exists, OuterRef

from backoffice.models import SavedView


class StaffBackend(ModelBackend):
    """Django's own, with fewer queries a page.

    The person comes with his limits, and with whether he pinned views; what he may himself and what his groups may is
    read in one.
    """

    def get_user(self, user_id: Any) -> User | None:
        pins = SavedView.pinned_by.through.objects.filter(user=OuterRef("pk"))
        people = User.objects.select_related("limits").annotate(has_pins=Exists(pins))
        user = people.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            every = Permission.objects.order_by()
            may = every
            if not user_obj.is_superuser:
                may = every.filter(user=user_obj).union(every.filter(group__user=user_obj))
            names = may.values_list("content_type__app_label", "codename")
            user_obj._perm_cache = {f"{app_label}.{codename}" for app_label, codename in names}
        return cast(set[str], user_obj._perm_cache)
