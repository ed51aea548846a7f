"""``python -m backoffice.benchmarks.memory BASE_URL``: one first load into an empty database; prints its peak KiB."""

import resource
import sys

import django

django.setup()

from django.conf import settings  # noqa: E402

from backoffice.models import SyncRun  # noqa: E402
from backoffice.sync import engine, runs  # noqa: E402

settings.KIRIM_BASE_URL = sys.argv[1]
run = engine.carry_out(runs.queue("kirim.customers", trigger="command"))
if run.state != SyncRun.State.SUCCEEDED:
    sys.exit(f"the benchmark's sync ended {run.state}: {run.error}")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # noqa: T201
