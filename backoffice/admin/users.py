"""Users and groups, in the theme, for superusers only: who could edit them could give himself any permission."""

from typing import Any

from axes.utils import reset
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from backoffice.admin.noted import NotedAdmin


class SuperusersOnly:
    """Permissions on the model do not count; being a superuser does."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_superuser


class NewPasswordForm(AdminPasswordChangeForm):  # type: ignore[misc]  # unfold is untyped
    """A new password also ends the lock-out of that name: whoever forgot a password has tried it too often."""

    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit)
        reset(username=user.get_username())
        return user


class UserAdmin(SuperusersOnly, NotedAdmin, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold is untyped
    """Accounts. People need 'staff status' and a group; who leaves is deactivated, so that history keeps its names."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = NewPasswordForm
    list_display = ("username", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    readonly_fields = ("audit",)
    noted_kind = "user"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        known = super().get_fieldsets(request, obj)
        return [*known, ("Audit", {"fields": ["audit"]})] if obj else known

    @admin.display(description="what was done")
    def audit(self, user: User) -> SafeString:
        """Where the audit tells of the person: what they did, and what was done to the account."""
        entries = reverse("admin:backoffice_auditentry_changelist")
        return format_html(
            '<a href="{0}?by={1}">By this person</a> · <a href="{0}?kind=user&amp;q={1}">To this account</a>',
            entries, user.pk,
        )  # fmt: skip

    def noted_state(self, obj: User) -> str:
        told = [word for word, is_so in (
            ("active", obj.is_active), ("staff", obj.is_staff), ("superuser", obj.is_superuser),
        ) if is_so]  # fmt: skip
        groups = ", ".join(obj.groups.order_by("name").values_list("name", flat=True)) or "none"
        return f"Now {', '.join(told) or 'not active'}; groups: {groups}."

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class GroupAdmin(SuperusersOnly, NotedAdmin, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Groups and their permissions."""

    noted_kind = "group"


for model, model_admin in ((User, UserAdmin), (Group, GroupAdmin)):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, model_admin)
