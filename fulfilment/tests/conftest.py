"""Fixtures of the fulfilment app: a small Afosto behind the client, mirrored."""

from collections.abc import Iterator
from typing import Any

import pytest

from fulfilment.tests.syncing import Upstream, sync_all, upstream


@pytest.fixture
def afosto(settings: Any, db: None) -> Iterator[Upstream]:
    """An Afosto with a few lists, shipments and parcels in every state, all of it mirrored; its calls are counted.

    ``afosto.afosto`` is the sandbox's own state, ``afosto.turn_on`` makes trouble. After a change there, mirror it with
    ``sync`` or through a service.
    """
    with upstream(settings, lists=3, parcels=4) as there:
        sync_all()
        there.calls.clear()
        yield there
