"""Fixtures of the kernel's tests: the one upstream there is, and the static files of production."""

import subprocess
import sys
from pathlib import Path

import pytest

from customers.tests.conftest import kirim, sandbox, world

__all__ = ["kirim", "sandbox", "world"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def collected_static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose static files were collected as in production: hashed and compressed, which takes long."""
    data_dir = tmp_path_factory.mktemp("production")
    environment = {
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "BACKOFFICE_IN_DEMO": "1",  # so that no .env of the machine counts
        "DATA_DIR": str(data_dir),
        "SECRET_KEY": "a-key-for-tests-only-" * 3,
    }
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return data_dir
