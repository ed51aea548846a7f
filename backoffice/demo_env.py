"""The environment of the demo: generated once, kept in ``DATA_DIR/demo.env``, read before the settings are.

Standard library only: it runs before Django is configured.
"""

import base64
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
SANDBOX_PORT = 9000
IN_DEMO = "BACKOFFICE_IN_DEMO"  # set by the demo for itself and its children only
PUBLIC = "PUBLIC_BASE_URL"
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

    Writes the file (mode 600) where there is none, and adds what one of an earlier version lacks. What it says wins
    over the process's environment; variables that it does not name (``DATABASE_URL``, ``DATA_DIR``) stay as they are
    there.
    """
    os.environ[IN_DEMO] = "1"
    before = demo_env_file().read_text() if demo_env_file().exists() else ""
    now = _completed(before or _new_demo_env())
    if now != before:
        _write(now)
    _apply(now)


def use_ports(web: int, sandbox: int) -> None:
    """From now on both are there: in this process, its children, and for commands in other terminals."""
    before = demo_env_file().read_text()
    lines = [line for line in before.splitlines() if not line.startswith(f"{PUBLIC}=")]
    lines = [_PORT.sub(str(sandbox), line) if line.partition("=")[0].endswith("_BASE_URL") else line for line in lines]
    now = "\n".join([*lines, f"{PUBLIC}=http://127.0.0.1:{web}", ""])
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


def _completed(text: str) -> str:
    """``text`` with a new value for each of ``_LATER`` that is not there or empty."""
    lines = [line for line in text.splitlines() if line.rstrip("=") not in _LATER]
    set_already = {line.partition("=")[0] for line in lines}
    new = [f"{name}={made()}" for name, made in _LATER.items() if name not in set_already]
    return "\n".join([*lines, *new, ""])


def _address(path: str) -> str:
    return f"http://127.0.0.1:{SANDBOX_PORT}/sandbox/{path}"


def _standard_webhook_secret() -> str:
    """As Standard Webhooks wants it: ``whsec_`` and 32 bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


# What came after the first version, so a file of an earlier one may lack it.
_LATER: dict[str, Callable[[], str]] = {
    "KIRIM_WEBHOOK_SECRET": _standard_webhook_secret,
    "AFOSTO_BASE_URL": lambda: _address("afosto"),
    "AFOSTO_CLIENT_ID": lambda: f"sandbox_{secrets.token_hex(8)}",
    "AFOSTO_CLIENT_SECRET": lambda: f"sandbox_{secrets.token_urlsafe(24)}",
    "AFOSTO_WEBHOOK_SECRET": lambda: f"whs_{secrets.token_hex(16)}",
    "APIDECK_BASE_URL": lambda: _address("apideck"),
    "APIDECK_API_KEY": lambda: f"sandbox_{secrets.token_urlsafe(24)}",
    "APIDECK_APP_ID": lambda: "sandbox-app",
    "APIDECK_CONSUMER_ID": lambda: "tenant-7",
    "APIDECK_SERVICE_ID": lambda: "kustomer",
    "LAYERCAKE_BASE_URL": lambda: _address("layercake"),
    "LAYERCAKE_API_KEY": lambda: f"sandbox_{secrets.token_urlsafe(24)}",
    "LAYERCAKE_ORGANIZATION_ID": lambda: "org_sandbox",
    "LAYERCAKE_WEBHOOK_SECRET": lambda: f"whsec_{secrets.token_urlsafe(24)}",
    "LAYERCAKE_REQUESTS_PER_MINUTE": lambda: "0",  # the sandbox has no plan whose rate there is to keep
}


def _new_demo_env() -> str:
    return "\n".join(
        [
            "# Written by `manage.py demo`: the sandbox's addresses and keys. Delete it to start over.",
            f"SECRET_KEY={secrets.token_urlsafe(50)}",
            f"KIRIM_BASE_URL={_address('kirim/v1')}",
            f"KIRIM_API_KEY=sandbox_{secrets.token_urlsafe(24)}",
            "",
        ]
    )
