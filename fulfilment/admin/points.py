"""The page that finds a carrier's service points near an address. It reads at Afosto and keeps nothing."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice import upstreams
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteError, RemoteNotFound
from backoffice.views import staff_page
from backoffice.wording import remote_error_in_words
from fulfilment.afosto import AfostoAPI
from fulfilment.models import Shipment, ShippingMethod
from fulfilment.services.locations import LocationService, ServicePoint

VIEW = "fulfilment.view_shippingmethod"


class PointsForm(forms.Form):
    """A carrier and where to look."""

    carrier = forms.ChoiceField(
        label=_("Carrier"), widget=UnfoldAdminSelectWidget, error_messages={"required": _("Choose a carrier.")}
    )
    country = forms.RegexField(
        "^[A-Za-z]{2}$",
        label=_("Country"),
        help_text=_('Two letters: "NL".'),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "maxlength": 2}),
        error_messages={"required": _("Type the country."), "invalid": _('A country is two letters, like "NL".')},
    )
    postal_code = forms.CharField(
        label=_("Postal code"),
        max_length=20,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Type the postal code.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        methods = ShippingMethod.objects.filter(vanished_at=None).exclude(carrier_code="")
        carriers = sorted(set(methods.values_list("carrier_code", flat=True)))
        self.fields["carrier"].choices = [("", _("Choose…")), *((code, code) for code in carriers)]  # type: ignore[attr-defined]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(VIEW)
def service_points(request: HttpRequest) -> HttpResponseBase:
    """A form for a carrier and an address, filled in from the URL; POST asks Afosto and shows what it found."""
    points: Iterable[ServicePoint] | None = None
    if request.method == "POST":
        form = PointsForm(request.POST)
        if form.is_valid():
            points = _found(form)
    else:
        form = PointsForm(initial={name: request.GET.get(name, "")[:20] for name in PointsForm.base_fields})
    context = {
        **admin.site.each_context(request),
        "title": _("Service points"),
        "opts": ShippingMethod._meta,
        "form": form,
        "points": points,
        "off": upstreams.why_off("afosto"),
        "list_url": reverse("admin:fulfilment_shippingmethod_changelist"),
    }
    return TemplateResponse(request, "fulfilment/admin/points.html", context)


def url_near(shipment: Shipment) -> str:
    """The page, filled in for a shipment's carrier and recipient."""
    near = {
        "carrier": shipment.method.carrier_code if shipment.method else "",
        "country": shipment.contact.country_code if shipment.contact else "",
        "postal_code": shipment.contact.postal_code if shipment.contact else "",
    }
    return f"{reverse('admin:service_points')}?{urlencode(near)}"


def _found(form: PointsForm) -> list[ServicePoint] | None:
    """The points near what was typed; None, with the reason in the form, where they cannot be had now."""
    asked = form.cleaned_data
    try:
        with AfostoAPI.from_settings(PERSON) as api:
            country, postal_code = asked["country"].upper(), asked["postal_code"].strip()
            return LocationService(api).service_points(asked["carrier"], country, postal_code)
    except RemoteNotFound as error:
        told = format_lazy(_("Afosto finds nothing for it: {reason}."), reason=error.reason)
        form.add_error("carrier", told)
    except RemoteError as error:
        form.add_error(None, remote_error_in_words(error, "Afosto"))
    except BackofficeError as error:
        form.add_error(None, str(error))
    return None
