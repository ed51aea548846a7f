"""Looking for a support customer whose creation was not answered: Apideck has no search and takes no reference of ours.

So all customers are read and compared with what was sent. Rows that were mirrored before the sending are none of ours,
nor are those that another write made. Only a whole list without one that could be it proves that there is none.
"""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, cast

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.errors import RemoteNotFound
from backoffice.models import RemoteWrite
from backoffice.records import RecordError, id_in, read_members
from backoffice.sync import single
from backoffice.sync.changes import Cause
from backoffice.sync.resource import Batch
from backoffice.texts import Text, joined_lazy
from backoffice.writes.verbs import Look
from customers.apideck import ApideckAPI
from customers.apideck.client import LISTING
from customers.models import SupportCustomer
from customers.support_members import NAMES, agrees, sendable

NEWEST = "newest_row"  # the key of the newest mirrored row when it was sent, in the write's ``before``
State = RemoteWrite.State
Values = Mapping[str, Any]


def look(api: ApideckAPI, write: RemoteWrite) -> Look:
    """Read all customers and compare. Raises RemoteError where the list does not reach its stated end."""
    wanted, exact, alike = sendable(write.sends), list[str](), list[Text]()
    for remote_id, members in _new_rows(api, write):
        if members is None:  # unreadable: nobody can tell that it is another
            alike.append(remote_id or _("one without a readable id"))
        elif agrees(wanted, members):
            exact.append(remote_id)
        elif _may_be(wanted, members):
            alike.append(remote_id)
    if len(exact) == 1:
        found = _("Found at Apideck as {remote_id}, which holds just what was sent.")
        return Look(State.CONFIRMED, format_lazy(found, remote_id=exact[0]), exact[0])
    if exact or alike:
        told = _("Apideck has customers that may be it: {them}. A person has to say whether one is.")
        return Look(State.UNKNOWN, format_lazy(told, them=joined_lazy([*exact, *alike][:5])))
    none = _("Apideck has no such customer: all of them were read, and none that is new is like it.")
    return Look(State.FAILED, none)


def find(api: ApideckAPI, remote_id: str, cause: Cause) -> SupportCustomer:
    """Mirror one customer from the list, where the service cannot read it by itself.

    The list is read twice before it counts as gone: rows move between pages.

    Raises:
        RemoteNotFound: two whole lists went without it.
        RemoteContractError: it is there, and cannot be taken; or the list does not end.
        RemoteError: the list cannot be read now.
    """
    for page in chain(api.pages(), api.pages()):
        rows = [row for row in page.rows if id_in(row) == remote_id]
        if rows:
            return cast(SupportCustomer, single.keep("apideck.customers", remote_id, Batch(rows, page.sent_at), cause))
    raise RemoteNotFound(LISTING, f"Apideck's list was read twice and does not hold {remote_id!r}", 200)


def _new_rows(api: ApideckAPI, write: RemoteWrite) -> Iterator[tuple[str, Values | None]]:
    """Id and members of each customer that may have been made by it; those are mirrored on the way."""
    before = SupportCustomer.objects.filter(pk__lte=write.before.get(NEWEST, 0))
    known = set(before.values_list("remote_id", flat=True).iterator(chunk_size=10_000))
    others = RemoteWrite.objects.filter(target=write.target, verb=write.verb).exclude(pk=write.pk)
    known.update(others.exclude(remote_id="").values_list("remote_id", flat=True))
    for page in api.pages():
        new = [row for row in page.rows if id_in(row) not in known]
        if new:
            single.take("apideck.customers", Batch(new, page.sent_at), Cause(write=write))
        for row in new:
            yield id_in(row), _members(row)


def _members(row: bytes) -> Values | None:
    try:
        return read_members(row)
    except RecordError:
        return None


def _may_be(wanted: Values, there: Values) -> bool:
    """Whether a service that writes things in its own way may have made this of what was sent."""
    mine, theirs = _marks(wanted), _marks(there)
    return not mine or bool(mine & theirs)


def _marks(members: Values) -> set[str]:
    """What people are told apart by: e-mails, and the names together."""
    emails = members.get("emails")
    marks = (
        {_plain(item.get("email")) for item in emails if isinstance(item, Mapping)}
        if isinstance(emails, list)
        else set()
    )
    names = [_plain(members.get(name)) for name in NAMES]
    marks.update({" ".join(filter(None, names[:2])), names[2]})
    return marks - {""}


def _plain(value: Any) -> str:
    return " ".join(str(value or "").split()).casefold()
