"""How records of customers are found by a search: by a whole id, number, e-mail or phone, or by words."""

from collections import defaultdict
from collections.abc import Mapping

from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from backoffice.search import Findable, Term, register, register_index
from customers.identity import normal
from customers.models.identity import IdentityKey
from customers.models.kirim import SetupLink
from customers.pasted import MARK, ending_so
from customers.person.address import page_url

Kind = IdentityKey.Kind
MOST_KEYS = 200  # a value that more records have than this is a placeholder


def by_keys(term: Term) -> Mapping[str, list[int]]:
    """Records with the term as an e-mail address, as a phone number in any format, or as a whole name."""
    spelt = {
        Kind.EMAIL: normal.email(term.text), Kind.PHONE: normal.phone(term.text), Kind.NAME: normal.name(term.text),
    }  # fmt: skip
    same = Q(pk__in=())
    for kind, value in spelt.items():
        if value:
            same |= Q(kind=kind, value=value)
    found: dict[str, list[int]] = defaultdict(list)
    for resource, key in IdentityKey.objects.filter(same).values_list("resource", "record_id")[:MOST_KEYS]:
        found[resource].append(key)
    return found


def by_link(term: Term) -> Mapping[str, list[int]]:
    """A setup link and its customer. A pasted link was shortened to a mark and its last four on the way in."""
    if not term.text.startswith(MARK):
        return {}
    links = SetupLink.objects.filter(ending_so(term.text))
    keys = list(links.values_list("pk", "customer")[:MOST_KEYS])
    return {
        "kirim.setup_links": [link for link, _ in keys],
        "kirim.customers": [customer for _, customer in keys if customer],
    }


def _of_account(term: Term) -> Q:
    number = normal.phone(term.text)
    return Q(phone_number__in=(number, number.removeprefix("+"))) if number else Q()


def _email(column: str, term: Term) -> Q:
    return Q(Exact(Lower(column), term.text.lower())) if "@" in term.text else Q()


def _of_transaction(term: Term) -> Q:
    of_invoice = Q(invoice_remote_id=term.text) if term.looks_like_an_id else Q()
    return of_invoice | _email("customer_email", term)


register(
    Findable("kirim.customers", lambda term: Q(), page=page_url),
    Findable("kirim.accounts", _of_account),
    Findable("kirim.setup_links", lambda term: Q(), inside=""),
    Findable("apideck.customers", lambda term: Q()),
    Findable("layercake.contacts", lambda term: _email("email", term)),
    Findable("layercake.organizations", lambda term: Q()),
    Findable("layercake.invoices", lambda term: Q(invoice_number=term.text)),
    Findable("layercake.transactions", _of_transaction),
)
register_index(by_keys)
register_index(by_link)
