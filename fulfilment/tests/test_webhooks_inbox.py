"""Afosto's inbox at its door: signatures, rotation, junk, repeats, bursts (FAULTS 62, 63, 65, 66)."""

import json
from io import BytesIO
from time import monotonic
from typing import Any

import pytest
from django.test import Client

from backoffice.models import UpstreamState, WebhookDelivery
from backoffice.tests.reading import text_of
from fulfilment.tests.signed import SECRET, URL, body_of, deliver, new_id, post, signature

pytestmark = pytest.mark.django_db
OTHER = "whs_another"
BODY = body_of("DELIVERED", "delivery", "95c6b0e1-e216-461e-9f61-970e4263164b", "m1")


@pytest.fixture(autouse=True)
def secret(settings: Any) -> None:
    settings.AFOSTO_WEBHOOK_SECRET = SECRET


def refusals() -> int:
    return sum(UpstreamState.objects.filter(upstream="afosto").values_list("refused_deliveries", flat=True))


def test_the_contracts_test_value_is_taken(client: Client) -> None:
    answer = client.post(
        URL,
        b'{"event":"DELIVERED","message_id":"m1"}',
        content_type="application/json",
        headers={"X-Afosto-Hmac-Sha256": "e514588332dba058aeb9dabb6ca545f4a33b611302e33319447de0a06f131887"},
    )
    assert answer.status_code == 204
    row = WebhookDelivery.objects.get()
    assert (row.upstream, row.event_id, row.event, row.state) == ("afosto", "m1", "DELIVERED", "received")


GOOD = signature(BODY)


@pytest.mark.parametrize(
    "given",
    [
        "", SECRET, GOOD[:-1], f"{GOOD}0", GOOD.replace(GOOD[0], "x", 1), "é" * 64, "0" * 64, f"sha256={GOOD}",
        signature(BODY, OTHER), signature(BODY, ""), f"{GOOD}, {GOOD}",
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_signed_with_our_secret_is_refused_and_only_counted(client: Client, given: str) -> None:
    answer = client.post(URL, BODY, content_type="application/json", headers={"X-Afosto-Hmac-Sha256": given})
    assert (answer.status_code, answer.content) == (400, b"The signature does not hold.\n")
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 1)


def test_without_the_header_or_with_another_body_it_is_refused(client: Client) -> None:
    assert client.post(URL, BODY, content_type="application/json").status_code == 400
    headers = {"X-Afosto-Hmac-Sha256": GOOD}
    assert client.post(URL, BODY + b" ", content_type="application/json", headers=headers).status_code == 400
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 2)


def test_hexadecimal_may_be_written_in_capitals(client: Client) -> None:
    assert post(client, BODY, **{"X-Afosto-Hmac-Sha256": GOOD.upper()}).status_code == 204


def test_while_a_new_secret_takes_over_both_verify_and_afterwards_only_the_new_one(
    client: Client, settings: Any
) -> None:
    settings.AFOSTO_WEBHOOK_SECRET = f"{SECRET} , {OTHER}"
    for secret in (SECRET, OTHER):
        assert post(client, body_of("DELIVERED", "delivery", "1"), secret).status_code == 204
    settings.AFOSTO_WEBHOOK_SECRET = OTHER
    assert post(client, body_of("DELIVERED", "delivery", "1"), SECRET).status_code == 400
    assert post(client, body_of("DELIVERED", "delivery", "1"), OTHER).status_code == 204


@pytest.mark.parametrize("value", ["", " , "])
def test_without_a_secret_it_says_503_and_counts_nothing(client: Client, settings: Any, value: str) -> None:
    settings.AFOSTO_WEBHOOK_SECRET = value
    assert post(client, BODY, "").status_code == post(client, BODY).status_code == 503
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 0)


def test_no_time_is_signed_so_an_old_delivery_is_taken(client: Client) -> None:
    row = deliver(client, "DELIVERED", "delivery", "1", triggered_at=1)
    assert row.state == "received"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{", b'{"event": "DELIVERED"}', b'{"message_id": "m"}',
        b'{"event": "", "message_id": ""}',
        b'{"event": ["DELIVERED"], "message_id": "m"}', b'{"event": "DELIVERED", "message_id": {"a": 1}}',
        b'{"event": "DELIVERED", "message_id": true}', b'{"event": "x", "message_id": "m", "n": NaN}',
        json.dumps({"event": "DELIVERED", "message_id": "m" * 256}).encode(), b"[" * 100_000,
    ],
    ids=lambda body: body[:24].decode(),
)  # fmt: skip
def test_signed_junk_is_refused_and_neither_kept_nor_counted_as_badly_signed(client: Client, body: bytes) -> None:
    answer = post(client, body)
    assert (answer.status_code, answer.content.startswith(b"Not taken: ")) == (400, True), answer.content
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 0)


def test_a_body_over_one_mebibyte_is_refused_before_it_is_read(client: Client) -> None:
    body = BytesIO(b"")
    told = {"CONTENT_LENGTH": str(5 * 1024 * 1024), "wsgi.input": body}
    assert client.generic("POST", URL, **told).status_code == 413  # type: ignore[arg-type]
    assert (WebhookDelivery.objects.count(), refusals()) == (0, 0)


def test_it_takes_neither_a_session_nor_a_form_token_and_only_posts(client: Client) -> None:
    assert post(Client(enforce_csrf_checks=True), BODY).status_code == 204
    assert client.get(URL).status_code == 405


def test_a_message_that_comes_again_is_acknowledged_and_changes_nothing(client: Client) -> None:
    row = deliver(client, "DELIVERED", "delivery", "1", message_id="again")
    WebhookDelivery.objects.update(state="processed", tries=1)
    assert post(client, body_of("IN_TRANSIT", "delivery", "2", "again")).status_code == 204
    again = WebhookDelivery.objects.get()
    assert (again.pk, again.event, again.state) == (row.pk, "DELIVERED", "processed")


def test_a_message_id_that_is_a_number_is_kept_as_text(client: Client) -> None:
    assert post(client, b'{"event": "DELIVERED", "message_id": 7, "entity_id": "1"}').status_code == 204
    assert WebhookDelivery.objects.get().event_id == "7"


def test_secrets_in_a_body_are_not_kept(client: Client) -> None:
    order = {"id": "1", "transaction_secret": "tx_example", "shipments": [{"secret": "c1f0a9d2b7e84d1c"}]}
    row = deliver(client, "ORDER_UPDATED", "order", "1", data=order, secret="whs_other", note=f"it is {SECRET}.")
    for secret in ("tx_example", "c1f0a9d2b7e84d1c", "whs_other"):
        assert secret not in row.payload
    assert json.loads(row.payload)["data"] == {"id": "1", "shipments": [{}]}


def test_a_burst_of_500_is_acknowledged_at_once_and_kept(client: Client) -> None:
    longest = 0.0
    for number in range(500):
        begun = monotonic()
        assert post(client, body_of("DELIVERED", "delivery", f"p{number}", new_id())).status_code == 204
        longest = max(longest, monotonic() - begun)
    assert WebhookDelivery.objects.filter(state="received").count() == 500
    assert longest < 1


def test_staff_see_what_it_was_about_and_what_the_inbox_does_not_tell(supervisor: Client, settings: Any) -> None:
    settings.AFOSTO_BASE_URL, settings.AFOSTO_TOKEN = "https://afosto.example", "a-token"
    row = deliver(supervisor, "IN_TRANSIT", "delivery", "parcel-1")
    page = text_of(supervisor.get(f"/admin/backoffice/webhookdelivery/{row.pk}/change/"))
    assert "parcel-1" in page and "(parcel)" in page
    assert "Afosto does not tell what changes in lists" in text_of(supervisor.get("/admin/backoffice/webhookdelivery/"))
