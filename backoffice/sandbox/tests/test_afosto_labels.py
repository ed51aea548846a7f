"""Labels, slips, their tasks and files, and the print queue."""

from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox, Switch
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.tests import afosto_shapes as shapes
from backoffice.sandbox.tests.afosto_shapes import body_of, done, refused
from backoffice.sandbox.tests.conftest import MovableClock


@pytest.fixture
def parcel(afosto: Afosto) -> dict[str, Any]:
    return afosto.new_parcel(afosto.new_shipment({"MUG-BLK-300": 2})["id"], weight=1250)


def ask(desk: httpx.Client, parcel: dict[str, Any], document: str = "label") -> str:
    """Ask for a label or slip; answers the path of the task."""
    answer = done(desk.post(f"/lcs/parcels/{parcel['id']}/{document}"))
    return f"/mes/tasks/{answer.headers['x-task-id']}"


def label_of(desk: httpx.Client, parcel: dict[str, Any]) -> Any:
    return body_of(desk.get(f"/lcs/parcels/{parcel['id']}"), shapes.PARCEL)["label"]


def test_a_label_comes_after_a_while(
    desk: httpx.Client, afosto: Afosto, parcel: dict[str, Any], clock: MovableClock
) -> None:
    task = ask(desk, parcel)
    running = body_of(desk.get(task), shapes.TASK)
    assert (running["name"], running["completed_at"], running["result"]) == ("lcs:label", None, None)
    assert running["progress"] < 100 and running["description"] == f"Parcel {parcel['number']}"
    asked = {"file_id": None, "reference": None, "label_text": None, "requested_at": "2026-01-01T12:00:00+00:00"}
    assert label_of(desk, parcel) == asked
    clock.forward(seconds=2)
    over = body_of(desk.get(task), shapes.TASK)
    assert (over["progress"], over["completed_at"]) == (100, "2026-01-01T12:00:02+00:00")
    body = body_of(desk.get(f"/lcs/parcels/{parcel['id']}"), shapes.PARCEL)
    assert body["label"]["file_id"] == over["result"] and body["file_id"] is None
    assert body["tracking_code"] in body["tracking_url"] and body["tracking_code"] in body["label"]["label_text"]
    assert body_of(desk.get(f"/lcs/shipments/{body['shipment_id']}"))["is_labeled"]
    (bought,) = afosto.purchases
    assert (bought["parcel_id"], bought["amount"]) == (parcel["id"], 695)
    clock.forward(days=1)
    fresh = {"Authorization": f"Bearer {afosto.tokens.issue()}"}
    refused(desk.get(task, headers=fresh), 404)  # a task's record lives for a day


def test_a_second_label_costs_money_again(desk: httpx.Client, afosto: Afosto, parcel: dict[str, Any]) -> None:
    afosto.label_takes_s = 0
    files = []
    for _ in range(2):
        ask(desk, parcel)
        files.append(label_of(desk, parcel)["file_id"])
    assert len(afosto.purchases) == 2 and len(set(files)) == 2


@pytest.mark.parametrize(
    ("method", "weight", "country", "words"),
    [
        ("postnl", 23_001, "NL", "the parcel weighs 23001 g, the method takes 23000 g at most"),
        ("postnl", 500, "FR", "carrier refused the address"),
        ("dpd", 500, "NL", "the shipping method is not enabled"),
    ],
)
def test_a_carrier_refuses_what_it_does_not_take(
    desk: httpx.Client, afosto: Afosto, method: str, weight: int, country: str, words: str
) -> None:
    contact = next(its for its in afosto.contacts if its["shipping"]["primary"]["country_code"] == country)
    shipment = afosto.new_shipment({"MUG-BLK-300": 1}, method=method, contact_id=contact["id"])
    parcel = afosto.new_parcel(shipment["id"], weight=weight)
    afosto.label_takes_s = 0
    task = ask(desk, parcel)
    over = body_of(desk.get(task), shapes.TASK)
    assert over["completed_at"] and over["result"] == words
    assert label_of(desk, parcel)["file_id"] is None and label_of(desk, parcel)["requested_at"]
    assert len(afosto.purchases) == 0


def test_a_service_point_method_needs_a_service_point(desk: httpx.Client, afosto: Afosto) -> None:
    afosto.label_takes_s = 0
    shipment = afosto.new_shipment({"MUG-BLK-300": 1}, method="dhl")
    to = shipment["addressing"]["to"]
    assert to["carrier"] == {"is_carrier_location": True, "carrier_location_reference": "NL-201984"}
    bare = {name: to[name] for name in ("entity_type", "entity_id")}
    body_of(desk.put(f"/lcs/shipments/{shipment['id']}", json={"addressing": {"to": bare}}))
    parcel = afosto.new_parcel(shipment["id"])
    assert body_of(desk.get(ask(desk, parcel)))["result"] == "a service point is needed"


def test_a_label_of_a_shipment_without_method_is_refused(desk: httpx.Client, afosto: Afosto) -> None:
    shipment = afosto.new_shipment({"MUG-BLK-300": 1}, method_id=None)
    parcel = afosto.new_parcel(shipment["id"])
    refused(desk.post(f"/lcs/parcels/{parcel['id']}/label"), 400, "required", "method_id")
    assert label_of(desk, parcel) is None


def test_tasks_fail_take_long_and_vanish_when_they_are_switched_to(
    sandbox: Sandbox, desk: httpx.Client, afosto: Afosto, parcel: dict[str, Any], clock: MovableClock
) -> None:
    switches = sandbox.switches["afosto"]
    switches.turn_on(Switch("task_fail", path="lcs:label", value="the carrier is closed", times=1))
    switches.turn_on(Switch("task_slow", path="lcs:label", ms=120_000, times=1))
    failing, slip = ask(desk, parcel), ask(desk, parcel, "slip")
    clock.forward(seconds=121)
    assert body_of(desk.get(failing))["completed_at"] is None and body_of(desk.get(slip))["completed_at"]
    clock.forward(seconds=1)
    assert body_of(desk.get(failing))["result"] == "the carrier is closed" and len(afosto.purchases) == 0
    vanishing = ask(desk, parcel)
    switches.turn_on(Switch("fail", status=404, path="/mes/tasks/*"))
    refused(desk.get(vanishing), 404)
    afosto.finish_tasks()
    assert label_of(desk, parcel)["file_id"] and len(afosto.purchases) == 1


def test_a_task_whose_parcel_is_gone_says_so(desk: httpx.Client, afosto: Afosto, parcel: dict[str, Any]) -> None:
    task = ask(desk, parcel)
    done(desk.delete(f"/lcs/parcels/{parcel['id']}"))
    afosto.finish_tasks()
    assert body_of(desk.get(task))["result"] == "the parcel is gone"


def test_label_and_slip_are_pdf_files_that_need_the_token(
    desk: httpx.Client, afosto: Afosto, parcel: dict[str, Any]
) -> None:
    ask(desk, parcel)
    ask(desk, parcel, "slip")
    afosto.finish_tasks()
    body = body_of(desk.get(f"/lcs/parcels/{parcel['id']}"), shapes.PARCEL)
    texts = []
    for file_id in (body["label"]["file_id"], body["file_id"]):
        file = body_of(desk.get(f"/cnt/files/{file_id}"), shapes.FILE)
        assert file["url"] == f"http://sandbox/sandbox/afosto/files/{file_id}/{file['filename']}"
        answer = desk.get(file["url"])
        assert answer.headers["Content-Type"] == "application/pdf"
        check_pdf(answer.content)
        texts.append(answer.content.decode("latin-1"))
        refused(desk.get(file["url"], headers={"Authorization": ""}), 401)
    label, slip = texts
    assert "Sanne de Vries" in label and "9712AB Groningen" in label and body["tracking_code"] in label
    assert slip.count("Mug black 300 ml") == 2
    assert [its["dir"] for its in body_of(desk.get("/cnt/files", params={"dir": "/labels"}))] == ["/labels"]
    assert body_of(desk.get("/cnt/files", params={"is_public": "1"})) == []
    afosto.file_as_array = True
    assert [its["id"] for its in body_of(desk.get(f"/cnt/files/{body['file_id']}"))] == [body["file_id"]]
    refused(desk.get("/files/nobody/x.pdf"), 404)


def check_pdf(content: bytes) -> None:
    """Header, end, and a table that says where each object really is."""
    assert content.startswith(b"%PDF-1.4\n") and content.endswith(b"%%EOF\n") and len(content) < 5000
    start = int(content.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    lines = content[start:].split(b"\n")
    assert lines[0] == b"xref"
    first, count = map(int, lines[1].split())
    for number in range(1, first + count):
        offset = int(lines[2 + number].split()[0])
        assert content[offset:].startswith(b"%d 0 obj" % number)
    stream = content.split(b"stream\n", 1)[1].split(b"\nendstream")[0]
    assert b"/Length %d " % len(stream) in content


def test_a_print_job_is_printed_a_few_seconds_after_it_is_due(
    desk: httpx.Client, afosto: Afosto, clock: MovableClock
) -> None:
    hub = next(iter(afosto.printers))["hub_id"]
    job = {"job": "XkZYIExBQkVMIEVYQU1QTEUgXlha", "hub_id": hub, "reference": "ref-1", "tag": "labels"}
    made = body_of(desk.post("/spl/queue", json=job), shapes.PRINT_JOB)
    later = body_of(desk.post("/spl/queue", json={**job, "reference": "ref-2", "schedule_at": "2026-01-01T13:00:00Z"}))
    assert body_of(desk.get("/spl/queue/ref-1")) == made and made["status"] == "scheduled"
    assert len(body_of(desk.get("/spl/queue"))) == 2
    clock.forward(seconds=5)
    printed = body_of(desk.get("/spl/queue/ref-1"), shapes.PRINT_JOB)
    assert (printed["status"], printed["printed_at"]) == ("printed", "2026-01-01T12:00:05+00:00")
    assert body_of(desk.get("/spl/queue")) == [later]
    assert body_of(desk.get("/spl/queue", params={"status": "printed", "tag": "labels"})) == [printed]
    assert body_of(desk.get("/spl/queue", params={"status": "received"})) == []
    desk_printer = next(iter(afosto.printers))["id"]
    assert body_of(desk.get("/spl/queue", params={"printer_id": desk_printer})) == [later]
    refused(desk.get("/spl/queue", params={"status": "pending"}), 400, "invalid value", "status")
    refused(desk.get("/spl/queue/ref-3"), 404)
    refused(desk.post("/spl/queue", json={**job, "hub_id": "nobody"}), 400, "invalid value", "hub_id")
    refused(desk.post("/spl/queue", json={"hub_id": hub}), 400, "required", "job")
