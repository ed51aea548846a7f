"""Users and groups, in the theme, for superusers only: who could edit them could give himself any permission."""

from typing import Any, ClassVar

from axes.utils import reset
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectMultipleWidget

from backoffice.admin.noted import NotedAdmin
from backoffice.limits import KINDS
from backoffice.models import StaffLimits, words
from backoffice.texts import number
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


class LimitsForm(forms.ModelForm):  # type: ignore[type-arg]
    """A choice of several values for each kind of limit; none chosen of a kind is no limit of that kind."""

    class Meta:
        model = StaffLimits
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in KINDS.values():
            chosen = self.instance.values.get(kind.name, [])
            there = dict(kind.choices())
            gone = {
                value: gettext("{value} (not here any more)").format(value=value)
                for value in chosen
                if value not in there
            }
            self.fields[kind.name] = forms.MultipleChoiceField(
                label=kind.label,
                choices=[*there.items(), *gone.items()],
                initial=chosen,
                required=False,
                help_text=_("None chosen: all of them."),
                widget=UnfoldAdminSelectMultipleWidget(),
            )

    def save(self, commit: bool = True) -> StaffLimits:
        chosen = {name: self.cleaned_data[name] for name in KINDS}
        self.instance.values = {name: values for name, values in chosen.items() if values}
        limits: StaffLimits = super().save(commit)
        return limits


class LimitsInline(StackedInline):  # type: ignore[misc]  # unfold is untyped
    """The part of the records that the person works with. Superusers have no limits."""

    model = StaffLimits
    form = LimitsForm
    verbose_name_plural = _("limits: the part of the records that this person works with")
    can_delete = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*KINDS]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, **{**kwargs, "fields": []})  # those of the form are made by itself

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_superuser(request)

    has_add_permission = has_change_permission = has_view_permission


class UserAdmin(SuperusersOnly, NotedAdmin, DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]  # unfold is untyped
    """Accounts. People need 'staff status' and a group; who leaves is deactivated, so that history keeps its names."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = NewPasswordForm
    list_display = ("username", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "seen")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    inlines = (LimitsInline,)
    fieldsets = (*tuple(DjangoUserAdmin.fieldsets or ())[:-1], (_("Dates"), {"fields": ("logged_in", "joined")}))
    readonly_fields = ("logged_in", "joined", "audit")
    noted_kind = "user"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        known = super().get_fieldsets(request, obj)
        return [*known, (_("Audit"), {"fields": ["audit"]})] if obj else known

    @admin.display(description=_("what was done"))
    def audit(self, user: User) -> SafeString:
        """Where the audit tells of the person: what they did, and what was done to the account."""
        entries = reverse("admin:backoffice_auditentry_changelist")
        return format_html(
            '<a href="{0}?by={1}">{2}</a> · <a href="{0}?kind=user&amp;q={1}">{3}</a>',
            entries, user.pk, gettext("By this person"), gettext("To this account"),
        )  # fmt: skip

    def noted_state(self, obj: User) -> str:
        told = [word for word, is_so in (
            (pgettext("an account", "active"), obj.is_active), (pgettext("an account", "staff"), obj.is_staff),
            (pgettext("an account", "superuser"), obj.is_superuser),
        ) if is_so]  # fmt: skip
        groups = ", ".join(obj.groups.order_by("name").values_list("name", flat=True)) or _none()
        kept = StaffLimits.objects.filter(user=obj).first()
        limits = (
            ", ".join(f"{number(len(values))} {words.noun(kind)}" for kind, values in sorted(kept.values.items()))
            if kept
            else ""
        )
        is_now = ", ".join(told) or pgettext("an account", "not active")
        sentence = gettext("Now {is_now}; groups: {groups}; limits: {limits}.")
        return sentence.format(is_now=is_now, groups=groups, limits=limits or _none())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()  # an account is made first

    @admin.display(description=_("last log-in"), ordering="last_login")
    def seen(self, user: User) -> str:
        return ago(user.last_login)

    @admin.display(description=_("last log-in"))
    def logged_in(self, user: User) -> str:
        return at(user.last_login, empty=_("never"))

    @admin.display(description=_("joined"))
    def joined(self, user: User) -> str:
        return at(user.date_joined)


def _none() -> str:
    return pgettext("groups or limits of an account", "none")


class GroupAdmin(SuperusersOnly, NotedAdmin, DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Groups and their permissions."""

    noted_kind = "group"


for model, model_admin in ((User, UserAdmin), (Group, GroupAdmin)):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, model_admin)
