"""What a request's body may say, as the contract limits it."""

from collections.abc import Mapping
from typing import Any

from backoffice.sandbox.checks import Member, email_address, list_of, object_of, one_of, problems_with, text, uri
from backoffice.sandbox.layercake.assumptions import EVENTS
from backoffice.sandbox.layercake.refusal import invalid, lacking

CONTACT_SUBTYPES = ("customer", "lead", "prospect", "partner")
COMPANY_SUBTYPES = ("customer", "prospect", "partner", "sponsor")
INVOICE_STATUSES = ("draft", "sealed", "sent", "paid", "partially_paid", "overdue", "void")
SIZES = ("1-10", "11-50", "51-200", "201-500", "501+")

_TEXT = Member(text(0, 10_000))
_NAME = text(1, 500)
_TENANT = {"organizationId": Member(text(1, 200), required=True)}
_CONTACT = {
    "email": Member(email_address(255)),
    **dict.fromkeys(("phone", "company", "firstName", "lastName", "jobTitle"), _TEXT),
    "customFields": Member(object_of({})),
    "subtype": Member(one_of(*CONTACT_SUBTYPES)),
    "tags": Member(list_of(text(1, 200))),
}
CREATE_CONTACT = {**_TENANT, "displayName": Member(_NAME, required=True), **_CONTACT}
UPDATE_CONTACT = {
    "displayName": Member(_NAME),
    **_CONTACT,
    "status": Member(one_of("active", "inactive", "unsubscribed")),
}
CREATE_COMPANY = {
    **_TENANT,
    "name": Member(_NAME, required=True),
    **dict.fromkeys(("website", "industry", "taxId", "phone"), _TEXT),
    "size": Member(one_of(*SIZES)),
    "subtype": Member(one_of(*COMPANY_SUBTYPES)),
    "address": Member(object_of(dict.fromkeys(("street", "city", "state", "postalCode", "country"), _TEXT))),
}
CREATE_WEBHOOK = {
    **_TENANT,
    "url": Member(uri(2048), required=True),
    "events": Member(list_of(one_of(*EVENTS), least=1), required=True),
    "secret": Member(text(1, 500), required=True),
}


def allowed_members(body: Mapping[str, Any], members: Mapping[str, Member]) -> dict[str, Any]:
    """The members of ``body`` that the call knows, checked; others are passed over.

    Raises:
        Refusal: 400, MISSING_PARAM where one is absent that is needed, else VALIDATION_ERROR.
    """
    problems = problems_with(body, members)
    if absent := [name for name, _ in problems if name not in body]:
        raise lacking(*absent)
    if problems:
        raise invalid(*problems)
    return {name: body[name] for name in members if name in body}
