"""A worker that is killed while it writes an export: what is there afterwards."""

import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from backoffice import exports
from backoffice.models import Export
from backoffice.tests.factories import person
from backoffice.tests.shell import database_url
from customers.tests.factories import CustomerFactory

STUCK = """
import os
from time import sleep
from backoffice import exports
from backoffice.models import Export
os.utime = lambda path: sleep(600)
exports.carry_out(Export.objects.get().pk)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_killed_worker_leaves_no_half_file_and_another_one_writes_it_whole(settings, tmp_path, kind):
    settings.DATA_DIR = tmp_path
    CustomerFactory.create_batch(50)
    export = Export.objects.create(user=person("viewer"), list_label="customers.customer", kind=kind)
    environment = {
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "PUBLIC_BASE_URL": "http://127.0.0.1",
    }
    root = Path(__file__).resolve().parents[2]
    worker = subprocess.Popen([sys.executable, "manage.py", "shell", "-v0", "-c", STUCK], cwd=root, env=environment)
    until = monotonic() + 60
    while not list(tmp_path.glob("exports/*.part")) and monotonic() < until:
        sleep(0.1)
    assert list(tmp_path.glob("exports/*.part"))
    worker.kill()
    worker.wait()
    export.refresh_from_db()
    assert (export.state, export.rows) == ("running", None)

    exports.silent()
    exports.carry_out(export.pk)
    export.refresh_from_db()
    assert (export.state, export.rows, export.tries) == ("ready", 50, 2)
    assert exports.path_of(export).stat().st_size > 1000
    left = [path for path in tmp_path.glob("exports/*") if path.is_file()]
    assert left == [exports.path_of(export)]
