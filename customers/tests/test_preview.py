"""Before a change is sent to Kirim, L4YERCAK3 or Apideck, its exact request can be seen."""

from collections.abc import Callable
from typing import Any

import pytest

from backoffice.tests.previewing import assert_shown_as_sent, verbs_of, watched
from backoffice.writes.verbs import VERBS, write_verb
from customers.subscriptions.kirim import EVENTS
from customers.tests.write_commands import World

pytestmark = pytest.mark.django_db
Wanted = dict[str, Any]
HOOK = "http://testserver/webhooks/kirim/"


def _subscription(world: World) -> Wanted:
    return {"remote_id": world.sandbox.kirim.subscriptions.add(HOOK, list(EVENTS))["id"]}


def _link(world: World) -> Wanted:
    return {"remote_id": world.link, "owner_remote_id": world.customer}


KIRIM: dict[tuple[str, str], Callable[[World], Wanted]] = {
    ("customer", "create"): lambda world: {"sends": {"name": "Toko Baru", "metadata": {"shop": "é 12"}}},
    ("customer", "update"): lambda world: {
        "remote_id": world.customer, "sends": {"name": "Toko Lain", "metadata": {"a": "b"}},
    },
    ("customer", "suspend"): lambda world: {"remote_id": world.customer},
    ("customer", "activate"): lambda world: {"remote_id": world.suspended},
    ("customer", "archive"): lambda world: {"remote_id": world.customer, "reason": "left us"},
    ("setup_link", "create"): lambda world: {"owner_remote_id": world.customer, "sends": {"expires_in_hours": 24}},
    ("setup_link", "update_redirects"): lambda world: {
        **_link(world), "sends": {"success_redirect_url": "https://app.example.com/new"},
    },
    ("setup_link", "revoke"): _link,
    ("account", "sync_templates"): lambda world: {"remote_id": world.account},
    ("webhook_subscription", "create"): lambda world: {
        "sends": {"url": HOOK, "events": list(EVENTS), "description": "d"},
    },
    ("webhook_subscription", "update"): lambda world: {**_subscription(world), "sends": {"events": list(EVENTS)}},
    ("webhook_subscription", "delete"): _subscription,
}  # fmt: skip


def test_every_verb_of_kirim_has_a_case() -> None:
    assert KIRIM.keys() == verbs_of("kirim")
    assert {verb.upstream for verb in VERBS.values()} == {"kirim", "apideck", "layercake", "afosto"}


@pytest.mark.parametrize("key", KIRIM, ids=".".join)
def test_what_is_shown_of_a_change_at_kirim_is_what_is_sent(world: World, settings: Any, key: tuple[str, str]) -> None:
    assert_shown_as_sent(watched(settings), write_verb(*key), KIRIM[key](world))
