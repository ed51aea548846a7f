"""The environment of the demo: generated once, kept in ``DATA_DIR/demo.env``, read before the settings are.

Standard library only: it runs before Django is configured.
"""

import os
import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SANDBOX_PORT = 9000


def data_dir() -> Path:
    """Where everything that this installation writes lives by default."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()


def demo_env_file() -> Path:
    """The demo's environment file; it need not exist."""
    return data_dir() / "demo.env"


def load_demo_env() -> None:
    """Make the demo's environment the one of this process and of its children.

    Writes the file (mode 600) where there is none. What it says wins over a ``.env``: a demo never meets a live
    upstream. Variables that it does not name (``DATABASE_URL``, ``DATA_DIR``) stay as they are.
    """
    path = demo_env_file()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(_new_demo_env())
    for line in path.read_text().splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.startswith("#"):
            os.environ[name] = value


def _new_demo_env() -> str:
    return "\n".join(
        [
            "# Written by `manage.py demo`: the sandbox's addresses and keys. Delete it to start over.",
            f"SECRET_KEY={secrets.token_urlsafe(50)}",
            f"KIRIM_BASE_URL=http://127.0.0.1:{SANDBOX_PORT}/sandbox/kirim/v1",
            f"KIRIM_API_KEY=sandbox_{secrets.token_urlsafe(24)}",
            "",
        ]
    )
