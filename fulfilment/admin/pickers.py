"""Which of our staff is whom at Afosto. Ours alone: nothing is sent."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from backoffice.admin.noted import NotedAdmin
from fulfilment.models import Picker


@admin.register(Picker)
class PickerAdmin(NotedAdmin, ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """Pickers. Who is one can take lists for himself, and lists can be assigned to him by his name."""

    noted_kind = "picker"
    list_display = ("user", "full_name", "sub")
    list_select_related = ("user",)
    search_fields = ("user__username", "user__first_name", "user__last_name", "sub")
    fields = ("user", "sub")

    def get_form(self, request: HttpRequest, obj: Picker | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        for name, told in (
            ("user", _("A member of staff who can log in here.")),
            ("sub", _("Afosto's id of the same person, as it stands in the lists that he holds.")),
        ):
            if name in form.base_fields:
                form.base_fields[name].help_text = told
        return form

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest | None, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(is_active=True, is_staff=True).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=_("name"), ordering="user__last_name")
    def full_name(self, picker: Picker) -> str:
        return picker.user.get_full_name() or "–"
