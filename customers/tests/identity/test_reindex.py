"""``manage.py reindex``, and the task that keeps keys and suggestions up."""

import json

from django.core.management import call_command
from django_celery_beat.models import PeriodicTask

from customers.models import Customer, IdentityKey, IdentityLink
from customers.tasks import match_identities


def test_reindex_fills_search_texts_and_keys_of_all_rows(people, settings, capsys):
    customer = people.customer("Toko Melati", "a@example.com", phone="020 1234567")
    payload = {
        "id": customer.remote_id, "object": "customer", "name": "Toko Melati", "email": "a@example.com",
        "status": "active", "metadata": {"ref": "X1"}, "archived_at": None, "team_id": "t",
        "created_at": "2025-03-04T08:15:30Z", "updated_at": "2025-03-04T08:15:30Z",
    }  # fmt: skip
    people.change(customer, payload=payload, payload_hash=bytes(customer.payload_hash))
    unreadable = people.customer("Unreadable")
    match_identities()
    settings.PHONE_REGION = "GB"
    for changed in (1, 0):
        call_command("reindex", "--json")
        told = {line["index"]: line["rows"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
        assert (told["search kirim.customers"], told["identity"]) == (changed, 3)
    customer.refresh_from_db()
    assert customer.search_text == f"toko melati\na@example.com\n{customer.remote_id}\nx1"
    assert Customer.objects.get(pk=unreadable.pk).search_text == ""
    assert IdentityKey.objects.get(kind="phone").value == "+44201234567"


def test_each_minute_what_changed_is_compared(people):
    people.customer("A", "a@example.com")
    people.contact("A", "a@example.com")
    match_identities()
    match_identities()
    assert IdentityLink.objects.count() == 1
    assert PeriodicTask.objects.get(task="customers.tasks.match_identities").enabled
