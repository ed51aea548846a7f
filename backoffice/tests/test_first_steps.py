"""``/getting-started/``: what it says at each stage of a new installation, whom it asks, and what it never shows."""

from typing import Any

import httpx
import pytest
from django.test import Client

from backoffice import upstreams
from backoffice.checks.finding import Health
from backoffice.firststeps import check_people, steps
from backoffice.models import SyncRun
from backoffice.sync.resource import RESOURCES
from backoffice.tests.factories import person, superuser
from customers.models import Customer
from customers.tests.kirim import FakeKirim, customer, refusal

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "/getting-started/"


@pytest.fixture
def kirim(settings: Any) -> FakeKirim:
    fake = FakeKirim([customer(n) for n in range(3)])
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)
    return fake


def look(client: Client, step: str, *, by_script: bool = True) -> str:
    headers = {"HX-Request": "true"} if by_script else {}
    answer = client.post(f"{PAGE}{step}/look/", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_upstream_is_a_step_and_the_installation_comes_first() -> None:
    names = [step.name for step in steps()]
    assert names == ["installation", "work", *upstreams.UPSTREAMS, "people", "backup"]


def test_opening_the_page_asks_nobody_and_names_the_variables_that_are_missing(
    supervisor: Client, kirim: FakeKirim
) -> None:
    page = supervisor.get(PAGE).content.decode()
    assert not kirim.requests
    assert "off: AFOSTO_BASE_URL and AFOSTO_TOKEN are not set" in page
    assert "AFOSTO_BASE_URL=\nAFOSTO_TOKEN=\n" in page
    assert "KIRIM_API_KEY=" not in page, "it is set"
    assert 'hx-trigger="submit, load"' in page, "what nobody looked at yet looks by itself"


def test_a_step_that_is_looked_at_says_what_the_doctor_says(supervisor: Client, kirim: FakeKirim) -> None:
    part = look(supervisor, "kirim")
    assert kirim.requests
    assert "answers and takes KIRIM_API_KEY" in part
    assert "<html" not in part, "it takes the place of its step only"
    assert "every 10s" in part, "nothing was read yet, so it goes on looking"


def test_without_a_script_the_whole_page_comes_back_and_only_that_step_was_looked_at(
    supervisor: Client, kirim: FakeKirim
) -> None:
    page = look(supervisor, "kirim", by_script=False)
    assert "<html" in page and "answers and takes KIRIM_API_KEY" in page
    assert page.count("Not looked at yet.") == len(steps()) - len(upstreams.UPSTREAMS)


def test_a_refused_key_is_told_with_what_to_do_and_is_not_shown(
    supervisor: Client, kirim: FakeKirim, settings: Any
) -> None:
    kirim.mischief = lambda request: refusal(401, "invalid_api_key", f"no such key {settings.KIRIM_API_KEY}")
    part = look(supervisor, "kirim")
    assert "refuses us" in part and "To do: correct KIRIM_API_KEY" in part
    assert settings.KIRIM_API_KEY not in part


def test_the_first_sync_is_asked_for_once_in_the_order_of_dependence_and_then_the_step_is_done(
    supervisor: Client, kirim: FakeKirim, settings: Any
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    assert "Read what was never read" in look(supervisor, "kirim")
    answer = supervisor.post(f"{PAGE}kirim/start/", follow=True)
    assert answer.redirect_chain == [(f"{PAGE}#kirim", 302)]
    asked = list(SyncRun.objects.order_by("pk").values_list("resource", "trigger", "started_by__is_staff"))
    assert asked == [(name, "person", True) for name in RESOURCES if name.startswith("kirim.")]
    assert Customer.objects.count() == 3
    part = look(supervisor, "kirim")
    assert ">works, see below<" in part, "webhooks are not set up"
    assert "Read what was never read" not in part and "every 10s" not in part


def test_with_an_upstream_off_nothing_is_started(supervisor: Client) -> None:
    answer = supervisor.post(f"{PAGE}afosto/start/", follow=True)
    assert "Nothing was started. Afosto is off" in answer.content.decode()
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("address", ["nothing/look/", "nothing/start/", "backup/start/"])
def test_a_step_that_does_not_exist_is_not_found_and_one_without_an_upstream_starts_nothing(
    supervisor: Client, address: str
) -> None:
    assert supervisor.post(f"{PAGE}{address}").status_code == 404
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("role", ["viewer", "customer desk", "warehouse"])
def test_it_is_for_supervisors(client: Client, kirim: FakeKirim, role: str) -> None:
    client.force_login(person(role))
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}kirim/look/").status_code == 403
    assert client.post(f"{PAGE}kirim/start/").status_code == 403
    assert PAGE not in client.get("/").content.decode(), "nor does the menu offer it"
    assert not kirim.requests and not SyncRun.objects.exists()


def test_people_count_once_they_have_a_group() -> None:
    superuser()
    person()
    person("viewer", is_active=False)
    assert [finding.state for finding in check_people()] == [Health.WARN]
    person("viewer")
    assert [(finding.state, finding.text) for finding in check_people()] == [(Health.OK, "1 with a group")]
