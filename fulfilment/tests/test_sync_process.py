"""``sync`` of Afosto in a process of its own that is killed (FAULTS 46)."""

from pathlib import Path

import pytest

from backoffice.models import SyncRun
from backoffice.sandbox import AFOSTO_PATH
from backoffice.tests.shell import live_sandbox
from fulfilment.models import Shipment
from fulfilment.tests.syncing import Upstream, mirrored

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SHIPMENTS = "afosto.shipments"


def test_after_kill_9_in_the_sweep_and_among_the_single_reads_a_plain_sync_ends_exact(tmp_path: Path) -> None:
    with live_sandbox(tmp_path, customers=0, latency_ms=5) as live:
        there = Upstream(live.sandbox)
        environment = {
            "AFOSTO_BASE_URL": f"http://127.0.0.1:{live.port}{AFOSTO_PATH}",
            "AFOSTO_CLIENT_ID": live.sandbox.afosto_client_id,
            "AFOSTO_CLIENT_SECRET": live.sandbox.afosto_client_secret,
        }
        for calls in (3, 40):  # of which the first asks for a token
            process = live.start("sync", SHIPMENTS, "--full", **environment)
            live.wait_for_calls(len(live.calls) + calls)
            process.kill()
            process.communicate()
            there.afosto.new_shipment({"TEAPOT-1L": 1})
        again = live.run("sync", SHIPMENTS, "--json", **environment)
        assert again.code == 0, again.err
        line = again.records[0]
        assert line["fetched"] == line["created"] + line["updated"] + line["unchanged"] + line["failed"]
        assert mirrored(SHIPMENTS) == there.bodies(SHIPMENTS)
        assert not Shipment.objects.filter(detail=None).exclude(state__in=["finished", "cancelled"]).exists()
        assert not SyncRun.objects.filter(state="running").exists()
