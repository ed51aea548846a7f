"""Users and groups, in the theme, for superusers only: who could edit them could give himself any permission."""

from typing import Any

from axes.utils import reset
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from backoffice.times import ago, at


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


class UserAdmin(SuperusersOnly, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold is untyped
    """Accounts. People need 'staff status' and a group; who leaves is deactivated, so that history keeps its names."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = NewPasswordForm
    list_display = ("username", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "seen")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    fieldsets = (*tuple(DjangoUserAdmin.fieldsets or ())[:-1], ("Dates", {"fields": ("logged_in", "joined")}))
    readonly_fields = ("logged_in", "joined")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="last log-in", ordering="last_login")
    def seen(self, user: User) -> str:
        return ago(user.last_login)

    @admin.display(description="last log-in")
    def logged_in(self, user: User) -> str:
        return at(user.last_login, empty="never")

    @admin.display(description="joined")
    def joined(self, user: User) -> str:
        return at(user.date_joined)


class GroupAdmin(SuperusersOnly, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Groups and their permissions."""


for model, model_admin in ((User, UserAdmin), (Group, GroupAdmin)):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, model_admin)
