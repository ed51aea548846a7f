"""The contacts, companies and money a new CRM starts with, the same for the same seed and clock."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

from backoffice.sandbox.clock import milliseconds
from backoffice.sandbox.documents import Body
from backoffice.sandbox.known import LOOKALIKES, Known, strangers
from backoffice.sandbox.layercake.objects import Objects, payment_of
from backoffice.sandbox.layercake.rules import SIZES
from backoffice.sandbox.spelling import padded, written_company, written_email, written_person, written_phone

if TYPE_CHECKING:
    from backoffice.sandbox.layercake.state import Layercake

_BATCH = 2_000
_SPAN_DAYS = 500
_STRANGERS = 3  # of ten
_INDUSTRIES = ("Hospitality", "Retail", "Health care", "Manufacturing", "Logistics", "Bücher & Medien")
_STATUSES = ["active"] * 85 + ["archived"] * 6 + ["inactive"] * 4 + ["unsubscribed"] * 3 + ["blocked"] * 2
_SUBTYPES = ["customer"] * 6 + ["lead"] * 2 + ["prospect", "partner"]
_INVOICES = (
    "sent",
    "paid",
    "overdue",
    "draft",
    "paid",
    "sent late",
    "partially_paid",
    "paid",
    "sealed",
    "void",
    "paid",
)
"""The status of one invoice after another; a late one is due in the past and does not say so."""
_PAYMENTS = ["completed"] * 14 + ["refunded"] * 3 + ["pending", "failed", "invoiced"]
_CURRENCIES = ["EUR"] * 12 + ["USD", "GBP", "JPY"]
_WORK = (
    ("Consulting", 15_000),
    ("Onboarding to WhatsApp", 49_900),
    ("Support plan, a month", 9_900),
    ("Workshop", 120_000),
)
_GOODS = (("obj_p01", "Early Bird Ticket", 19_900), ("obj_p02", "Gift box medium", 2_450), ("obj_p03", "Sticker", 199))


def fill(layercake: "Layercake", *, count: int, known: Iterable[Known]) -> None:
    """Fill an empty one, in batches: memory does not grow with the number. Call it in a transaction."""
    if not count:
        return
    crm = _Crm(layercake)
    for its in known:
        crm.add(its)
    for its in strangers(crm.rng, count * _STRANGERS // 10, "crm.example"):
        crm.add(its)
    for its in islice(LOOKALIKES, count):
        crm.add(its, is_plain=True)
    crm.put(layercake.contacts, {"displayName": "Front desk"})  # no other member is there for sure
    crm.write()


class _Crm:
    """Collects what it makes, and writes it now and then."""

    def __init__(self, layercake: "Layercake") -> None:
        self._layercake = layercake
        self.rng = Random(f"{layercake.seed}/layercake")  # noqa: S311  made-up data
        self._waiting: dict[str, tuple[Objects, list[Body]]] = {}
        self._invoices = self._numbers = 0

    def write(self) -> None:
        """Keep what was collected."""
        for kind, bodies in self._waiting.values():
            kind.add_all(bodies)
        self._waiting = {}

    def put(self, kind: Objects, members: dict[str, Any]) -> Body:
        """Collect one of these flat members, with moments of the past, and answer it."""
        now = self._layercake.now()
        created = now - timedelta(days=self.rng.random() * _SPAN_DAYS)
        changed = created + (now - created) * self.rng.random()
        moments = {"createdAt": milliseconds(created), "updatedAt": milliseconds(changed)}
        body = kind.new(**{**moments, **members})
        self._collect(kind, body)
        return body

    def _collect(self, kind: Objects, body: Body) -> None:
        _, bodies = self._waiting.setdefault(kind.table, (kind, []))
        bodies.append(body)
        if len(bodies) == _BATCH:
            self.write()

    def add(self, its: Known, *, is_plain: bool = False) -> None:
        """Somebody as this CRM writes them, with their company, their invoices and what they bought.

        Args:
            is_plain: spelt as they are, with the status that they have.
        """
        self._numbers += 1
        company = self._company(its) if its.company and (is_plain or self._numbers % 3) else None
        contact = self.put(self._layercake.contacts, self._contact(its, company, is_plain))
        if self._numbers % 4 != 3:
            self._bill(company or contact)
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            self._sell(its, contact)

    def _contact(self, its: Known, company: Body | None, is_plain: bool) -> dict[str, Any]:
        rng = self.rng
        name = f"{its.given} {its.family}".strip() if is_plain else written_person(rng, its.given, its.family)
        members: dict[str, Any] = {"displayName": name or its.company}
        own = its.status if its.status in _STATUSES else "active"  # an erasure request reached the support desk only
        members |= {"status": own if is_plain else rng.choice(_STATUSES), "subtype": rng.choice(_SUBTYPES)}
        if its.email:
            members["email"] = its.email if is_plain else padded(rng, written_email(rng, its.email))
        if its.phone:
            members["phone"] = its.phone if is_plain else padded(rng, written_phone(rng, its.phone))
        if its.company:
            is_linked = company is not None and rng.random() < 0.8
            members["company"] = company["displayName"] if company and is_linked else written_company(rng, its.company)
        if rng.random() < 0.5:
            members |= {"firstName": its.given, "lastName": its.family}
        if rng.random() < 0.3:
            members |= {"tags": rng.choice((["b2b"], ["vip", "newsletter"], []))}
        if rng.random() < 0.3:
            members |= {"customFields": {"department": rng.choice(("Purchasing", "Büro", "=1+1")), "score": 7}}
        return members

    def _company(self, its: Known) -> Body:
        rng, name = self.rng, written_company(self.rng, its.company or "")
        domain = its.email.partition("@")[2] if its.email else ""
        sites = (
            f"https://{domain}",
            f"http://www.{domain}/",
            "javascript:alert(1)" if self._numbers % 50 == 1 else domain,
        )
        members: dict[str, Any] = {
            "displayName": name,
            "subtype": rng.choice(("customer", "customer", "prospect", "sponsor")),
        }
        members |= {"status": rng.choice(("active",) * 8 + ("prospect", "archived"))}
        members |= {"website": rng.choice(sites)} if domain else {}
        members |= {"industry": rng.choice(_INDUSTRIES), "size": rng.choice(SIZES)} if rng.random() < 0.8 else {}
        members |= {"taxId": f"{its.country or 'ID'}{rng.randrange(10**9):09}B01"} if rng.random() < 0.5 else {}
        if its.street:
            place = {"street": f"{its.street} {its.house}", "city": its.city, "postalCode": its.postal_code}
            members |= {"address": {**place, "country": its.country}}
        return self.put(self._layercake.organizations, members)

    def _bill(self, client: Body) -> None:
        """An invoice for somebody, and its payment where it is paid."""
        rng, layercake = self.rng, self._layercake
        status, _, late = _INVOICES[self._invoices % len(_INVOICES)].partition(" ")
        self._invoices += 1
        is_due = status == "overdue" or late
        due = layercake.now() + timedelta(days=rng.randrange(-60, -1) if is_due else rng.randrange(1, 60))
        lines = [(what, rng.randrange(1, 12), cents) for what, cents in rng.sample(_WORK, rng.choice((1, 1, 2, 3)))]
        invoice = self.put(
            layercake.invoices,
            {
                "status": status,
                "clientId": client["id"],
                "clientName": client["displayName"],
                "lines": lines,
                "currency": rng.choice(_CURRENCIES),
                "taxRate": rng.choice((19, 21, 0, 7.5)),
                "dueDate": due.date().isoformat(),
                "paymentTerms": rng.choice(("net30", "net14", "due_on_receipt")),
            },
        )
        if status in {"paid", "partially_paid"}:
            is_whole, total = status == "paid", invoice["customProperties"]["total"]
            paid_at = milliseconds(layercake.now() - timedelta(days=rng.randrange(1, 60)))
            paid = {"paidAmount": total if is_whole else total // 3, "paidAt": paid_at if is_whole else None}
            invoice["customProperties"] |= paid
            if is_whole:
                self.put(layercake.transactions, payment_of(invoice))

    def _sell(self, its: Known, contact: Body) -> None:
        """A purchase of somebody's."""
        rng = self.rng
        bought = [(*good, rng.randrange(1, 4)) for good in rng.sample(_GOODS, rng.choice((1, 2)))]
        lines = [
            {"productId": key, "productName": name, "quantity": number, "unitPrice": cents, "total": number * cents}
            for key, name, cents, number in bought
        ]
        subtotal = sum(cents * number for _, _, cents, number in bought)
        tax = round(subtotal * 0.19)
        members = {
            "displayName": f"Order #{12_000 + self._layercake.storage.count_up('orders')}",
            "status": rng.choice(_PAYMENTS),
            "lineItems": lines,
            **{"subtotal": subtotal, "tax": tax, "total": subtotal + tax, "currency": rng.choice(_CURRENCIES)},
            "customerName": contact["displayName"],
            "paymentMethod": rng.choice(("card", "ideal", "paypal")),
            **({"customerEmail": written_email(rng, its.email)} if its.email else {}),
        }
        self.put(self._layercake.transactions, members)
