"""Who may do what: four groups, and the permissions that each app's migrations give them.

People need ``is_staff`` and a group. Users and groups themselves stay with superusers: who could edit them could give
himself any permission.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import AnonymousUser, User

VIEWER = "viewer"
CUSTOMER_DESK = "customer desk"
WAREHOUSE = "warehouse"
SUPERVISOR = "supervisor"


def has_role(user: User | AnonymousUser) -> bool:
    """Whether the person may do anything here at all."""
    return user.is_active and (user.is_superuser or bool(user.get_all_permissions()))


def grant(apps: Any, app_label: str, permissions: Mapping[str, Iterable[str]]) -> None:
    """Give each group those permissions of one app; for migrations, with their historical ``apps``.

    Groups that are missing are created. What a group has already, it keeps.
    """
    config = apps.get_app_config(app_label)
    before = getattr(config, "models_module", None)
    config.models_module = before or True  # a historical app has none and would be skipped
    create_permissions(config, verbosity=0, apps=apps)
    config.models_module = before
    permission_model, group_model = apps.get_model("auth", "Permission"), apps.get_model("auth", "Group")
    of_app = permission_model.objects.filter(content_type__app_label=app_label)
    for name, codenames in permissions.items():
        group, _ = group_model.objects.get_or_create(name=name)
        group.permissions.add(*of_app.filter(codename__in=list(codenames)))
