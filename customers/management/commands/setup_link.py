"""``manage.py setup_link``: the setup links of a customer as mirrored here, and what can be done with them at Kirim."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from backoffice.badges import in_words
from backoffice.client import PERSON
from backoffice.commands import Exit, shown, whole_number
from backoffice.models import RemoteWrite
from backoffice.write_command import Work, WriteCommand, refuse_id
from backoffice.writes import settle as settling
from backoffice.writes.carry_out import renew
from customers import states
from customers.commands import links_of, mirrored_customer
from customers.kirim import KirimAPI
from customers.models import Customer, SetupLink
from customers.replacements import open_revocation, plan_revocation, revocation_of
from customers.services import NewLink, SetupLinkService
from customers.services.links import LEAST_HOURS, MOST_HOURS, REDIRECTS, REPLACES, forgo, why_inactive
from customers.verbs import kirim as verbs

State = RemoteWrite.State


class Command(WriteCommand):
    """``--json`` prints columns by their names, and ``state``: the status, or ``expired`` once its time is over.

    The verbs that change something print as ``WriteCommand`` says. A new link's URL is printed once: alone on stdout,
    or as ``setup_url``. ``replace`` prints two writes, the new link's and the old one's revocation.
    """

    help = "List setup links; create, replace and revoke them at Kirim, and change their redirects."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="verb", required=True, metavar="list|create|replace|revoke|redirects")
        listing = self.add_verb(parsers, "list", "List a customer's mirrored setup links, the newest first.")
        listing.add_argument("customer_id", metavar="CUSTOMER_ID")
        listing.add_argument("--all", action="store_true", help="also those that have vanished at Kirim")
        creating = self.add_write_verb(parsers, "create", "Create a setup link at Kirim and print its URL, once.")
        creating.add_argument("customer_id", metavar="CUSTOMER_ID")
        replacing = self.add_write_verb(
            parsers, "replace", "Create a new link, print its URL once, revoke the old one."
        )
        replacing.add_argument("link_id", metavar="LINK_ID")
        for making in (creating, replacing):
            making.add_argument(
                "--expires-in-hours",
                type=whole_number(LEAST_HOURS, MOST_HOURS),
                metavar="H",
                help=f"{LEAST_HOURS} to {MOST_HOURS}",
            )
        revoking = self.add_write_verb(parsers, "revoke", "Revoke a setup link at Kirim.")
        revoking.add_argument("link_id", metavar="LINK_ID")
        redirecting = self.add_write_verb(parsers, "redirects", "Change where the browser goes after signing up.")
        redirecting.add_argument("link_id", metavar="LINK_ID")
        default = {creating: "", replacing: "; not given: as the old link has it", redirecting: '; "" clears it'}
        for setting, told in default.items():
            for name in REDIRECTS:
                setting.add_argument(f"--{name.replace('_', '-')}", metavar="URL", help=f"https only{told}")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self._list, "create": self._create, "replace": self._replace, "revoke": self._revoke,
            "redirects": self._redirects,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    def _list(self, options: dict[str, Any]) -> None:
        self.actor(options, "customers.view_setuplink")
        customer = mirrored_customer(options["customer_id"])
        links = links_of(customer["remote_id"], with_vanished=options["all"])
        for link in links:
            if options["json"]:
                self.put(link)
            else:
                end = shown(link["expires_at"])
                if link["consumed_at"]:
                    end = _("consumed {moment}").format(moment=shown(link["consumed_at"]))
                state = shown(in_words(link["state"], states.LINK))
                self.line(f"{shown(link['remote_id']):<30}  {state:<9}  …{link['token_last4']}  {end}")
        if not links:
            self.say(_("{customer} has no setup link here.").format(customer=customer["name"]))

    # -- one write ----------------------------------------------------------------------------------------------------

    def _create(self, options: dict[str, Any]) -> None:
        self.acting(options, verbs.CREATE_LINK.permission)
        customer = verbs.customer(options["customer_id"])
        sends = {name: options[name] for name in ("expires_in_hours", *REDIRECTS) if options[name]}
        write, is_new = self.plan(verbs.CREATE_LINK, options, owner_remote_id=customer.remote_id, sends=sends)
        if REPLACES in write.before:
            refuse_id(write)
        new = self.carry_out(write, work=self._creating(customer, write, options)) if is_new else None
        if new is None:
            self._tell_creation(write, options)

    def _creating(self, customer: Customer, write: RemoteWrite, options: dict[str, Any]) -> Work[NewLink]:
        def create(api: KirimAPI) -> NewLink:
            new = SetupLinkService(api).create(customer, write)
            self._show_once(write, new, options)
            return new

        return create

    def _revoke(self, options: dict[str, Any]) -> None:
        link = self._link(options, verbs.REVOKE_LINK.permission)
        id, owner = link.remote_id, link.customer_remote_id
        write, _is_new = self.do(verbs.REVOKE_LINK, options, remote_id=id, owner_remote_id=owner)
        self.tell(write, options, _("Revoked {link}.").format(link=_named(link)))

    def _redirects(self, options: dict[str, Any]) -> None:
        link = self._link(options, verbs.UPDATE_REDIRECTS.permission)
        sends = {name: options[name] or None for name in REDIRECTS if options[name] is not None}
        if not sends:
            one, other = (f"--{name.replace('_', '-')}" for name in REDIRECTS)
            raise CommandError(_("Give {one} or {other}.").format(one=one, other=other), returncode=Exit.USAGE)
        id, owner = link.remote_id, link.customer_remote_id
        write, _is_new = self.do(verbs.UPDATE_REDIRECTS, options, remote_id=id, owner_remote_id=owner, sends=sends)
        self.tell(write, options, _("Changed the redirects of {link}.").format(link=_named(link)))

    def _link(self, options: dict[str, Any], permission: str) -> SetupLink:
        self.acting(options, permission)
        return verbs.setup_link(options["link_id"])

    # -- replacing: two writes ----------------------------------------------------------------------------------------

    def _replace(self, options: dict[str, Any]) -> None:
        link = self._link(options, verbs.REPLACE_LINK_PERMISSION)
        waiting, id = open_revocation(link), options["write"]
        is_known = id is not None and RemoteWrite.objects.filter(pk=id).exists()
        if waiting and waiting.follows and (not is_known or id == waiting.follows_id):
            self._resume(waiting.follows, waiting, options)
            return
        creation, is_new = self._plan_replacement(link, options)
        if is_new:
            self._carry_out_replacement(link, creation, options)
            return
        self._tell_creation(creation, options)
        if revocation := revocation_of(creation):
            self._tell_revocation(revocation, link, options)

    def _plan_replacement(self, link: SetupLink, options: dict[str, Any]) -> tuple[RemoteWrite, bool]:
        here = {name: getattr(link, name) for name in REDIRECTS}
        given = {name: options[name] for name in ("expires_in_hours", *REDIRECTS) if options[name] is not None}
        creation, is_new = self.plan(
            verbs.CREATE_LINK,
            options,
            owner_remote_id=link.customer_remote_id,
            sends={name: value for name, value in {**here, **given}.items() if value},
            before={REPLACES: link.remote_id},
            permission=verbs.REPLACE_LINK_PERMISSION,
        )
        if creation.before.get(REPLACES) != link.remote_id:
            refuse_id(creation)
        return creation, is_new

    def _carry_out_replacement(self, link: SetupLink, creation: RemoteWrite, options: dict[str, Any]) -> None:
        """Make the new link, show it, revoke the old one; one that nobody can use any more is not revoked."""
        why = why_inactive(link)
        revocation = None if why else plan_revocation(link, creation, self.acting(options))

        def work(api: KirimAPI) -> NewLink:
            service = SetupLinkService(api)
            if revocation is None:
                new = service.create(verbs.customer(link.customer_remote_id), creation)
                self._show_once(creation, new, options)
                return new
            return service.replace(link, creation, revocation, lambda new: self._show_once(creation, new, options))

        new = self.carry_out(creation, *filter(None, [revocation]), work=work)
        if new is None:
            self._tell_creation(creation, options)
        if revocation is None:
            told = _("The old one, {link}, is not revoked. {why}")
            self.say(told.format(link=_named(link), why=why))
            return
        forgo(creation, revocation)
        revocation.refresh_from_db()
        self._tell_revocation(revocation, link, options)

    def _resume(self, creation: RemoteWrite, revocation: RemoteWrite, options: dict[str, Any]) -> None:
        """Finish an earlier replacement: no second link is made, and the old one is revoked only where a new one is."""
        actor = self.acting(options, verbs.REPLACE_LINK_PERMISSION)
        if creation.state != State.CONFIRMED:
            self.say(_("An earlier replacement of this link has no end yet, so no other is begun."))
        else:
            told = _(
                "An earlier replacement of this link has made the new one already; only the old one is revoked now."
            )
            self.say(told)
            settling.look_for(revocation, PERSON)
            if revocation.state == State.FAILED:
                renew(revocation, actor, verbs.REPLACE_LINK_PERMISSION)
            if revocation.state == State.PLANNED:
                self.carry_out(revocation, work=lambda api: SetupLinkService(api).finish(revocation))
        self._tell_creation(creation, options)
        self._tell_revocation(revocation, verbs.setup_link(revocation.remote_id), options)

    # -- telling ------------------------------------------------------------------------------------------------------

    def _show_once(self, write: RemoteWrite, new: NewLink, options: dict[str, Any]) -> None:
        done = _(
            "Created {link}; it ends {moment}. Its URL above is shown this once. Hand it over where no scanner or "
            "preview opens it."
        )
        told = done.format(link=_named(new.link), moment=shown(new.link.expires_at))
        self.hand_over(write, options, new.setup_url, told)

    def _tell_creation(self, write: RemoteWrite, options: dict[str, Any]) -> None:
        """A creation whose URL is not shown (any more)."""
        link = SetupLink.objects.filter(remote_id=write.remote_id).first() if write.remote_id else None
        named = _named(link) if link else _("setup link {remote_id}").format(remote_id=write.remote_id)
        lost = _("Created {link}; its URL was lost with the answer. To hand out a new one: {command}")
        told = lost if write.secret_lost else _(
            "Created {link}; its URL was shown once, then. To hand out a new one: {command}"
        )  # fmt: skip
        self.tell(write, options, told.format(link=named, command=f"manage.py setup_link replace {write.remote_id}"))

    def _tell_revocation(self, write: RemoteWrite, link: SetupLink, options: dict[str, Any]) -> None:
        self.tell(write, options, _("Revoked {link}.").format(link=_named(link)), beside=True)


def _named(link: SetupLink) -> str:
    return _("setup link …{ending} ({remote_id})").format(ending=link.token_last4, remote_id=link.remote_id)
