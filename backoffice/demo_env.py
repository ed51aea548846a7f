"""The environment of the demo: generated once, kept in ``DATA_DIR/demo.env``, read before the settings are.

Standard library only: it runs before Django is configured.
"""

import os
import re
import secrets
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SANDBOX_PORT = 9000
IN_DEMO = "BACKOFFICE_IN_DEMO"  # set by the demo for itself and its children only
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")


def data_dir() -> Path:
    """Where everything that this installation writes lives by default."""
    return Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").resolve()


def demo_env_file() -> Path:
    """The demo's environment file; it need not exist."""
    return data_dir() / "demo.env"


def env_file() -> Path:
    """The file the settings read: ``.env``, or the demo's where there is none and for the demo itself.

    So a demo never meets what a ``.env`` describes: not its upstreams, not its database.
    """
    own = BASE_DIR / ".env"
    return demo_env_file() if os.environ.get(IN_DEMO) or not own.exists() else own


def load_demo_env() -> None:
    """Make the demo's environment the one of this process and of its children.

    Writes the file (mode 600) where there is none. What it says wins over the process's environment; variables that
    it does not name (``DATABASE_URL``, ``DATA_DIR``) stay as they are there.
    """
    os.environ[IN_DEMO] = "1"
    if not demo_env_file().exists():
        _write(_new_demo_env())
    _apply(demo_env_file().read_text())


def use_sandbox_port(port: int) -> None:
    """From now on the sandbox is on ``port``: in this process, its children, and for commands in other terminals."""
    before = demo_env_file().read_text()
    now = "\n".join(
        _PORT.sub(str(port), line) if line.partition("=")[0].endswith("_BASE_URL") else line
        for line in before.split("\n")
    )
    if now != before:
        _write(now)
        _apply(now)


def _apply(text: str) -> None:
    for line in text.splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.startswith("#"):
            os.environ[name] = value


def _write(text: str) -> None:
    """Put the file in place whole: another terminal may read it right now."""
    path = demo_env_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(path)


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
