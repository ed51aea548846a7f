"""Facts about an installation: its variables, its production settings, its two commands."""

import os
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from backoffice.sandbox.ids import is_signing_secret

BASE_DIR = Path(settings.BASE_DIR)
PRODUCTION = {
    "SECRET_KEY": "k9$Tq" + "Zr7-w_xL2mB" * 6,
    "DEBUG": "False",
    "PUBLIC_BASE_URL": "https://backoffice.example.com",
    "KIRIM_BASE_URL": "https://kirim.example.com/v1",
    "KIRIM_API_KEY": "a-live-key",
}


def manage(*arguments: str, data_dir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py with these variables only, as on a machine that has no ``.env``."""
    environment = {"PATH": os.environ["PATH"], "BACKOFFICE_IN_DEMO": "1", "DATA_DIR": str(data_dir), **variables}
    return subprocess.run(
        [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_env_example_lists_every_variable_that_settings_read_and_no_other():
    source = (BASE_DIR / "backoffice" / "settings.py").read_text()
    read = set(re.findall(r'\b(?:env(?:\.\w+)?|_whole_number|_address)\(\s*"([A-Z_]+)"', source))
    listed = re.findall(r"^(?:# )?([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(read)


@pytest.mark.slow
def test_check_deploy_is_clean_in_production(tmp_path):
    done = manage("check", "--deploy", "--fail-level", "WARNING", data_dir=tmp_path, **PRODUCTION)
    assert (done.returncode, done.stdout + done.stderr) == (0, "System check identified no issues (0 silenced).\n")


@pytest.mark.slow
def test_a_missing_secret_key_is_one_plain_sentence(tmp_path):
    done = manage("check", data_dir=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "Not configured: Set the SECRET_KEY environment variable\n"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["demo", "run"])
def test_a_taken_port_is_one_plain_sentence(tmp_path, command):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = manage(command, "--port", str(port), data_dir=tmp_path, SECRET_KEY="x" * 60)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"Port {port} on 127.0.0.1 cannot be used (address already in use). "
        f"Choose another one: make {command} PORT={port + 1}\n"
    )


@pytest.mark.slow
def test_a_database_that_cannot_be_reached_is_told_without_its_password(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"postgres://someone:hidden@127.0.0.1:{port}/nowhere"
    with socket.create_server(("127.0.0.1", 0)) as free:
        web_port = free.getsockname()[1]
    done = manage("run", "--port", str(web_port), data_dir=tmp_path, SECRET_KEY="x" * 60, DATABASE_URL=url)
    assert done.returncode == 1
    assert "The database cannot be used" in done.stderr
    assert "Traceback" not in done.stderr and "hidden" not in done.stderr


@pytest.mark.slow
def test_a_port_that_is_none_is_wrong_usage(tmp_path):
    assert manage("demo", "--port", "ninety", data_dir=tmp_path).returncode == 2


@pytest.mark.slow
def test_the_demo_environment_is_private_and_stays_while_web_and_sandbox_move(tmp_path):
    code = (
        "import os; from backoffice import demo_env as d; d.load_demo_env(); first = d.demo_env_file().read_text()\n"
        "d.use_ports(8080, 9123); d.load_demo_env(); second = d.demo_env_file().read_text()\n"
        "assert os.environ['KIRIM_BASE_URL'] == 'http://127.0.0.1:9123/sandbox/kirim/v1'\n"
        "assert os.environ['PUBLIC_BASE_URL'] == 'http://127.0.0.1:8080'\n"
        "public = 'PUBLIC_BASE_URL=http://127.0.0.1:8080\\n'\n"
        "assert first.replace(':9000/', ':9123/') + public == second\n"
        "d.use_ports(8080, 9123); assert d.demo_env_file().read_text() == second\n"
        "d.use_ports(8081, 9000); assert first + public.replace('8080', '8081') == d.demo_env_file().read_text()\n"
        "assert os.environ['DATABASE_URL'] == 'kept'\n"
    )
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "DATABASE_URL": "kept"}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=BASE_DIR, check=True)
    assert stat.S_IMODE((tmp_path / "demo.env").stat().st_mode) == 0o600


@pytest.mark.slow
@pytest.mark.parametrize("secret", ["", "KIRIM_WEBHOOK_SECRET=\n"])
def test_a_demo_environment_of_an_earlier_version_gets_what_it_lacks_and_keeps_all_else(tmp_path, secret):
    before = f"SECRET_KEY=kept\nKIRIM_API_KEY=kept too\n{secret}"
    (tmp_path / "demo.env").write_text(before)
    code = (
        "import os; from backoffice import demo_env as d; d.load_demo_env(); first = d.demo_env_file().read_text()\n"
        "d.load_demo_env(); assert d.demo_env_file().read_text() == first\n"
        "print(os.environ['KIRIM_WEBHOOK_SECRET'])\n"
    )
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=BASE_DIR, check=True, capture_output=True, text=True
    )
    assert is_signing_secret(done.stdout.strip())
    kept = before.removesuffix(secret)
    begin = f"{kept}KIRIM_WEBHOOK_SECRET={done.stdout}"
    text = (tmp_path / "demo.env").read_text()
    assert text.startswith(begin)
    added = dict(line.split("=", 1) for line in text.removeprefix(begin).splitlines())
    assert list(added) == [
        *("AFOSTO_BASE_URL", "AFOSTO_CLIENT_ID", "AFOSTO_CLIENT_SECRET", "AFOSTO_WEBHOOK_SECRET"),
        *("APIDECK_BASE_URL", "APIDECK_API_KEY", "APIDECK_APP_ID", "APIDECK_CONSUMER_ID", "APIDECK_SERVICE_ID"),
        *("LAYERCAKE_BASE_URL", "LAYERCAKE_API_KEY", "LAYERCAKE_ORGANIZATION_ID", "LAYERCAKE_WEBHOOK_SECRET"),
        "LAYERCAKE_REQUESTS_PER_MINUTE",
    ]
    for upstream in ("afosto", "apideck", "layercake"):
        assert added[f"{upstream.upper()}_BASE_URL"] == f"http://127.0.0.1:9000/sandbox/{upstream}"
    assert all(added.values())
    assert stat.S_IMODE((tmp_path / "demo.env").stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_demo_reads_no_dotenv(tmp_path):
    copy = tmp_path / "project"
    copy.mkdir()
    (copy / ".env").write_text("DATABASE_URL=postgres://live.example/live\n")
    code = (
        "from pathlib import Path; from backoffice import demo_env as d; d.BASE_DIR = Path('.').resolve()\n"
        "assert d.env_file().name == '.env'; d.load_demo_env(); assert d.env_file().name == 'demo.env'\n"
    )
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": str(BASE_DIR)}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=copy, check=True)


@pytest.mark.slow
def test_lists_in_variables_may_have_spaces_after_their_commas(tmp_path):
    code = (
        "from backoffice import settings; from backoffice.logs import redact\n"
        "assert 'whsec_b' not in redact('told whsec_a and whsec_b')\n"
        "assert settings.REDIRECT_URL_HOSTS == ['app.example.com', 'help.example.com']\n"
    )
    environment = {
        "PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "SECRET_KEY": "a-key",
        "KIRIM_WEBHOOK_SECRET": "whsec_a, whsec_b", "REDIRECT_URL_HOSTS": "App.example.com, help.example.com",
    }  # fmt: skip
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=BASE_DIR, check=True)
