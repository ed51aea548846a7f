"""Kirim's part of a customer's page: the customer itself, its WhatsApp accounts and its setup links."""

from collections.abc import Iterator, Sequence

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice import times
from backoffice.admin.mirror import gone_since
from backoffice.admin.readonly import Section
from backoffice.admin.related import url_of
from backoffice.badges import in_words, word
from customers import states
from customers.admin.account_lines import account_section
from customers.admin.link_lines import link_section
from customers.models import Customer, SetupLink, WhatsAppAccount
from customers.person.address import page_url
from customers.person.parts import Part, Problem, Shown, Standing, Subject, register

KNOWN_LINKS, SHOWN_LINKS = 50, 10
SHOWN_ACCOUNTS = 50
BROKEN = ("degraded", "disconnected")


def show(request: HttpRequest, subject: Subject) -> Shown:
    """What Kirim knows. Whoever sees the page may see the customer; not so its accounts and links."""
    customer, sections, problems = subject.customer, [], list(_of_customer(subject.customer))
    children: dict[str, list[str]] = {}
    if request.user.has_perm("customers.view_whatsappaccount"):
        of_it = WhatsAppAccount.objects.filter(customer_remote_id=customer.remote_id)
        accounts = list(of_it.order_by("name", "pk").defer("payload")[:SHOWN_ACCOUNTS])
        children["kirim.accounts"] = [account.remote_id for account in accounts]
        there = [account for account in accounts if account.vanished_at is None]
        shown = account_section(request, customer, page_url(customer), there)
        sections.append(Section(_("WhatsApp accounts"), "customers/parts/_accounts.html", shown))
        problems += _of_accounts(there)
    if request.user.has_perm("customers.view_setuplink"):
        made = SetupLink.objects.filter(customer_remote_id=customer.remote_id)
        links = list(made.order_by("-remote_created_at", "-pk").defer("payload")[:KNOWN_LINKS])
        children["kirim.setup_links"] = [link.remote_id for link in links]
        living = [link for link in links if link.vanished_at is None]
        part = link_section(request, customer, living[:SHOWN_LINKS])
        sections.append(Section(_("Setup links"), "customers/parts/_links.html", part))
        problems += _of_links(customer, living)
    return Shown(
        [Standing(str(customer), url_of(customer), _state(customer), subject.age("kirim.customers", customer))],
        problems,
        sections,
        {"kirim.customers": [customer.remote_id], **children},
    )


def _state(customer: Customer) -> str:
    return gone_since(customer) if customer.vanished_at else word(customer.status, states.CUSTOMER)


def _of_customer(customer: Customer) -> Iterator[Problem]:
    if customer.vanished_at:
        since = times.at(customer.vanished_at)
        yield Problem(format_html(_("Kirim no longer knows this customer, since {since}."), since=since))
    elif customer.status == "suspended":
        yield Problem(_("Suspended at Kirim."))
    elif customer.status == "archived":
        yield Problem(_("Archived at Kirim."), is_bad=False)


def _of_accounts(accounts: Sequence[WhatsAppAccount]) -> Iterator[Problem]:
    for account in accounts:
        if account.status in BROKEN:
            told = _("WhatsApp account {account} is {state}.")
            state = in_words(account.status, states.ACCOUNT)
            yield Problem(told.format(account=account, state=state), url_of(account), _("See it"))


def _of_links(customer: Customer, newest: Sequence[SetupLink]) -> Iterator[Problem]:
    """The last link of a customer who has not signed up, where it can no longer be used."""
    if customer.status != "pending" or customer.vanished_at or not newest or any(map(states.is_usable, newest)):
        return
    if became := _became(newest[0]):
        text = format_html(_("{became}, and it has not signed up. It needs a new one."), became=became)
        yield Problem(text, reverse("admin:create_setup_link", args=[customer.pk]), _("New setup link"))


def _became(link: SetupLink) -> SafeString | None:
    """What became of a link that can no longer be used; None for a state that is not known here."""
    match states.link_state(link):
        case "expired":
            return format_html(_("Its last setup link {link} expired {ago}"), link=link, ago=times.ago(link.expires_at))
        case "consumed" if link.consumed_at:
            return format_html(
                _("Its last setup link {link} was used up {ago}"), link=link, ago=times.ago(link.consumed_at)
            )
        case "consumed":
            return format_html(_("Its last setup link {link} was used up"), link=link)
        case "revoked":
            return format_html(_("Its last setup link {link} was revoked"), link=link)
    return None


register(Part("kirim", 10, show))
